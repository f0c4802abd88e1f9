"""The voxel walk as compiled kernels, run in plain threads.

The kernels release the interpreter's lock and each thread has its own arrays, so calls from several Python threads, as
in a node with several callbacks, are safe and every result is exact. Numba's own parallel loops are not used: of the
threading layers that its wheel carries, workqueue aborts the process when two threads enter it, and GNU OpenMP when a
process forks after using it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FRACTION_BITS = 20
"""Coordinates are integers, in 2**-FRACTION_BITS voxels."""

_UNIT = 1 << FRACTION_BITS
_RAYS_PER_THREAD = 1024
"""Fewer rays than this are not worth another thread."""

_Ints = NDArray[np.int64]
_T = TypeVar("_T")


def traverse(starts: Tensor, ends: Tensor, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Lists the voxels that each segment crosses.

    Args:
        starts: (R, 3) int64, in 2**-20 voxels.
        ends: (R, 3) int64, in 2**-20 voxels.
        shape: the grid's.

    Returns:
        (M,) int64 flat voxel indices, (R + 1,) int64 offsets.
    """
    parts = _in_threads(lambda start, end: _traverse(start, end, *shape), starts, ends)
    voxels = np.concatenate([part[0] for part in parts])
    lengths = np.concatenate([part[1] for part in parts])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return torch.from_numpy(voxels), torch.from_numpy(offsets)


