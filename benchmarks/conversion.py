"""Grids and clouds to messages and back, through array.array, beside the same messages filled from Python lists.

Both sides fill every field, and their messages are compared field by field. The grid is Occ3D's 200 x 200 x 16 with
about as many occupied and free voxels as a street has; the cloud is one nuScenes sweep's size. Exit status 1 when the
two sides differ, or when a list is not slower.
"""

from __future__ import annotations

import statistics
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sensor_msgs.msg import PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

from ago_msgs.msg import SemanticVoxelGrid
from ago_ros.evaluation.benchmark import Result, make_parser, publish
from ago_ros.geometry.voxel_grid import OCC3D_GRID
from ago_ros.nodes.conversions import grid_from_message, grid_to_message, to_header, to_pose
from ago_ros.nodes.sensor_messages import read_cloud
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNOBSERVED, SemanticGrid

OCCUPIED_SHARE, FREE_SHARE = 0.01, 0.25
NUM_POINTS = 34_720


def street() -> SemanticGrid:
    """A grid with as many occupied and free voxels as a street."""
    random = np.random.default_rng(0)
    draw = random.random(OCC3D_GRID.num_voxels)
    labels = np.where(draw < FREE_SHARE, LABEL_FREE, LABEL_UNOBSERVED)
    occupied = draw > 1 - OCCUPIED_SHARE
    labels[occupied] = random.integers(0, 17, occupied.sum())
    confidence = np.where(occupied, random.integers(0, 256, len(draw)) / 255, 0).astype(np.float32)
    shape = OCC3D_GRID.shape
    return SemanticGrid(
        1, OCC3D_GRID, torch.from_numpy(labels.astype(np.int32)).reshape(shape),
        torch.from_numpy(confidence).reshape(shape), tuple(f"phrase {i}" for i in range(17)),
    )  # fmt: skip


def grid_by_lists(grid: SemanticGrid, dense: bool) -> SemanticVoxelGrid:
    """The message as one writes it at first: a list for every array."""
    labels, confidence = grid.labels.flatten().tolist(), grid.confidence.flatten().tolist()
    message = SemanticVoxelGrid(header=to_header(grid.stamp_ns, "base_link"), vocabulary=list(grid.vocabulary))
    message.origin, message.voxel_size = to_pose(torch.tensor(grid.grid.origin)), grid.grid.voxel_size
    message.origin.position.x, message.origin.position.y, message.origin.position.z = grid.grid.origin
    message.shape = list(grid.grid.shape)
    if dense:
        message.encoding = SemanticVoxelGrid.DENSE
        message.labels, message.confidence = labels, [round(c * 255) for c in confidence]
        return message
    message.encoding = SemanticVoxelGrid.SPARSE
    message.indices = [i for i, value in enumerate(labels) if value < LABEL_FREE]
    message.labels = [labels[i] for i in message.indices]
    message.confidence = [round(confidence[i] * 255) for i in message.indices]
    mask = [0] * (len(labels) // 8)
    for i, value in enumerate(labels):
        mask[i // 8] |= (value == LABEL_FREE) << (7 - i % 8)
    message.free_mask = mask
    return message


def grid_back_by_lists(message: SemanticVoxelGrid) -> np.ndarray:
    """The labels of a sparse message, voxel by voxel."""
    labels = [LABEL_UNOBSERVED] * (message.shape[0] * message.shape[1] * message.shape[2])
    for i in range(len(labels)):
        if message.free_mask[i // 8] >> (7 - i % 8) & 1:
            labels[i] = LABEL_FREE
    for i, value in zip(message.indices, message.labels):
        labels[i] = value
    return np.array(labels)


def sweep() -> PointCloud2:
    """A cloud of x y z intensity ring."""
    random = np.random.default_rng(1)
    layout = [("x", "f4"), ("y", "f4"), ("z", "f4"), ("intensity", "f4"), ("ring", "u2")]
    points = np.zeros(NUM_POINTS, layout)
    for axis in "xyz":
        points[axis] = random.normal(0, 20, NUM_POINTS)
    kinds = [PointField.FLOAT32] * 4 + [PointField.UINT16]
    fields = [
        PointField(name=name, offset=4 * i, datatype=kind, count=1)
        for i, ((name, _), kind) in enumerate(zip(layout, kinds))
    ]
    return point_cloud2.create_cloud(Header(frame_id="lidar_top"), fields, points)


def cloud_by_struct(message: PointCloud2) -> np.ndarray:
    """The points of a cloud, one struct at a time."""
    data = bytes(message.data)
    return np.array([struct.unpack_from("<fff", data, i * message.point_step) for i in range(message.width)], "f4")


def time_ms(work: Callable[[], object], rounds: int) -> float:
    """Median time of a call, after one that does not count."""
    work()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times)


def measure(rounds: int) -> list[dict[str, Any]]:
    grid, cloud = street(), sweep()
    sparse = grid_to_message(grid, "base_link", "sparse")
    works: dict[str, tuple[Callable[[], object], Callable[[], object], bool]] = {}
    for name in ("sparse", "dense"):
        same = grid_to_message(grid, "base_link", name) == grid_by_lists(grid, name == "dense")
        works[f"grid to message, {name}"] = (
            lambda name=name: grid_to_message(grid, "base_link", name),
            lambda name=name: grid_by_lists(grid, name == "dense"),
            same,
        )
    same = np.array_equal(grid_from_message(sparse).labels.numpy().ravel(), grid_back_by_lists(sparse))
    works["message to grid, sparse"] = (lambda: grid_from_message(sparse), lambda: grid_back_by_lists(sparse), same)
    same = np.array_equal(read_cloud(cloud).points.numpy(), cloud_by_struct(cloud))
    works[f"cloud of {NUM_POINTS} points"] = (lambda: read_cloud(cloud), lambda: cloud_by_struct(cloud), same)
    rows = []
    for name, (ours, naive, equal) in works.items():
        fast, slow = time_ms(ours, rounds), time_ms(naive, max(2, rounds // 10))
        rows.append({"what": name, "ours_ms": fast, "lists_ms": slow, "ratio": slow / fast, "same": bool(equal)})
    return rows


def main() -> int:
    parser = make_parser("Measure message conversion.")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    found = measure(options.rounds)
    rows = [
        (r["what"], f"{r['ours_ms']:.2f}", f"{r['lists_ms']:.1f}", f"{r['ratio']:.0f}", str(r["same"])) for r in found
    ]
    met = all(row["same"] and row["ratio"] > 1 for row in found)
    columns = ("what", "array.array, ms", "lists, ms", "times faster", "same result")
    verdict = f"goal (the same result, faster): {'met' if met else 'missed'}"
    figures = {"rounds": options.rounds, "rows": found}
    publish(Result("conversion", "Message conversion, median", columns, rows, verdict, figures), options)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
