"""Scores completion and localisation on the tests of both worlds: voxel IoU, calibration and search cost."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ago_ros.datasets.query_views.store import Ask, QueryView
from ago_ros.evaluation.search_cost import SearchCost, search_cost
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.baselines import METHODS, SemAware
from ago_ros.scene_query.semabs.decision import Reading
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.scene_query.semabs.seen_view import (
    COMPLETE,
    LOCATE,
    answer_view,
    coarse_grid,
    settle,
    task_of,
    tasks_of,
    truth_of,
)

RESOLUTION = 32
PROTOCOL = (
    "room world; voxel IoU in % at 32 x 32 x 32 over the two-metre cube, a voxel holds what any part of it holds; "
    "outdoor: drive world, one LiDAR sweep with six cameras, 32 x 32 x 5 over the 40 m on one side of the car; the "
    "answer of a completion is every object of the class, that of a description every place consistent with it; "
    "threshold and calibration chosen on the validation splits, for each relation; novel_synonyms: questions with a "
    "held-out synonym; novel_classes: questions with a novel class; means over questions, then over labels (or rooms, "
    "or relations)"
)
_ECE_BINS = 20
LIKELY = 0.1
"""Voxels with less are left out of the second calibration error."""


@dataclass(frozen=True)
class Scored:
    """A question with its score.

    Attributes:
        room: its room.
        task: "complete" or "locate".
        label: the class, or "target relation reference".
        relation: "" for a completion.
        iou: 0..1.
        cost: of the search for what is hidden; None where nothing is.
        key: of the question, the same for every method.
    """

    room: int
    task: str
    label: str
    relation: str
    iou: float
    cost: SearchCost | None
    key: str


class CalibrationError:
    """Expected calibration error of voxels' probabilities. Source: Guo et al. 2017, equation 5, 20 equal bins."""

    def __init__(self) -> None:
        self._sums = torch.zeros(3, _ECE_BINS, dtype=torch.float64)

    def add(self, probability: Tensor, truth: Tensor) -> None:
        """Counts (Q,) probabilities with (Q,) bool truth; those that are not finite are left out."""
        finite = torch.isfinite(probability)
        p, true = probability[finite].double(), truth[finite].double()
        place = (p * _ECE_BINS).long().clamp(0, _ECE_BINS - 1)
        for row, weights in enumerate((torch.ones_like(p), p, true)):
            self._sums[row] += torch.bincount(place, weights, minlength=_ECE_BINS)

    def error(self, least: float = 0.0) -> float:
        """Returns the error over the bins from `least` on, in 0..1; NaN where they are empty."""
        counts, said, came = self._sums[:, round(least * _ECE_BINS) :]
        total = float(counts.sum())
        return float((said - came).abs().sum()) / total if total else float("nan")


@dataclass
class SplitScores:
    """What one method reached on one split.

    Attributes:
        rows: the questions.
        calibration: by task.
    """

    rows: list[Scored] = field(default_factory=list)
    calibration: dict[str, CalibrationError] = field(default_factory=dict)

    def mean_iou(self, task: str, by: str = "label") -> float:
        """Returns the mean IoU of a task, over the means of each label, room or relation; NaN without questions.

        Args:
            task: "complete" or "locate".
            by: "label", "room" or "relation".
        """
        groups: dict[Any, list[float]] = {}
        for row in self.rows:
            if row.task == task:
                groups.setdefault(getattr(row, by), []).append(row.iou)
        return statistics.fmean(map(statistics.fmean, groups.values())) if groups else float("nan")

    def relation_ious(self) -> dict[str, float]:
        """Returns the mean IoU of the descriptions of each relation; NaN where there are none."""
        found = {relation: [row.iou for row in self.rows if row.relation == relation] for relation in RELATIONS}
        return {relation: statistics.fmean(ious) if ious else float("nan") for relation, ious in found.items()}

    def costs(self) -> dict[str, SearchCost]:
        """Returns the costs of the searches by question."""
        return {row.key: row.cost for row in self.rows if row.cost is not None}

    def report(self) -> dict[str, Any]:
        """Returns all numbers for JSON; what is not is None."""
        costs = list(self.costs().values())
        numbers: dict[str, Any] = {"relations": self.relation_ious(), "searches": len(costs)}
        for task in (COMPLETE, LOCATE):
            calibration = self.calibration.get(task)
            numbers[task] = {
                "questions": sum(row.task == task for row in self.rows),
                **{f"iou_by_{by}": self.mean_iou(task, by) for by in ("label", "room")},
                "ece": calibration.error() if calibration else float("nan"),
                "ece_likely": calibration.error(LIKELY) if calibration else float("nan"),
            }
        if costs:
            numbers["search_share_of_random"] = sum(c.volume for c in costs) / sum(c.random for c in costs)
            numbers["search_m3"] = statistics.fmean(c.volume for c in costs)
        return _without_nan(numbers)


def scored_asks(view: QueryView, tasks: Sequence[str]) -> list[Ask]:
    """Returns what a split scores of a view. All completions are kept: they compete for voxels."""
    return [ask for ask in view.asks if task_of(ask) in tasks and (ask.scored or not ask.relation)]


def search_of(view: QueryView, ask: Ask, order: Tensor) -> SearchCost | None:
    """Costs the search for a description's hidden target.

    Args:
        view: the view.
        ask: the description.
        order: (R * Y * Z,) finite; what is highest is looked at first.

    Returns:
        The cost over the voxels with a part that no ray has reached; None where the target is not hidden.
    """
    if ask.hidden < 0:
        return None
    grid = coarse_grid(view.grid, RESOLUTION)
    unseen = truth_of(view, 0, RESOLUTION)
    target = truth_of(view, ask.hidden, RESOLUTION).nonzero()
    return search_cost(order.reshape(grid.shape), grid, target, unseen)


def evaluate_network(
    network: SemAbs | SemAware,
    reading: Reading,
    views: Iterable[QueryView],
    texts: Mapping[str, Tensor],
    progress: Callable[[], None] | None = None,
) -> SplitScores:
    """Scores a trained network on the views of a test split.

    Args:
        network: in evaluation mode.
        reading: what belongs to its weights.
        views: with the maps of its method.
        texts: embeddings of the questions, for a method that reads them.
        progress: told after each view.
    """
    method = METHODS[reading.method]
    tasks = tasks_of(method)
    scores = SplitScores(calibration={task: CalibrationError() for task in tasks})
    for view in views:
        asks = scored_asks(view, tasks)
        answers = answer_view(network, method, view, asks, RESOLUTION, texts)
        for ask, logits, settled in zip(asks, answers, settle(asks, answers), strict=True):
            if not ask.scored:
                continue
            truth, decision = truth_of(view, ask.answer, RESOLUTION).flatten(), reading.decision(ask.relation)
            found = decision.accept(settled)
            iou = float((found & truth).sum() / (found | truth).sum())
            scores.calibration[task_of(ask)].add(decision.probability(logits), truth)
            scores.rows.append(make_row(view, ask, iou, search_of(view, ask, logits)))
        if progress:
            progress()
    return scores


def make_row(view: QueryView, ask: Ask, iou: float, cost: SearchCost | None) -> Scored:
    """Puts a question and its score together."""
    return Scored(view.room, task_of(ask), ask.label, ask.relation, iou, cost, f"{view.name}: {ask.label}")


def _without_nan(value: Any) -> Any:
    """Puts None for what is not a number, as JSON has no such thing."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    return None if isinstance(value, float) and value != value else value
