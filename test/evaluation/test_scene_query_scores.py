"""Scores of completion and localisation: answers that are right, wrong or undecided, calibration, search, tables."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from made_query_views import made_view, query_view

from ago_ros.cli.main import run
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.query_views.store import write_views
from ago_ros.evaluation import scene_query
from ago_ros.evaluation.scene_query import (
    CalibrationError,
    Scored,
    SplitScores,
    evaluate_network,
    scored_asks,
    search_of,
)
from ago_ros.evaluation.scene_query_analytic import (
    analytic_field,
    encode_analytic,
    evaluate_analytic,
    tune_analytic,
    typical_relevancy,
)
from ago_ros.evaluation.scene_query_runs import evaluate_folders
from ago_ros.evaluation.scene_query_tables import figures_of, make_tables
from ago_ros.evaluation.search_cost import SearchCost
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.decision import Decision, Reading, save_reading
from ago_ros.scene_query.semabs.files import make_network, save_semabs
from ago_ros.scene_query.semabs.seen_view import query_of, see, truth_of
from ago_ros.training.scene_query.config import read_config

CUBE = VoxelGrid((-1.0, -1.0, -0.1), 0.25, (8, 8, 8))
SMALL = EncoderConfig(point_width=8, channels=8, widths=(8, 8), groups=4)
NETWORK = SemAbsConfig(SMALL, relation_width=8, grid=CUBE)
MADE_WITH = {"vlm": "made"}
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scene_query_tables.py"
READING = Reading("semabs", MADE_WITH, {task: Decision(0.0, 1.0, 0.0) for task in ("complete", "locate")})


@pytest.fixture(scope="module", autouse=True)
def coarse():
    """Scores are counted at the made views' 16 voxels a side."""
    from ago_ros.evaluation import scene_query_analytic

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene_query, "RESOLUTION", 16)
        patch.setattr(scene_query_analytic, "RESOLUTION", 16)
        yield


@pytest.fixture(scope="module")
def views():
    return [query_view(made_view(room), "novel_rooms", noise=0.02) for room in range(2)]


def _answering(monkeypatch, answer):
    monkeypatch.setattr(
        scene_query, "answer_view", lambda network, method, view, asks, *rest: [answer(view, ask) for ask in asks]
    )


def _sure(view, ask):
    return 20 * truth_of(view, ask.answer, 16).flatten().float() - 10


def test_the_true_answer_scores_one_and_another_does_not(views, monkeypatch):
    _answering(monkeypatch, _sure)
    right = evaluate_network(None, READING, views, {})
    assert right.mean_iou("complete") == right.mean_iou("locate") == right.mean_iou("locate", "relation") == 1
    assert right.calibration["locate"].error() < 1e-3
    _answering(monkeypatch, lambda view, ask: -_sure(view, ask))
    wrong = evaluate_network(None, READING, views, {})
    assert wrong.mean_iou("complete") == wrong.mean_iou("locate") == 0
    assert wrong.calibration["complete"].error() > 0.9
    assert len(wrong.rows) == len(right.rows) == sum(len(scored_asks(v, ("complete", "locate"))) for v in views)


def test_a_relation_is_scored_by_its_own_decision(views, monkeypatch):
    """The true voxels of "behind" have logits of -2: no where all relations share a threshold, yes by its own."""
    _answering(monkeypatch, lambda view, ask: _sure(view, ask) * (0.2 if ask.relation == "behind" else 1) - 4)
    shared = evaluate_network(None, READING, views, {}).relation_ious()
    own = replace(READING, decisions=READING.decisions | {"behind": Decision(-4.0, 5.0, 20.0)})
    scores = evaluate_network(None, own, views, {})
    assert shared["behind"] == 0 and {row.iou for row in scores.rows} == {1.0}
    assert scores.calibration["locate"].error() < 0.05
    unsure = replace(READING, decisions=READING.decisions | {"locate": Decision(8.0, 1.0, 0.0, 1.0)})
    assert evaluate_network(None, unsure, views, {}).mean_iou("locate") == 1


