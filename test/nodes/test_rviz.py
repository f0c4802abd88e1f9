from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, PointCloud2
from visualization_msgs.msg import MarkerArray

from ago_ros.geometry.voxel_grid import OCC3D_GRID
from ago_ros.nodes import conversions
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.nodes.qos import make_qos, why_incompatible
from ago_ros.nodes.topics import output_topics
from ago_ros.scene.semantic_grid import LABEL_UNCLASSIFIED, SemanticGrid

CONFIG = Path(__file__).parents[2] / "rviz" / "occupancy.rviz"
SHOWS = {"PointCloud2": PointCloud2, "MarkerArray": MarkerArray, "Image": CompressedImage}
RELIABILITY = {"Reliable": ReliabilityPolicy.RELIABLE, "Best Effort": ReliabilityPolicy.BEST_EFFORT}
DURABILITY = {"Volatile": DurabilityPolicy.VOLATILE, "Transient Local": DurabilityPolicy.TRANSIENT_LOCAL}
PARAMETERS = OccupancyParameters()


@pytest.fixture(scope="module")
def manager() -> dict[str, Any]:
    return yaml.safe_load(CONFIG.read_text())["Visualization Manager"]


def displays(group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for display in group["Displays"]:
        yield display
        if "Displays" in display:
            yield from displays(display)


def with_topic(manager: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {display["Topic"]["Value"]: display for display in displays(manager) if "Topic" in display}


def offered() -> dict[str, tuple[type, QoSProfile]]:
    sensors = {PARAMETERS.lidar: (PointCloud2, make_qos("sensor_data", 5))}
    sensors |= {PARAMETERS.image_topic(c): (CompressedImage, make_qos("sensor_data", 5)) for c in PARAMETERS.cameras}
    return {**sensors, **output_topics(PARAMETERS)}


def test_every_display_is_one_that_comes_with_rviz(manager: dict[str, Any]) -> None:
    classes = [display["Class"] for display in displays(manager)]
    assert len(classes) > 10
    assert all(name.startswith(("rviz_default_plugins/", "rviz_common/")) for name in classes)


def test_every_topic_exists_with_the_type_that_the_display_shows(manager: dict[str, Any]) -> None:
    for topic, display in with_topic(manager).items():
        assert topic in offered(), f"nobody publishes {topic}"
        assert offered()[topic][0] is SHOWS[display["Class"].split("/")[1]], topic


def test_the_qos_of_every_display_matches_the_publisher(manager: dict[str, Any]) -> None:
    for topic, display in with_topic(manager).items():
        asked = display["Topic"]
        requested = QoSProfile(
            depth=asked["Depth"],
            reliability=RELIABILITY[asked["Reliability Policy"]],
            durability=DURABILITY[asked["Durability Policy"]],
        )
        assert not why_incompatible(offered()[topic][1], requested), topic


def test_everything_that_the_node_draws_is_shown(manager: dict[str, Any]) -> None:
    drawn = {topic for topic, (message_type, _) in output_topics(PARAMETERS).items() if message_type in SHOWS.values()}
    assert drawn <= with_topic(manager).keys()
    assert {PARAMETERS.image_topic(camera) for camera in PARAMETERS.cameras} <= with_topic(manager).keys()


def test_boxes_are_voxels_and_the_channels_exist(manager: dict[str, Any]) -> None:
    shown = with_topic(manager)
    occupancy, answer = shown["occupancy/points"], shown["locate/heatmap"]
    assert (occupancy["Style"], occupancy["Size (m)"]) == ("Boxes", PARAMETERS.voxel_size)
    labels = OCC3D_GRID.centers()[..., 0].int() * 0 + LABEL_UNCLASSIFIED
    cloud = conversions.grid_to_cloud(SemanticGrid(0, OCC3D_GRID, labels, labels.float() * 0), "base_link")
    assert occupancy["Color Transformer"] == "RGB8" and "rgb" in {field.name for field in cloud.fields}
    heat = conversions.probability_to_cloud(0, OCC3D_GRID, labels.float(), "base_link")
    assert answer["Channel Name"] in {field.name for field in heat.fields}


def test_the_fixed_frame_does_not_move_with_the_robot(manager: dict[str, Any]) -> None:
    assert manager["Global Options"]["Fixed Frame"] == PARAMETERS.map_frame
