"""Tables of completion and localisation in the layout of SemAbs' tables 1, 2 and 4, and of search cost, over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from ago_ros.evaluation.benchmark import Result
from ago_ros.evaluation.scene_query import LIKELY, PROTOCOL, SplitScores
from ago_ros.evaluation.search_cost import compare_search
from ago_ros.evaluation.tables import spread
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.seen_view import COMPLETE, LOCATE

ANALYTIC = "analytic"
ROWS = {
    "semaware": "SemAware",
    "single_scale": "SemAbs, single-scale relevancy",
    "clip_spatial": "ClipSpatial",
    ANALYTIC: "analytic relation fields",
    "semabs": "SemAbs",
}
"""Names of the rows, in their order."""

Runs = Mapping[str, Sequence[Mapping[str, SplitScores]]]
"""By method, the scores of each seed by split."""


def make_tables(runs: Runs) -> list[Result]:
    """Lays out every table that there are scores for.

    Raises:
        ValueError: there are no runs.
    """
    if not any(runs.values()):
        raise ValueError("there is nothing to lay out: give at least one trained folder")
    ordered = {method: runs[method] for method in ROWS if runs.get(method)}
    completing = {method: seeds for method, seeds in ordered.items() if method not in ("clip_spatial", ANALYTIC)}
    tables = [
        _iou_table("scene_query_completion", "Completion (OVSSC), as SemAbs' table 1", COMPLETE, completing),
        _iou_table("scene_query_location", "Localisation (VOOL), as SemAbs' table 2", LOCATE, ordered),
        _relation_table(ordered),
        _search_table(ordered),
        _calibration_table({method: seeds for method, seeds in ordered.items() if method != ANALYTIC}),
    ]
    return [table for table in tables if table.rows]


def _iou_table(name: str, title: str, task: str, runs: Runs) -> Result:
    """Shows the mean over labels, and the mean over rooms behind a stroke."""
    splits = _splits(runs)
    rows = []
    for method, seeds in runs.items():
        means = [[_over(seeds, split, _mean_by(task, by)) for by in ("label", "room")] for split in splits]
        cells = [" / ".join(pair) for pair in means]
        rows.append([ROWS[method], str(len(seeds)), *cells])
    caption = f"{title}: per label / per room; {PROTOCOL}; over seeds: mean ± sample standard deviation"
    return Result(name, caption, ["approach", "seeds", *splits], rows, _ratios(runs, task), figures_of(runs))


def _relation_table(runs: Runs) -> Result:
    splits = _splits(runs)
    rows = []
    for method, seeds in runs.items():
        for relation in RELATIONS:
            cells = [_over(seeds, split, _iou_of(relation)) for split in splits]
            rows.append([f"{ROWS[method]}: {relation}", str(len(seeds)), *cells])
        cells = [_over(seeds, split, _mean_by(LOCATE, "relation")) for split in splits]
        rows.append([f"{ROWS[method]}: mean", str(len(seeds)), *cells])
    caption = f"Localisation by relation, as SemAbs' table 4: {PROTOCOL}"
    verdict = _relation_verdict(runs)
    return Result(
        "scene_query_relations", caption, ["approach: relation", "seeds", *splits], rows, verdict, figures_of(runs)
    )


def _search_table(runs: Runs) -> Result:
    splits = [split for split in _splits(runs) if any(run[split].costs() for seeds in runs.values() for run in seeds)]
    rows = []
    for method, seeds in runs.items():
        cells = [_over(seeds, split, _search_share) for split in splits]
        rows.append([ROWS[method], str(len(seeds)), *cells])
    searches = {split: max(len(run[split].costs()) for seeds in runs.values() for run in seeds) for split in splits}
    caption = (
        "Search cost, in % of what looking in random order takes: unobserved volume looked at, most probable first, "
        f"until a hidden target is met; searches: {', '.join(f'{split} {n}' for split, n in searches.items())}"
    )
    columns = ["approach", "seeds", *splits]
    return Result(
        "scene_query_search", caption, columns, rows if splits else [], _search_verdict(runs), figures_of(runs)
    )


def _calibration_table(runs: Runs) -> Result:
    """Shows the expected calibration error over all voxels, and over those held to be likely behind a stroke."""
    splits, rows = _splits(runs), []
    for method, seeds in runs.items():
        for task in (COMPLETE, LOCATE):
            if any(task in scores.calibration for run in seeds for scores in run.values()):
                pairs = [[_over(seeds, split, _ece(task, least)) for least in (0.0, LIKELY)] for split in splits]
                rows.append([f"{ROWS[method]}: {task}", str(len(seeds)), *(" / ".join(pair) for pair in pairs)])
    caption = (
        "Expected calibration error of a voxel's probability, in %, 20 equal bins: over all voxels / over those given "
        f"at least {LIKELY:.0%}; factor and bias fitted on the validation splits"
    )
    verdict = "most voxels are surely empty, so that the error over all is small whatever is said of the others"
    return Result(
        "scene_query_calibration", caption, ["approach: task", "seeds", *splits], rows, verdict, figures_of(runs)
    )


def _ece(task: str, least: float) -> Callable[[SplitScores], float]:
    return lambda scores: scores.calibration[task].error(least) if task in scores.calibration else float("nan")


def _mean_by(task: str, by: str) -> Callable[[SplitScores], float]:
    return lambda scores: scores.mean_iou(task, by)


def _iou_of(relation: str) -> Callable[[SplitScores], float]:
    return lambda scores: scores.relation_ious()[relation]


def _search_share(scores: SplitScores) -> float:
    costs = list(scores.costs().values())
    return sum(c.volume for c in costs) / sum(c.random for c in costs) if costs else float("nan")


def _over(seeds: Sequence[Mapping[str, SplitScores]], split: str, score: Callable[[SplitScores], float]) -> str:
    return spread([score(run[split]) for run in seeds if split in run])


def _splits(runs: Runs) -> list[str]:
    return list(dict.fromkeys(split for seeds in runs.values() for run in seeds for split in run))


def _mean(runs: Runs, method: str, split: str, task: str) -> float:
    values = [run[split].mean_iou(task) for run in runs.get(method, ()) if split in run]
    return statistics.fmean(values) if values else float("nan")


def _ratios(runs: Runs, task: str) -> str:
    """Says how ours compares on novel classes with what the aims name."""
    aims = {COMPLETE: {"single_scale": 3.0}, LOCATE: {"clip_spatial": 1.75, "semaware": 6.0}}[task]
    ours = _mean(runs, "semabs", "novel_classes", task)
    told = []
    for method, aim in aims.items():
        other = _mean(runs, method, "novel_classes", task)
        if ours == ours and other == other:
            ratio = ours / other if other > 0 else float("inf")
            told.append(f"{ratio:.2f} times {ROWS[method]} (aim {aim:g}: {'met' if ratio >= aim else 'missed'})")
    if not told:
        return "no baseline to compare with on novel classes"
    return "on novel classes SemAbs reaches " + "; ".join(told)


def _relation_verdict(runs: Runs) -> str:
    if not (runs.get("semabs") and runs.get(ANALYTIC)):
        return "no analytic row to compare with"
    behind = []
    for split in _splits(runs):
        for relation in RELATIONS:
            ours = [run[split].relation_ious()[relation] for run in runs["semabs"] if split in run]
            other = [run[split].relation_ious()[relation] for run in runs[ANALYTIC] if split in run]
            if ours and other and statistics.fmean(ours) <= statistics.fmean(other):
                behind.append(f"{relation} ({split})")
    if behind:
        return f"SemAbs is not ahead of the analytic fields in: {', '.join(behind)}"
    return "SemAbs is ahead of the analytic fields in every relation"


def _search_verdict(runs: Runs) -> str:
    """Compares ours with the analytic search, target by target."""
    if not (runs.get("semabs") and runs.get(ANALYTIC)):
        return "no analytic search to compare with"
    told = []
    for split in _splits(runs):
        analytic = runs[ANALYTIC][0].get(split, SplitScores()).costs()
        ratios = []
        for run in runs["semabs"]:
            ours = run.get(split, SplitScores()).costs()
            shared = [key for key in ours if key in analytic]
            if shared:
                ratios.append(compare_search([ours[k] for k in shared], [analytic[k] for k in shared]).ratio)
        if ratios:
            ratio = statistics.fmean(ratios)
            told.append(f"{split} {ratio:.2f} ({'met' if ratio <= 0.5 else 'missed'})")
    if not told:
        return "nothing hidden was searched for"
    return f"SemAbs' search cost over that of the analytic search (aim 0.5): {', '.join(told)}"


def figures_of(runs: Runs) -> dict[str, list[dict[str, object]]]:
    """Returns every number by method, seed and split, for JSON."""
    return {
        method: [{split: scores.report() for split, scores in run.items()} for run in seeds]
        for method, seeds in runs.items()
    }


def report_json(runs: Runs, tables: Sequence[Result]) -> dict[str, object]:
    """Returns protocol, verdicts and every number, for JSON."""
    verdicts = {table.name: table.verdict for table in tables}
    return {"protocol": PROTOCOL, "verdicts": verdicts, "runs": figures_of(runs)}
