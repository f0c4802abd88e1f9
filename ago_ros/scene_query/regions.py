"""Connected regions of voxels, and the boxes around them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from torch import Tensor

from ago_ros.geometry.boxes import points_in_boxes
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.answer import Region
from ago_ros.scene_query.viewing import viewing_pose

_TOUCHING = np.ones((3, 3, 3), dtype=bool)
"""Voxels that share a face, an edge or a corner are connected."""


MAX_VIEWS = 5
"""Views are sought for so many regions: a robot looks at the most probable ones first."""


def components(mask: Tensor) -> Iterator[Tensor]:
    """Yields the (K, 3) int64 voxels of each connected part of a (X, Y, Z) bool mask."""
    labels, count = ndimage.label(mask.numpy(), structure=_TOUCHING)
    for number, window in enumerate(ndimage.find_objects(labels, count), start=1):
        first = np.array([part.start for part in window])
        yield torch.from_numpy(np.argwhere(labels[window] == number) + first)


def fit_box(grid: VoxelGrid, voxels: Tensor) -> Tensor:
    """Fits the upright box of least ground area around the voxels.

    Its heading is that of the box of least area around the voxels' centres; one voxel is then added to every edge's
    length, so that it holds the voxels and not only their centres.

    Args:
        grid: where the voxels lie.
        voxels: (K, 3) int64.

    Returns:
        (7,) float64 box [x, y, z, l, w, h, yaw] in the grid's frame, l >= w, yaw in (-pi/2, pi/2].
    """
    centers = grid.centers(voxels).to(torch.float64).numpy()
    _, first = np.unique((voxels[:, 0] * grid.shape[1] + voxels[:, 1]).numpy(), return_index=True)
    flat = centers[first, :2]
    best: tuple[float, float, np.ndarray, np.ndarray] | None = None
    for yaw in _edge_headings(flat):
        along = np.array([[math.cos(yaw), math.sin(yaw)], [-math.sin(yaw), math.cos(yaw)]])
        turned = flat @ along.T
        low, high = turned.min(axis=0), turned.max(axis=0)
        area = float(np.prod(high - low + grid.voxel_size))
        if best is None or area < best[0] - 1e-9:
            best = area, yaw, along.T @ ((low + high) / 2), high - low + grid.voxel_size
    assert best is not None
    _, yaw, middle, size = best
    if size[1] > size[0] + 1e-9:
        size, yaw = size[::-1], yaw + math.pi / 2
    bottom, top = centers[:, 2].min(), centers[:, 2].max()
    heading = math.pi / 2 - (math.pi / 2 - yaw) % math.pi
    box = [*middle, (bottom + top) / 2, *size, top - bottom + grid.voxel_size, heading]
    return torch.tensor(box, dtype=torch.float64)


def voxels_in_box(grid: VoxelGrid, box: Tensor) -> Tensor:
    """Returns the (K, 3) int64 voxels whose centres lie in a (7,) box."""
    reach = torch.cat([box[3:5].norm().expand(2), box[5:6]]) / 2
    low, high = grid.to_grid(torch.stack([box[:3] - reach, box[:3] + reach]))
    axes = [
        torch.arange(min(size, max(0, math.floor(first))), min(size, max(0, math.ceil(last))))
        for first, last, size in zip(low.tolist(), high.tolist(), grid.shape, strict=True)
    ]
    voxels = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).reshape(-1, 3)
    return voxels[points_in_boxes(grid.centers(voxels).to(torch.float64), box[None])[0]]


def _edge_headings(points: np.ndarray) -> list[float]:
    """Returns the headings of the hull's edges, one of which a box of least area shares; 0 first."""
    if len(points) < 3:
        edges = np.diff(points, axis=0)
    else:
        try:
            hull = points[ConvexHull(points).vertices]
            edges = np.roll(hull, -1, axis=0) - hull
        except QhullError:
            edges = points[-1:] - points[:1]
    return [0.0, *(math.atan2(y, x) % (math.pi / 2) for x, y in edges)]


def make_region(grid: VoxelGrid, voxels: Tensor, weights: Tensor, state: Tensor, phrase: str) -> Region:
    """Describes voxels as a region.

    Args:
        grid: where the voxels lie.
        voxels: (K, 3) int64.
        weights: (K,) probability of each.
        state: (X, Y, Z) uint8 of VoxelState.
        phrase: what is held to be there.
    """
    cx, cy, cz, length, width, height, yaw = fit_box(grid, voxels).tolist()
    mass = weights.sum()
    unseen = state[tuple(voxels.T)] == VoxelState.UNOBSERVED
    x, y, z = grid.centers(voxels[weights.argmax()][None])[0].tolist()
    hidden = float(weights[unseen].sum() / mass) if mass > 0 else 0.0
    return Region(
        phrase, (cx, cy, cz), (length, width, height), yaw, (x, y, z), min(float(mass), 1.0), min(hidden, 1.0)
    )


def regions_of(
    grid: VoxelGrid, probability: Tensor, state: Tensor, phrase: str, floor: float, viewpoint: Tensor | None = None
) -> tuple[Region, ...]:
    """Splits a (X, Y, Z) probability into connected regions, most probable first.

    Args:
        grid: where the voxels lie.
        probability: (X, Y, Z).
        state: (X, Y, Z) uint8 of VoxelState.
        phrase: what is sought.
        floor: voxels below this share of the highest probability belong to no region.
        viewpoint: (3,) float64, the sensor's present place in the grid's frame, metres; with it, the first MAX_VIEWS
            regions say from where they would be seen.
    """
    peak = probability.max()
    if peak <= 0:
        return ()
    found = []
    for part in components(probability >= floor * peak):
        found.append((make_region(grid, part, probability[tuple(part.T)], state, phrase), part))
    found.sort(key=lambda pair: -pair[0].probability)
    if viewpoint is not None:
        for number, (region, part) in enumerate(found[:MAX_VIEWS]):
            view = viewing_pose(grid, state, viewpoint, part, probability[tuple(part.T)])
            found[number] = replace(region, view=view), part
    return tuple(region for region, _ in found)
