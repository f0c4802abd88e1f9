"""Square windows that slide over an image, at several scales."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.vlm.relevancy_maps.config import RelevancyConfig


@dataclass(frozen=True)
class WindowGrid:
    """Windows over an image resized so that a window has the side that the model takes.

    Attributes:
        size: pixels (height, width) of the resized image.
        side: pixels of a window's side.
        tops: first row of each row of windows.
        lefts: first column of each column of windows.
    """

    size: tuple[int, int]
    side: int
    tops: tuple[int, ...]
    lefts: tuple[int, ...]

    def __len__(self) -> int:
        """Returns the number of windows."""
        return len(self.tops) * len(self.lefts)

    def cut(self, resized: Tensor, index: int) -> Tensor:
        """Returns window `index`, counted row by row, of a (H, W, 3) resized image."""
        top, left = self.tops[index // len(self.lefts)], self.lefts[index % len(self.lefts)]
        return resized[top : top + self.side, left : left + self.side]

    def resize(self, image: Tensor) -> Tensor:
        """Returns a (H, W, 3) uint8 image at this grid's size, bilinear with antialiasing."""
        if tuple(image.shape[:2]) == self.size:
            return image
        planes = image.permute(2, 0, 1)[None].float()
        planes = torch.nn.functional.interpolate(planes, self.size, mode="bilinear", antialias=True)
        return planes[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8)


def window_grids(height: int, width: int, side: int, config: RelevancyConfig) -> list[WindowGrid]:
    """Lays out the windows of every scale.

    A scale is a fraction of the shorter side, so that the largest window fits whatever way the image lies. The last
    window of a row ends at the image's edge and the steps are evened out: every pixel lies in some window of every
    scale. Source: SemAbs section 6.3; windows at the edges and on images that are not square: ours.

    Args:
        height: pixels of the image.
        width: pixels of the image.
        side: pixels of the side of the square images that the model takes.
        config: scales and stride.

    Returns:
        One grid for each scale.
    """
    grids = []
    for scale in config.scales:
        zoom = side / (scale * min(height, width))
        size = (max(side, round(zoom * height)), max(side, round(zoom * width)))
        tops, lefts = (_starts(length, side, config.stride * side) for length in size)
        grids.append(WindowGrid(size, side, tops, lefts))
    return grids


def _starts(length: int, side: int, step: float) -> tuple[int, ...]:
    """Returns where windows start so that they cover `length` with steps of at most `step`, evenly."""
    gaps = math.ceil((length - side) / step - 1e-9)
    return tuple(round(i * (length - side) / gaps) for i in range(gaps + 1)) if gaps else (0,)
