"""Compares ways to make relevancy maps, by how well they find what room views show."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ago_ros.datasets.room_world.catalogue import NOVEL_CLASSES
from ago_ros.datasets.room_world.generate import ViewConfig, generate
from ago_ros.datasets.room_world.splits import SPLITS
from ago_ros.datasets.room_world.view import STRUCTURE, View, room_grid
from ago_ros.evaluation.benchmark import Result
from ago_ros.evaluation.relevancy import RelevancyScores
from ago_ros.evaluation.vlm_regions import MIN_PIXELS
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy_maps import RelevancyConfig, relevancy_maps
from ago_ros.vlm.text_memory import remember_texts
from ago_ros.vlm.vocabulary import embed_phrases

VALIDATION = "validation"
"""The split that the thresholds are chosen on."""
TEST_SPLITS = ("novel_rooms", "novel_visual", "novel_synonyms", "novel_classes")
OURS, FAST, NAIVE, DENSE = "multi-scale attention", "fast mode", "naive: single scale", "dense cosine"
CHANCE = "chance: a random pixel, the whole view"
PROTOCOL = (
    f"room views; every class with >= {MIN_PIXELS} pixels in the view is asked for by its name (novel_synonyms: those "
    "with a held-out synonym, by it; novel_classes: the novel ones), walls, floor and ceiling never; the mean map that "
    "is taken off is that of all phrases of the view; mask: all pixels of the class; threshold: the fraction of a "
    "map's peak with the best mean IoU on the validation split, for each method"
)


@dataclass(frozen=True, eq=False)
class AskedView:
    """A view, and what is looked for in it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        phrases: N phrases, one for each class that the view shows.
        masks: (N, H, W) bool, the pixels of each.
        scored: (N,) bool, those that the split is about; the others are only there for the mean map.
    """

    image: Tensor
    phrases: tuple[str, ...]
    masks: Tensor
    scored: Tensor


def ask(view: View, split: str) -> AskedView:
    """Names what a view shows in the words of its split."""
    found: dict[str, tuple[str, list[int]]] = {}
    for thing in view.regions():
        if thing.name not in STRUCTURE:
            found.setdefault(thing.captions[0], (thing.name, []))[1].append(thing.instance)
    masks = {phrase: np.isin(view.instance, instances) for phrase, (_, instances) in found.items()}
    phrases = [phrase for phrase, mask in masks.items() if mask.sum() >= MIN_PIXELS]
    stacked = np.stack([masks[phrase] for phrase in phrases]) if phrases else np.zeros((0, *view.instance.shape), bool)
    scored = [_is_asked(phrase, found[phrase][0], split) for phrase in phrases]
    return AskedView(
        torch.from_numpy(view.image),
        tuple(phrases),
        torch.from_numpy(stacked),
        torch.tensor(scored, dtype=torch.bool),
    )


def _is_asked(phrase: str, name: str, split: str) -> bool:
    if SPLITS[split].synonyms:
        return phrase != name
    return name in NOVEL_CLASSES if SPLITS[split].novel_classes else True


def draw_views(split: str, count: int) -> Iterator[AskedView]:
    """Draws views of a split, two to a room.

    Raises:
        ValueError: there is no such split.
    """
    for view in generate(split, count, config=ViewConfig(grid=room_grid(4), views_per_room=2)):
        yield ask(view, split)


def compared_methods(stride: float = 1 / 4, jitters: int = 0, flip: bool = False) -> dict[str, RelevancyConfig]:
    """Lists what is compared: ours at the paper's scales, our fast mode, and what is there without either.

    The naive version is Chefer et al.'s on the whole view; it stands there with our subtraction of the mean map, too.

    Args:
        stride: of ours; the paper has 1/4.
        jitters: of ours; the paper has 5.
        flip: of ours; the paper has it.
    """
    single = RelevancyConfig(scales=(1.0,), jitters=0, flip=False)
    return {
        OURS: RelevancyConfig(stride=stride, jitters=jitters, flip=flip),
        FAST: RelevancyConfig.fast(),
        f"{NAIVE}, less mean map": single,
        NAIVE: replace(single, subtract_mean=False),
        DENSE: replace(single, method="dense", subtract_mean=False),
    }


def evaluate_relevancy(
    model: VisionLanguageModel,
    splits: Mapping[str, Iterable[AskedView]],
    methods: Mapping[str, RelevancyConfig],
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Scores methods on views.

    Args:
        model: gives the maps.
        splits: views by split; `VALIDATION` must be one of them, and is not scored.
        methods: settings by name.
        progress: told how many views are done.

    Returns:
        "splits": views, phrases and mean mask area of each; "methods": of each, the threshold, processor seconds a
        view (texts are encoded beforehand), and pointing accuracy and mean IoU, in 0..1, by split.

    Raises:
        ValueError: there are no validation views, or the model's attention cannot be read.
    """
    if VALIDATION not in splits:
        raise ValueError(f"the thresholds are chosen on the split {VALIDATION!r}: give views of it")
    remembering = remember_texts(model)
    scores = {split: {name: RelevancyScores() for name in methods} for split in splits}
    areas: dict[str, list[float]] = {split: [] for split in splits}
    views = dict.fromkeys(splits, 0)
    seconds = dict.fromkeys(methods, 0.0)
    done = itertools.count(1)
    for split, asked in splits.items():
        for view in asked:
            if progress:
                progress(next(done))
            if not bool(view.scored.any()):
                continue
            views[split] += 1
            masks = view.masks[view.scored]
            areas[split] += masks.flatten(1).double().mean(dim=1).tolist()
            embed_phrases(view.phrases, remembering)
            for name, config in methods.items():
                begun = time.process_time()
                maps = relevancy_maps(remembering, view.image, view.phrases, config)
                seconds[name] += time.process_time() - begun
                scores[split][name].add(maps[view.scored], masks)
    tests = [split for split in splits if split != VALIDATION]
    thresholds = {name: scores[VALIDATION][name].best_threshold() for name in methods}
    return {
        "splits": {
            split: {"views": views[split], "phrases": len(areas[split]), "mask_area": _mean(areas[split])}
            for split in splits
        },
        "methods": {
            name: {
                "threshold": thresholds[name],
                "processor_s_per_view": seconds[name] / max(1, sum(views.values())),
                "splits": {
                    split: {
                        "pointing": scores[split][name].pointing_accuracy(),
                        "mean_iou": scores[split][name].mean_iou(thresholds[name]),
                    }
                    for split in tests
                },
            }
            for name in methods
        },
    }


