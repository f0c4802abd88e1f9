"""What a segmenter says of an image: a category and a score for each pixel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

NOTHING = 255
"""Category of pixels in which nothing was found."""


@dataclass(frozen=True, eq=False)
class Masks:
    """A category for each pixel.

    Attributes:
        category: (H, W) uint8, number of the category in the segmenter's order; NOTHING where none was found.
        score: (H, W) float32 in 0..1; 0 where nothing was found.
    """

    category: Tensor
    score: Tensor


class Segmenter(Protocol):
    """Finds the categories that it was made for in images.

    Attributes:
        name: what it was loaded from; labels made by another segmenter are other labels.
    """

    @property
    def name(self) -> str:
        """What it was loaded from."""

    def segment(self, image: Tensor) -> Masks:
        """Gives each pixel of an (H, W, 3) uint8 RGB image a category."""


def paint(height: int, width: int, instances: Iterable[tuple[int, float, Tensor]]) -> Masks:
    """Lays instances over each other; each pixel takes the one with the highest score, of equals the first.

    Args:
        height: of the image, pixels.
        width: likewise.
        instances: category, score in 0..1 and (H, W) bool mask of each.
    """
    category = torch.full((height, width), NOTHING, dtype=torch.uint8)
    score = torch.zeros(height, width)
    for number, confidence, mask in instances:
        better = mask & (score < confidence)
        category[better] = number
        score[better] = confidence
    return Masks(category, score)
