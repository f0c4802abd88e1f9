"""The voxel walk in torch operations, all segments in step: the path for accelerators.

The same integers as the compiled kernels take, so the same voxels.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ago_ros.geometry._raycast_cpu import FRACTION_BITS

_FIRST = [0, 0, 1]
_SECOND = [1, 2, 2]
"""The pairs of axes whose crossings are ordered: x and y, x and z, y and z."""


def traverse(starts: Tensor, ends: Tensor, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Lists the voxels that each segment crosses.

    Args:
        starts: (R, 3) int64, in 2**-20 voxels.
        ends: (R, 3) int64, in 2**-20 voxels.
        shape: the grid's.

    Returns:
        (M,) int64 flat voxel indices, (R + 1,) int64 offsets; on the device of `starts`.
    """
    none = starts.new_empty(0)
    visits = list(_walk(starts, ends, shape))
    rays = torch.cat([none, *(rays for rays, _ in visits)])
    voxels = torch.cat([none, *(voxels for _, voxels in visits)])
    lengths = torch.bincount(rays, minlength=len(starts))
    offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    return voxels[torch.argsort(rays, stable=True)], offsets


def count(starts: Tensor, ends: Tensor, shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """Counts the segments that end in, and that pass through, each voxel.

    Args:
        starts: (R, 3) int64, in 2**-20 voxels.
        ends: (R, 3) int64, in 2**-20 voxels.
        shape: the grid's.

    Returns:
        Two (X * Y * Z,) int32 on the device of `starts`: hits, passes.
    """
    size = torch.tensor(shape, device=starts.device)
    last = ends >> FRACTION_BITS
    last = last[((last >= 0) & (last < size)).all(dim=1)]
    hits = torch.zeros(shape[0] * shape[1] * shape[2], dtype=torch.int32, device=starts.device)
    visits = torch.zeros_like(hits)
    _add_ones(hits, _flatten(last, shape))
    for _, voxels in _walk(starts, ends, shape):
        _add_ones(visits, voxels)
    return hits, visits - hits


def _walk(starts: Tensor, ends: Tensor, shape: tuple[int, int, int]) -> Iterator[tuple[Tensor, Tensor]]:
    """Takes one step on every segment at a time; yields the segments that are in the grid, and their flat voxels.

    See `_raycast_cpu._walk` for the arithmetic.
    """
    size = torch.tensor(shape, device=starts.device)
    low, high = torch.minimum(starts, ends), torch.maximum(starts, ends)
    rays = ((high >= 0) & (low < size << FRACTION_BITS)).all(dim=1).nonzero()[:, 0]
    starts, ends = starts[rays], ends[rays]
    first, last = starts >> FRACTION_BITS, ends >> FRACTION_BITS
    down = ends < starts
    step = torch.where(down, -1, 1)
    beyond = torch.where(down, -1, size)
    way = (ends - starts).abs()
    voxel = _after_gap(starts, ends, size)
    near = torch.where(down, starts - (first << FRACTION_BITS), ((first + 1) << FRACTION_BITS) - starts)
    near += (voxel - first).abs() << FRACTION_BITS
    order = 2 * (near[:, _FIRST] * way[:, _SECOND] - near[:, _SECOND] * way[:, _FIRST])
    order += down[:, _FIRST].long() - down[:, _SECOND].long()
    pace = way << (FRACTION_BITS + 1)
    alive = ((voxel - beyond) * step < 0).all(dim=1)
    while True:
        state = (rays, voxel, last, order, step, pace, beyond)
        rays, voxel, last, order, step, pace, beyond = (values[alive] for values in state)
        if not len(rays):
            return
        inside = ((voxel >= 0) & (voxel < size)).all(dim=1)
        yield rays[inside], _flatten(voxel[inside], shape)
        xy, xz, yz = order.unbind(1)
        moves = torch.stack([(xy <= 0) & (xz <= 0), (xy >= 0) & (yz <= 0), (xz >= 0) & (yz >= 0)], dim=1).long()
        alive = (voxel != last).any(dim=1)
        voxel = voxel + moves * step
        order = order + moves[:, _FIRST] * pace[:, _SECOND] - moves[:, _SECOND] * pace[:, _FIRST]
        alive &= (voxel != beyond).all(dim=1)


def _after_gap(starts: Tensor, ends: Tensor, size: Tensor) -> Tensor:
    """Finds where to begin: the (R, 3) voxels of the segments just before they reach the grid, else of their starts."""
    way = ends - starts
    outside = torch.where(way > 0, -starts, (size << FRACTION_BITS) - starts) / way.to(torch.float64)
    fraction = outside.masked_fill(way == 0, 0.0).amax(dim=1, keepdim=True) * 2.0**FRACTION_BITS
    skip = (fraction.to(torch.int64) - 1).clamp(min=0)
    return ((starts << FRACTION_BITS) + way * skip) >> (2 * FRACTION_BITS)


def _flatten(voxel: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Turns (N, 3) voxel indices into flat ones."""
    return (voxel[:, 0] * shape[1] + voxel[:, 1]) * shape[2] + voxel[:, 2]


def _add_ones(counts: Tensor, index: Tensor) -> None:
    """Adds one to `counts` at each index; integer sums are exact in any order."""
    counts.index_add_(0, index, torch.ones((), dtype=torch.int32, device=index.device).expand(len(index)))
