"""Scores of relevancy maps against masks of the objects that the phrases name. Source: ours, but for pointing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

THRESHOLDS = tuple(step / 20 for step in range(20))


class RelevancyScores:
    """Collects maps and masks over any number of images; every pair of image and phrase weighs the same.

    Two scores. Pointing accuracy: the share of maps whose peak lies on the object (Zhang et al., Top-down Neural
    Attention, section 4.1, without its margin of 15 pixels). Mean IoU: of the mask with the pixels above a fraction
    of the map's peak. Take the fraction that is best on a validation set, not on the set that is scored.

    Args:
        thresholds: fractions of the peak to keep count of, each in 0..1.
    """

    def __init__(self, thresholds: Sequence[float] = THRESHOLDS) -> None:
        self.thresholds = tuple(thresholds)
        self._hits: list[Tensor] = []
        self._ious: list[Tensor] = []

    def add(self, maps: Tensor, masks: Tensor) -> None:
        """Counts one image.

        Args:
            maps: (N, H', W') float32 relevancy of N phrases; any resolution, the whole image.
            masks: (N, H, W) bool, where each phrase's objects are.

        Raises:
            ValueError: numbers differ, or a mask is empty: a phrase that the image does not show has no place to find.
        """
        if maps.ndim != 3 or masks.ndim != 3 or len(maps) != len(masks) or masks.dtype != torch.bool:
            raise ValueError(
                f"maps must be (N, H', W') and masks (N, H, W) bool, got {tuple(maps.shape)} and "
                f"{tuple(masks.shape)} {masks.dtype}"
            )
        if not bool(masks.flatten(1).any(dim=1).all()):
            raise ValueError("a mask is empty: leave out the phrases that the image does not show")
        resized = torch.nn.functional.interpolate(maps[None], size=masks.shape[1:], mode="bilinear")[0]
        self._hits.append(_points_at(maps, masks))
        self._ious.append(torch.stack([_iou(resized, masks, threshold) for threshold in self.thresholds], dim=1))

    def pointing_accuracy(self) -> float:
        """Returns the share of maps whose peak lies on the object, in 0..1; NaN if there are none."""
        return float(torch.cat(self._hits).double().mean()) if self._hits else float("nan")

    def mean_ious(self) -> Tensor:
        """Returns the (T,) float64 mean IoU at every threshold, in 0..1; NaN if there are no maps."""
        if not self._ious:
            return torch.full((len(self.thresholds),), float("nan"), dtype=torch.float64)
        return torch.cat(self._ious).mean(dim=0)

    def best_threshold(self) -> float:
        """Returns the threshold of the highest mean IoU; for a validation set."""
        return self.thresholds[int(self.mean_ious().argmax())]

    def mean_iou(self, threshold: float) -> float:
        """Returns the mean IoU at one of the thresholds.

        Raises:
            ValueError: it is none of them.
        """
        return float(self.mean_ious()[self.thresholds.index(threshold)])


def _points_at(maps: Tensor, masks: Tensor) -> Tensor:
    """Returns (N,) bool: the centre of the map's highest pixel lies in the mask."""
    peak = maps.flatten(1).argmax(dim=1)
    row, column = peak // maps.shape[2], peak % maps.shape[2]
    row = (row * 2 + 1) * masks.shape[1] // (2 * maps.shape[1])
    column = (column * 2 + 1) * masks.shape[2] // (2 * maps.shape[2])
    return masks[torch.arange(len(masks)), row, column]


def _iou(maps: Tensor, masks: Tensor, threshold: float) -> Tensor:
    """Returns (N,) float64 IoU of the masks with what is positive and above a fraction of each map's peak."""
    found = (maps > 0) & (maps >= threshold * maps.amax(dim=(1, 2), keepdim=True))
    both, either = (pixels.flatten(1).sum(dim=1).double() for pixels in (found & masks, found | masks))
    return both / either
