"""Tables of scores in the layout of AGO's paper, over seeds. `benchmark.publish` prints and writes them.

A score is given once for each seed, in 0..1, and shown in percent: the mean, and with more than one seed the sample
standard deviation.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ago_ros.datasets.open_world import PRETRAINING, STAGES, SUPER_CATEGORIES, TRANSFER
from ago_ros.evaluation.benchmark import Result
from ago_ros.evaluation.occupancy import CLASSES_17
from ago_ros.evaluation.open_world import OpenWorldScores

NO_SCORE = "-"
"""Shown where a stage has no such category, or where it occurs in no voxel that counts in one of the runs."""

_SHORT = {
    "construction_vehicle": "constr. veh.", "motorcycle": "motorc.", "pedestrian": "pedestr.", "traffic_cone": "cone",
    "driveable_surface": "drive. surf.", "other_flat": "other flat", "vegetation": "veget.",
    "two_wheeler": "two-wheeler",
}  # fmt: skip

Runs = Sequence[float | OpenWorldScores]
"""One score of each seed: numbers, or open-world scores, shown as known/unknown/all."""

_MEANS = ("known", "unknown", "all")
_REFINED = tuple(name for members in SUPER_CATEGORIES.values() for name in members)
_OPEN_WORLD_COLUMNS = (
    *PRETRAINING.known, "known", *_REFINED, *(name for name in TRANSFER.unknown if name not in _REFINED), "unknown",
    "all",
)  # fmt: skip


@dataclass(frozen=True)
class Protocol:
    """What every table says about itself.

    Attributes:
        data: which frames of which set, and where the labels come from.
        mask: which voxels count, such as "camera mask".
    """

    data: str
    mask: str

    def caption(self, title: str, classes: str) -> str:
        """Writes the line above a table; `classes` says over which classes means are taken."""
        return (
            f"{title}: {self.data}; {self.mask}; one confusion matrix over the whole set; IoU in %, free left out; "
            f"{classes}; over seeds: mean ± sample standard deviation"
        )


@dataclass(frozen=True)
class AblationRow:
    """One row of a table whose columns are settings and scores.

    Attributes:
        settings: the cells on the left.
        scores: by column.
    """

    settings: Sequence[str]
    scores: Mapping[str, Runs]


def closed_world_table(
    name: str, protocol: Protocol, rows: Mapping[str, Sequence[Mapping[str, float]]], verdict: str
) -> Result:
    """Lays out every class, `mIoU*`, `mIoU` and `IoU`, as AGO's table 1 does.

    Args:
        name: of the result, see `Result`.
        protocol: of every row.
        rows: by method, what `ConfusionMatrix.table` says of each seed; with `RayIoU` added, that is a column too.
        verdict: one line: the aim, and whether it was met.
    """
    columns = (*CLASSES_17, "mIoU*", "mIoU", "IoU")
    classes = "mIoU over those of 17 classes that occur, mIoU* without others and other_flat, IoU of occupied voxels"
    if any("RayIoU" in run for runs in rows.values() for run in runs):
        columns = (*columns, "RayIoU")
        classes += "; RayIoU over 17 classes and 1, 2, 4 m, without a mask"
    scores = [({"method": method}, {c: [run[c] for run in runs] for c in columns}) for method, runs in rows.items()]
    return _result(name, protocol.caption("Closed world, self-supervised", classes), columns, scores, verdict)


def open_world_table(
    name: str, protocol: Protocol, rows: Mapping[str, Mapping[str, Sequence[OpenWorldScores]]], verdict: str
) -> Result:
    """Lays out the categories of every stage and their means, as AGO's table 2 does.

    Args:
        name: of the result, see `Result`.
        protocol: of every row.
        rows: by stage and method, the scores of each seed.
        verdict: one line: the aim, and whether it was met.

    Raises:
        ValueError: a stage is none of `STAGES`.
    """
    unknown_stages = [stage for stage in rows if stage not in STAGES]
    if unknown_stages:
        raise ValueError(f"{unknown_stages[0]!r} is none of the stages: {', '.join(STAGES)}")
    scores = [
        ({"stage": stage, "method": method}, _open_world_columns(runs))
        for stage, methods in rows.items()
        for method, runs in methods.items()
    ]
    classes = (
        f"15 classes, without others and other_flat; known in pretraining: {_listed(PRETRAINING.known)}; known later: "
        f"{_listed(TRANSFER.known)}; known, unknown, all: means over the categories that occur"
    )
    return _result(name, protocol.caption("Open world", classes), _OPEN_WORLD_COLUMNS, scores, verdict)


def ablation_table(
    name: str, title: str, protocol: Protocol, settings: Sequence[str], rows: Sequence[AblationRow], verdict: str
) -> Result:
    """Lays out settings against scores, as AGO's tables 3, 4 and 5 do.

    Args:
        name: of the result, see `Result`.
        title: what is varied.
        protocol: of every row.
        settings: headings of the cells on the left.
        rows: with the same columns each.
        verdict: one line: the aim, and whether it was met.

    Raises:
        ValueError: rows differ in their columns or their number of settings.
    """
    columns = tuple(rows[0].scores) if rows else ()
    for row in rows:
        if tuple(row.scores) != columns or len(row.settings) != len(settings):
            raise ValueError(f"row {list(row.settings)} has other columns than {[*settings, *columns]}")
    scores = [(dict(zip(settings, row.settings)), row.scores) for row in rows]
    classes = (
        "IoU of occupied voxels, mIoU over those of Occ3D's 17 classes that occur; of open-world stages "
        "known/unknown/all, means over the categories of 15 classes"
    )
    return _result(name, protocol.caption(title, classes), columns, scores, verdict)


def spread(values: Sequence[float]) -> str:
    """Writes scores in 0..1 over seeds as percent: `19.2 ± 0.3`, `19.2` for one seed; `-` if one is NaN or none is."""
    found = _statistics(values)
    if found["mean"] is None:
        return NO_SCORE
    return f"{found['mean']:.2f}" + (f" ± {found['std']:.2f}" if found["std"] is not None else "")


def _statistics(values: Sequence[float]) -> dict[str, Any]:
    """Returns, in percent, the mean, the sample standard deviation, and each seed's score; None for what is not."""
    percent = [None if math.isnan(value) else 100 * value for value in values]
    whole = [value for value in percent if value is not None]
    known = bool(whole) and len(whole) == len(percent)
    return {
        "mean": statistics.fmean(whole) if known else None,
        "std": statistics.stdev(whole) if known and len(whole) > 1 else None,
        "seeds": percent,
    }