def to_result(report: dict[str, Any], title: str) -> Result:
    """The report as it is shown: pointing accuracy and mean IoU in percent."""
    sizes = {split: size for split, size in report["splits"].items() if split != VALIDATION}
    rows = []
    for name, found in report["methods"].items():
        cells = [f"{100 * s['pointing']:.1f} / {100 * s['mean_iou']:.1f}" for s in found["splits"].values()]
        rows.append([name, f"{found['threshold']:.2f}", f"{found['processor_s_per_view']:.2f}", *cells])
    areas = [f"{100 * size['mask_area']:.1f} / {100 * size['mask_area']:.1f}" for size in sizes.values()]
    rows.append([CHANCE, "", "", *areas])
    headings = [f"{split}, {size['phrases']} phrases" for split, size in sizes.items()]
    return Result(
        "relevancy_rooms", title, ["method", "threshold", "cpu s a view", *headings], rows, _verdict(report), report
    )


def _verdict(report: dict[str, Any]) -> str:
    """Compares ours with the naive version over all test splits, every split weighing the same."""
    told = []
    for name in (OURS, FAST, NAIVE):
        found = list(report["methods"][name]["splits"].values())
        pointing, iou = (100 * _mean([s[score] for s in found]) for score in ("pointing", "mean_iou"))
        told.append(f"{name} {pointing:.1f} / {iou:.1f}")
    return "pointing accuracy / mean IoU in %, mean over the test splits: " + "; ".join(told)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
