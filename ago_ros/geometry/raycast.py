"""Exact voxel ray casting: every voxel that a segment crosses, in order.

A voxel is half-open, [i, i + 1), so each point of a segment lies in exactly one voxel, and the voxels of a segment are
those of its points, from start to end. Three things follow: a face belongs to the voxel above it; a segment that meets
an edge or a corner enters the voxel that owns it and the voxels before and after, no other; the last voxel is the one
that `VoxelGrid.indices` gives for the end.

The walk is that of Amanatides and Woo ("A Fast Voxel Traversal Algorithm for Ray Tracing", 1987), in integers instead
of floating point: coordinates are rounded down to 2**-20 of a voxel (0.4 micrometres for voxels of 0.4 m), which moves
no point to another voxel, and the order of two crossings is the sign of an integer. So ties are decided, not guessed,
and every device finds the same voxels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.geometry import _raycast_cpu, _raycast_torch
from ago_ros.geometry._raycast_cpu import FRACTION_BITS
from ago_ros.geometry.voxel_grid import VoxelGrid

_REACH = 2.0**20 - 1
"""How far from the grid's origin segments are followed, in voxels: further out the walk's integers would overflow."""

_UNKNOWN = 2.0**40
"""From here on, in voxels, float64 no longer says where a segment passes the grid."""


@dataclass(frozen=True, eq=False)
class RayCounts:
    """What the rays say about each voxel.

    Attributes:
        hits: (X, Y, Z) int32, the segments that end in the voxel.
        passes: (X, Y, Z) int32, the segments that cross the voxel and do not end there.
    """

    hits: Tensor
    passes: Tensor


def traverse(grid: VoxelGrid, starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Lists the voxels of the grid that each segment crosses, in order from start to end.

    Segments may start and end outside the grid; one with a coordinate that is not finite, or 2**40 voxels away, crosses
    nothing. Parts further than 2**20 voxels from the grid's origin are cut off. CPU tensors run compiled kernels in
    `torch.get_num_threads()` threads, others run on their device; the result is the same.

    Args:
        grid: the voxels.
        starts: (R, 3) float, in the grid's frame, metres.
        ends: (R, 3) float, in the grid's frame, metres, on the device of `starts`.

    Returns:
        (M,) int64 flat voxel indices (C order, see `VoxelGrid.flatten`), and (R + 1,) int64 offsets: segment r crosses
        voxels[offsets[r] : offsets[r + 1]].

    Raises:
        ValueError: `starts` and `ends` are not (R, 3) both.
    """
    if starts.device.type == "cpu":
        return _raycast_cpu.traverse(*_fixed_point_cpu(grid, starts, ends), grid.shape)
    return _raycast_torch.traverse(*_fixed_point(grid, starts, ends), grid.shape)


def cast_rays(grid: VoxelGrid, starts: Tensor, ends: Tensor) -> RayCounts:
    """Counts, for each voxel, the segments that end in it and those that pass through it.

    Args:
        grid: the voxels.
        starts: (R, 3) float, sensor positions in the grid's frame, metres.
        ends: (R, 3) float, returns in the grid's frame, metres, on the device of `starts`. An end outside the grid hits
            nothing; its segment still passes through the voxels on its way.

    Returns:
        Exact counts, on the device of `starts`; see `traverse` for which voxels a segment crosses.

    Raises:
        ValueError: `starts` and `ends` are not (R, 3) both.
    """
    if starts.device.type == "cpu":
        hits, passes = _raycast_cpu.count(*_fixed_point_cpu(grid, starts, ends), grid.shape)
    else:
        hits, passes = _raycast_torch.count(*_fixed_point(grid, starts, ends), grid.shape)
    return RayCounts(hits.reshape(grid.shape), passes.reshape(grid.shape))


def _fixed_point(grid: VoxelGrid, starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Converts segments in metres to (R, 3) int64 coordinates in 2**-20 voxels.

    A segment that is nowhere within reach, or not finite, becomes a point outside the grid: it crosses nothing.
    """
    _check(starts, ends)
    start, end = grid.to_grid(starts), grid.to_grid(ends)
    if not ((start.abs() < _REACH) & (end.abs() < _REACH)).all():
        start, end = _shorten(start, end)
    scale = 2.0**FRACTION_BITS
    return torch.floor(start * scale).to(torch.int64), torch.floor(end * scale).to(torch.int64)


def _fixed_point_cpu(grid: VoxelGrid, starts: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
    """Does the same compiled, in one thread: torch's threads wait for each other, long where the cores are busy."""
    _check(starts, ends)
    fixed_starts, starts_within = _raycast_cpu.fixed_point(starts, grid.origin, grid.voxel_size, _REACH)
    fixed_ends, ends_within = _raycast_cpu.fixed_point(ends, grid.origin, grid.voxel_size, _REACH)
    if not (starts_within and ends_within):
        return _fixed_point(grid, starts, ends)
    return fixed_starts, fixed_ends


def _check(starts: Tensor, ends: Tensor) -> None:
    """Raises ValueError unless both are (R, 3)."""
    if starts.ndim != 2 or starts.shape[1] != 3 or starts.shape != ends.shape:
        raise ValueError(f"starts and ends must both be (R, 3), got {tuple(starts.shape)} and {tuple(ends.shape)}")


def _shorten(start: Tensor, end: Tensor) -> tuple[Tensor, Tensor]:
    """Cuts (R, 3) segments, in voxels, to the cube within reach; an end that is in the cube stays as it is."""
    enter, leave = _slabs(start, end - start)
    _, leave_backwards = _slabs(end, start - end)
    known = ((start.abs() < _UNKNOWN) & (end.abs() < _UNKNOWN)).all(dim=1, keepdim=True)
    reachable = (enter <= leave) & known
    cut_end = (start + leave * (end - start)).clamp(-_REACH, _REACH)
    cut_start = (end + leave_backwards * (start - end)).clamp(-_REACH, _REACH)
    start_stays = (start.abs() < _REACH).all(dim=1, keepdim=True)
    end_stays = (end.abs() < _REACH).all(dim=1, keepdim=True)
    nowhere = torch.full_like(start, -1.0)
    return (
        torch.where(reachable, torch.where(start_stays, start, cut_start), nowhere),
        torch.where(reachable, torch.where(end_stays, end, cut_end), nowhere),
    )


def _slabs(point: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Finds the fractions of a segment at which it enters and leaves the cube within reach, each (R, 1).

    Enter is above leave where the segment misses the cube.
    """
    first, second = (-_REACH - point) / direction, (_REACH - point) / direction
    still = direction == 0
    aside = still & (point.abs() > _REACH)
    near = torch.minimum(first, second).masked_fill(still, 0.0).masked_fill(aside, torch.inf)
    far = torch.maximum(first, second).masked_fill(still, 1.0)
    return near.amax(dim=1, keepdim=True).clamp(min=0), far.amin(dim=1, keepdim=True).clamp(max=1)
