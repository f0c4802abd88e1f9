"""Grids, answers and boxes to messages and back. Arrays go through array.array, never through lists."""

from __future__ import annotations

import array
from collections.abc import Mapping

import numpy as np
import torch
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, Quaternion, Transform
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header
from torch import Tensor

from ago_msgs.msg import ProbabilityGrid, SemanticVoxelGrid
from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.rendering.palette import voxel_colors
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNOBSERVED, SemanticGrid

ENCODINGS = {"dense": SemanticVoxelGrid.DENSE, "sparse": SemanticVoxelGrid.SPARSE}

_FIELD_TYPES = {"float32": PointField.FLOAT32, "uint16": PointField.UINT16}


def to_array(typecode: str, values: np.ndarray) -> array.array:
    """Copies numbers into an array.array, which the message's setter takes as it is.

    Args:
        typecode: of the message's field: B for uint8[], H uint16[], I uint32[], f float32[].
        values: any shape; C order; the type of `typecode`.
    """
    filled = array.array(typecode)
    filled.frombytes(np.ascontiguousarray(values).data.cast("B") if values.size else b"")
    return filled


def stamp_ns(stamp: Time) -> int:
    """Returns a message's time in nanoseconds."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def to_time(nanoseconds: int) -> Time:
    """Turns nanoseconds into a message's time."""
    return Time(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def to_header(nanoseconds: int, frame_id: str) -> Header:
    """Makes a header from a stamp in nanoseconds."""
    return Header(stamp=to_time(nanoseconds), frame_id=frame_id)


def to_matrix(transform: Transform) -> Tensor:
    """Turns a Transform message into a (4, 4) float64 transform."""
    t, r = transform.translation, transform.rotation
    return se3.from_quaternion([t.x, t.y, t.z], [r.x, r.y, r.z, r.w])


def to_point(position: Tensor) -> Point:
    """Turns (3,) metres into a Point."""
    x, y, z = (float(value) for value in position)
    return Point(x=x, y=y, z=z)


def to_pose(position: Tensor, yaw: float = 0.0) -> Pose:
    """Turns a (3,) position in metres and a rotation about +z into a Pose."""
    orientation = Quaternion(z=float(np.sin(yaw / 2)), w=float(np.cos(yaw / 2)))
    return Pose(position=to_point(position), orientation=orientation)


def grid_to_message(grid: SemanticGrid, frame_id: str, encoding: str) -> SemanticVoxelGrid:
    """Turns a labelled grid into its message.

    Args:
        grid: the grid, in the frame `frame_id`.
        frame_id: the ego frame.
        encoding: "dense" or "sparse".

    Raises:
        KeyError: no such encoding.
    """
    labels = grid.labels.cpu().numpy().ravel()
    confidence = grid.confidence.cpu().numpy().ravel()
    message = SemanticVoxelGrid(
        header=to_header(grid.stamp_ns, frame_id), vocabulary=list(grid.vocabulary), encoding=ENCODINGS[encoding]
    )
    _set_geometry(message, grid.grid)
    if message.encoding == SemanticVoxelGrid.SPARSE:
        listed = np.flatnonzero(labels < LABEL_FREE)
        message.indices = to_array("I", listed.astype(np.uint32))
        message.free_mask = to_array("B", np.packbits(labels == LABEL_FREE))
        labels, confidence = labels[listed], confidence[listed]
    message.labels = to_array("H", labels.astype(np.uint16))
    message.confidence = to_array("B", np.rint(confidence * 255).astype(np.uint8))
    return message


def grid_from_message(message: SemanticVoxelGrid) -> SemanticGrid:
    """Turns a message into the labelled grid; confidence comes in steps of 1/255.

    Raises:
        ValueError: the message contradicts itself, or its grid is turned against its frame.
    """
    grid = _geometry(message)
    given = np.frombuffer(message.labels, np.uint16).astype(np.int32)
    confidence: np.ndarray = np.frombuffer(message.confidence, np.uint8).astype(np.float32) / 255
    if message.encoding == SemanticVoxelGrid.SPARSE:
        indices = np.frombuffer(message.indices, np.uint32).astype(np.int64)
        mask = np.frombuffer(message.free_mask, np.uint8)
        if not len(indices) == len(given) == len(confidence) or len(mask) != -(-grid.num_voxels // 8):
            raise ValueError("sparse grid: indices, labels, confidence and free_mask do not fit each other")
        if len(indices) and indices.max() >= grid.num_voxels:
            raise ValueError(f"sparse grid: index {indices.max()} in a grid of {grid.num_voxels} voxels")
        free = np.unpackbits(mask, count=grid.num_voxels)
        dense = np.where(free, np.int32(LABEL_FREE), np.int32(LABEL_UNOBSERVED))
        dense[indices] = given
        scores = np.zeros(grid.num_voxels, np.float32)
        scores[indices] = confidence
        given, confidence = dense, scores
    elif message.encoding != SemanticVoxelGrid.DENSE:
        raise ValueError(f"unknown encoding {message.encoding}")
    if not len(given) == len(confidence) == grid.num_voxels:
        raise ValueError(f"dense grid: {len(given)} labels for {grid.num_voxels} voxels")
    return SemanticGrid(
        stamp_ns(message.header.stamp),
        grid,
        torch.from_numpy(given).reshape(grid.shape),
        torch.from_numpy(confidence).reshape(grid.shape),
        tuple(message.vocabulary),
    )


def grid_to_cloud(grid: SemanticGrid, frame_id: str) -> PointCloud2:
    """Turns the occupied voxels of a grid into a cloud of their centres: x y z rgb label score."""
    indices = grid.occupied.nonzero()
    rgb = voxel_colors(grid, indices).to(torch.int32).cpu().numpy()
    at = tuple(indices.T)
    columns: dict[str, np.ndarray] = {
        "rgb": (rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2]).astype(np.uint32).view(np.float32),
        "label": grid.labels[at].cpu().numpy().astype(np.uint16),
        "score": grid.confidence[at].cpu().numpy().astype(np.float32),
    }
    return _cloud(to_header(grid.stamp_ns, frame_id), grid.grid.centers(indices), columns)


def probability_to_message(nanoseconds: int, grid: VoxelGrid, probability: Tensor, frame_id: str) -> ProbabilityGrid:
    """Turns (X, Y, Z) float32 probabilities into a message of those above zero."""
    message = ProbabilityGrid(header=to_header(nanoseconds, frame_id))
    _set_geometry(message, grid)
    flat = probability.cpu().numpy().ravel()
    listed = np.flatnonzero(flat > 0)
    message.indices = to_array("I", listed.astype(np.uint32))
    message.probability = to_array("f", flat[listed].astype(np.float32))
    return message


def probability_from_message(message: ProbabilityGrid) -> tuple[VoxelGrid, Tensor]:
    """Turns a message into its grid and (X, Y, Z) float32 probabilities.

    Raises:
        ValueError: the message contradicts itself, or its grid is turned against its frame.
    """
    grid = _geometry(message)
    indices = np.frombuffer(message.indices, np.uint32)
    if len(indices) != len(message.probability) or (len(indices) and indices.max() >= grid.num_voxels):
        raise ValueError("probability grid: indices and probability do not fit each other or the grid")
    flat = torch.zeros(grid.num_voxels)
    flat[torch.from_numpy(indices.astype(np.int64))] = torch.from_numpy(
        np.frombuffer(message.probability, np.float32).copy()
    )
    return grid, flat.reshape(grid.shape)


def probability_to_cloud(nanoseconds: int, grid: VoxelGrid, probability: Tensor, frame_id: str) -> PointCloud2:
    """Turns (X, Y, Z) probabilities into a cloud of the voxels above zero: x y z probability."""
    indices = (probability > 0).nonzero()
    columns: dict[str, np.ndarray] = {"probability": probability[tuple(indices.T)].cpu().numpy().astype(np.float32)}
    return _cloud(to_header(nanoseconds, frame_id), grid.centers(indices), columns)


def _set_geometry(message: SemanticVoxelGrid | ProbabilityGrid, grid: VoxelGrid) -> None:
    message.origin = to_pose(torch.tensor(grid.origin, dtype=torch.float64))
    message.voxel_size = grid.voxel_size
    message.shape = np.array(grid.shape, np.uint32)


def _geometry(message: SemanticVoxelGrid | ProbabilityGrid) -> VoxelGrid:
    """Reads where the voxels lie. The edge is the shortest decimal that the float32 stands for: 0.4, not 0.40000001."""
    origin = message.origin
    if abs(origin.orientation.w) < 1 - 1e-9:
        raise ValueError("the grid is turned against its frame; transform it first")
    x, y, z = (int(count) for count in message.shape)
    edge = float(str(np.float32(message.voxel_size)))
    return VoxelGrid((origin.position.x, origin.position.y, origin.position.z), edge, (x, y, z))


def _cloud(header: Header, points: Tensor, columns: Mapping[str, np.ndarray]) -> PointCloud2:
    """Packs points and further columns of float32 or uint16 into a cloud; every field starts on a multiple of four."""
    named = {**dict(zip("xyz", points.cpu().numpy().astype(np.float32).T)), **columns}
    offsets = [4 * index for index in range(len(named))]
    step = 4 * len(named)
    layout = np.dtype(
        {"names": list(named), "formats": [c.dtype for c in named.values()], "offsets": offsets, "itemsize": step}
    )
    packed = np.zeros(len(points), layout)
    for name, column in named.items():
        packed[name] = column
    message = PointCloud2(header=header, height=1, width=len(points), is_dense=True)
    message.fields = [
        PointField(name=name, offset=offset, datatype=_FIELD_TYPES[column.dtype.name], count=1)
        for (name, column), offset in zip(named.items(), offsets)
    ]
    message.point_step, message.row_step = step, step * len(points)
    message.data = to_array("B", packed)
    return message
