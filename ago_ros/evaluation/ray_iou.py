"""RayIoU: what a LiDAR would see in the prediction against what it would see in the truth.

Source: Liu et al., "Fully Sparse 3D Occupancy Prediction" (SparseOcc), ECCV 2024, and its released evaluation. Thick
surfaces gain nothing here, as only the first occupied voxel of a ray counts. No mask is applied.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ago_ros.datasets.occ3d import CLASS_NAMES, FREE
from ago_ros.evaluation.occupancy import CLASSES_17
from ago_ros.geometry import se3
from ago_ros.geometry.raycast import traverse
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid

THRESHOLDS_M = (1.0, 2.0, 4.0)
"""A ray is right if the classes agree and the depths differ by less than this."""

MAX_ORIGINS = 8
ORIGIN_RANGE_M = 39.0

_HIGHEST_PITCH = 0.21


class RayIoU:
    """Counts rays by class over any number of frames; scores are taken once, at the end.

    A ray counts if it meets an occupied voxel in the truth. For a class c, IoU = TP / (rays that meet c in the truth +
    rays that meet c in the prediction - TP), where TP are the rays that meet c in both, at nearly the same depth.

    Args:
        num_labels: labels run from 0 to num_labels - 1; the last one is free.
        grid: where the voxels lie, in the ego frame.
    """

    def __init__(self, num_labels: int = FREE + 1, grid: VoxelGrid = OCC3D_GRID) -> None:
        self.grid = grid
        self.free = num_labels - 1
        self.truths = torch.zeros(num_labels, dtype=torch.int64)
        self.predictions = torch.zeros(num_labels, dtype=torch.int64)
        self.hits = torch.zeros(len(THRESHOLDS_M), num_labels, dtype=torch.int64)

    def add(self, prediction: Tensor, truth: Tensor, origins: Tensor, directions: Tensor | None = None) -> None:
        """Counts one frame.

        Args:
            prediction: (X, Y, Z) integer labels.
            truth: (X, Y, Z) integer labels.
            origins: (T, 3) where the rays start, ego frame, metres; see `nearby_origins`.
            directions: (R, 3) unit vectors, ego frame, cast from every origin; None means `lidar_directions()`.

        Raises:
            ValueError: labels are not the grid's shape or none of the labels, or there is no origin.
        """
        for labels in (prediction, truth):
            if labels.shape != self.grid.shape or int(labels.min()) < 0 or int(labels.max()) > self.free:
                raise ValueError(f"labels must be {self.grid.shape} in 0..{self.free}, got {tuple(labels.shape)}")
        if not len(origins):
            raise ValueError("no origin: give the LiDAR's place at least")
        directions = lidar_directions() if directions is None else directions
        for origin in origins:
            self._add_rays(prediction, truth, origin.to(torch.float64), directions.to(torch.float64))

    def _add_rays(self, prediction: Tensor, truth: Tensor, origin: Tensor, directions: Tensor) -> None:
        """Counts the rays of one origin."""
        voxels, offsets = traverse(self.grid, *_segments(self.grid, origin, directions))
        true_label, true_depth = self._first(truth, voxels, offsets, origin, directions)
        label, depth = self._first(prediction, voxels, offsets, origin, directions)
        counted = true_label != self.free
        self.truths += torch.bincount(true_label[counted], minlength=len(self.truths))
        self.predictions += torch.bincount(label[counted], minlength=len(self.truths))
        for row, threshold in enumerate(THRESHOLDS_M):
            right = counted & (label == true_label) & ((depth - true_depth).abs() < threshold)
            self.hits[row] += torch.bincount(label[right], minlength=len(self.truths))

    def _first(
        self, labels: Tensor, voxels: Tensor, offsets: Tensor, origin: Tensor, directions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Finds the first occupied voxel of each ray.

        Returns:
            (R,) int64 labels, free where a ray meets nothing, and (R,) float64 depths, where the ray leaves the voxel:
            the released evaluation measures there, and the published scores with it.
        """
        occupied = torch.nonzero((labels != self.free).flatten()[voxels]).flatten()
        behind_all = occupied.new_tensor([len(voxels)])
        at = torch.cat([occupied, behind_all])[torch.searchsorted(occupied, offsets[:-1])]
        meets = at < offsets[1:]
        voxel = voxels[at[meets]]
        label = torch.full_like(at, self.free)
        label[meets] = labels.flatten()[voxel].to(torch.int64)
        depth = torch.full(at.shape, torch.inf, dtype=torch.float64)
        depth[meets] = _leaving_depth(self.grid, voxel, origin, directions[meets])
        return label, depth

    def iou(self) -> Tensor:
        """Returns the (3, num_labels - 1) float64 IoU by threshold and class; NaN for a class that no ray meets."""
        hits = self.hits.to(torch.float64)
        return (hits / (self.truths + self.predictions - hits))[:, :-1]

    def mean_iou(self) -> float:
        """Returns the mean over thresholds and classes; classes that no ray meets are left out. NaN if none is met."""
        return float(self.iou().nanmean())

    def table(self) -> dict[str, float]:
        """Returns scores by name: each Occ3D class (mean over thresholds), `RayIoU@1`, `@2`, `@4`, and `RayIoU`.

        Raises:
            ValueError: the labels are not Occ3D's.
        """
        if self.free != FREE:
            raise ValueError(f"there are {self.free + 1} labels, Occ3D has {len(CLASS_NAMES)}")
        iou = self.iou()
        scores = dict(zip(CLASSES_17, iou.mean(dim=0).tolist()))
        by_threshold = {f"RayIoU@{m:g}": mean for m, mean in zip(THRESHOLDS_M, iou.nanmean(dim=1).tolist())}
        return {**scores, **by_threshold, "RayIoU": self.mean_iou()}


