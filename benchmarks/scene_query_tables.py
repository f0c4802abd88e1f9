"""SemAbs' tables 1, 2 and 4, and search cost: draws, trains and scores what is missing. What is done is not done again.

Three seeds of SemAbs, one of each baseline, all by the same settings; the analytic relation fields need no training.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ago_ros.cli.options import find_config
from ago_ros.datasets.procedural.jobs import run_jobs
from ago_ros.datasets.query_views.splits import DRIVES, TEST_SPLITS
from ago_ros.evaluation.benchmark import given_command, make_parser, publish_all
from ago_ros.evaluation.scene_query_runs import evaluate_folders
from ago_ros.evaluation.scene_query_tables import make_tables, report_json
from ago_ros.scene_query.semabs.baselines import METHODS
from ago_ros.scene_query.semabs.decision import DECISION_FILE
from ago_ros.training.scene_query.config import SceneQueryConfig, read_config
from ago_ros.training.scene_query.draw import draw_missing, estimate_bytes, missing_jobs
from ago_ros.training.scene_query.train import train_scene_query
from ago_ros.vlm.loading import load_vlm

ROOM_VIEW_S, STREET_VIEW_S = 1.3, 2.2
STEP_S, OTHER_STEP_S = {"semaware": 0.35}, 0.7
ANSWER_S, OTHER_ANSWER_S = {"semaware": 3.0}, 1.4
"""Processor seconds on a core that other work shares: a view drawn with both kinds of maps, a step of `tiny`, an
answered view. The steps are in bfloat16 on a processor that multiplies it; elsewhere they take about twice as long."""
Run = tuple[str, int]
"""Method and seed."""


def runs_of(seeds: int) -> list[Run]:
    """Lists what is trained: the baselines once, ours with every seed."""
    return [*(("semabs", seed) for seed in range(seeds)), ("clip_spatial", 0), ("single_scale", 0), ("semaware", 0)]


def read_rows(text: str) -> list[Run]:
    """Reads which rows are wanted, such as "semabs:0,semabs:1,clip_spatial:0".

    Raises:
        ValueError: a method is not known, or a seed is no number.
    """
    runs = []
    for row in text.split(","):
        method, _, seed = row.strip().partition(":")
        if method not in METHODS or not seed.isdigit():
            raise ValueError(f"no row {row.strip()!r}: give METHOD:SEED, with a method of {', '.join(METHODS)}")
        runs.append((method, int(seed)))
    return list(dict.fromkeys(runs))


def estimate_hours(
    config: SceneQueryConfig, runs: list[Run], files: list[str], scored: list[Run], workers: int
) -> float:
    """Estimates how long the missing work takes.

    Args:
        config: settings.
        runs: that are not trained yet.
        files: the split of every room or drive that is not drawn yet.
        scored: all runs of the tables.
        workers: processes that share drawing and training; scoring is done by one.
    """
    views = [(config.draw.files_of(split)[1], STREET_VIEW_S if split in DRIVES else ROOM_VIEW_S) for split in files]
    shared = sum(count * seconds for count, seconds in views)
    shared += sum(config.loop.steps * STEP_S.get(method, OTHER_STEP_S) for method, _ in runs)
    tests = sum(math.prod(config.draw.files_of(split)) for split in TEST_SPLITS)
    scoring = sum(tests * ANSWER_S.get(method, OTHER_ANSWER_S) for method, _ in scored)
    return (shared / workers + scoring) / 3600


def train_one(
    config: SceneQueryConfig, run: Run, data: Path, folder: Path, vlm: str, device: str, tick: Callable[[], None]
) -> None:
    """Trains one method with one seed, in a process of its own on a processor."""
    method, seed = run
    begun = time.monotonic()
    train_scene_query(
        replace(config, loop=replace(config.loop, seed=seed)), method, data, folder, load_vlm(vlm), device,
        report=lambda line: print(f"{folder.name}: {line}", flush=True),
    )  # fmt: skip
    print(f"{folder.name}: done in {(time.monotonic() - begun) / 60:.0f} min", flush=True)
    tick()


def prepare(options: argparse.Namespace, config: SceneQueryConfig) -> list[Path]:
    """Draws and trains what is missing; returns the folders of the trainings that are wanted."""
    wanted = read_rows(options.rows) if options.rows else runs_of(options.seeds)
    folders = {run: options.out / f"{run[0]}_{run[1]}" for run in wanted}
    to_draw = missing_jobs(options.data, config.draw, options.vlm)
    to_train = [run for run, folder in folders.items() if not (folder / DECISION_FILE).is_file()]
    hours = estimate_hours(config, to_train, [job.split for job in to_draw], wanted, options.workers)
    size = estimate_bytes(config.draw, to_draw) / 2**20
    print(
        f"{len(to_draw)} rooms and drives to draw (at most {size:.0f} MiB), {len(to_train)} trainings: "
        f"about {hours:.1f} h with {options.workers} processes"
    )
    if options.plan:
        return []
    draw_missing(options.data, config.draw, options.vlm, options.workers)
    each = replace(config, threads=1) if options.device == "cpu" else config
    jobs = [(each, run, options.data, folders[run], options.vlm, options.device) for run in to_train]
    if jobs:
        run_jobs(train_one, jobs, len(jobs), options.workers if options.device == "cpu" else 1, None)
    return list(folders.values())


def main() -> None:
    """Draws, trains, scores and lays out."""
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument("--config", default="tiny", help="settings: a name or a file")
    parser.add_argument("--vlm", default="ago-tiny", help="reads the relevancy maps")
    parser.add_argument("--data", type=Path, default=Path("build/data/scene_query"), help="folder of the views")
    parser.add_argument("--out", type=Path, default=Path("build/train/scene_query"), help="folder of the trainings")
    parser.add_argument("--seeds", type=int, default=3, help="of SemAbs; baselines have one")
    parser.add_argument("--rows", help="make these alone, as METHOD:SEED,METHOD:SEED; the analytic row is always there")
    parser.add_argument("--steps", type=int, help="in place of the settings' number")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that draw or train")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--plan", action="store_true", help="say what is missing and how long it takes, and stop")
    options = parser.parse_args()
    config = read_config(find_config("scene_query", options.config))
    if options.steps:
        config = replace(config, loop=replace(config.loop, steps=options.steps))
    folders = prepare(options, config)
    if options.plan:
        return
    runs = evaluate_folders(folders, options.data, config.draw.splits(TEST_SPLITS), None, "", options.device)
    tables = make_tables(runs)
    publish_all(tables, given_command(), options.json, options.docs, report_json(runs, tables))


if __name__ == "__main__":
    main()
