"""Scores folders of trained methods on the drawn tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.query_views.splits import DRIVES, OUTDOOR, VALIDATION_SPLITS
from ago_ros.datasets.query_views.store import QueryView, read_made_with, read_views
from ago_ros.datasets.room_world.splits import SPLITS
from ago_ros.evaluation.scene_query import SplitScores, evaluate_network
from ago_ros.evaluation.scene_query_analytic import evaluate_analytic, tune_analytic, typical_relevancy
from ago_ros.evaluation.scene_query_tables import ANALYTIC
from ago_ros.scene_query.semabs.baselines import METHODS, SemAware
from ago_ros.scene_query.semabs.decision import load_reading
from ago_ros.scene_query.semabs.files import load_semabs
from ago_ros.scene_query.semabs.seen_view import maps_kind, query_of
from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.vocabulary import embed_phrases


def evaluate_folders(
    folders: Sequence[Path],
    data: Path,
    splits: Sequence[str],
    rooms: int | None,
    vlm: str,
    device: str | torch.device = "cpu",
    *,
    analytic: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, list[dict[str, SplitScores]]]:
    """Scores trained folders, and the analytic fields, on test splits.

    Args:
        folders: that `ago train scene-query` finished.
        data: folder of the views.
        splits: to score.
        rooms: or drives of each split, at most; None takes all.
        vlm: text tower for SemAware; "" takes the one that its data was drawn with.
        device: where networks run.
        analytic: with a row for the analytic fields.
        progress: told how many folders and splits are done, and how many there are.

    Returns:
        By method, the scores of each folder by split.

    Raises:
        DatasetError: views are missing, also of validation for the analytic fields, or were drawn with another model or
            settings than a folder's.
        ValueError: a folder is no finished training, or a split is no test split.
    """
    check_splits(splits)
    tuned_on = validation_folders(data, splits) if analytic else []
    runs: dict[str, list[dict[str, SplitScores]]] = {}
    total, done = (len(folders) + int(analytic)) * len(splits), 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    for folder in folders:
        network, reading = load_semabs(folder, device), load_reading(folder)
        scores = {}
        for split in splits:
            if read_made_with(data / split) != reading.drawn_with:
                raise DatasetError(f"{data / split}: drawn with another model or settings than {folder} was trained on")
            views = list(read_views(data / split, [maps_kind(METHODS[reading.method])], rooms))
            texts = _embed(views, vlm or reading.drawn_with["vlm"]) if isinstance(network, SemAware) else {}
            scores[split] = evaluate_network(network, reading, views, texts)
            count()
        runs.setdefault(reading.method, []).append(scores)
    if analytic:
        held_out = [view for folder in tuned_on for view in read_views(folder, ["multi"])]
        typical = typical_relevancy(held_out)
        setting = tune_analytic(held_out, typical)
        row = {}
        for split in splits:
            row[split] = evaluate_analytic(read_views(data / split, ["multi"], rooms), setting, typical)
            count()
        runs[ANALYTIC] = [row]
    return runs


def validation_folders(data: Path, splits: Sequence[str]) -> list[Path]:
    """Returns the folders of the views that the analytic fields are tuned on, which networks are tuned on, too.

    Args:
        data: folder of the views.
        splits: that are scored. Drives are tuned on where some are scored, or were drawn for any purpose.

    Raises:
        DatasetError: one holds no views.
    """
    drives = any(split in splits or (data / split).is_dir() for split in DRIVES)
    folders = [data / split for split in VALIDATION_SPLITS if drives or split not in DRIVES]
    for folder in folders:
        read_made_with(folder)
    return folders


def check_splits(splits: Iterable[str]) -> None:
    """Refuses splits that were trained or tuned on.

    Raises:
        ValueError: one is, or there is none of that name.
    """
    tests = [name for name in SPLITS if name not in ("train", "seen_rooms", *VALIDATION_SPLITS)] + [OUTDOOR]
    for split in splits:
        if split not in tests:
            raise ValueError(f"no test split {split!r}: use one of {', '.join(tests)}")


def _embed(views: Iterable[QueryView], vlm: str) -> dict[str, Tensor]:
    """Embeds the questions of views in plain words."""
    words = sorted({str(query_of(ask)) for view in views for ask in view.asks})
    model = load_vlm(vlm)
    with torch.no_grad():
        rows = [embed_phrases(words[i : i + 256], model, ("{}",)) for i in range(0, len(words), 256)]
    return dict(zip(words, torch.cat(rows), strict=True)) if rows else {}