def lidar_directions() -> Tensor:
    """Returns the rays of SparseOcc's evaluation, (R, 3) float64 unit vectors, one to a degree of azimuth.

    The ten lowest rings meet level ground 1, 2, ... 10 sensor heights away; above them the pitch rises in equal steps
    up to the highest beam of nuScenes' LiDAR.
    """
    pitch = [-math.atan(1 / rings) for rings in range(1, 11)]
    step = pitch[-1] - pitch[-2]
    while pitch[-1] < _HIGHEST_PITCH:
        pitch.append(pitch[-1] + step)
    up, around = torch.meshgrid(
        torch.tensor(pitch, dtype=torch.float64), torch.arange(360, dtype=torch.float64).deg2rad(), indexing="ij"
    )
    return torch.stack([up.cos() * around.cos(), up.cos() * around.sin(), up.sin()], dim=-1).reshape(-1, 3)


def nearby_origins(map_from_ego: Tensor, map_from_lidars: Tensor) -> Tensor:
    """Chooses where the rays of a frame start: the LiDAR's places during the scene that are near, eight at most.

    Args:
        map_from_ego: (4, 4) float64, of the frame.
        map_from_lidars: (S, 4, 4) float64, of all keyframes of the scene in order, the frame's own among them.

    Returns:
        (T, 3) float64, ego frame, metres; within 39 m along x and along y, evenly spread over those that are.
    """
    places = se3.transform_points(se3.invert(map_from_ego), map_from_lidars[:, :3, 3])
    near = places[(places[:, :2].abs() < ORIGIN_RANGE_M).all(dim=1)]
    if len(near) <= MAX_ORIGINS:
        return near
    return near[torch.linspace(0, len(near) - 1, MAX_ORIGINS, dtype=torch.float64).round().to(torch.int64)]


def _segments(grid: VoxelGrid, origin: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Cuts the rays behind the grid: (R, 3) starts and (R, 3) ends."""
    corners = torch.tensor([grid.origin, grid.upper], dtype=torch.float64)
    reach = (corners - origin).abs().amax(dim=0).norm() + grid.voxel_size
    return origin.expand(directions.shape), origin + reach * directions


def _leaving_depth(grid: VoxelGrid, voxels: Tensor, origin: Tensor, directions: Tensor) -> Tensor:
    """Returns the (N,) depths, metres, at which rays leave the (N,) flat voxels that they cross."""
    far_corner = grid.unflatten(voxels) + (directions > 0)
    lowest = torch.tensor(grid.origin, dtype=torch.float64)
    depth = (lowest + far_corner * grid.voxel_size - origin) / directions
    return depth.masked_fill(directions == 0, torch.inf).amin(dim=1)
