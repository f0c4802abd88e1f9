"""Passes over points and voxels that tensor operations would make several times."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.int32]
Flags = NDArray[np.bool_]


@numba.njit(nogil=True, cache=True)
def find_voxels(points: Floats, origin: Floats, voxel_size: float, shape: Ints) -> Ints:
    """Returns the (K,) flat indices of the voxels that (N, 3) points fall in; the arithmetic of `VoxelGrid.indices`."""
    found = np.empty(len(points), np.int64)
    count = 0
    for row in range(len(points)):
        flat = 0
        inside = True
        for axis in range(3):
            cell = np.floor((points[row, axis] - origin[axis]) / voxel_size)
            if not 0 <= cell < shape[axis]:
                inside = False
                break
            flat = flat * shape[axis] + int(cell)
        if inside:
            found[count] = flat
            count += 1
    return found[:count]


@numba.njit(nogil=True, cache=True)
def add_hits(hit: Ints, carved: Counts, carve_passes: int, occupied: Flags) -> None:
    """Marks the voxels with hits as occupied, except those that newer rays have carved."""
    for voxel in hit:
        if carved[voxel] < carve_passes:
            occupied[voxel] = True


@numba.njit(nogil=True, cache=True)
def add_carving(passes: Counts, hit: Ints, carved: Counts) -> None:
    """Adds a sweep's passes to the carving, except in voxels that it hit; `passes` is spent."""
    for voxel in hit:
        passes[voxel] = 0
    for voxel in range(len(passes)):
        carved[voxel] += passes[voxel]


@numba.njit(nogil=True, cache=True)
def add_free(passes: Counts, ends: Counts, free: Flags) -> None:
    """Marks the voxels that rays pass, or cross up to the point where they are cut, as free."""
    for voxel in range(len(passes)):
        if passes[voxel] > 0 or ends[voxel] > 0:
            free[voxel] = True


@numba.njit(nogil=True, cache=True)
def graze_starts(origin: Floats, ends: Floats, returned: Flags, voxel_size: float, longest: float) -> Floats:
    """Returns the (R, 3) points from where on rays are within one voxel height of their end; see `evidence`."""
    starts = np.empty_like(ends)
    for row in range(len(ends)):
        length = np.sqrt(((ends[row] - origin) ** 2).sum())
        height = abs(ends[row, 2] - origin[2])
        share = 0.0
        if returned[row] and length > 0:
            spared = longest if height * longest <= voxel_size * length else voxel_size * length / height
            share = min(max(spared, voxel_size) / length, 1.0)
        for axis in range(3):
            starts[row, axis] = ends[row, axis] - share * (ends[row, axis] - origin[axis])
    return starts
