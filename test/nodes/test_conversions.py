import array

import numpy as np
import pytest
import torch
from geometry_msgs.msg import Transform
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs_py import point_cloud2

from ago_msgs.msg import ProbabilityGrid, SemanticVoxelGrid
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.nodes import conversions
from ago_ros.rendering.palette import phrase_color
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNCLASSIFIED, LABEL_UNOBSERVED, SemanticGrid

GRID = VoxelGrid((-1.2, 0.4, -0.8), 0.4, (5, 3, 7))
PHRASES = ("car", "a red mug", "tree")


def random_grid(seed: int, grid: VoxelGrid = GRID) -> SemanticGrid:
    random = torch.Generator().manual_seed(seed)
    choices = torch.tensor([0, 1, 2, LABEL_UNCLASSIFIED, LABEL_FREE, LABEL_UNOBSERVED], dtype=torch.int32)
    labels = choices[torch.randint(len(choices), grid.shape, generator=random)]
    confidence = torch.randint(256, grid.shape, generator=random) / 255
    confidence[labels >= LABEL_UNCLASSIFIED] = 0
    return SemanticGrid(1_532_402_927_647_951_000, grid, labels, confidence, PHRASES)


def over_the_wire(message: SemanticVoxelGrid) -> SemanticVoxelGrid:
    return deserialize_message(serialize_message(message), type(message))


@pytest.mark.parametrize("encoding", ["dense", "sparse"])
@pytest.mark.parametrize("grid", [GRID, OCC3D_GRID], ids=["odd", "occ3d"])
def test_a_grid_survives_the_round_trip(encoding: str, grid: VoxelGrid) -> None:
    sent = random_grid(1, grid)
    message = over_the_wire(conversions.grid_to_message(sent, "base_link", encoding))
    received = conversions.grid_from_message(message)
    assert (received.stamp_ns, received.grid, received.vocabulary) == (sent.stamp_ns, grid, PHRASES)
    assert torch.equal(received.labels, sent.labels)
    assert torch.allclose(received.confidence, sent.confidence, atol=1e-6)
    assert message.header.frame_id == "base_link"


def test_the_sparse_layout_is_the_documented_one() -> None:
    labels = torch.full(GRID.shape, LABEL_UNOBSERVED, dtype=torch.int32)
    labels[0, 0, 0], labels[0, 0, 1], labels[1, 2, 3] = LABEL_FREE, 2, LABEL_UNCLASSIFIED
    confidence = torch.zeros(GRID.shape)
    confidence[0, 0, 1] = 1.0
    message = conversions.grid_to_message(SemanticGrid(5, GRID, labels, confidence, PHRASES), "base_link", "sparse")
    assert list(message.indices) == [1, (1 * 3 + 2) * 7 + 3]
    assert list(message.labels) == [2, LABEL_UNCLASSIFIED]
    assert list(message.confidence) == [255, 0]
    assert message.free_mask[0] == 0b1000_0000 and sum(message.free_mask) == 0b1000_0000
    assert len(message.free_mask) == -(-5 * 3 * 7 // 8)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 5)


def test_an_empty_grid_survives() -> None:
    labels = torch.full(GRID.shape, LABEL_UNOBSERVED, dtype=torch.int32)
    sent = SemanticGrid(0, GRID, labels, torch.zeros(GRID.shape))
    message = conversions.grid_to_message(sent, "base_link", "sparse")
    assert torch.equal(conversions.grid_from_message(over_the_wire(message)).labels, labels)
    assert conversions.grid_to_cloud(sent, "base_link").width == 0


def shorten(message: SemanticVoxelGrid) -> None:
    message.labels = message.labels[:-1]


def point_outside(message: SemanticVoxelGrid) -> None:
    message.indices[-1] = GRID.num_voxels


def turn(message: SemanticVoxelGrid) -> None:
    message.origin.orientation.z, message.origin.orientation.w = 1.0, 0.0


def unknown_encoding(message: SemanticVoxelGrid) -> None:
    message.encoding = 7


@pytest.mark.parametrize("damage", [shorten, point_outside, turn, unknown_encoding])
def test_a_message_that_contradicts_itself_is_refused(damage: object) -> None:
    message = conversions.grid_to_message(random_grid(2), "base_link", "sparse")
    damage(message)
    with pytest.raises(ValueError):
        conversions.grid_from_message(message)


def test_a_dense_grid_of_the_wrong_size_is_refused() -> None:
    message = conversions.grid_to_message(random_grid(2), "base_link", "dense")
    shorten(message)
    with pytest.raises(ValueError, match="labels for 105 voxels"):
        conversions.grid_from_message(message)


def test_the_cloud_holds_the_occupied_voxels_as_an_independent_reader_sees_them() -> None:
    grid = random_grid(3)
    cloud = over_the_wire(conversions.grid_to_cloud(grid, "base_link"))
    assert [(f.name, f.offset) for f in cloud.fields] == [
        ("x", 0), ("y", 4), ("z", 8), ("rgb", 12), ("label", 16), ("score", 20)
    ]  # fmt: skip
    rows = point_cloud2.read_points(cloud)
    occupied = grid.occupied.nonzero()
    assert len(rows) == len(occupied)
    expected = np.array(GRID.origin) + (occupied.numpy() + 0.5) * GRID.voxel_size
    np.testing.assert_allclose(np.stack([rows[axis] for axis in "xyz"], axis=1), expected, atol=1e-6)
    np.testing.assert_array_equal(rows["label"], grid.labels[grid.occupied].numpy())
    np.testing.assert_allclose(rows["score"], grid.confidence[grid.occupied].numpy())
    car = np.flatnonzero(rows["label"] == 0)[0]
    packed = int(rows["rgb"][car : car + 1].view(np.uint32)[0])
    assert (packed >> 16, packed >> 8 & 255, packed & 255) == phrase_color("car")


def test_probability_survives_the_round_trip_and_the_cloud_has_the_same_voxels() -> None:
    probability = torch.rand(GRID.shape, generator=torch.Generator().manual_seed(4))
    probability[probability < 0.5] = 0
    message = over_the_wire(conversions.probability_to_message(7, GRID, probability, "base_link"))
    grid, received = conversions.probability_from_message(message)
    assert grid == GRID and torch.equal(received, probability)
    assert isinstance(message, ProbabilityGrid) and list(message.indices) == sorted(message.indices)
    rows = point_cloud2.read_points(conversions.probability_to_cloud(7, GRID, probability, "base_link"))
    np.testing.assert_array_equal(np.sort(rows["probability"]), np.sort(probability[probability > 0].numpy()))


@pytest.mark.parametrize("nanoseconds", [0, 1, 999_999_999, 1_532_402_927_647_951_123])
def test_stamps_keep_every_nanosecond(nanoseconds: int) -> None:
    assert conversions.stamp_ns(conversions.to_time(nanoseconds)) == nanoseconds


def test_arrays_are_taken_as_they_are() -> None:
    values = np.arange(6, dtype=np.uint16).reshape(2, 3)[:, ::2]
    filled = conversions.to_array("H", values)
    assert filled == array.array("H", [0, 2, 3, 5])
    assert conversions.to_array("f", np.zeros(0, np.float32)) == array.array("f")


def test_a_transform_moves_points_as_tf_says() -> None:
    transform = Transform()
    transform.translation.x, transform.translation.z = 1.0, 3.0
    transform.rotation.z = transform.rotation.w = 0.5**0.5
    moved = conversions.to_matrix(transform) @ torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    assert torch.allclose(moved, torch.tensor([1.0, 1.0, 3.0, 1.0], dtype=torch.float64))
