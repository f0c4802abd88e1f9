"""Features of image regions: dense features averaged over masks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ago_ros.vlm.interface import VisionLanguageModel


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
    """Returns the (R, D) unit features of an (H, W, 3) uint8 image's regions; see `pool_regions`."""
    return pool_regions(model.encode_dense(image[None])[0], regions, count)
