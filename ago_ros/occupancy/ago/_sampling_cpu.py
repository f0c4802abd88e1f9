"""Deformable sampling as compiled kernels with their own gradient, for the CPU: nothing is kept but what is given.

Torch's `grid_sample` wants every head's channels as an image of its own and holds all samples before they are weighted
and summed; here a sample is sixteen-odd numbers that lie together, read, weighted and added at once. A training step of
`tiny` spends half as long. As in `geometry/_raycast_cpu.py`, the kernels run in plain threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

_REORDER = {"reassoc", "contract", "nsz"}
"""What sums may be changed by: their order, and fused multiply-adds. NaN stays NaN."""

_HALF, _ONE = np.float32(0.5), np.float32(1)

_Floats = NDArray[np.float32]
_Ints = NDArray[np.int64]
_Shapes = Sequence[tuple[int, int]]


class CompiledSampling(torch.autograd.Function):
    """`deformable.sample_levels` for float32 tensors of the CPU: same arguments, same result, same gradients."""

    @staticmethod
    def forward(
        ctx: Any, value: Tensor, shapes: Sequence[tuple[int, int]], locations: Tensor, weights: Tensor
    ) -> Tensor:
        """Returns (B, Q, heads * D).

        Raises:
            ValueError: the shapes do not fit together; the kernels would read what is not theirs.
        """
        _check(value, shapes, locations, weights)
        value, locations, weights = value.contiguous(), locations.contiguous(), weights.contiguous()
        ctx.save_for_backward(value, locations, weights)
        ctx.shapes = shapes
        batch, queries, heads = weights.shape[:3]
        result = value.new_zeros(batch, queries, heads, value.shape[3])
        given = _arrays(value, shapes, locations, weights)
        _in_threads(lambda first, last: _forward(*given, first, last, result.numpy()), batch * queries)
        return result.flatten(2)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None, Tensor, Tensor]:
        """Returns the gradients of value, locations and weights."""
        value, locations, weights = ctx.saved_tensors
        batch, _, heads = weights.shape[:3]
        falling = upstream[0].unflatten(2, (heads, -1)).contiguous().numpy()
        results = [torch.zeros_like(given) for given in (value, locations, weights)]
        given = _arrays(value, ctx.shapes, locations, weights)
        into = [result.numpy() for result in results]
        _in_threads(lambda first, last: _backward(*given, falling, first, last, *into), batch * heads)
        return results[0], None, results[1], results[2]


def _check(value: Tensor, shapes: _Shapes, locations: Tensor, weights: Tensor) -> None:
    cells, levels = sum(rows * columns for rows, columns in shapes), len(shapes)
    given = value.shape[:3], locations.shape, weights.shape[:1] + weights.shape[2:4]
    if given != ((len(value), cells, weights.shape[2]), (*weights.shape, 2), (len(value), weights.shape[2], levels)):
        raise ValueError(
            f"maps of {shapes} do not fit value {tuple(value.shape)}, locations {tuple(locations.shape)} and weights "
            f"{tuple(weights.shape)}"
        )


def _arrays(
    value: Tensor, shapes: _Shapes, locations: Tensor, weights: Tensor
) -> tuple[_Floats, _Ints, _Ints, _Floats, _Floats]:
    """Returns what both kernels take first: value, maps' sizes, their first cells, locations and weights."""
    sizes = np.array(shapes, np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), sizes.prod(axis=1).cumsum()[:-1]])
    return value.detach().numpy(), sizes, starts, locations.detach().numpy(), weights.detach().numpy()


def _in_threads(kernel: Callable[[int, int], None], count: int) -> None:
    """Runs a kernel on contiguous shares of 0..count, one share to a thread."""
    shares = max(1, min(torch.get_num_threads(), count))
    bounds = [count * share // shares for share in range(shares + 1)]
    if shares == 1:
        kernel(0, count)
        return
    with ThreadPoolExecutor(shares) as pool:
        list(pool.map(kernel, bounds[:-1], bounds[1:]))


@numba.njit(nogil=True, cache=True, fastmath=_REORDER)
def _forward(
    value: _Floats, sizes: _Ints, starts: _Ints, locations: _Floats, weights: _Floats, first: int, last: int,
    result: _Floats,
) -> None:  # fmt: skip
    """Adds the samples of some rows of batch x queries to `result`, which is zero."""
    queries, heads, levels, points = weights.shape[1:]
    depth = value.shape[3]
    for row in range(first, last):
        b, q = row // queries, row % queries
        for h in range(heads):
            for level in range(levels):
                rows, columns = sizes[level]
                for p in range(points):
                    x = locations[b, q, h, level, p, 0] * columns - _HALF
                    y = locations[b, q, h, level, p, 1] * rows - _HALF
                    if x <= -1 or x >= columns or y <= -1 or y >= rows:
                        continue
                    left, top = int(np.floor(x)), int(np.floor(y))
                    across, down = np.float32(x - left), np.float32(y - top)
                    for dy in range(2):
                        for dx in range(2):
                            i, j = top + dy, left + dx
                            if i < 0 or i >= rows or j < 0 or j >= columns:
                                continue
                            share = (down if dy else _ONE - down) * (across if dx else _ONE - across)
                            share *= weights[b, q, h, level, p]
                            place = starts[level] + i * columns + j
                            for d in range(depth):
                                result[b, q, h, d] += share * value[b, place, h, d]


@numba.njit(nogil=True, cache=True, fastmath=_REORDER)
def _backward(
    value: _Floats, sizes: _Ints, starts: _Ints, locations: _Floats, weights: _Floats, upstream: _Floats,
    first: int, last: int, to_value: _Floats, to_locations: _Floats, to_weights: _Floats,
) -> None:  # fmt: skip
    """Adds to the three gradients, which are zero, what some of batch x heads give: no two write to one place."""
    queries, heads, levels, points = weights.shape[1:]
    depth = value.shape[3]
    for unit in range(first, last):
        b, h = unit // heads, unit % heads
        for q in range(queries):
            for level in range(levels):
                rows, columns = sizes[level]
                for p in range(points):
                    x = locations[b, q, h, level, p, 0] * columns - _HALF
                    y = locations[b, q, h, level, p, 1] * rows - _HALF
                    if x <= -1 or x >= columns or y <= -1 or y >= rows:
                        continue
                    left, top = int(np.floor(x)), int(np.floor(y))
                    across, down = np.float32(x - left), np.float32(y - top)
                    weight = weights[b, q, h, level, p]
                    of_weight, of_x, of_y = np.float32(0), np.float32(0), np.float32(0)
                    for dy in range(2):
                        for dx in range(2):
                            i, j = top + dy, left + dx
                            if i < 0 or i >= rows or j < 0 or j >= columns:
                                continue
                            high, wide = down if dy else _ONE - down, across if dx else _ONE - across
                            place = starts[level] + i * columns + j
                            share, told = weight * high * wide, np.float32(0)
                            for d in range(depth):
                                told += upstream[b, q, h, d] * value[b, place, h, d]
                            for d in range(depth):
                                to_value[b, place, h, d] += share * upstream[b, q, h, d]
                            of_weight += high * wide * told
                            of_x += high * told if dx else -high * told
                            of_y += wide * told if dy else -wide * told
                    to_weights[b, q, h, level, p] = of_weight
                    to_locations[b, q, h, level, p, 0] = of_x * weight * columns
                    to_locations[b, q, h, level, p, 1] = of_y * weight * rows