def test_a_perfect_order_finds_what_is_hidden_at_once(views):
    view = views[0]
    hidden = [ask for ask in view.asks if ask.hidden >= 0]
    assert hidden
    for ask in hidden:
        order = truth_of(view, ask.hidden, 16).flatten().float()
        best, flat, worst = (search_of(view, ask, values) for values in (order, torch.zeros_like(order), -order))
        assert best.volume == pytest.approx(view.grid.voxel_size**3)
        assert flat.volume == pytest.approx(flat.random)
        assert worst.volume > flat.volume
    shown = next(ask for ask in view.asks if ask.relation and ask.hidden < 0)
    assert search_of(view, shown, torch.zeros(16**3)) is None


def test_unscored_completions_compete_but_are_not_counted(views, monkeypatch):
    asks = tuple(replace(ask, scored=ask.label == "mug") for ask in views[0].asks)
    _answering(monkeypatch, lambda view, ask: torch.full((16**3,), 5.0 if ask.label == "mug" else 6.0))
    scores = evaluate_network(None, READING, [replace(views[0], asks=asks)], {})
    assert [(row.label, row.iou) for row in scores.rows] == [("mug", 0.0)]


def test_calibration_error_is_that_of_plain_counting():
    generator = torch.Generator().manual_seed(0)
    probability = torch.rand(4000, generator=generator)
    truth = torch.rand(4000, generator=generator) < probability**2
    counted = CalibrationError()
    counted.add(probability[:1500], truth[:1500])
    counted.add(probability[1500:], truth[1500:])
    expected, likely, kept = 0.0, 0.0, 0
    for bin_ in range(20):
        chosen = (probability >= bin_ / 20) & (probability < (bin_ + 1) / 20)
        gap = abs(float((probability[chosen] - truth[chosen].float()).sum()))
        expected += gap / 4000
        likely, kept = (likely + gap, kept + int(chosen.sum())) if bin_ >= 2 else (likely, kept)
    assert counted.error() == pytest.approx(expected, abs=1e-5)
    assert counted.error(0.1) == pytest.approx(likely / kept, abs=1e-5)


def test_means_are_over_labels_and_over_rooms():
    rows = [Scored(room, "complete", label, "", iou, None, str(i)) for i, (room, label, iou) in
            enumerate([(1, "mug", 0.0), (1, "mug", 1.0), (1, "bed", 0.2), (2, "bed", 0.6)])]  # fmt: skip
    scores = SplitScores(rows)
    assert scores.mean_iou("complete") == pytest.approx((0.5 + 0.4) / 2)
    assert scores.mean_iou("complete", "room") == pytest.approx((0.4 + 0.6) / 2)
    assert scores.report()["complete"]["iou_by_label"] == pytest.approx(0.45)
    assert scores.report()["locate"]["iou_by_label"] is None


def test_the_analytic_field_lies_where_the_relation_says(views):
    view = views[0]
    encoding = encode_analytic(view, see(view, "multi"), typical_relevancy(views))
    assert set(encoding.state.unique().tolist()) == {0, 1, 2}
    behind = next(ask for ask in view.asks if ask.label == "bottle behind cardboard box")
    field = analytic_field(encoding, query_of(behind), 0.5)
    weights = field / field.sum()
    middle = (weights[..., None] * encoding.grid.centers()).sum(dim=(0, 1, 2))
    assert middle[0] > 0.25, "behind the box"
    cost = search_of(view, behind, field.flatten())
    assert cost.volume < cost.random
    setting = tune_analytic(views, typical_relevancy(views))
    scores = evaluate_analytic(views, setting, typical_relevancy(views))
    assert 0 < scores.mean_iou("locate") < 1
    assert len(scores.costs()) == sum(ask.hidden >= 0 for view in views for ask in view.asks)


