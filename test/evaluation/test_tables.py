"""Tables in the paper's layout: what they name, what they average, and that nothing gets lost when they are printed."""

import json
import math
from argparse import Namespace
from statistics import stdev

import pytest

from ago_ros.datasets.open_world import PRETRAINING, STAGES, TRANSFER
from ago_ros.evaluation.benchmark import Result, publish
from ago_ros.evaluation.occupancy import CLASSES_17
from ago_ros.evaluation.open_world import OpenWorldScores, open_world_means
from ago_ros.evaluation.tables import (
    AblationRow,
    Protocol,
    ablation_table,
    closed_world_table,
    open_world_table,
    spread,
)

PROTOCOL = Protocol("drive world, scenes 4 and 5, Occ3D labels", "camera mask")


def cell(result: Result, row: int, column: str) -> str:
    return result.rows[row][list(result.columns).index(column)]


def closed_world(mean: float) -> dict[str, float]:
    return {**dict.fromkeys(CLASSES_17, mean), "bus": math.nan, "mIoU*": mean, "mIoU": mean - 0.02, "IoU": 0.5}


def stage_scores(stage: str, known: float, unknown: float) -> OpenWorldScores:
    space = STAGES[stage]
    return open_world_means({**dict.fromkeys(space.known, known), **dict.fromkeys(space.unknown, unknown)}, space)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.1923], "19.23"),
        ([0.10, 0.20], f"15.00 ± {100 * stdev([0.1, 0.2]):.2f}"),
        ([0.2, 0.2, 0.2], "20.00 ± 0.00"),
        ([0.2, math.nan], "-"),
        ([math.nan], "-"),
        ([], "-"),
    ],
)
def test_scores_over_seeds(values, text):
    assert spread(values) == text


def test_closed_world_is_laid_out_as_table_1():
    rows = {"AGO": [closed_world(0.2), closed_world(0.3)], "lift": [closed_world(0.1)]}
    result = closed_world_table("ago_closed", PROTOCOL, rows, "aim (AGO first): met")
    assert result.columns[:4] == ["method", "seeds", "others", "barrier"]
    assert result.columns[-4:] == ["veget.", "mIoU*", "mIoU", "IoU"]
    assert len(result.columns) == 22 and all(len(row) == 22 for row in result.rows)
    assert [row[:2] for row in result.rows] == [["AGO", "2"], ["lift", "1"]]
    assert cell(result, 0, "car") == cell(result, 0, "mIoU*") == "25.00 ± 7.07"
    assert cell(result, 0, "mIoU") == "23.00 ± 7.07"
    assert cell(result, 1, "mIoU") == "8.00"
    assert cell(result, 1, "bus") == "-"


def test_ray_iou_stands_beside_the_voxel_scores_and_says_that_it_has_no_mask():
    rows = {"AGO": [{**closed_world(0.2), "RayIoU": 0.31}]}
    result = closed_world_table("ago_closed", PROTOCOL, rows, "none")
    assert cell(result, 0, "RayIoU") == "31.00"
    assert "RayIoU over 17 classes and 1, 2, 4 m, without a mask" in result.title
    with pytest.raises(KeyError, match="RayIoU"):
        closed_world_table("ago_closed", PROTOCOL, {**rows, "lift": [closed_world(0.1)]}, "none")


def test_captions_name_protocol_mask_and_classes():
    closed = closed_world_table("a", PROTOCOL, {"AGO": [closed_world(0.2)]}, "none").title
    opened = open_world_table(
        "b", PROTOCOL, {"zero-shot": {"AGO": [stage_scores("zero-shot", 0.3, 0.1)]}}, "none"
    ).title
    ablation = ablation_table("c", "Noise", PROTOCOL, ["noise"], [AblationRow(["yes"], {"mIoU": [0.1]})], "none").title
    for title in (closed, opened, ablation):
        assert "scenes 4 and 5" in title and "camera mask" in title and "one confusion matrix" in title
        assert "sample standard deviation" in title
    assert "17 classes" in closed and "without others and other_flat" in closed
    assert "15 classes" in opened and "pedestrian, driveable surface, sidewalk" in opened
    assert ablation.startswith("Noise: ")


