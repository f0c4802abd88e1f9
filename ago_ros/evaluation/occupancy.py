"""Semantic occupancy scores from one confusion matrix over the whole set. Protocol: Occ3D-nuScenes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from ago_ros.datasets.occ3d import CLASS_NAMES, FREE

CLASSES_17 = CLASS_NAMES[:FREE]
"""What `mIoU` is a mean over."""
CLASSES_15 = tuple(name for name in CLASSES_17 if name not in ("others", "other_flat"))
"""What `mIoU*` is a mean over, as AGO and others print it; about two points above `mIoU`."""


def mean_over(scores: Mapping[str, float], names: Iterable[str]) -> float:
    """Returns the mean of the named scores; NaN ones, of classes that occur nowhere, are left out. NaN if all are."""
    found = [score for score in (scores[name] for name in names) if not math.isnan(score)]
    return sum(found) / len(found) if found else math.nan


class ConfusionMatrix:
    """Counts (truth, prediction) pairs over any number of frames; scores are taken once, at the end.

    A mean of per-frame scores is another number: it weighs a frame with three voxels of a class like one with
    three thousand.

    Args:
        num_labels: labels run from 0 to num_labels - 1; the last one is free.
    """

    def __init__(self, num_labels: int = FREE + 1) -> None:
        self.counts = torch.zeros(num_labels, num_labels, dtype=torch.int64)

    def add(self, prediction: Tensor, truth: Tensor, mask: Tensor | None = None) -> None:
        """Counts one frame.

        Args:
            prediction: (X, Y, Z) integer labels.
            truth: (X, Y, Z) integer labels.
            mask: (X, Y, Z) bool, voxels that count; None means all. Occ3D's protocol takes `mask_camera`.

        Raises:
            ValueError: shapes differ, or a label of a voxel that counts is none of the labels.
        """
        if prediction.shape != truth.shape or (mask is not None and mask.shape != truth.shape):
            shapes = [tuple(t.shape) for t in (prediction, truth, mask) if t is not None]
            raise ValueError(f"prediction, truth and mask must have one shape, got {shapes}")
        if mask is not None:
            prediction, truth = prediction[mask], truth[mask]
        pair = torch.stack([truth.flatten(), prediction.flatten()]).to(torch.int64)
        size = len(self.counts)
        if pair.numel() and (int(pair.min()) < 0 or int(pair.max()) >= size):
            outside = pair[(pair < 0) | (pair >= size)].unique().tolist()
            raise ValueError(f"labels {outside[:5]} are none of 0 to {size - 1}: map them, or mask them out")
        self.counts += torch.bincount(pair[0] * size + pair[1], minlength=size * size).reshape(size, size)

    def iou(self) -> Tensor:
        """Returns the (num_labels,) float64 intersection over union; NaN for a label that occurs nowhere."""
        counts = self.counts.to(torch.float64)
        hits = counts.diag()
        return hits / (counts.sum(dim=0) + counts.sum(dim=1) - hits)

    def mean_iou(self) -> float:
        """Returns the mean over all labels but free; labels that occur nowhere are left out. NaN if none occurs."""
        return float(self.iou()[:-1].nanmean())

    def occupied_iou(self) -> float:
        """Returns the intersection over union of occupied against free, whatever the class."""
        both = self.counts[:-1, :-1].sum()
        either = self.counts.sum() - self.counts[-1, -1]
        return float(both / either)

    def table(self) -> dict[str, float]:
        """Returns every score by name: each Occ3D class, `mIoU*` over 15 classes, `mIoU` over 17, and `IoU`.

        Raises:
            ValueError: the labels are not Occ3D's.
        """
        if len(self.counts) != FREE + 1:
            raise ValueError(f"the matrix has {len(self.counts)} labels, Occ3D has {FREE + 1}")
        scores = dict(zip(CLASSES_17, self.iou().tolist()))
        means = {"mIoU*": mean_over(scores, CLASSES_15), "mIoU": mean_over(scores, CLASSES_17)}
        return {**scores, **means, "IoU": self.occupied_iou()}
