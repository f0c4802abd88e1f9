"""The overlay's launch_ros: what nodes are started with, and managed nodes over real DDS."""

import json
import sys
import textwrap
from pathlib import Path

import launch.logging
import launch_ros
import pytest
import yaml
from launch.actions import EmitEvent, GroupAction, LogInfo, RegisterEventHandler, SetLaunchConfiguration, Shutdown
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, SubstitutionFailure
from launch_ros.actions import LifecycleNode, Node, PushRosNamespace, SetParameter, SetParametersFromFile, SetRemap
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events import matches_node_name
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import Parameter, ParameterFile, ParameterValue
from launch_ros.substitutions import ExecutableInPackage, FindPackagePrefix, FindPackageShare
from launch_ros.substitutions import Parameter as ParameterSubstitution
from launch_ros.utilities import make_namespace_absolute, prefix_namespace
from lifecycle_msgs.msg import Transition

from launch import LaunchContext, LaunchDescription, LaunchService

IS_OVERLAY = "overlay" in Path(launch_ros.__file__).resolve().parts
OVERLAY_ONLY = pytest.mark.skipif(not IS_OVERLAY, reason="the overlay's own behaviour; this is the real package")

TELL_ARGUMENTS = """
import json, sys
files = [sys.argv[i + 1] for i, a in enumerate(sys.argv) if a == "--params-file"]
print("TOLD" + json.dumps({"argv": sys.argv[1:], "files": [open(f).read() for f in files]}))
"""

