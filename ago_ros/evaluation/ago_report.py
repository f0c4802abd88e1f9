"""Tables of several models of AGO, grouped over their seeds, and the same as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ago_ros.datasets.open_world import STAGES
from ago_ros.evaluation.ago import CLOSED, criteria_of, task_name
from ago_ros.evaluation.ago_frames import Score, Scored
from ago_ros.evaluation.benchmark import Result
from ago_ros.evaluation.open_world import OpenWorldScores, score_open_world
from ago_ros.evaluation.tables import Protocol, closed_world_table, open_world_table, spread
from ago_ros.occupancy.ago.variants import VARIANTS, TrainingNote
from ago_ros.scene.identifier import Criterion

MASK = "camera mask"
MISSED = "camera mask, without the voxels in which the keyframe's own sweep has a return"
LIFT = "lift predictor"


@dataclass(frozen=True, eq=False)
class ScoredModel:
    """One model and what it scored.

    Attributes:
        note: how it was trained.
        criteria: of the identifier that were asked for; see `criteria_of`.
        scored: by `task_name`.
    """

    note: TrainingNote
    criteria: Sequence[Criterion]
    scored: Scored

    def rows(self, stage: str) -> list[tuple[str, Score]]:
        """Returns the title of each row of a stage's table that it has a share in, and its score there."""
        title = VARIANTS[self.note.variant].title
        found = [
            (criterion, self.scored.scores[task_name(stage, criterion)])
            for criterion in criteria_of(self.note.variant, stage, self.criteria)
            if task_name(stage, criterion) in self.scored.scores
        ]
        if len(found) == 1:
            return [(title, found[0][1])]
        return [(f"{title}, identifier: {criterion}", score) for criterion, score in found]


def report_tables(models: Sequence[ScoredModel], lift: Scored | None, data: str, verdict: str = "") -> list[Result]:
    """Lays out what models scored: Occ3D's protocol, the same where the LiDAR has no return, and the open world.

    Args:
        models: each with the same stages.
        lift: of the lift predictor, or None.
        data: which frames of which set.
        verdict: one line below the tables; empty takes what the means say.

    Returns:
        The tables that there are scores for: `ago_closed`, `ago_missed`, `ago_open`.
    """
    results = []
    stages = dict.fromkeys(name.split("/")[0] for model in models for name in model.scored.scores)
    if CLOSED in stages or lift is not None:
        for name, mask, missed in (("ago_closed", MASK, False), ("ago_missed", MISSED, True)):
            rows = closed_rows(models, lift, missed)
            results.append(closed_world_table(name, Protocol(data, mask), rows, verdict or _means(rows)))
    open_rows = {stage: open_world_rows(models, stage) for stage in stages if stage in STAGES}
    if open_rows:
        results.append(open_world_table("ago_open", Protocol(data, MASK), open_rows, verdict or _open_means(open_rows)))
    return results


def closed_rows(
    models: Sequence[ScoredModel], lift: Scored | None, missed: bool = False
) -> dict[str, list[dict[str, float]]]:
    """Returns the scores of each seed by row on Occ3D's ids; see `Score.table`.

    RayIoU is left out unless every row has it.
    """
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for model in models:
        for title, score in model.rows(CLOSED):
            rows[title].append(score.table(missed))
    if lift is not None:
        rows[LIFT].append(lift.scores[CLOSED].table(missed))
    if not all("RayIoU" in run for runs in rows.values() for run in runs):
        return {title: [_without(run, "RayIoU") for run in runs] for title, runs in rows.items()}
    return dict(rows)


def open_world_rows(models: Sequence[ScoredModel], stage: str) -> dict[str, list[OpenWorldScores]]:
    """Returns the scores of each seed by row at a stage of the open world."""
    rows: dict[str, list[OpenWorldScores]] = defaultdict(list)
    for model in models:
        for title, score in model.rows(stage):
            rows[title].append(score_open_world(score.matrix, STAGES[stage]))
    return dict(rows)


def report_json(results: Sequence[Result], models: Sequence[ScoredModel], lift: Scored | None) -> dict[str, Any]:
    """Returns everything that the tables show, and how long encoding took."""
    timing = [{**vars(model.note), "encode_p50_ms": model.scored.encode_p50_ms} for model in models]
    tables = [{"name": r.name, "title": r.title, "verdict": r.verdict, **r.figures} for r in results]
    return {"models": timing, "lift_encode_p50_ms": lift.encode_p50_ms if lift else None, "tables": tables}


def _without(run: Mapping[str, float], name: str) -> dict[str, float]:
    return {key: value for key, value in run.items() if key != name}


def _means(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    return "By mIoU: " + "; ".join(f"{title} {spread([run['mIoU'] for run in runs])}" for title, runs in rows.items())


def _open_means(rows: Mapping[str, Mapping[str, Sequence[OpenWorldScores]]]) -> str:
    found = [
        f"{stage}, {title} {spread([run.unknown for run in runs])}"
        for stage, methods in rows.items()
        for title, runs in methods.items()
    ]
    return "unknown mIoU: " + "; ".join(found)
