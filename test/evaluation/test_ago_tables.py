"""The script that makes AGO's tables: which runs it needs, that nothing is done twice, and what its verdicts say."""

import importlib.util
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from ago_ros.datasets.occ3d import CLASS_NAMES, FREE
from ago_ros.datasets.open_world import STAGES
from ago_ros.evaluation.ago import CLOSED, STAGES_OF, criteria_of, task_name
from ago_ros.evaluation.ago_frames import Score, Scored
from ago_ros.evaluation.occupancy import ConfusionMatrix
from ago_ros.evaluation.open_world import OpenWorldScores, open_world_means
from ago_ros.evaluation.tables import Protocol
from ago_ros.occupancy.ago.variants import TrainingNote, read_note

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ago_tables.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("ago_tables", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["ago_tables"] = module
    spec.loader.exec_module(module)
    return module


def closed_score(cars: int, missed: int) -> Score:
    """So many of 100 cars are found."""
    matrices = []
    for found in (cars, missed):
        matrix = ConfusionMatrix()
        car = CLASS_NAMES.index("car")
        matrix.counts[car, car], matrix.counts[car, FREE] = found, 100 - found
        matrices.append(matrix)
    return Score(*matrices)


class Shop:
    """Scores by variant: of closed, missed, unknown."""

    def __init__(self, scores: dict[str, tuple[int, int, float]], identifiers: dict[str, float] | None = None) -> None:
        self.scores, self.identifiers = scores, identifiers or {}

    def closed(self, job, criterion="none") -> Score:
        return closed_score(self.scores[job.variant][0] + job.seed, self.scores[job.variant][1])

    def open(self, job, stage: str, criterion=None) -> OpenWorldScores:
        space, unknown = STAGES[stage], self.identifiers.get(criterion, self.scores[job.variant][2])
        return open_world_means({**dict.fromkeys(space.known, 0.4), **dict.fromkeys(space.unknown, unknown)}, space)

    def lift(self) -> Scored:
        return Scored({CLOSED: closed_score(30, 20)}, [1.0])

    def protocol(self, mask: str = "camera mask") -> Protocol:
        return Protocol("a street", mask)


PAPER = {
    "alignment": (10, 10, 0.05), "grounding": (50, 50, 0.02), "one-embedding": (40, 40, 0.06), "ago": (60, 40, 0.08),
    "no-noise": (55, 50, 0.0), "plain": (50, 40, 0.0),
}  # fmt: skip


def test_the_papers_order_meets_every_aim(script):
    shop = Shop(PAPER, {"none": 0.01, "confidence": 0.05, "entropy": 0.06})
    results = [result for table in script.TABLES.values() for result in table(shop, 2)]
    names = ["ago_table_1", "ago_table_1_missed", *(f"ago_table_{number}" for number in range(2, 6))]
    assert [result.name for result in results] == names
    assert all(": met" in result.verdict and "missed" not in result.verdict for result in results)
    first = results[0]
    assert [row[0] for row in first.rows][-2:] == ["AGO", "lift predictor"]
    assert first.rows[3][list(first.columns).index("car")] == "60.50 ± 0.71", "60 and 61 of 100"
    assert "2.00 times" in results[1].verdict and "4.0 times at zero-shot" in results[2].verdict
    assert [row[:2] for row in results[5].rows] == [["no", "no"], ["no", "yes"], ["yes", "yes"]]


def test_another_order_is_said(script):
    scores = {**PAPER, "one-embedding": (90, 40, 0.5), "grounding": (50, 50, 0.05), "plain": (80, 40, 0.0)}
    shop = Shop({**scores, "ago": (60, 25, 0.08)}, {"none": 0.2, "confidence": 0.1, "entropy": 0.3})
    results = {result.name: result.verdict for table in script.TABLES.values() for result in table(shop, 1)}
    assert all(verdict.split(": ")[-1].startswith("missed") or ": missed" in verdict for verdict in results.values())
    assert "self-supervised: both on one embedding" in results["ago_table_3"]
    assert "1.6 times" in results["ago_table_2"]


@pytest.fixture
def shop(script, tmp_path, monkeypatch):
    """A workshop that notes what it would train and score."""
    done: list[str] = []

    def train(config, run, *_, **__) -> None:
        done.append(f"train {run.out.name}")
        if run.start is not None:
            assert read_note(run.start).setting == "pretrain"
        run.out.mkdir(parents=True)
        (run.out / "log.jsonl").write_text('{"step": 0, "seconds": 2.0}\n')
        TrainingNote(run.setting, run.variant, run.seed, "v", 1.0, 1, 1).write(run.out)

    def score(folder, vlm, data, stages, criteria, **_) -> Scored:
        done.append(f"score {folder.name}")
        names = [task_name(s, c) for s in stages for c in criteria_of(read_note(folder).variant, s, criteria)]
        return Scored({name: closed_score(1, 1) for name in names}, [1.0])

    monkeypatch.setattr(script, "train_ago", train)
    monkeypatch.setattr(script, "score_checkpoint", score)
    monkeypatch.setattr(script, "load_vlm", lambda *_: None)

    def make(**changes):
        options = {"data": Path("d"), "labels": None, "test": Path("t"), "scene": None, "vlm": "v", "work": tmp_path,
                   "config": "tiny", "steps": 30, "device": "cpu"}  # fmt: skip
        return script.Workshop(Namespace(**{**options, **changes}))

    return make, done


def test_nothing_is_done_twice_and_few_shot_begins_with_pretraining(script, shop):
    make, done = shop
    job = script.Job("few-shot", "ago", 1)
    make().score(job)
    assert done == ["train pretrain-ago-1", "train few-shot-ago-1", "score few-shot-ago-1"]
    make().score(job)
    assert len(done) == 3, "trained, scored and kept"
    make(test=Path("other")).score(job)
    assert done[3:] == ["score few-shot-ago-1"], "another test set is another score"
    make().score(script.Job("pretrain", "ago", 1))
    assert done[4:] == ["score pretrain-ago-1"]


def test_the_plan_counts_what_is_missing(script, shop):
    make, _ = shop
    assert script.plan(make(), [5], 3).splitlines()[-1] == (
        "5 of 5 models are missing: about 0.0 h at 1.00 s a step (assumed)"
    )
    make(steps=3600).train(script.Job("self-supervised", "plain", 0))
    said = script.plan(make(steps=3600), [1, 5], 3).splitlines()
    assert len(said) == 14 and said[0] == "self-supervised-alignment-0: 3600 steps, 120.0 min"
    assert said[-1] == "13 of 14 models are missing: about 26.0 h at 2.00 s a step (measured)"


def test_all_tables_together_are_38_models(script):
    wanted = {job for table in script.TABLES for job in script.needed(table, 3)}
    assert len(wanted) == 12 + 12 + 12 + 2
    assert {stage for setting in {job.setting for job in wanted} for stage in STAGES_OF[setting]} == {CLOSED, *STAGES}