def _scores(iou: float, cost: float) -> SplitScores:
    search = SearchCost(cost, 1.0, 2.0)
    return SplitScores(
        [
            Scored(1, "complete", "mug", "", iou, None, "a"),
            Scored(1, "locate", "mug on box", "on", iou, search, "b"),
        ]
    )


def test_tables_say_means_spreads_and_whether_aims_are_met():
    def run_of(iou, cost=1.0):
        return {"novel_rooms": _scores(iou, cost), "novel_classes": _scores(iou, cost)}

    runs = {
        "semabs": [run_of(0.4, 0.1), run_of(0.5, 0.1)],
        "clip_spatial": [run_of(0.3)],
        "semaware": [run_of(0.05)],
        "single_scale": [run_of(0.2)],
        "analytic": [run_of(0.2, 0.25)],
    }
    completion, location, relations, search = make_tables(runs)  # without calibration, no fifth
    assert [row[0] for row in completion.rows] == ["SemAware", "SemAbs, single-scale relevancy", "SemAbs"]
    assert completion.rows[-1] == ["SemAbs", "2", *["45.00 ± 7.07 / 45.00 ± 7.07"] * 2]
    assert "2.25 times SemAbs, single-scale relevancy (aim 3: missed)" in completion.verdict
    assert "1.50 times ClipSpatial (aim 1.75: missed)" in location.verdict
    assert "9.00 times SemAware (aim 6: met)" in location.verdict
    assert ["SemAbs: on", "2", "45.00 ± 7.07", "45.00 ± 7.07"] in relations.rows
    assert ["SemAbs: behind", "2", "-", "-"] in relations.rows
    assert relations.verdict == "SemAbs is ahead of the analytic fields in every relation"
    assert "novel_rooms 0.40 (met)" in search.verdict
    assert figures_of(runs)["semabs"][1]["novel_rooms"]["search_share_of_random"] == pytest.approx(0.1)
    behind = make_tables({**runs, "analytic": [run_of(0.6, 0.1)]})
    assert behind[2].verdict == "SemAbs is not ahead of the analytic fields in: on (novel_rooms), on (novel_classes)"
    assert "novel_rooms 1.00 (missed)" in behind[3].verdict
    with pytest.raises(ValueError, match="nothing to lay out"):
        make_tables({})


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> SimpleNamespace:
    """A finished folder, and data that it fits."""
    root = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    save_semabs(root / "out", make_network(NETWORK))
    save_reading(root / "out", READING)
    for split in ("validation", "novel_rooms"):
        view = query_view(made_view(1), split)
        write_views(root / "data" / split / "000000.npz", [view], MADE_WITH)
    return SimpleNamespace(out=root / "out", data=root / "data")


def test_calibration_is_laid_out_by_task():
    scores = _scores(0.5, 0.5)
    scores.calibration["locate"] = CalibrationError()
    scores.calibration["locate"].add(torch.tensor([0.0, 0.0, 0.0, 0.55]), torch.tensor([False, False, False, True]))
    table = make_tables({"clip_spatial": [{"novel_rooms": scores}]})[-1]
    assert table.name == "scene_query_calibration"
    assert table.rows == [["ClipSpatial: locate", "1", "11.25 / 45.00"]]


def test_the_command_prints_tables_and_writes_the_numbers(trained, tmp_path, capsys):
    report = tmp_path / "report.json"
    words = [str(trained.out), "--data", str(trained.data), "--split", "novel_rooms", "--json", str(report)]
    assert run(["eval", "scene-query", *words]) == 0
    printed = capsys.readouterr().out
    assert "analytic relation fields" in printed
    assert "SemAbs: behind" in printed
    numbers = json.loads(report.read_text())
    assert set(numbers["runs"]) == {"semabs", "analytic"}
    assert numbers["runs"]["semabs"][0]["novel_rooms"]["complete"]["questions"] == 3


def test_no_split_is_scored_that_was_tuned_on(trained):
    for split in ("validation", "train", "train_outdoor", "validation_outdoor", "nowhere"):
        with pytest.raises(ValueError, match=f"no test split '{split}'"):
            evaluate_folders([trained.out], trained.data, [split], None, "")


