"""Brings images of any size to what an image tower was trained on, with their aspect kept."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tiling:
    """How an image is resized and cut into square tiles.

    Attributes:
        height: of the resized image, pixels; a multiple of the patch.
        width: likewise.
        offsets: (top, left) of each tile, multiples of the patch; together the tiles cover the image.
    """

    height: int
    width: int
    offsets: tuple[tuple[int, int], ...]


def plan_tiles(height: int, width: int, size: int, patch: int) -> Tiling:
    """Plans to resize an image so that its short side is `size`, and to cover the long side with square tiles.

    The long side is rounded to whole patches, so the aspect changes by at most half a patch. Tiles overlap evenly.

    Args:
        height: of the image, pixels.
        width: of the image, pixels.
        size: edge of a tile, pixels; a multiple of `patch`.
        patch: edge of a patch, pixels.
    """
    short = min(height, width)
    patches = size // patch
    rows = max(patches, round(height * patches / short))
    columns = max(patches, round(width * patches / short))
    offsets = tuple((row, column) for row in _spread(rows, patches) for column in _spread(columns, patches))
    return Tiling(rows * patch, columns * patch, tuple((row * patch, column * patch) for row, column in offsets))


def _spread(length: int, tile: int) -> list[int]:
    """Returns the first patches of the fewest tiles that cover `length` patches, evenly spread."""
    count = -(-length // tile)
    if count == 1:
        return [0]
    return [round(number * (length - tile) / (count - 1)) for number in range(count)]


def plan_patches(height: int, width: int, limit: int) -> tuple[int, int]:
    """Plans the (rows, columns) of patches, at most `limit` of them, whose aspect is nearest to the image's."""
    rows = max(1, min(limit, int((limit * height / width) ** 0.5)))
    columns = max(1, min(limit // rows, round(rows * width / height)))
    return rows, columns


def normalise(images: Tensor, height: int, width: int, mean: Tensor, deviation: Tensor) -> Tensor:
    """Resizes images (bicubic, antialiased) and scales their colours.

    Args:
        images: (B, H, W, 3) uint8 RGB.
        height: of the result, pixels.
        width: of the result, pixels.
        mean: (3,) of colours in 0..1.
        deviation: (3,) of colours in 0..1.

    Returns:
        (B, 3, height, width) float32.
    """
    pixels = images.permute(0, 3, 1, 2).to(torch.float32)
    if pixels.shape[2:] != (height, width):
        pixels = torch.nn.functional.interpolate(
            pixels, size=(height, width), mode="bicubic", antialias=True, align_corners=False
        ).clamp(0, 255)
    return (pixels / 255 - mean[:, None, None]) / deviation[:, None, None]


def merge_tiles(tiles: Tensor, tiling: Tiling, patch: int) -> Tensor:
    """Puts the tiles' features together; where tiles overlap, their features are averaged.

    Args:
        tiles: (T, B, s, s, D), the features of each tile's patches.
        tiling: where the tiles lie.
        patch: edge of a patch, pixels.

    Returns:
        (B, height / patch, width / patch, D).
    """
    _, batch, side, _, dim = tiles.shape
    total = tiles.new_zeros(batch, tiling.height // patch, tiling.width // patch, dim)
    count = tiles.new_zeros((*total.shape[1:3], 1))
    for tile, (top, left) in zip(tiles, tiling.offsets, strict=True):
        rows, columns = slice(top // patch, top // patch + side), slice(left // patch, left // patch + side)
        total[:, rows, columns] += tile
        count[rows, columns] += 1
    return total / count
