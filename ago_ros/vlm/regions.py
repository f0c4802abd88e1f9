"""Features of image regions: dense features averaged over masks, of the whole image or of a close look at each."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from ago_ros.vlm.interface import VisionLanguageModel

_CUT, _BATCH = 96, 32
_MARGIN, _MIN_EDGE = 1.5, 32
"""A cut's edge over that of the region, and the least, pixels."""


def pool_regions(dense: Tensor, regions: Tensor, count: int) -> Tensor:
    """Averages the features of each region, each cell weighted by how much of it the region covers.

    Args:
        dense: (h, w, D) features; cell (i, j) is part (i, j) of the image when cut into h x w equal ones.
        regions: (H, W) uint8, the number of the region at each pixel, from 1; 0 for none.
        count: number R of regions.

    Returns:
        (R, D) unit vectors; zero for a region without pixels.
    """
    rows, columns = dense.shape[:2]
    height, width = regions.shape
    row = torch.arange(height) * rows // height
    column = torch.arange(width) * columns // width
    cell = (row[:, None] * columns + column).flatten()
    cover = torch.zeros((count + 1) * rows * columns)
    index = regions.flatten().to(torch.int64) * (rows * columns) + cell
    cover.index_add_(0, index, torch.ones(len(index)))
    return normalize(cover.reshape(count + 1, -1)[1:] @ dense.flatten(0, 1).float(), dim=-1)


def encode_regions(model: VisionLanguageModel, image: Tensor, regions: Tensor, count: int) -> Tensor:
    """Looks at each region closely: cuts it out with its surroundings, and averages the cut's features over its mask.

    Args:
        model: image tower.
        image: (H, W, 3) uint8 RGB.
        regions: (H, W) uint8, the number of the region at each pixel, from 1; 0 for none.
        count: number R of regions.

    Returns:
        (R, D) unit vectors; zero for a region without pixels.
    """
    features = torch.zeros(count, model.dim)
    shown = [number for number in range(count) if (regions == number + 1).any()]
    if not shown:
        return features
    cuts = [_cut(image, regions == number + 1) for number in shown]
    images, masks = (torch.stack(column) for column in zip(*cuts, strict=True))
    dense = torch.cat([model.encode_dense(batch) for batch in images.split(_BATCH)])
    features[shown] = torch.cat([pool_regions(dense[i], mask, 1) for i, mask in enumerate(masks)])
    return features


def _cut(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Cuts the square around a mask out of an image, as far as the image goes; returns both at `_CUT` x `_CUT`."""
    limit = min(mask.shape)
    lower, upper = (torch.stack([mask.any(dim=1 - axis).nonzero()[pick, 0] for axis in (0, 1)]) for pick in (0, -1))
    edge = int(((upper - lower + 1).max() * _MARGIN).clamp(min=_MIN_EDGE, max=limit))
    first = ((lower + upper + 1 - edge) // 2).clamp(min=0)
    top, left = torch.minimum(first, torch.tensor(mask.shape) - edge).tolist()
    window = (slice(top, top + edge), slice(left, left + edge))
    pixels = image[window].permute(2, 0, 1)[None].float()
    resized = interpolate(pixels, size=(_CUT, _CUT), mode="bilinear", antialias=True, align_corners=False)
    nearest = interpolate(mask[window][None, None].float(), size=(_CUT, _CUT), mode="nearest-exact")
    return resized[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8), nearest[0, 0].to(torch.uint8)