def _open_world_columns(runs: Sequence[OpenWorldScores]) -> dict[str, list[float]]:
    """Lists the scores of each column; of a category that the stage lacks, none."""
    named = [{**run.ious, **{mean: getattr(run, mean) for mean in _MEANS}} for run in runs]
    return {column: [scores[column] for scores in named if column in scores] for column in _OPEN_WORLD_COLUMNS}


def _parts(runs: Runs) -> dict[str, list[float]]:
    """Splits runs into the numbers that a cell shows: one, or three."""
    open_world = [run for run in runs if isinstance(run, OpenWorldScores)]
    if open_world:
        return {mean: [getattr(run, mean) for run in open_world] for mean in _MEANS}
    return {"score": [run for run in runs if not isinstance(run, OpenWorldScores)]}


def _result(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[tuple[Mapping[str, str], Mapping[str, Runs]]],
    verdict: str,
) -> Result:
    """Lays out rows of (settings by heading, runs by column)."""
    if not rows:
        raise ValueError(f"the table {name!r} has no row: give at least one run")
    cells, figures = [], []
    for settings, scores in rows:
        parts = {column: _parts(scores[column]) for column in columns}
        seeds = max(len(runs) for runs in scores.values())
        shown = ("/".join(spread(values) for values in parts[column].values()) for column in columns)
        cells.append([*settings.values(), str(seeds), *shown])
        numbers = {c: {part: _statistics(values) for part, values in parts[c].items()} for c in columns}
        figures.append({**settings, "percent": numbers})
    headings = [*rows[0][0], "seeds", *(_SHORT.get(column, column) for column in columns)]
    return Result(name, title, headings, cells, verdict, {"rows": figures})


def _listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    """Joins names of classes for a reader."""
    return ", ".join(name.replace("_", " ") for name in names)
