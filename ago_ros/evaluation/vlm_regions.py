"""How well a vision-language model names image regions that it never saw, beside a closed-set classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.datasets.captioned_views.store import CaptionedView
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.regions import encode_regions
from ago_ros.vlm.vocabulary import make_vocabulary

MIN_PIXELS = 64
"""Smaller regions are not asked for."""
STRUCTURE = frozenset({"floor", "ceiling", "wall"})
"""Regions of every room; they are no things to be named, and are not asked for."""


@dataclass(frozen=True, eq=False)
class NamedRegions:
    """Features of regions, with their classes' names.

    Attributes:
        features: (M, D) unit vectors.
        names: M names of classes.
        synonyms: M held-out synonyms of them, or "".
    """

    features: Tensor
    names: tuple[str, ...]
    synonyms: tuple[str, ...]


@dataclass(frozen=True)
class RegionScore:
    """Zero-shot naming of regions by the best phrase.

    Attributes:
        regions: how many were asked for.
        phrases: how many there were to choose from.
        top1: share that got the right phrase.
        class_mean: the mean of that share over the classes.
        chance: of picking the right phrase blindly.
        calibration_error: expected calibration error of the best phrase's probability.
    """

    regions: int
    phrases: int
    top1: float
    class_mean: float
    chance: float
    calibration_error: float


def collect_regions(model: VisionLanguageModel, views: Sequence[CaptionedView]) -> NamedRegions:
    """Encodes every thing of at least `MIN_PIXELS` pixels."""
    features, names, synonyms = [], [], []
    for view in views:
        counts = torch.from_numpy(view.regions).flatten().to(torch.int64).bincount(minlength=256)
        asked = [i for i, text in enumerate(view.texts) if counts[i + 1] >= MIN_PIXELS and text.name not in STRUCTURE]
        if not asked:
            continue
        image, regions = torch.from_numpy(view.image), torch.from_numpy(view.regions)
        features.append(encode_regions(model, image, regions, len(view.texts))[asked])
        names += [view.texts[i].name for i in asked]
        synonyms += [(*view.texts[i].synonyms, "")[0] for i in asked]
    return NamedRegions(torch.cat(features), tuple(names), tuple(synonyms))


def score_naming(
    model: VisionLanguageModel, features: Tensor, answers: Sequence[str], phrases: Sequence[str]
) -> RegionScore:
    """Lets the model choose among phrases.

    Args:
        model: the model.
        features: (M, D) of the regions.
        answers: M right phrases, each one of `phrases`.
        phrases: N to choose from.
    """
    scores, chosen = make_vocabulary(phrases, model).scores(features).max(dim=1)
    number = {phrase: i for i, phrase in enumerate(phrases)}
    truth = torch.tensor([number[answer] for answer in answers])
    correct = chosen == truth
    return RegionScore(
        regions=len(answers),
        phrases=len(phrases),
        top1=float(correct.float().mean()),
        class_mean=class_mean(correct, answers),
        chance=1 / len(phrases),
        calibration_error=calibration_error(scores, correct),
    )


def class_mean(correct: Tensor, answers: Sequence[str]) -> float:
    """Returns the mean over the classes of the share of right answers, (M,) bool or shares."""
    groups: dict[str, list[float]] = {}
    for answer, right in zip(answers, correct.tolist(), strict=True):
        groups.setdefault(answer, []).append(right)
    return sum(sum(group) / len(group) for group in groups.values()) / len(groups)


def calibration_error(probability: Tensor, correct: Tensor, bins: int = 15) -> float:
    """Returns the expected calibration error: the gap between probability and truth, averaged over equal bins.

    Args:
        probability: (M,) in 0..1.
        correct: (M,) bool.
        bins: of equal width.
    """
    place = (probability * bins).long().clamp(max=bins - 1)
    gap = torch.zeros(bins, dtype=torch.float64)
    gap.index_add_(0, place, probability.double() - correct.double())
    return float(gap.abs().sum() / len(probability))


class ClosedSetClassifier:
    """A linear classifier of the same features, trained on the same regions; it knows its classes and no words.

    Args:
        regions: what it learns from.
        steps: of its training, full batch.
    """

    def __init__(self, regions: NamedRegions, steps: int = 300) -> None:
        self.classes = sorted(set(regions.names))
        number = {name: i for i, name in enumerate(self.classes)}
        target = torch.tensor([number[name] for name in regions.names])
        self._layer = torch.nn.Linear(regions.features.shape[1], len(self.classes))
        optimizer = torch.optim.AdamW(self._layer.parameters(), lr=0.1, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            loss = torch.nn.functional.cross_entropy(self._layer(regions.features), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()

    @torch.inference_mode()
    def top1(self, features: Tensor, answers: Sequence[str]) -> float:
        """Returns the share of (M, D) regions that get their answer; a word that is no class of its is never right."""
        chosen = self._layer(features).argmax(dim=1)
        return sum(self.classes[i] == answer for i, answer in zip(chosen.tolist(), answers, strict=True)) / len(answers)
