"""Which thing fills each voxel, from the shapes themselves; and which voxels a view has seen."""

# mypy: disable-error-code="no-untyped-def"
# What numba compiles takes its types from its calls.

from __future__ import annotations

import math

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from ago_ros.datasets.room_world.room import Room
from ago_ros.datasets.room_world.view import FREE, SURFACE
from ago_ros.geometry.raycast import cast_rays
from ago_ros.geometry.voxel_grid import VoxelGrid

SUBSAMPLES = 3
"""Sub-samples a side of a voxel. Parts grow by half their spacing, so that none, however thin, slips between them."""


class Solids:
    """The convex parts of a room as planes, in the room's frame."""

    def __init__(self, room: Room) -> None:
        """Gathers each part's planes: a point is inside where normal · point <= offset for all."""
        parts = [part for item in room.items for part in item.parts]
        counts = np.array([len(part.corners) for part in parts])
        self._instance = np.array([item.instance for item in room.items for _ in item.parts], dtype=np.uint16)
        self._corners = np.concatenate([part.corners for part in parts])
        self._first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        owner = np.repeat(np.arange(len(parts)), counts)
        normals = np.cross(self._corners[:, 1] - self._corners[:, 0], self._corners[:, 2] - self._corners[:, 0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        middle = np.add.reduceat(self._corners.mean(axis=1), self._first) / counts[:, None]
        normals *= np.sign(np.einsum("ij,ij->i", normals, self._corners[:, 0] - middle[owner]))[:, None]
        offsets = np.einsum("ij,ij->i", normals, self._corners[:, 0])
        rows = np.unique(np.round(np.column_stack([owner, normals, offsets]), 5), axis=0)
        self._planes = rows[:, 1:]
        self._starts = np.searchsorted(rows[:, 0], np.arange(len(parts) + 1))

    def fill(self, grid: VoxelGrid, view_from_room: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Finds the thing that fills each voxel.

        A voxel goes to the thing whose best part covers most of its 3x3x3 sub-samples, parts grown by half the
        sub-samples' spacing; the later thing wins a tie. Source: ours.

        Args:
            grid: any voxels, in the view's frame.
            view_from_room: (4, 4).

        Returns:
            (X, Y, Z) uint16 instances, 0 for none.
        """
        turn, shift = view_from_room[:3, :3], view_from_room[:3, 3]
        corners = self._corners @ turn.T + shift
        lower = np.minimum.reduceat(corners.min(axis=1), self._first)
        upper = np.maximum.reduceat(corners.max(axis=1), self._first)
        normals = self._planes[:, :3] @ turn.T
        planes = np.column_stack([normals, self._planes[:, 3] + normals @ shift])
        best, label = np.zeros(grid.shape, dtype=np.uint8), np.zeros(grid.shape, dtype=np.uint16)
        _fill(planes, self._starts, lower, upper, self._instance, np.array(grid.origin), grid.voxel_size, best, label)
        return label


@numba.njit(fastmath=True, parallel=True, cache=True)
def _fill(planes, starts, lower, upper, instance, origin, size, best, label):
    nx, ny, nz = label.shape
    grow = size / SUBSAMPLES / 2
    for i in numba.prange(nx):
        x0 = origin[0] + i * size
        for p in range(len(instance)):
            if upper[p, 0] + grow < x0 or lower[p, 0] - grow > x0 + size:
                continue
            j0 = max(0, math.floor((lower[p, 1] - grow - origin[1]) / size))
            j1 = min(ny, math.floor((upper[p, 1] + grow - origin[1]) / size) + 1)
            k0 = max(0, math.floor((lower[p, 2] - grow - origin[2]) / size))
            k1 = min(nz, math.floor((upper[p, 2] + grow - origin[2]) / size) + 1)
            for j in range(j0, j1):
                for k in range(k0, k1):
                    count = _covered(
                        planes, starts[p], starts[p + 1], x0, origin[1] + j * size, origin[2] + k * size, size, grow
                    )
                    if count > 0 and count >= best[i, j, k]:
                        best[i, j, k], label[i, j, k] = count, instance[p]


@numba.njit(fastmath=True)
def _covered(planes, begin, end, x, y, z, size, grow):
    """How many of a voxel's sub-samples lie in a grown part."""
    half, worst = size / 2, -1e9
    for f in range(begin, end):
        away = planes[f, 0] * (x + half) + planes[f, 1] * (y + half) + planes[f, 2] * (z + half) - planes[f, 3]
        worst = max(worst, away)
    if worst > grow + half * 1.7321:
        return 0
    if worst < grow - half * 1.7321:
        return SUBSAMPLES**3
    count, step = 0, size / SUBSAMPLES
    for a in range(SUBSAMPLES):
        for b in range(SUBSAMPLES):
            for c in range(SUBSAMPLES):
                px, py, pz = x + (a + 0.5) * step, y + (b + 0.5) * step, z + (c + 0.5) * step
                inside = True
                for f in range(begin, end):
                    if planes[f, 0] * px + planes[f, 1] * py + planes[f, 2] * pz - planes[f, 3] > grow:
                        inside = False
                        break
                count += inside
    return count


def see(
    grid: VoxelGrid, depth: NDArray[np.float32], intrinsics: NDArray[np.float64], view_from_camera: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Finds what the rays of a depth image have passed through and where they ended.

    Args:
        grid: the voxels, view frame.
        depth: (H, W) float32 metres along the optical axis.
        intrinsics: (3, 3) pixels.
        view_from_camera: (4, 4).

    Returns:
        (X, Y, Z) uint8: `UNSEEN`, `FREE` or `SURFACE`.
    """
    height, width = depth.shape
    u = (np.arange(width) + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]
    v = (np.arange(height) + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]
    points = np.stack([u[None, :] * depth, v[:, None] * depth, depth], axis=-1).reshape(-1, 3)
    ends = torch.from_numpy(points @ view_from_camera[:3, :3].T + view_from_camera[:3, 3])
    counts = cast_rays(grid, torch.from_numpy(view_from_camera[:3, 3].copy()).expand_as(ends), ends)
    hits, passes = counts.hits.numpy(), counts.passes.numpy()
    return np.where(hits > 0, SURFACE, np.where(passes > 0, FREE, 0)).astype(np.uint8)
