"""The table of a vision-language model on both worlds: regions by words never trained on, pixels, calibration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ago_ros.datasets.captioned_views.store import read_views
from ago_ros.evaluation.benchmark import Result
from ago_ros.evaluation.vlm_dense import score_dense
from ago_ros.evaluation.vlm_regions import ClosedSetClassifier, collect_regions, score_naming
from ago_ros.evaluation.vlm_texts import TextScore, score_texts
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.small import SmallModel

PROTOCOL = (
    "rooms: regions of >= 64 pixels (things, no walls or floor), each cut out and its features pooled over the true "
    "mask, top-1 among the names of all trained classes, of all synonyms, or of the novel classes; drive: per pixel, "
    "Occ3D classes 1 to 16 and sky by several phrases each, mIoU over the 16; closed set: linear classifier on the "
    "same tower's features; texts alone: whether, of the plain phrases that the model was trained with, the nearest to "
    "the synonym is of its class, a share where it is of several"
)
AIMS = {"novel_rooms": 0.85, "novel_visual": 0.75, "novel_synonyms": 0.70}
"""Least top-1 of the splits; novel classes shall be found three times as often as by chance."""
AIM_OF_CHANCE, AIM_DENSE = 3.0, 0.45
_STEPS = 5


def evaluate_vlm(
    model: VisionLanguageModel,
    data: Path,
    probe_views: int = 400,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Scores a model on the views that `ago train vlm --only-draw` draws.

    Args:
        model: the model.
        data: folder of the views.
        probe_views: how many views of rooms the closed-set classifier learns from.
        progress: told how many parts are done, and how many there are.

    Returns:
        "regions": scores by test split; "closed_set": top-1 by test split; "dense": IoU by class and mIoU; and, for a
        model with known phrases, "texts_alone": what these make of the synonyms.

    Raises:
        DatasetError: views are missing.
    """
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, _STEPS)

    views = list(read_views(data / "train" / "rooms"))
    names = sorted({text.name for view in views for text in view.texts})
    synonyms = sorted({text.synonyms[0] for view in views for text in view.texts if text.synonyms})
    probe = ClosedSetClassifier(collect_regions(model, views[:: max(1, len(views) // probe_views)]))
    tick()
    regions: dict[str, Any] = {}
    closed: dict[str, float] = {}
    limit: TextScore | None = None
    for split in ("novel_rooms", "novel_visual"):
        found = collect_regions(model, list(read_views(data / "test" / split)))
        known = [i for i, name in enumerate(found.names) if name in names]
        answers = [found.names[i] for i in known]
        regions[split] = asdict(score_naming(model, found.features[known], answers, names))
        closed[split] = probe.top1(found.features[known], answers)
        if split == "novel_rooms":
            renamed = [i for i, synonym in enumerate(found.synonyms) if synonym in synonyms]
            words = [found.synonyms[i] for i in renamed]
            regions["novel_synonyms"] = asdict(score_naming(model, found.features[renamed], words, synonyms))
            closed["novel_synonyms"] = probe.top1(found.features[renamed], words)
            texts = (text for view in views for text in view.texts)
            limit = score_texts(model, texts, words) if isinstance(model, SmallModel) else None
        tick()
    found = collect_regions(model, list(read_views(data / "test" / "novel_classes")))
    novel = [i for i, name in enumerate(found.names) if name not in names]
    answers = [found.names[i] for i in novel]
    words = sorted(set(answers))
    regions["novel_classes"] = asdict(score_naming(model, found.features[novel], answers, words))
    regions["novel_among_all"] = asdict(score_naming(model, found.features[novel], answers, [*names, *words]))
    closed["novel_classes"] = closed["novel_among_all"] = probe.top1(found.features[novel], answers)
    tick()
    dense = score_dense(model, read_views(data / "test" / "drive"))
    tick()
    report = {"protocol": PROTOCOL, "model": model.name, "regions": regions, "closed_set": closed, "dense": dense}
    return report | ({"texts_alone": asdict(limit)} if limit else {})


def to_results(report: dict[str, Any]) -> tuple[Result, Result]:
    """Lays an evaluation out as the tables "vlm_regions" and "vlm_dense"."""
    splits, dense = report["regions"], report["dense"]
    rows = [
        (
            name.replace("_", " "),
            str(scores["regions"]),
            str(scores["phrases"]),
            *(f"{100 * scores[key]:.1f}" for key in ("top1", "class_mean")),
            f"{100 * report['closed_set'][name]:.1f}",
            *(f"{100 * scores[key]:.1f}" for key in ("chance", "calibration_error")),
        )
        for name, scores in splits.items()
    ]
    limit = report.get("texts_alone")
    if limit:
        shares = (f"{100 * limit[key]:.1f}" for key in ("top1", "class_mean"))
        asked = str(splits["novel_synonyms"]["regions"])
        rows.append(("novel synonyms, texts alone", asked, str(limit["phrases"]), *shares, "-", "-", "-"))
    met = [f"{name.replace('_', ' ')} {_verdict(splits[name]['top1'], aim)}" for name, aim in AIMS.items()]
    met.append(
        f"novel classes {_verdict(splits['novel_classes']['top1'], AIM_OF_CHANCE * splits['novel_classes']['chance'])}"
    )
    columns = ("split", "regions", "phrases", "top-1", "mean over classes", "closed set, top-1", "chance", "ECE")
    regions = Result(
        "vlm_regions",
        f"Regions of rooms named by {report['model']}, %",
        columns,
        rows,
        f"aims: {'; '.join(met)}",
        {"regions": splits, "closed_set": report["closed_set"]} | ({"texts_alone": limit} if limit else {}),
    )
    pixels = Result(
        "vlm_dense",
        f"Pixels of unseen drives named by {report['model']}, IoU in %",
        tuple(name.replace("_", " ") for name in dense),
        [tuple(f"{100 * score:.1f}" for score in dense.values())],
        f"aim: mIoU {_verdict(dense['mIoU'], AIM_DENSE)}",
        dense,
    )
    return regions, pixels


def _verdict(score: float, aim: float) -> str:
    return f"{100 * score:.1f} of {100 * aim:.0f} ({'met' if score >= aim else 'missed'})"
