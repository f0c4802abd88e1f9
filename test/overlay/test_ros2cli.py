"""The overlay's ros2 command: its words, its exit statuses, the graph over real DDS, and bags played in time."""

import argparse
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String

ros2cli = pytest.importorskip("ros2cli")
if "overlay" not in Path(ros2cli.__file__).resolve().parts:
    pytest.skip("the ros2 command here is the real one, not the overlay's", allow_module_level=True)

from ros2cli import messages  # noqa: E402
from ros2cli.qos import qos_from_mapping, qos_from_offers  # noqa: E402
from ros2cli.rate import RateMeter  # noqa: E402
from ros2cli.read_ahead import ReadAhead  # noqa: E402

ROS2 = [sys.executable, "-c", "import sys; from ros2cli.cli import main; sys.exit(main())"]
START_NS = 1_600_000_000_000_000_000
STORE = get_typestore(Stores.ROS2_JAZZY)

NODE = """
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import String
from std_srvs.srv import SetBool
rclpy.init()
node = LifecycleNode("bob", namespace="ns")
node.declare_parameter("speed", 1.5)
publisher = node.create_publisher(String, "chatter", 10)
node.create_timer(0.05, lambda: publisher.publish(String(data="hello")))
def answer(request, response):
    response.success, response.message = request.data, "done"
    return response
node.create_service(SetBool, "toggle", answer)
print("READY", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""


@pytest.fixture(autouse=True)
def log_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))


def ros2(*arguments, timeout=60):
    return subprocess.run([*ROS2, *arguments], capture_output=True, text=True, timeout=timeout, check=False)


@pytest.mark.parametrize(
    ("arguments", "package"),
    [
        (["action", "list"], "ros2action"),
        (["topic", "pub", "/x"], "ros2topic"),
        (["topic", "echo", "/x", "--no-such-option"], "ros2topic"),
        (["bag", "record", "-a"], "ros2bag"),
        (["bag", "play", "x", "--start-paused"], "ros2bag"),
    ],
)
def test_what_is_left_out_is_refused_in_one_line(arguments, package):
    result = ros2(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert f"'{package}' (apt install ros-jazzy-{package})" in result.stderr


def test_help_lists_the_commands():
    result = ros2()
    assert result.returncode == 0
    assert all(f"  {command} " in result.stdout for command in ("bag", "launch", "topic", "service", "param"))
    assert "--show-args" in ros2("launch", "-h").stdout


@pytest.fixture
def launch_file(tmp_path):
    path = tmp_path / "x.launch.py"
    path.write_text(
        textwrap.dedent("""
        from launch import LaunchDescription
        from launch.actions import DeclareLaunchArgument, ExecuteProcess, GroupAction, LogInfo
        from launch.conditions import IfCondition
        from launch.substitutions import LaunchConfiguration
        def generate_launch_description():
            extra = [DeclareLaunchArgument("inner", default_value="1")]
            return LaunchDescription([
                DeclareLaunchArgument("who", default_value=["wor", "ld"], description="Whom to greet"),
                DeclareLaunchArgument("needed", choices=["a", "b"]),
                GroupAction(extra, condition=IfCondition("false")),
                ExecuteProcess(cmd=["echo", "hello", LaunchConfiguration("who")], output="screen"),
            ])
        """)
    )
    return path


def test_launch_shows_arguments(launch_file):
    result = ros2("launch", str(launch_file), "-s")
    assert result.returncode == 0
    assert result.stdout == textwrap.dedent("""\
        Arguments (pass arguments as '<name>:=<value>'):

            'who':
                Whom to greet
                (default: 'wor' + 'ld')

            'needed':
                One of: ['a', 'b']

            'inner':*
                no description given
                (default: '1')

        * argument(s) which are only used if specific conditions occur
        """)


def test_launch_prints_the_description(launch_file):
    result = ros2("launch", str(launch_file), "--print")
    assert result.returncode == 0
    assert "└── ExecuteProcess(cmd=['echo', 'hello', LaunchConfig('who')]" in result.stdout


def test_launch_by_path_and_by_package(launch_file, tmp_path, monkeypatch):
    result = ros2("launch", str(launch_file), "who:=there", "needed:=a")
    assert result.returncode == 0
    assert "[echo-1] hello there" in result.stdout
    (tmp_path / "share/ament_index/resource_index/packages").mkdir(parents=True)
    (tmp_path / "share/ament_index/resource_index/packages/pkg").touch()
    (tmp_path / "share/pkg/launch").mkdir(parents=True)
    launch_file.rename(tmp_path / "share/pkg/launch/x.launch.py")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    result = ros2("launch", "pkg", "x.launch.py", "needed:=b", "needed:=a")
    assert result.returncode == 0
    assert "[echo-1] hello world" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no_such_package", "x.launch.py"], "Package 'no_such_package' not found"),
        (["rclpy", "x.launch.py"], "file 'x.launch.py' was not found in the share directory of package 'rclpy'"),
        (["FILE", "who=there"], "malformed launch argument 'who=there', expected format '<name>:=<value>'"),
    ],
)
def test_launch_says_what_is_wrong(launch_file, arguments, message):
    result = ros2("launch", *[str(launch_file) if word == "FILE" else word for word in arguments])
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_launch_without_a_required_argument_returns_1(launch_file):
    result = ros2("launch", str(launch_file))
    assert result.returncode == 1
    assert "missing required argument 'needed'" in result.stdout


def test_run_passes_arguments_and_exit_status(tmp_path, monkeypatch):
    (tmp_path / "share/ament_index/resource_index/packages").mkdir(parents=True)
    (tmp_path / "share/ament_index/resource_index/packages/pkg").touch()
    (tmp_path / "lib/pkg").mkdir(parents=True)
    tool = tmp_path / "lib/pkg/tool"
    tool.write_text('#!/bin/sh\necho "$@"\nexit $1')
    tool.chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    result = ros2("run", "--prefix", "env A=1", "pkg", "tool", "3", "--ros-args", "-p", "x:=1")
    assert result.returncode == 3
    assert result.stdout == "3 --ros-args -p x:=1\n[ros2run]: Process exited with failure 3\n"
    assert ros2("run", "pkg", "none").stderr == "No executable found\n"
    assert ros2("run", "none", "tool").stderr == "Package 'none' not found\n"


def test_messages_are_filled_from_plain_values():
    pose = PoseStamped()
    messages.set_fields(pose, {"header": {"frame_id": "map", "stamp": {"sec": 3}}, "pose": {"position": {"x": 1}}})
    assert (pose.header.frame_id, pose.header.stamp.sec, pose.pose.position.x) == ("map", 3, 1.0)
    array = DiagnosticArray()
    messages.set_fields(array, {"status": [{"name": "n", "level": 2, "values": [{"key": "k", "value": "v"}]}]})
    assert (array.status[0].level, array.status[0].values[0].key) == (b"\x02", "k")
    info = CameraInfo()
    messages.set_fields(info, {"k": list(range(9)), "d": [1, 2], "height": 4})
    assert (info.k.tolist(), info.d.tolist(), info.height) == ([float(i) for i in range(9)], [1.0, 2.0], 4)


@pytest.mark.parametrize(
    "values",
    [{"heigth": 1}, {"height": "tall"}, {"height": -1}, {"k": [1, 2]}, {"header": 3}, {"roi": {"do_rectify": 1}}],
)
def test_messages_refuse_what_does_not_fit(values):
    with pytest.raises(ValueError):
        messages.set_fields(CameraInfo(), values)


def test_messages_are_written_as_yaml_and_cut():
    image = Image(height=2, data=np.arange(200, dtype=np.uint8).tobytes())
    image.header.frame_id = "camera" * 40
    written = yaml.safe_load(messages.message_to_yaml(image, truncate_length=3))
    assert written["data"] == [0, 1, 2, "..."]
    assert written["header"]["frame_id"] == "cam..."
    assert list(written) == list(image.get_fields_and_field_types())
    assert yaml.safe_load(messages.message_to_yaml(image))["data"] == list(range(200))
    assert "<sequence type: uint8, length: 200>" in messages.message_to_yaml(image, no_arr=True)
    assert messages.message_to_csv(PoseStamped()) == "0,0,,0.0,0.0,0.0,0.0,0.0,0.0,1.0"


@pytest.mark.parametrize("name", ["String", "std_msgs/srv/String", "no_such_msgs/msg/String", "std_msgs/msg/Nothing"])
def test_interfaces_that_do_not_exist(name):
    with pytest.raises(ValueError, match="interface"):
        messages.get_interface(name, "msg")


def test_rate_meter_reports_once_a_second():
    meter = RateMeter(window_size=4)
    reports = []
    for tick in range(31):
        meter.add(now_s=tick * 0.1)
        reports.append(meter.report())
    texts = [report for report in reports if report]
    assert len(texts) in (2, 3)
    assert texts[0].startswith("average rate: 10.000\n\tmin: 0.100s max: 0.100s std dev: 0.00000s window: 4")


def test_read_ahead_keeps_order_and_bounds():
    taken = []

    def source():
        for number in range(100):
            taken.append(number)
            yield 0, number, bytes(10)

    with ReadAhead(source(), max_messages=1000, max_bytes=50) as ahead:
        ahead.wait_until_full()
        time.sleep(0.05)
        assert len(taken) <= 7
        assert [stamp for _, stamp, _ in ahead] == list(range(100))


def test_read_ahead_passes_errors_on_after_what_was_read():
    def source():
        yield 0, 1, b"x"
        raise OSError("disk gone")

    with ReadAhead(source(), max_messages=2, max_bytes=50) as ahead:
        messages_read = iter(ahead)
        assert next(messages_read) == (0, 1, b"x")
        with pytest.raises(OSError, match="disk gone"):
            next(messages_read)


def recorded(*, latched=False, best_effort=False, depth=1):
    zero = QosTime(0, 0)
    return Qos(
        QosHistory.KEEP_LAST,
        depth,
        QosReliability.BEST_EFFORT if best_effort else QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        zero,
        zero,
        QosLiveliness.AUTOMATIC,
        zero,
        False,
    )


def test_recorded_qos_is_offered_again():
    assert qos_from_offers([]).depth == 10
    latched = qos_from_offers([recorded(latched=True, depth=30)])
    assert (latched.durability, latched.depth) == (QoSDurabilityPolicy.TRANSIENT_LOCAL, 30)
    mixed = qos_from_offers([recorded(latched=True), recorded(best_effort=True)])
    assert mixed.durability == QoSDurabilityPolicy.VOLATILE
    assert mixed.reliability == QoSReliabilityPolicy.BEST_EFFORT


def test_qos_overrides():
    profile = qos_from_mapping(
        {"reliability": "best_effort", "history": "keep_last", "depth": 3, "deadline": {"sec": 1}}
    )
    assert (profile.reliability, profile.depth) == (QoSReliabilityPolicy.BEST_EFFORT, 3)
    assert profile.deadline.nanoseconds == 10**9
    for wrong in ({"reliability": "sometimes"}, {"reliabilty": "reliable"}):
        with pytest.raises(ValueError, match="reliab"):
            qos_from_mapping(wrong)


@pytest.fixture(params=["MCAP", "SQLITE3"])
def bag(request, tmp_path):
    """Half a second of two topics: /numbers at 100 Hz and one latched message."""
    path = tmp_path / "bag"
    text = STORE.types["std_msgs/msg/String"]
    with Writer(path, version=9, storage_plugin=StoragePlugin[request.param]) as writer:
        latched = writer.add_connection(
            "/latched", text.__msgtype__, typestore=STORE, offered_qos_profiles=[recorded(latched=True)]
        )
        numbers = writer.add_connection(
            "/numbers", text.__msgtype__, typestore=STORE, offered_qos_profiles=[recorded()]
        )
        writer.write(latched, START_NS, STORE.serialize_cdr(text(data="kept"), text.__msgtype__))
        for number in range(51):
            stamp = START_NS + number * 10_000_000
            writer.write(numbers, stamp, STORE.serialize_cdr(text(data=str(number)), text.__msgtype__))
    return SimpleNamespace(path=path, storage=request.param.lower())


def test_bag_info(bag):
    result = ros2("bag", "info", str(bag.path))
    assert result.returncode == 0
    lines = dict(line.split(": ", 1) for line in result.stdout.splitlines() if ": " in line[:20])
    assert lines["Storage id"].strip() == bag.storage
    assert lines["Duration"].strip() == "0.500000000s"
    assert lines["Start"].endswith("(1600000000.000000000)")
    assert lines["End"].endswith("(1600000000.500000000)")
    assert lines["Messages"].strip() == "52"
    assert "Topic: /numbers | Type: std_msgs/msg/String | Count: 51 | Serialization Format: cdr" in result.stdout
    assert ros2("bag", "info", "-t", str(bag.path)).stdout.split() == ["/latched", "/numbers"]


def test_bag_that_is_not_there():
    result = ros2("bag", "play", "/no/such/bag")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "/no/such/bag" in result.stderr


class Listener:
    """Collects messages with the time of their arrival."""

    def __init__(self, node):
        self.node = node
        self.received = {}

    def listen(self, topic, message_type, qos):
        self.received[topic] = []
        self.node.create_subscription(
            message_type, topic, lambda message: self.received[topic].append((time.perf_counter(), message)), qos
        )

    def play(self, *arguments, until=None):
        process = subprocess.Popen([*ROS2, "bag", "play", *arguments], stdin=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while process.poll() is None and not (until and until(self.received)):
            assert time.monotonic() < end, "playing takes too long"
            rclpy.spin_once(self.node, timeout_sec=0.01)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        for _ in range(20):
            rclpy.spin_once(self.node, timeout_sec=0.01)
        return process.wait(timeout=10)


@pytest.mark.ros
def test_bag_play_sends_every_message_at_its_time(bag, ros_node):
    listener = Listener(ros_node)
    listener.listen("/renamed", String, 100)
    listener.listen("/latched", String, QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL))
    listener.listen("/clock", Clock, QoSProfile(depth=100, reliability=QoSReliabilityPolicy.BEST_EFFORT))
    rate = 0.5
    arguments = [str(bag.path), "--clock", "50", "--rate", str(rate), "--remap", "/numbers:=/renamed", "--delay", "4"]
    assert listener.play(*arguments) == 0
    numbers = listener.received["/renamed"]
    assert [message.data for _, message in numbers] == [str(number) for number in range(51)]
    assert [message.data for _, message in listener.received["/latched"]] == ["kept"]
    errors_s = [arrived - numbers[0][0] - number * 0.01 / rate for number, (arrived, _) in enumerate(numbers)]
    assert abs(np.median(errors_s)) < 0.05
    assert numbers[-1][0] - numbers[0][0] == pytest.approx(1.0, abs=0.4)
    clocks = [message.clock.sec * 10**9 + message.clock.nanosec for _, message in listener.received["/clock"]]
    assert len(clocks) >= 45
    assert np.unique(np.diff(clocks)).tolist() == [round(10**9 * rate / 50)]
    assert START_NS <= clocks[0] <= clocks[-1] <= START_NS + 500_000_000


@pytest.mark.ros
def test_bag_play_loops_from_an_offset_until_interrupted(bag, ros_node, tmp_path):
    overrides = tmp_path / "qos.yaml"
    overrides.write_text("/numbers: {reliability: best_effort, depth: 5}")
    listener = Listener(ros_node)
    listener.listen("/numbers", String, QoSProfile(depth=100, reliability=QoSReliabilityPolicy.BEST_EFFORT))
    listener.listen("/latched", String, QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL))
    status = listener.play(
        *[str(bag.path), "--loop", "--start-offset", "0.4", "--topics", "/numbers"],
        *["--qos-profile-overrides-path", str(overrides)],
        until=lambda received: len(received["/numbers"]) > 25,
    )
    assert status == signal.SIGINT
    numbers = [int(message.data) for _, message in listener.received["/numbers"]]
    assert set(numbers) <= set(range(40, 51))
    assert sum(after < before for before, after in itertools.pairwise(numbers)) >= 2
    assert listener.received["/latched"] == []


@pytest.fixture(scope="module")
def bob(tmp_path_factory):
    """A managed node in a process of its own."""
    script = tmp_path_factory.mktemp("node") / "node.py"
    script.write_text(NODE)
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout.readline() == "READY\n"
    yield process
    process.send_signal(signal.SIGINT)
    process.wait(timeout=10)


def list_until(line: str, *command: str) -> list[str]:
    """The lines that a command lists, asked up to three times for one of them: discovery is slow on busy cores."""
    for _ in range(3):
        lines = ros2(*command).stdout.splitlines()
        if line in lines:
            break
    return lines


@pytest.mark.ros
def test_the_graph_is_listed(bob):
    topics = list_until("/ns/chatter [std_msgs/msg/String]", "topic", "list", "-t")
    assert "/ns/chatter [std_msgs/msg/String]" in topics
    assert not any(topic.startswith("/_") for topic in topics)
    toggle = "/ns/toggle [std_srvs/srv/SetBool]"
    assert toggle in list_until(toggle, "service", "list", "-t")
    info = ros2("node", "info", "/ns/bob").stdout
    assert "  Publishers:\n    /ns/bob/transition_event: lifecycle_msgs/msg/TransitionEvent\n" in info
    assert ros2("topic", "info", "/ns/chatter").stdout == (
        "Type: std_msgs/msg/String\nPublisher count: 1\nSubscription count: 0\n"
    )


@pytest.mark.ros
def test_topic_echo_and_hz(bob):
    assert ros2("topic", "echo", "--once", "/ns/chatter").stdout == "data: hello\n---\n"
    assert ros2("topic", "echo", "--once", "--csv", "/ns/chatter").stdout == "hello\n"
    wrong = ros2("topic", "echo", "--once", "--field", "nothing", "/ns/chatter")
    assert (wrong.returncode, "Invalid field 'nothing'" in wrong.stderr) == (1, True)
    silent = ros2("topic", "echo", "--spin-time", "0.1", "/nothing")
    assert (silent.returncode, "Could not determine the type" in silent.stderr) == (1, True)
    process = subprocess.Popen([*ROS2, "topic", "hz", "/ns/chatter"], stdout=subprocess.PIPE, text=True)
    line = next((line for line in process.stdout if line.startswith("average rate: ")), "")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == signal.SIGINT
    assert float(line.removeprefix("average rate: ")) == pytest.approx(20, rel=0.2)


@pytest.mark.ros
def test_service_call_with_and_without_type(bob):
    expected = (
        "requester: making request: std_srvs.srv.SetBool_Request(data=True)\n\n"
        "response:\nstd_srvs.srv.SetBool_Response(success=True, message='done')\n\n"
    )
    typed = ros2("service", "call", "/ns/toggle", "std_srvs/srv/SetBool", "{data: true}")
    assert typed.returncode == 0
    assert typed.stdout.endswith(expected)
    assert ros2("service", "call", "/ns/toggle", "{data: true}").stdout.endswith(expected)
    wrong = ros2("service", "call", "/ns/toggle", "std_srvs/srv/SetBool", "{date: true}")
    assert wrong.returncode == 1
    assert "Failed to populate field: SetBool_Request has no field 'date'" in wrong.stderr
    unknown = ros2("service", "call", "/ns/toggle", "std_srvs/srv/Nothing")
    assert (unknown.returncode, "service type is invalid" in unknown.stderr) == (1, True)


@pytest.mark.ros
def test_parameters_are_read_and_set(bob):
    assert "  speed\n" in ros2("param", "list", "/ns/bob").stdout
    assert ros2("param", "set", "ns/bob", "speed", "2.5").stdout == "Set parameter successful\n"
    assert ros2("param", "get", "/ns/bob", "speed").stdout == "Double value is: 2.5\n"
    failed = ros2("param", "set", "/ns/bob", "speed", "fast")
    assert (failed.returncode, failed.stderr.startswith("Setting parameter failed: ")) == (1, True)
    dumped = yaml.safe_load(ros2("param", "dump", "/ns/bob").stdout)
    assert dumped["/ns/bob"]["ros__parameters"]["speed"] == 2.5
    missing = ros2("param", "get", "--timeout", "0.1", "/no_such_node", "speed")
    assert (missing.returncode, missing.stderr) == (1, "Node not found\n")


@pytest.mark.ros
def test_lifecycle_of_a_managed_node(bob):
    assert ros2("lifecycle", "get", "/ns/bob").stdout == "unconfigured [1]\n"
    assert "Unknown transition requested" in ros2("lifecycle", "set", "/ns/bob", "fly").stderr
    assert ros2("lifecycle", "set", "/ns/bob", "configure").stdout == "Transitioning successful\n"
    assert ros2("lifecycle", "get", "/ns/bob").stdout == "inactive [2]\n"


def test_every_option_has_a_help():
    from ros2cli.cli import COMMANDS, make_parser

    def check(parser):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for verb in action.choices.values():
                    check(verb)
            else:
                assert action.help, f"{parser.prog}: {action.dest}"

    for command in COMMANDS:
        check(make_parser(command))