def test_drives_are_a_test_of_their_own(trained, tmp_path):
    """The analytic fields are tuned on rooms and drives together, as the networks are."""
    for split in ("validation", "validation_outdoor", "outdoor"):
        write_views(tmp_path / split / "000000.npz", [query_view(made_view(), "novel_rooms")], MADE_WITH)
    runs = evaluate_folders([trained.out], tmp_path, ["outdoor"], None, "")
    assert {method: len(each[0]["outdoor"].rows) > 3 for method, each in runs.items()} == dict.fromkeys(runs, True)
    for table in make_tables(runs):
        assert "outdoor" in table.markdown("x") or table.name == "scene_query_search"


@pytest.mark.parametrize(("drawn", "scored"), [("train_outdoor", "novel_rooms"), ("outdoor", "outdoor")])
def test_drives_without_validation_drives_are_refused_before_anything_is_scored(trained, tmp_path, drawn, scored):
    """Tuned on rooms alone, the analytic row would be another one than that of a folder with all views."""
    for split in ("validation", "novel_rooms", drawn):
        write_views(tmp_path / split / "000000.npz", [query_view(made_view(), "novel_rooms")], MADE_WITH)
    parts = []
    with pytest.raises(DatasetError, match="validation_outdoor: holds no query views; draw them with `ago train scene"):
        evaluate_folders([trained.out], tmp_path, [scored], None, "", progress=lambda done, total: parts.append(done))
    assert not parts
    assert set(evaluate_folders([trained.out], tmp_path, [scored], None, "", analytic=False)) == {"semabs"}


def test_the_benchmark_makes_rows_apart():
    spec = importlib.util.spec_from_file_location("scene_query_tables", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.read_rows("semabs:1, clip_spatial:0,semabs:1") == [("semabs", 1), ("clip_spatial", 0)]
    for wrong in ("magic:0", "semabs", "semabs:x", ""):
        with pytest.raises(ValueError, match="give METHOD:SEED"):
            script.read_rows(wrong)
    config = read_config(SCRIPT.parents[1] / "config" / "training" / "scene_query_tiny.yaml")
    nothing = script.estimate_hours(config, [], [], [], 2)
    drawing = [script.estimate_hours(config, [], ["train", "outdoor"], [], workers) for workers in (1, 2)]
    training = script.estimate_hours(config, [("semabs", 0)], [], [], 1)
    assert nothing == 0
    assert drawing[0] == pytest.approx(2 * drawing[1])
    views = config.draw.views * script.ROOM_VIEW_S + config.draw.drive_views * script.STREET_VIEW_S
    assert drawing[0] == pytest.approx(views / 3600)
    assert training == pytest.approx(config.loop.steps * script.OTHER_STEP_S / 3600)
    assert script.estimate_hours(config, [], [], [("semabs", 0)], 2) > 0


def test_views_of_another_model_are_refused(trained, tmp_path):
    write_views(tmp_path / "novel_rooms" / "000000.npz", [query_view(made_view())], {"vlm": "other"})
    with pytest.raises(DatasetError, match="drawn with another model"):
        evaluate_folders([trained.out], tmp_path, ["novel_rooms"], None, "", analytic=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval", "scene-query", "/nowhere", "--no-analytic"], "/nowhere: has no semabs.json"),
        (["eval", "scene-query", "OUT", "--split", "validation"], "no test split 'validation'"),
        (["eval", "scene-query", "OUT", "--data", "/nowhere"], "holds no query views"),
        (["train", "scene-query", "--config", "huge"], "no settings 'huge' for scene_query: use tiny"),
        (["train", "scene-query", "--config", "tiny", "--method", "magic"], "no method 'magic'"),
    ],
)
def test_what_is_missing_is_told_in_one_line(arguments, message, trained, capsys):
    assert run([str(trained.out) if word == "OUT" else word for word in arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
