"""Starts the occupancy node; plays a bag or a nuScenes scene into it, and shows the result, where asked to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from ament_index_python.packages import get_package_share_directory
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.event_handlers import OnProcessExit, OnShutdown
from launch.launch_description_entity import LaunchDescriptionEntity
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription

SHARE = Path(get_package_share_directory("ago_ros"))
PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
BOOLEAN = ["true", "false"]
METHODS = ["", "lift", "ago"]
SCENE_QUERIES = ["", "analytic", "semabs"]

ARGUMENTS = [
    DeclareLaunchArgument("bag", default_value="", description="A rosbag2 to play. Empty: live sensors."),
    DeclareLaunchArgument(
        "dataset", default_value="", description="A nuScenes root: a scene is made a bag and played."
    ),
    DeclareLaunchArgument(
        "scene", default_value="", description="Scene of the dataset; may be left out if it has one."
    ),
    DeclareLaunchArgument("rate", default_value="1.0", description="Speed at which the bag is played."),
    DeclareLaunchArgument("loop", default_value="false", choices=BOOLEAN, description="Play the bag again and again."),
    DeclareLaunchArgument(
        "params_file", default_value=str(SHARE / "config" / "occupancy.yaml"), description="Parameters of the node."
    ),
    DeclareLaunchArgument(
        "method", default_value="", choices=METHODS, description="What computes the grid. Empty: as in params_file."
    ),
    DeclareLaunchArgument(
        "ago_model", default_value="", description="Folder of the model for method:=ago. Empty: as in params_file."
    ),
    DeclareLaunchArgument(
        "beside",
        default_value="",
        choices=METHODS,
        description="A second method, on the same sensors: its node's namespace, and its topics', is its name.",
    ),
    DeclareLaunchArgument(
        "vlm",
        default_value="",
        description="Image tower: ago-tiny, a Hugging Face id or a folder. Empty: as in params_file.",
    ),
    DeclareLaunchArgument(
        "scene_query",
        default_value="",
        choices=SCENE_QUERIES,
        description="What answers locate_object and complete_objects, for lift. Empty: as in params_file.",
    ),
    DeclareLaunchArgument(
        "scene_query_model",
        default_value="",
        description="Name or folder of the network for scene_query:=semabs. Empty: as in params_file.",
    ),
    DeclareLaunchArgument("device", default_value="", description="cpu, cuda, ... Empty: as in params_file."),
    DeclareLaunchArgument("rviz", default_value="false", choices=BOOLEAN, description="Open RViz."),
    DeclareLaunchArgument("viewer", default_value="none", choices=["none", "rerun"], description="Live viewer."),
    DeclareLaunchArgument(
        "viewer_save", default_value="", description="A .rrd file that viewer:=rerun records to. Empty: its window."
    ),
    DeclareLaunchArgument("namespace", default_value="", description="Namespace of the node and its topics."),
    DeclareLaunchArgument(
        "use_sim_time",
        default_value="auto",
        choices=["auto", *BOOLEAN],
        description="auto: true with a bag or dataset.",
    ),
    DeclareLaunchArgument(
        "log_level",
        default_value="info",
        choices=["debug", "info", "warn", "error", "fatal"],
        description="Of the node.",
    ),
    DeclareLaunchArgument(
        "respawn", default_value="false", choices=BOOLEAN, description="Start the node again when it dies."
    ),
    DeclareLaunchArgument(
        "profile",
        default_value=str(SHARE / "config" / "fastdds_profile.xml"),
        description=f"Fast DDS profile; none: the middleware's own. {PROFILE_VARIABLE}, where it is set, wins.",
    ),
]


def generate_launch_description() -> LaunchDescription:
    """Describes what to start."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=_start)])


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = context.launch_configurations
    _refuse_what_cannot_work(given)
    actions: list[LaunchDescriptionEntity] = []
    if given["profile"] != "none" and PROFILE_VARIABLE not in os.environ:
        actions.append(SetEnvironmentVariable(PROFILE_VARIABLE, given["profile"]))
    if given["dataset"]:
        return [*actions, *_converted(given, lambda bag: _suite(given, bag))]
    return actions + _suite(given, given["bag"])


