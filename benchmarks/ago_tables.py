"""AGO's tables 1 to 5 in small: trains what is missing, scores it, and lays it out. What is done is not done again.

Table 1 holds the training paradigms and the lift predictor against each other where all categories are known, table 2
the open world, category by category, table 3 the paradigms in all settings, table 4 the identifiers, table 5 noise
prompts and the occupancy loss. A run belongs to every table that it has a row in.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ago_ros.cli.options import find_config
from ago_ros.evaluation.ago import CLOSED, STAGES_OF, EvaluationSet, score_checkpoint, score_lift_beside, stage_scores
from ago_ros.evaluation.ago_frames import Score, Scored
from ago_ros.evaluation.ago_report import LIFT, MASK, MISSED
from ago_ros.evaluation.ago_score_file import load_scored, save_scored
from ago_ros.evaluation.benchmark import Result, given_command, make_parser, publish_all, write_json
from ago_ros.evaluation.open_world import OpenWorldScores
from ago_ros.evaluation.tables import AblationRow, Protocol, Runs, ablation_table, closed_world_table, open_world_table
from ago_ros.occupancy.ago.variants import NOTE_FILE, VARIANTS
from ago_ros.scene.identifier import Criterion
from ago_ros.training.ago.config import AgoTrainingConfig, read_config
from ago_ros.training.ago.train import AgoRun, train_ago
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.loading import load_vlm

RIVALS = ("alignment", "grounding", "one-embedding", "ago")
CRITERIA: tuple[Criterion, ...] = ("none", "confidence", "entropy")
SCORES = "scores.pt"
ASSUMED_S = 1.0
"""Seconds a step that `--plan` assumes before anything was trained."""


@dataclass(frozen=True)
class Job:
    """One model of the tables."""

    setting: str
    variant: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.setting}-{self.variant}-{self.seed}"


class Workshop:
    """Trains and scores jobs, each once.

    Args:
        options: of the command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.config: AgoTrainingConfig = read_config(find_config("ago", options.config))
        if options.steps:
            few = replace(self.config.few_shot, steps=max(1, options.steps // 3))
            self.config = replace(self.config, loop=replace(self.config.loop, steps=options.steps), few_shot=few)
        self.data = EvaluationSet(options.test, None, tuple(options.scene or ()))
        self._vlm: VisionLanguageModel | None = None

    @property
    def vlm(self) -> VisionLanguageModel:
        """The vision-language model, loaded when it is needed."""
        if self._vlm is None:
            self._vlm = load_vlm(self.options.vlm, self.options.device)
        return self._vlm

    def folder(self, job: Job) -> Path:
        """Folder of a job's model and scores."""
        return self.options.work / job.name

    def trained(self, job: Job) -> bool:
        """Whether a job's model is there."""
        return (self.folder(job) / NOTE_FILE).is_file()

    def steps(self, job: Job) -> int:
        """Steps of a job's training."""
        return self.config.few_shot.steps if job.setting == "few-shot" else self.config.loop.steps

    def step_s(self) -> float | None:
        """Median seconds of a step in the logs that are there; None before there is one."""
        rows = [json.loads(line) for path in self.options.work.glob("*/log.jsonl") for line in path.open()]
        seconds = [row["seconds"] for row in rows if "seconds" in row]
        return statistics.median(seconds) if seconds else None

    def train(self, job: Job) -> None:
        """Trains a job, and what it starts from, where that is missing."""
        if self.trained(job):
            return
        start = None
        if job.setting == "few-shot":
            before = replace(job, setting="pretrain")
            self.train(before)
            start = self.folder(before)
        run = AgoRun(
            job.setting, self.options.data, self.folder(job), job.variant, self.options.labels, job.seed, start
        )
        print(f"{job.name}: training, {self.steps(job)} steps", flush=True)
        train_ago(self.config, run, self.vlm, self.options.device, report=lambda line: print(line, flush=True))

    def score(self, job: Job) -> Scored:
        """Returns a job's scores, by every identifier and at every stage of its setting."""
        self.train(job)
        made_of = self._made_of((self.folder(job) / NOTE_FILE).read_text())
        path = self.folder(job) / SCORES
        scored = load_scored(path, made_of)
        if scored is None:
            print(f"{job.name}: scoring", flush=True)
            scored = score_checkpoint(
                self.folder(job), self.vlm, self.data, STAGES_OF[job.setting], CRITERIA, device=self.options.device
            )
            save_scored(path, scored, made_of)
        return scored

    def lift(self) -> Scored:
        """Returns the lift predictor's scores."""
        path, made_of = self.options.work / f"lift-{SCORES}", self._made_of(f"lift {self.options.vlm}")
        scored = load_scored(path, made_of)
        if scored is None:
            print("lift predictor: scoring", flush=True)
            scored = score_lift_beside(self.vlm, self.data)
            path.parent.mkdir(parents=True, exist_ok=True)
            save_scored(path, scored, made_of)
        return scored

    def closed(self, job: Job, criterion: Criterion = "none") -> Score:
        """Returns a job's score by Occ3D's protocol."""
        return self.score(job).scores[f"{CLOSED}/{criterion}"]

    def open(self, job: Job, stage: str, criterion: Criterion | None = None) -> OpenWorldScores:
        """Returns a job's score at a stage, by the paper's identifier where its variant has one."""
        best: Criterion = "entropy" if VARIANTS[job.variant].alignment == "adapted" else "none"
        return stage_scores(self.score(job), stage, criterion or best)

    def protocol(self, mask: str = MASK) -> Protocol:
        """What the tables say of themselves."""
        reader, scenes, _ = self.data.open()
        keyframes = sum(len(reader.samples(scene)) for scene in scenes)
        what = f"{self.options.config}, {self.config.loop.steps} steps; {self.options.test.name}"
        return Protocol(f"{what}, {len(scenes)} scenes, {keyframes} keyframes, Occ3D labels", mask)

    def _made_of(self, model: str) -> str:
        return json.dumps([model, str(self.options.test.resolve()), self.options.scene])


def jobs(setting: str, variants: Sequence[str], seeds: int) -> list[Job]:
    """Lists the runs of some variants."""
    return [Job(setting, variant, seed) for variant in variants for seed in range(seeds)]


def needed(table: int, seeds: int) -> list[Job]:
    """Lists the runs that a table needs."""
    if table == 1:
        return jobs("self-supervised", RIVALS, seeds)
    if table == 2:
        return [job for setting in ("pretrain", "few-shot") for job in jobs(setting, RIVALS, seeds)]
    if table == 3:
        return [*needed(1, seeds), *needed(2, seeds)]
    if table == 4:
        return jobs("pretrain", ("ago",), seeds)
    return [*jobs("self-supervised", ("plain", "no-noise"), 1), *jobs("self-supervised", ("ago",), seeds)]


def table_1(shop: Workshop, seeds: int) -> list[Result]:
    """Everything known: AGO, its rivals and the lift predictor; also where the sweep has no return."""
    results, means = [], {}
    for name, mask, missed in (("ago_table_1", MASK, False), ("ago_table_1_missed", MISSED, True)):
        rows = {
            VARIANTS[variant].title: [
                shop.closed(job).table(missed) for job in jobs("self-supervised", (variant,), seeds)
            ]
            for variant in RIVALS
        }
        rows[LIFT] = [shop.lift().scores[CLOSED].table(missed)]
        means[missed] = {title: statistics.fmean(run["mIoU"] for run in runs) for title, runs in rows.items()}
        results.append((name, mask, rows))
    first = max(means[False], key=means[False].__getitem__) == VARIANTS["ago"].title
    ratio = means[True][VARIANTS["ago"].title] / max(means[True][LIFT], 1e-9)
    verdicts = (
        f"aim (AGO's mIoU is the highest): {_met(first)}",
        f"aim (AGO's mIoU at least 1.5 times the lift predictor's; it is {ratio:.2f} times): {_met(ratio >= 1.5)}",
    )
    return [
        closed_world_table(name, shop.protocol(mask), rows, verdict)
        for (name, mask, rows), verdict in zip(results, verdicts)
    ]


def _stage_rows(shop: Workshop, seeds: int) -> dict[str, dict[str, list[OpenWorldScores]]]:
    settings = {stage: setting for setting, stages in STAGES_OF.items() for stage in stages if stage != CLOSED}
    return {
        stage: {
            VARIANTS[variant].title: [shop.open(job, stage) for job in jobs(setting, (variant,), seeds)]
            for variant in RIVALS
        }
        for stage, setting in settings.items()
    }


def table_2(shop: Workshop, seeds: int) -> list[Result]:
    """The open world, category by category."""
    rows = _stage_rows(shop, seeds)
    ago, grounding = VARIANTS["ago"].title, VARIANTS["grounding"].title
    ratios = {
        stage: _mean(methods[ago], "unknown") / max(_mean(methods[grounding], "unknown"), 1e-9)
        for stage, methods in rows.items()
        if stage != "few-shot"
    }
    said = ", ".join(f"{ratio:.1f} times at {stage}" for stage, ratio in ratios.items())
    verdict = f"aim (AGO's unknown mIoU at least 3 times grounding only; {said}): {_met(min(ratios.values()) >= 3)}"
    return [open_world_table("ago_table_2", shop.protocol(), rows, verdict)]


def table_3(shop: Workshop, seeds: int) -> list[Result]:
    """The training paradigms in all settings."""
    stages, rows = _stage_rows(shop, seeds), []
    for variant in RIVALS:
        title = VARIANTS[variant].title
        closed = [shop.closed(job).matrix.table()["mIoU"] for job in jobs("self-supervised", (variant,), seeds)]
        scores: dict[str, Runs] = {"self-supervised": closed}
        scores |= {stage: methods[title] for stage, methods in stages.items()}
        rows.append(AblationRow((title,), scores))
    first = {
        column: max(rows, key=lambda row: _mean(row.scores[column], "all")).settings[0] for column in rows[0].scores
    }
    behind = [f"{column}: {title}" for column, title in first.items() if title != VARIANTS["ago"].title]
    verdict = f"aim (AGO is first in every column, by the mean over all categories): {_met(not behind)}"
    verdict += f"; first are {', '.join(behind)}" if behind else ""
    return [ablation_table("ago_table_3", "Training paradigms", shop.protocol(), ("paradigm",), rows, verdict)]


def table_4(shop: Workshop, seeds: int) -> list[Result]:
    """The identifiers."""
    rows = [
        AblationRow(
            (criterion,),
            {
                stage: [shop.open(job, stage, criterion) for job in jobs("pretrain", ("ago",), seeds)]
                for stage in STAGES_OF["pretrain"]
            },
        )
        for criterion in CRITERIA
    ]
    rising = all(
        _mean(low.scores[stage], "unknown") <= _mean(high.scores[stage], "unknown")
        for stage in STAGES_OF["pretrain"]
        for low, high in pairwise(rows)
    )
    verdict = f"aim (unknown mIoU rises from none over confidence to entropy): {_met(rising)}"
    return [ablation_table("ago_table_4", "Open-world identifier", shop.protocol(), ("identifier",), rows, verdict)]


def table_5(shop: Workshop, seeds: int) -> list[Result]:
    """Noise prompts and occupancy loss."""
    parts = {"plain": ("no", "no", 1), "no-noise": ("no", "yes", 1), "ago": ("yes", "yes", seeds)}
    rows = []
    for variant, (noise, occupancy, count) in parts.items():
        tables = [shop.closed(job).matrix.table() for job in jobs("self-supervised", (variant,), count)]
        rows.append(AblationRow((noise, occupancy), {c: [table[c] for table in tables] for c in ("IoU", "mIoU")}))
    means = [statistics.fmean(float(run) for run in row.scores["mIoU"]) for row in rows]  # type: ignore[arg-type]
    verdict = f"aim (each part raises mIoU): {_met(means == sorted(means))}"
    headings = ("noise prompts", "occupancy loss")
    return [ablation_table("ago_table_5", "Parts of AGO", shop.protocol(), headings, rows, verdict)]


TABLES: Mapping[int, Callable[[Workshop, int], list[Result]]] = {
    1: table_1, 2: table_2, 3: table_3, 4: table_4, 5: table_5,
}  # fmt: skip


def _mean(runs: Sequence[float | OpenWorldScores], name: str) -> float:
    return statistics.fmean(run if isinstance(run, float) else getattr(run, name) for run in runs)


def _met(true: bool) -> str:
    return "met" if true else "missed"


def plan(shop: Workshop, tables: Sequence[int], seeds: int) -> str:
    """Says which runs are missing, and how long they take."""
    wanted = dict.fromkeys(job for table in tables for job in needed(table, seeds))
    missing = [job for job in wanted if not shop.trained(job)]
    measured = shop.step_s()
    step_s = measured or ASSUMED_S
    lines = [f"{job.name}: {shop.steps(job)} steps, {shop.steps(job) * step_s / 60:.1f} min" for job in missing]
    total = sum(shop.steps(job) for job in missing) * step_s / 3600
    basis = "measured" if measured else "assumed"
    end = f"{len(missing)} of {len(wanted)} models are missing: about {total:.1f} h at {step_s:.2f} s a step ({basis})"
    return "\n".join([*lines, end])


def main() -> None:
    """Runs the tables that are asked for."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument(
        "--table", type=int, action="append", choices=TABLES, help="number, any number of times; else all"
    )
    parser.add_argument("--data", type=Path, required=True, help="nuScenes root to train on")
    parser.add_argument("--labels", type=Path, help="folder that `ago label --embeddings` wrote; else the root")
    parser.add_argument("--test", type=Path, required=True, help="nuScenes root with Occ3D labels to score on")
    parser.add_argument("--scene", action="append", help="of the test root, any number of times; else all")
    parser.add_argument("--vlm", default="ago-tiny", help="vision-language model of the embeddings")
    parser.add_argument("--work", type=Path, default=Path("build/ago_tables"), help="folder of models and scores")
    parser.add_argument("--config", default="tiny", help="settings of the training")
    parser.add_argument("--steps", type=int, help="in place of the settings' number; few-shot takes a third")
    parser.add_argument("--seeds", type=int, default=3, help="of AGO and its rivals")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--plan", action="store_true", help="say what is missing and how long it takes, and stop")
    options = parser.parse_args()
    shop, tables = Workshop(options), options.table or list(TABLES)
    if options.plan:
        print(plan(shop, tables, options.seeds))
        return
    figures = []
    for number in tables:
        results = TABLES[number](shop, options.seeds)
        publish_all(results, f"{given_command('table')} --table {number}", None, options.docs)
        figures += [{"name": r.name, "title": r.title, "verdict": r.verdict, **r.figures} for r in results]
    write_json(options.json, {"tables": figures})


if __name__ == "__main__":
    main()
