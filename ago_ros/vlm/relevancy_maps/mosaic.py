"""Puts the maps of overlapping windows together."""

from __future__ import annotations

import torch
from torch import Tensor

from ago_ros.vlm.relevancy_maps.windows import WindowGrid


def assemble(maps: Tensor, grid: WindowGrid, size: tuple[int, int]) -> Tensor:
    """Resizes every window's map bilinearly, sums them where they belong, and divides by how many cover a pixel.

    Resizing is linear and treats rows and columns apart, so all windows of a scale go in two matrix products. Equal
    to resizing each map by `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`.
    Source: SemAbs section 3.2; the matrix form is ours.

    Args:
        maps: (N, windows, h, w) float32, windows in the grid's order.
        grid: where the windows lie.
        size: (H', W') of the result, which shows the whole image.

    Returns:
        (N, H', W') float32.
    """
    rows, row_cover = _spread(size[0], grid.size[0], grid.tops, grid.side, maps.shape[2])
    columns, column_cover = _spread(size[1], grid.size[1], grid.lefts, grid.side, maps.shape[3])
    tiled = maps.unflatten(1, (len(grid.tops), len(grid.lefts))).permute(0, 1, 3, 2, 4).flatten(3).flatten(1, 2)
    summed = rows.to(maps) @ tiled @ columns.to(maps).T
    return summed / (row_cover[:, None] * column_cover[None]).to(maps)


def _spread(pixels: int, length: int, starts: tuple[int, ...], side: int, cells: int) -> tuple[Tensor, Tensor]:
    """Returns the (pixels, len(starts) * cells) weights from windows' cells to pixels, and the windows over each."""
    place = (torch.arange(pixels, dtype=torch.float64) + 0.5) * length / pixels
    inside = place[:, None] - torch.tensor(starts, dtype=torch.float64)
    covered = (inside >= 0) & (inside < side)
    cell = (inside * cells / side - 0.5).clamp(0, cells - 1)
    tents = (1 - (cell[..., None] - torch.arange(cells)).abs()).clamp(min=0)
    weights = tents * covered[..., None]
    return weights.flatten(1).float(), covered.sum(dim=1).float()