def _refuse_what_cannot_work(given: dict[str, str]) -> None:
    if given["bag"] and given["dataset"]:
        raise RuntimeError("bag and dataset are both given: choose one")
    if given["beside"] and given["beside"] == given["method"]:
        raise RuntimeError(f"beside:={given['beside']} is what method is already: choose another")
    if given["profile"] == "none":
        given = {**given, "profile": ""}
    for name in ("bag", "dataset", "params_file", "profile"):
        if given[name] and not Path(given[name]).exists():
            raise RuntimeError(f"{name}:={given[name]} does not exist")
    try:
        positive = float(given["rate"]) > 0
    except ValueError:
        positive = False
    if not positive:
        raise RuntimeError(f"rate:={given['rate']} is no number above zero")


def _suite(given: dict[str, str], bag: str) -> list[LaunchDescriptionEntity]:
    """Starts the node, and what was asked for beside it."""
    simulated = given["use_sim_time"] == "true" or (given["use_sim_time"] == "auto" and bool(bag))
    actions: list[LaunchDescriptionEntity] = []
    if not given["beside"]:
        actions.append(_occupancy_node(given, simulated))
    else:
        first, second = _two_nodes(given)
        actions += [_occupancy_node(first, simulated), _occupancy_node(second, simulated, _shared_inputs(given))]
        if (given["scene_query"] or _settings(given).get("scene_query")) == "semabs":
            actions.append(LogInfo(msg="scene_query semabs: for lift; ago keeps no images, and answers analytically"))
    if bag:
        actions += _player(given, bag)
    if given["rviz"] == "true":
        actions.append(_rviz(given, simulated))
    if given["viewer"] == "rerun":
        actions.append(_viewer(given, simulated))
    return actions


def _occupancy_node(given: dict[str, str], simulated: bool, remappings: Sequence[tuple[str, str]] = ()) -> Node:
    names = ("method", "ago_model", "vlm", "scene_query", "scene_query_model", "device")
    overrides: dict[str, str | bool] = {name: given[name] for name in names if given[name]}
    respawn = given["respawn"] == "true"
    return Node(
        package="ago_ros",
        executable="occupancy_node",
        name="occupancy_node",
        namespace=given["namespace"],
        parameters=[given["params_file"], {"use_sim_time": simulated, **overrides}],
        remappings=remappings,
        ros_arguments=["--log-level", f"{'.'.join(_inside(given, 'occupancy_node'))}:={given['log_level']}"],
        output="screen",
        respawn=respawn,
        respawn_delay=1.0,
        on_exit=None if respawn else Shutdown(reason="the occupancy node has ended"),
    )


def _beside(given: dict[str, str]) -> dict[str, str]:
    """Returns the arguments of the second node."""
    return {**given, "method": given["beside"], "namespace": "/".join(_inside(given, given["beside"]))}


def _two_nodes(given: dict[str, str]) -> list[dict[str, str]]:
    """Returns the arguments of both nodes; no network answers for ago, which keeps no images to ask it of."""
    from ago_ros.nodes.parameters import OccupancyParameters

    method = given["method"] or _settings(given).get("method", OccupancyParameters.method)
    both = [{**given, "method": method}, _beside(given)]
    return [{**each, "scene_query": "analytic"} if each["method"] == "ago" else each for each in both]


def _settings(given: dict[str, str]) -> dict[str, Any]:
    """Returns the parameters that the file names, for whichever node."""
    nodes = yaml.safe_load(Path(given["params_file"]).read_text()) or {}
    return {name: value for node in nodes.values() for name, value in node.get("ros__parameters", {}).items()}


def _shared_inputs(given: dict[str, str]) -> list[tuple[str, str]]:
    """Leads the second node to the sensors of the first."""
    from ago_ros.nodes.parameters import OccupancyParameters

    settings = _settings(given)
    named = {name: settings[name] for name in ("cameras", "lidar", "image_transport") if name in settings}
    return [(topic, "/".join(["", *_inside(given, topic)])) for topic in OccupancyParameters(**named).input_topics]