def count(starts: Tensor, ends: Tensor, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Counts the segments that end in, and that pass through, each voxel.

    Args:
        starts: (R, 3) int64, in 2**-20 voxels.
        ends: (R, 3) int64, in 2**-20 voxels.
        shape: the grid's.

    Returns:
        Two (X * Y * Z,) int32: hits, passes.
    """
    parts = _in_threads(lambda start, end: _count(start, end, *shape), starts, ends)
    total = parts[0]
    for part in parts[1:]:
        total += part
    return torch.from_numpy(total[0]), torch.from_numpy(total[1])


def fixed_point(
    points: Tensor, origin: tuple[float, float, float], voxel_size: float, reach: float
) -> tuple[Tensor, bool]:
    """Converts (N, 3) points in metres to int64 coordinates in 2**-20 voxels, and tells whether all are within reach.

    Args:
        points: (N, 3) float.
        origin: the grid's, metres.
        voxel_size: the grid's, metres.
        reach: in voxels; where a point is further out, or not finite, the coordinates mean nothing.
    """
    if points.dtype not in (torch.float32, torch.float64):
        points = points.to(torch.float64)
    low = (float(origin[0]), float(origin[1]), float(origin[2]))
    fixed, within = _fixed_point(points.detach().numpy(), low, float(voxel_size), reach)
    return torch.from_numpy(fixed), within


def _in_threads(kernel: Callable[[_Ints, _Ints], _T], starts: Tensor, ends: Tensor) -> list[_T]:
    """Runs a kernel on contiguous shares of the rays, one share to a thread, and returns its results in order."""
    shares = max(1, min(torch.get_num_threads(), len(starts) // _RAYS_PER_THREAD))
    chunks = [
        (start.numpy(), end.numpy())
        for start, end in zip(starts.contiguous().tensor_split(shares), ends.contiguous().tensor_split(shares))
    ]
    if shares == 1:
        return [kernel(*chunks[0])]
    with ThreadPoolExecutor(shares) as pool:
        return list(pool.map(lambda chunk: kernel(*chunk), chunks))


@numba.njit(nogil=True, cache=True)
def _fixed_point(
    points: NDArray[np.floating], origin: tuple[float, float, float], voxel_size: float, reach: float
) -> tuple[_Ints, bool]:
    """See `fixed_point`; the operations are those of `VoxelGrid.to_grid`, in the same order, in float64."""
    fixed = np.empty(points.shape, np.int64)
    for point in range(len(points)):
        for axis in range(3):
            coordinate = (np.float64(points[point, axis]) - origin[axis]) / voxel_size
            if not abs(coordinate) < reach:
                return fixed, False
            fixed[point, axis] = np.int64(np.floor(coordinate * _UNIT))
    return fixed, True


@numba.njit(nogil=True, cache=True)
def _fraction_outside(start: _Ints, end: _Ints, size_x: int, size_y: int, size_z: int) -> int:
    """Finds a fraction of the segment, in 2**-20, that lies outside the grid: all but the last millionths before it."""
    skip = 0.0
    for axis, size in enumerate((size_x, size_y, size_z)):
        way = end[axis] - start[axis]
        if way > 0:
            skip = max(skip, -start[axis] / way)
        elif way < 0:
            skip = max(skip, ((size << FRACTION_BITS) - start[axis]) / way)
    return max(0, int(skip * _UNIT) - 1)


@numba.njit(nogil=True, cache=True)
def _axis(start: int, end: int, skip: int) -> tuple[int, int, int, int, int]:
    """Prepares one axis, `skip` 2**-20 into the segment.

    Returns:
        The voxel there, the step, whether it goes down, the way from the start to the next crossing, the whole way.
    """
    voxel = start >> FRACTION_BITS
    there = ((start << FRACTION_BITS) + (end - start) * skip) >> (2 * FRACTION_BITS)
    skipped = abs(there - voxel) << FRACTION_BITS
    if end >= start:
        return there, 1, 0, ((voxel + 1) << FRACTION_BITS) - start + skipped, end - start
    return there, -1, 1, start - (voxel << FRACTION_BITS) + skipped, start - end


@numba.njit(nogil=True, cache=True)
def _walk(start: _Ints, end: _Ints, size_x: int, size_y: int, size_z: int, out: _Ints) -> int:
    """Writes the flat indices of the voxels that a segment crosses to `out` and returns their number.

    Axis a crosses its next face at the time N_a / D_a (way to the face over the whole way). The order of axes a and b
    is the sign of N_a D_b - N_b D_a, kept doubled so that a tie can be biased: at equal times a step up, which enters
    the voxel that owns the face, comes before a step down, which leaves it. Steps of one direction happen at once.
    The products may wrap; their difference fits 63 bits, as the next crossings are at most one voxel away.
    """
    for axis, size in enumerate((size_x, size_y, size_z)):
        low, high = min(start[axis], end[axis]), max(start[axis], end[axis])
        if high < 0 or low >> FRACTION_BITS >= size:
            return 0
    skip = _fraction_outside(start, end, size_x, size_y, size_z)
    x, step_x, down_x, near_x, way_x = _axis(start[0], end[0], skip)
    y, step_y, down_y, near_y, way_y = _axis(start[1], end[1], skip)
    z, step_z, down_z, near_z, way_z = _axis(start[2], end[2], skip)
    exit_x = size_x if step_x > 0 else -1
    exit_y = size_y if step_y > 0 else -1
    exit_z = size_z if step_z > 0 else -1
    if (x - exit_x) * step_x >= 0 or (y - exit_y) * step_y >= 0 or (z - exit_z) * step_z >= 0:
        return 0
    remaining = (
        abs((end[0] >> FRACTION_BITS) - x) + abs((end[1] >> FRACTION_BITS) - y) + abs((end[2] >> FRACTION_BITS) - z)
    )
    order_xy = 2 * (near_x * way_y - near_y * way_x) + down_x - down_y
    order_xz = 2 * (near_x * way_z - near_z * way_x) + down_x - down_z
    order_yz = 2 * (near_y * way_z - near_z * way_y) + down_y - down_z
    pace_x, pace_y, pace_z = 2 * _UNIT * way_x, 2 * _UNIT * way_y, 2 * _UNIT * way_z
    written = 0
    while True:
        if 0 <= x < size_x and 0 <= y < size_y and 0 <= z < size_z:
            out[written] = (x * size_y + y) * size_z + z
            written += 1
        if remaining == 0:
            return written
        x_now = order_xy <= 0 and order_xz <= 0
        y_now = order_xy >= 0 and order_yz <= 0
        z_now = order_xz >= 0 and order_yz >= 0
        if x_now:
            x += step_x
            order_xy += pace_y
            order_xz += pace_z
            remaining -= 1
        if y_now:
            y += step_y
            order_xy -= pace_x
            order_yz += pace_z
            remaining -= 1
        if z_now:
            z += step_z
            order_xz -= pace_x
            order_yz -= pace_y
            remaining -= 1
        if x == exit_x or y == exit_y or z == exit_z:
            return written


@numba.njit(nogil=True, cache=True)
def _traverse(starts: _Ints, ends: _Ints, size_x: int, size_y: int, size_z: int) -> tuple[_Ints, _Ints]:
    """Walks each segment: (M,) voxels one segment after the other, and (R,) how many each crosses."""
    longest = size_x + size_y + size_z - 2
    lengths = np.empty(len(starts), np.int64)
    bound = longest
    for ray in range(len(starts)):
        steps = 1
        for axis in range(3):
            steps += abs((ends[ray, axis] >> FRACTION_BITS) - (starts[ray, axis] >> FRACTION_BITS))
        bound += min(steps, longest)
    voxels = np.empty(bound, np.int64)
    written = 0
    for ray in range(len(starts)):
        lengths[ray] = _walk(starts[ray], ends[ray], size_x, size_y, size_z, voxels[written:])
        written += lengths[ray]
    return voxels[:written].copy(), lengths


@numba.njit(nogil=True, cache=True)
def _count(starts: _Ints, ends: _Ints, size_x: int, size_y: int, size_z: int) -> NDArray[np.int32]:
    """Walks each segment: (2, X * Y * Z) int32, hits and passes."""
    counts = np.zeros((2, size_x * size_y * size_z), np.int32)
    voxels = np.empty(size_x + size_y + size_z - 2, np.int64)
    for ray in range(len(starts)):
        length = _walk(starts[ray], ends[ray], size_x, size_y, size_z, voxels)
        x, y, z = (ends[ray, 0] >> FRACTION_BITS, ends[ray, 1] >> FRACTION_BITS, ends[ray, 2] >> FRACTION_BITS)
        if 0 <= x < size_x and 0 <= y < size_y and 0 <= z < size_z:
            length -= 1
            counts[0, voxels[length]] += 1
        for i in range(length):
            counts[1, voxels[i]] += 1
    return counts