MANAGED_NODE = """
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode
rclpy.init()
node = LifecycleNode("unnamed", allow_undeclared_parameters=True, automatically_declare_parameters_from_overrides=True)
print("PARAMETERS", sorted((name, str(p.value)) for name, p in node._parameters.items() if name[0] == "x"), flush=True)
print("NAME", node.get_fully_qualified_name(), node.resolve_topic_name("from"), flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


@pytest.fixture(autouse=True)
def log_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    launch.logging.reset()
    yield
    launch.logging.reset()


@pytest.fixture
def executable(tmp_path):
    def write(text):
        path = tmp_path / "executable"
        path.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def run(capfd):
    def run_entities(*entities):
        service = LaunchService()
        service.include_launch_description(LaunchDescription(entities))
        return service.run(), capfd.readouterr().out

    return run_entities


@pytest.fixture
def node(executable):
    """Makes actions for a node that tells what it was started with."""
    path = executable(TELL_ARGUMENTS)
    return lambda **kwargs: Node(executable=path, output="screen", **kwargs)


@pytest.fixture
def start(run):
    """Starts nodes and returns what each was started with."""

    def start_nodes(*entities):
        status, out = run(*entities)
        assert status == 0, out
        return [json.loads(line.partition("TOLD")[2]) for line in out.splitlines() if "TOLD" in line]

    return start_nodes


def rules(told, flag):
    return [value for name, value in zip(told["argv"], told["argv"][1:]) if name == flag]


def parameters(told, rule="/**"):
    merged = {}
    for text in told["files"]:
        plain = text.replace("!!python/tuple", "")  # which the real package writes, and rcl's parser passes over
        merged.update(yaml.safe_load(plain)[rule]["ros__parameters"])
    return merged


def test_arguments_come_before_ros_arguments(start, node):
    (told,) = start(
        SetLaunchConfiguration("level", "debug"),
        node(
            name="bob",
            arguments=["--flag", LaunchConfiguration("level")],
            ros_arguments=["--log-level", LaunchConfiguration("level")],
            remappings=[("a", "b"), (["c", "d"], LaunchConfiguration("level"))],
        ),
    )
    argv = told["argv"]
    assert argv[:2] == ["--flag", "debug"]
    assert argv[2:5] == ["--ros-args", "--log-level", "debug"]
    assert rules(told, "-r") == ["__node:=bob", "a:=b", "cd:=debug"]


def test_nothing_is_remapped_when_nothing_is_said(start, node):
    (told,) = start(node())
    assert told == {"argv": ["--ros-args"], "files": []}


def test_parameter_values_keep_their_types(start, node):
    (told,) = start(
        SetLaunchConfiguration("number", "42"),
        SetLaunchConfiguration("empty", ""),
        node(
            parameters=[
                {
                    "bool": True,
                    "int": 1,
                    "float": 2.0,
                    "text": "3",
                    "nested": {"deep": {"er": [1, 2.5]}, "yes": ["yes", "n"]},
                    "read": LaunchConfiguration("number"),
                    "kept": ParameterValue(LaunchConfiguration("number"), value_type=str),
                    "forced": ParameterValue(LaunchConfiguration("number"), value_type=float),
                    "joined": ["a", LaunchConfiguration("number")],
                    "listed": [["x", LaunchConfiguration("number")], "y"],
                    ("name", "_", LaunchConfiguration("number")): [1, 2],
                    "empty": LaunchConfiguration("empty"),
                }
            ]
        ),
    )
    assert parameters(told) == {
        "bool": True,
        "int": 1,
        "float": 2.0,
        "text": "3",
        "nested.deep.er": [1.0, 2.5],
        "nested.yes": ["yes", "n"],
        "read": 42,
        "kept": "42",
        "forced": 42.0,
        "joined": "a42",
        "listed": ["x42", "y"],
        "name_42": [1, 2],
        "empty": "",
    }


def test_files_dicts_and_descriptions_keep_their_order(start, node, tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("/**: {ros__parameters: {a: 1, b: 1, c: 1}}")
    second.write_text("/**: {ros__parameters: {c: 3}}")
    (told,) = start(
        SetLaunchConfiguration("folder", str(tmp_path)),
        node(
            parameters=[
                PathJoinSubstitution([LaunchConfiguration("folder"), "first.yaml"]),
                {"b": 2},
                ParameterFile(second),
                Parameter("d", LaunchConfiguration("folder"), value_type=str),
            ]
        ),
    )
    assert parameters(told) == {"a": 1, "b": 2, "c": 3}
    assert [yaml.safe_load(rule.partition(":=")[2]) for rule in rules(told, "-p")] == [str(tmp_path)]


def test_scope_gives_namespace_parameters_and_remappings(start, node, tmp_path):
    file = tmp_path / "all.yaml"
    file.write_text("/**: {ros__parameters: {f: 1}}")
    told = start(
        GroupAction(
            [
                PushRosNamespace("top"),
                SetParameter("use_sim_time", True),
                SetParametersFromFile(str(file)),
                SetRemap("a", "b"),
                node(name="first", parameters=[{"x": 1}]),
                PushRosNamespace("sub"),
                node(name="second", namespace="own"),
                node(name="third", namespace="/own"),
            ]
        ),
        node(name="fourth", namespace="own"),
    )
    by_name = {rules(item, "-r")[0].removeprefix("__node:="): item for item in told}
    namespaces = {name: rules(item, "-r")[1] for name, item in by_name.items()}
    assert namespaces == {
        "first": "__ns:=/top",
        "second": "__ns:=/top/sub/own",
        "third": "__ns:=/own",
        "fourth": "__ns:=/own",
    }
    assert rules(by_name["first"], "-p") == ["use_sim_time:=True"]
    assert rules(by_name["first"], "-r")[2:] == ["a:=b"]
    assert [yaml.safe_load(text) for text in by_name["first"]["files"]] == [
        {"/**": {"ros__parameters": {"f": 1}}},
        {"/top/first": {"ros__parameters": {"x": 1}}},
    ]
    assert rules(by_name["fourth"], "-r")[2:] == []
    assert rules(by_name["fourth"], "-p") == []


@OVERLAY_ONLY
def test_words_that_rcl_takes_for_truth_values_stay_text(start, node):
    (told,) = start(node(parameters=[{"words": ["y", "n", "off"], "y": "y"}]))
    assert '- "y"' in told["files"][0]
    assert parameters(told) == {"words": ["y", "n", "off"], "y": "y"}


@OVERLAY_ONLY
def test_a_parameter_set_in_an_inner_scope_stays_there(start, node):
    told = start(
        SetParameter("outer", 1),
        GroupAction([SetParameter("inner", 2), node(name="inside")]),
        node(name="outside"),
    )
    by_name = {rules(item, "-r")[0].removeprefix("__node:="): rules(item, "-p") for item in told}
    assert by_name == {"inside": ["outer:=1", "inner:=2"], "outside": ["outer:=1"]}


@OVERLAY_ONLY
def test_a_missing_parameter_file_is_an_error(run, node):
    status, out = run(node(name="bob", parameters=["/no/such/file.yaml"]))
    assert status == 1
    assert "parameter file '/no/such/file.yaml'" in out


@pytest.mark.parametrize(
    "value", [{"x": [1, "a"]}, {"x": []}, {"x": LaunchConfiguration("mapping")}, {"x": LaunchConfiguration("not_yaml")}]
)
def test_a_value_that_no_parameter_can_have_is_an_error(run, node, value):
    status, out = run(
        SetLaunchConfiguration("mapping", "{a: 1}"),
        SetLaunchConfiguration("not_yaml", "[1"),
        node(name="bob", parameters=[value]),
    )
    assert status == 1
    assert "Caught exception in launch" in out


def test_names_that_ros_refuses(run, node):
    for kwargs in ({"name": "no-dashes"}, {"name": "n", "namespace": "1digit"}):
        status, _ = run(node(**kwargs))
        assert status == 1
    with pytest.raises(TypeError):
        node(parameters="not a list")
    with pytest.raises(TypeError):
        node(remappings=["not a pair"])


def test_namesakes_are_warned_of(run, node):
    status, out = run(node(name="same", namespace="/a"), node(name="same", namespace="/a"))
    assert status == 0
    assert "there are now at least 2 nodes with the name /a/same" in out


@pytest.mark.parametrize(
    ("base", "namespace", "expected"),
    [
        (None, None, None),
        ("a", None, "a"),
        (None, "b", "b"),
        ("a", "b", "a/b"),
        ("/a", "b", "/a/b"),
        ("/a", "/b", "/b"),
        ("/", "b", "/b"),
        ("", "b", "b"),
        ("/a", "b/", "/a/b"),
    ],
)
def test_namespaces_are_joined(base, namespace, expected):
    assert prefix_namespace(base, namespace) == expected
    assert make_namespace_absolute("a") == "/a"


def test_packages_and_executables_are_found(tmp_path, monkeypatch):
    (tmp_path / "share/ament_index/resource_index/packages").mkdir(parents=True)
    (tmp_path / "share/ament_index/resource_index/packages/pkg").touch()
    (tmp_path / "share/pkg").mkdir()
    (tmp_path / "lib/pkg").mkdir(parents=True)
    (tmp_path / "lib/pkg/tool").write_text("#!/bin/sh")
    (tmp_path / "lib/pkg/tool").chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    context = LaunchContext()
    assert FindPackagePrefix("pkg").perform(context) == str(tmp_path)
    assert FindPackageShare(["p", "kg"]).perform(context) == str(tmp_path / "share/pkg")
    assert ExecutableInPackage(package="pkg", executable="tool").perform(context) == str(tmp_path / "lib/pkg/tool")
    with pytest.raises(SubstitutionFailure, match="executable 'none' not found"):
        ExecutableInPackage(package="pkg", executable="none").perform(context)
    with pytest.raises(LookupError):
        FindPackageShare("no_such_package").perform(context)


def test_parameter_substitution_reads_what_set_parameter_set():
    context = LaunchContext()
    SetParameter("x", 5).visit(context)
    assert ParameterSubstitution("x").perform(context) == "5"
    assert ParameterSubstitution("y", default="d").perform(context) == "d"
    with pytest.raises(SubstitutionFailure):
        ParameterSubstitution("y").perform(context)


def test_change_state_refuses_unknown_transitions():
    with pytest.raises(ValueError, match="TRANSITION_CONFIGURE"):
        ChangeState(lifecycle_node_matcher=matches_node_name("bob"), transition_id=250)


@pytest.mark.ros
def test_a_managed_node_is_configured_activated_and_shut_down(run, executable):
    managed = LifecycleNode(
        executable=executable(MANAGED_NODE),
        name="bob",
        namespace="ns",
        output="screen",
        parameters=[{"x_int": 1, "x_text": "yes", "x_list": ["p", "q"], "x_float": 1e-5}],
        remappings=[("from", "to")],
    )

    def ask(transition_id):
        return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(managed), transition_id=transition_id))

    status, out = run(
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=managed,
                goal_state="inactive",
                entities=[LogInfo(msg="reached inactive"), ask(Transition.TRANSITION_ACTIVATE)],
            )
        ),
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=managed,
                start_state="activating",
                goal_state="active",
                entities=[LogInfo(msg="reached active"), Shutdown()],
            )
        ),
        managed,
        ask(Transition.TRANSITION_CONFIGURE),
    )
    assert status == 0
    assert out.index("reached inactive") < out.index("reached active")
    assert "NAME /ns/bob /ns/to" in out
    assert "('x_float', '1e-05'), ('x_int', '1'), ('x_list', \"['p', 'q']\"), ('x_text', 'yes')" in out
    assert "finished cleanly" in out


@OVERLAY_ONLY
def test_what_is_left_out_is_refused_by_name():
    with pytest.raises(ImportError, match="install the ROS 2 package 'launch_ros'"):
        from launch_ros.actions import ComposableNodeContainer  # noqa: F401
    with pytest.raises(NotImplementedError, match="allow_substs"):
        ParameterFile("x.yaml", allow_substs=True)