def _viewer(given: dict[str, str], simulated: bool) -> Node:
    save = {"save": given["viewer_save"]} if given["viewer_save"] else {}
    return Node(
        package="ago_ros",
        executable="viewer_node",
        namespace=given["namespace"],
        parameters=[given["params_file"], {"use_sim_time": simulated, **save}],
        output="screen",
    )


def _inside(given: dict[str, str], *names: str) -> list[str]:
    """Returns names within the namespace, by their parts."""
    return [*filter(None, given["namespace"].split("/")), *names]


def _converted(
    given: dict[str, str], then: Callable[[str], list[LaunchDescriptionEntity]]
) -> list[LaunchDescriptionEntity]:
    """Makes a bag of the dataset's scene, which goes when the launch ends, and continues with it."""
    folder = TemporaryDirectory(prefix="ago_bag_", ignore_cleanup_errors=True)
    bag = str(Path(folder.name) / "bag")
    scene = ["--scene", given["scene"]] if given["scene"] else []
    convert = ExecuteProcess(
        cmd=["ago", "bag", "from-nuscenes", given["dataset"], *scene, "--out", bag], name="make_bag", output="screen"
    )
    clean_up = OnShutdown(on_shutdown=lambda *_: folder.cleanup())
    return [RegisterEventHandler(clean_up), convert, _after(convert, lambda: then(bag))]


def _player(given: dict[str, str], bag: str) -> list[LaunchDescriptionEntity]:
    """Plays the bag once every node is active, which its latched vocabulary tells."""
    play = _play(bag, given)
    played = LogInfo(msg="the bag has been played; the node goes on and answers queries")
    after = [_after(play, lambda: [played])]
    wait = _wait_for_node(given)
    if not given["beside"]:
        return [wait, _after(wait, lambda: [play]), *after]
    wait_beside = _wait_for_node(_beside(given))
    return [wait, _after(wait, lambda: [wait_beside]), _after(wait_beside, lambda: [play]), *after]


def _wait_for_node(given: dict[str, str]) -> ExecuteProcess:
    return ExecuteProcess(
        cmd=["ros2", "topic", "echo", "--once", "--qos-durability", "transient_local", "--qos-reliability", "reliable",
             "/".join(["", *_inside(given, "occupancy/vocabulary")]), "ago_msgs/msg/Vocabulary"],
        name="wait_for_node", output="log",
    )  # fmt: skip


def _after(process: ExecuteProcess, then: Callable[[], list[LaunchDescriptionEntity]]) -> RegisterEventHandler:
    """Continues when a process has ended well, and shuts down when it has not."""

    def on_exit(event: object, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if context.is_shutdown:
            return []
        if event.returncode:
            return [Shutdown(reason=f"{event.process_name} ended with status {event.returncode}")]
        return then()

    return RegisterEventHandler(OnProcessExit(target_action=process, on_exit=on_exit))


def _play(bag: str, given: dict[str, str]) -> ExecuteProcess:
    command = ["ros2", "bag", "play", bag, "--clock", "100", "--rate", given["rate"]]
    if given["loop"] == "true":
        command.append("--loop")
    if given["namespace"]:
        command += ["--remap", *_remappings(bag, given["namespace"])]
    return ExecuteProcess(cmd=command, name="play_bag", output="screen")


def _remappings(bag: str, namespace: str) -> list[str]:
    """Moves a bag's topics into the namespace; transforms and the clock stay where everyone looks for them."""
    metadata = Path(bag) / "metadata.yaml"
    if not metadata.exists():
        raise RuntimeError(f"{metadata} does not exist: a namespace needs the folder of a bag, with its metadata")
    information = yaml.safe_load(metadata.read_text())["rosbag2_bagfile_information"]
    names = [entry["topic_metadata"]["name"] for entry in information["topics_with_message_count"]]
    return [f"{name}:=/{namespace.strip('/')}{name}" for name in names if name not in ("/tf", "/tf_static", "/clock")]


def _rviz(given: dict[str, str], simulated: bool) -> Node:
    if shutil.which("rviz2") is None:
        raise RuntimeError("rviz:=true needs rviz2: install the package ros-jazzy-rviz2, or use viewer:=rerun")
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=given["namespace"],
        arguments=["-d", str(SHARE / "rviz" / "occupancy.rviz")],
        parameters=[{"use_sim_time": simulated}],
    )
