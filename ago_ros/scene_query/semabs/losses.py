"""What a network learns from: query points, as many where the answer is yes as where it is no, and cross-entropy."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ago_ros.geometry.voxel_grid import VoxelGrid


def sample_queries(
    grid: VoxelGrid, target: Tensor, count: int, generator: torch.Generator, known: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Draws query points, half of them in voxels of the target; each anywhere in its voxel.

    Source: SemAbs balances its queries; places within the voxel are ours.

    Args:
        grid: where the voxels lie.
        target: (X, Y, Z) bool.
        count: how many points; where one half has no voxels, all come from the other.
        generator: of random numbers, on the CPU.
        known: (X, Y, Z) bool, the voxels to draw from; None for all.

    Returns:
        (count, 3) float32 points in the frame of the grid, metres, those of the target first; and (count,) float32
        labels, 0 or 1.

    Raises:
        ValueError: no voxel may be drawn, or target is not of the grid's shape.
    """
    if tuple(target.shape) != grid.shape:
        raise ValueError(f"target must have the grid's shape {grid.shape}, got {tuple(target.shape)}")
    allowed = torch.ones_like(target) if known is None else known
    inside, outside = ((part & allowed).flatten().nonzero().squeeze(1) for part in (target, ~target))
    if not len(inside) and not len(outside):
        raise ValueError("no voxel is known: nothing to draw queries from")
    positives = 0 if not len(inside) else count if not len(outside) else count // 2
    drawn = torch.cat([_draw(inside, positives, generator), _draw(outside, count - positives, generator)])
    within = torch.rand((count, 3), generator=generator, dtype=torch.float64)
    origin = torch.tensor(grid.origin, dtype=torch.float64)
    points = origin + (grid.unflatten(drawn) + within) * grid.voxel_size
    return points.to(torch.float32), (torch.arange(count) < positives).to(torch.float32)


def _draw(voxels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    return voxels[torch.randint(max(len(voxels), 1), (count,), generator=generator)] if count else voxels[:0]


def query_loss(logits: Tensor, labels: Tensor, counts: Tensor | None = None) -> Tensor:
    """Binary cross-entropy, the mean over the queries of each volume, then over the volumes. Source: SemAbs 6.4.

    Args:
        logits: (V, Q).
        labels: (V, Q), 0 to 1.
        counts: (V, Q) bool, the queries that count; the others may be NaN. None for all.

    Returns:
        A scalar; zero where no query counts.
    """
    if counts is None:
        return binary_cross_entropy_with_logits(logits, labels)
    terms = binary_cross_entropy_with_logits(logits.masked_fill(~counts, 0.0), labels, reduction="none") * counts
    each = terms.sum(dim=1) / counts.sum(dim=1).clamp(min=1)
    return each.sum() / counts.any(dim=1).sum().clamp(min=1)