def test_open_world_is_laid_out_as_table_2():
    rows = {
        "pretraining": {"AGO": [stage_scores("pretraining", 0.4, 0.1)]},
        "few-shot": {"AGO": [stage_scores("few-shot", 0.6, 0.2), stage_scores("few-shot", 0.6, 0.4)]},
    }
    result = open_world_table("ago_open", PROTOCOL, rows, "none")
    assert result.columns[:3] == ["stage", "method", "seeds"]
    assert result.columns[8] == "known" and result.columns[-2:] == ["unknown", "all"]
    assert len(result.columns) == 3 + len(PRETRAINING.categories) + 7 + 3
    pretraining, few_shot = 0, 1
    assert cell(result, pretraining, "vehicle") == "40.00" and cell(result, few_shot, "vehicle") == "-"
    assert cell(result, pretraining, "car") == "-" and cell(result, few_shot, "car") == "30.00 ± 14.14"
    assert cell(result, pretraining, "all") == "25.00"
    assert cell(result, few_shot, "known") == "60.00 ± 0.00"
    assert (
        cell(result, few_shot, "all") == f"{100 * (3 * 0.6 + 12 * 0.3) / 15:.2f} ± {100 * 0.8 * stdev([0.2, 0.4]):.2f}"
    )
    with pytest.raises(ValueError, match="'one-shot' is none of the stages"):
        open_world_table("x", PROTOCOL, {"one-shot": {}}, "none")


def test_ablations_show_known_unknown_and_all_in_one_cell():
    pretraining = stage_scores("pretraining", 0.4, 0.1)
    rows = [
        AblationRow(["no", "none"], {"self-supervised": [0.18], "pretraining": [pretraining]}),
        AblationRow(["yes", "entropy"], {"self-supervised": [0.18, 0.20], "pretraining": [pretraining] * 2}),
    ]
    result = ablation_table("x", "Identifier", PROTOCOL, ["identifier", "criterion"], rows, "none")
    assert list(result.columns) == ["identifier", "criterion", "seeds", "self-supervised", "pretraining"]
    assert list(result.rows[0]) == ["no", "none", "1", "18.00", "40.00/10.00/25.00"]
    assert result.rows[1][2:] == ["2", "19.00 ± 1.41", "40.00 ± 0.00/10.00 ± 0.00/25.00 ± 0.00"]
    other = AblationRow(["no", "none"], {"mIoU": [0.1]})
    with pytest.raises(ValueError, match="other columns"):
        ablation_table("x", "Identifier", PROTOCOL, ["identifier", "criterion"], [*rows, other], "none")
    with pytest.raises(ValueError, match="no row"):
        ablation_table("x", "Identifier", PROTOCOL, ["identifier", "criterion"], [], "none")


def test_every_cell_is_printed_and_written(tmp_path, capsys):
    scores = {name: 0.1 + 0.01 * number for number, name in enumerate(TRANSFER.categories)}
    better = {name: score + 0.1 for name, score in scores.items()}
    runs = [open_world_means(each, TRANSFER) for each in (scores, better)]
    result = open_world_table("ago_open", PROTOCOL, {"zero-shot": {"AGO": runs}}, "aim: met")
    file = tmp_path / "scores.json"
    publish(result, Namespace(json=file, docs=None))
    shown = capsys.readouterr().out
    assert "…" not in shown
    markdown = result.markdown("ago eval")
    for text in (*result.columns, *result.rows[0]):
        assert text in shown and text in markdown
    row = json.loads(file.read_text(), parse_constant=pytest.fail)["rows"][0]
    assert (row["stage"], row["method"]) == ("zero-shot", "AGO")
    car = row["percent"]["car"]["score"]
    assert car["seeds"] == pytest.approx([100 * scores["car"], 100 * better["car"]])
    assert car["mean"] == pytest.approx(100 * scores["car"] + 5)
    assert row["percent"]["vehicle"]["score"] == {"mean": None, "std": None, "seeds": []}
