"""Relevancy maps on room views: what is asked for, an oracle that must be right, the command with a random model."""

import itertools
import json
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from ago_ros.cli.main import run
from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES
from ago_ros.datasets.room_world.generate import ViewConfig, generate
from ago_ros.datasets.room_world.view import STRUCTURE, room_grid
from ago_ros.evaluation.relevancy_rooms import (
    DENSE,
    FAST,
    NAIVE,
    OURS,
    VALIDATION,
    AskedView,
    ask,
    compared_methods,
    draw_views,
    evaluate_relevancy,
    to_result,
)
from ago_ros.evaluation.vlm_regions import MIN_PIXELS
from ago_ros.vlm.small import Calibration, save_small
from ago_ros.vlm.tower import ImageTower, TowerConfig

WORDS = ("mug", "box", "sofa", "lamp", "vase")
BACKGROUND, CELL = 255, 4
BOXES = ((8, 8, 40, 60), (60, 100, 100, 128), (104, 0, 128, 40), (4, 80, 30, 110), (60, 40, 90, 70))


class _Oracle:
    """Reads a class from the red of a pixel: its dense features are the masks of the classes, and a background."""

    name = "oracle"
    dim = len(WORDS) + 1
    logit_scale = 10.0
    logit_bias = None

    def encode_text(self, phrases):
        return torch.stack([torch.eye(self.dim)[self._class(phrase)] for phrase in phrases])

    @staticmethod
    def _class(sentence):
        return next(i for i, word in enumerate(WORDS) if word in sentence)

    def encode_dense(self, images):
        red = images[..., 0].float()
        planes = [((red - 40 * i).abs() < 20).float() for i in range(len(WORDS))]
        stacked = torch.stack([*planes, (red > 200).float()], dim=1)
        return normalize(torch.nn.functional.avg_pool2d(stacked, CELL).permute(0, 2, 3, 1) + 1e-6, dim=-1)


def _painted(numbers, side=128):
    """A view of some of the classes, each a box of its own red."""
    masks = torch.zeros(len(numbers), side, side, dtype=torch.bool)
    image = torch.full((side, side, 3), BACKGROUND, dtype=torch.uint8)
    for mask, number in zip(masks, numbers, strict=True):
        top, left, bottom, right = BOXES[number]
        mask[top:bottom, left:right] = True
        image[mask] = 40 * number
    return AskedView(image, tuple(WORDS[n] for n in numbers), masks, torch.ones(len(numbers), dtype=torch.bool))


@pytest.fixture(scope="module")
def rooms():
    config = ViewConfig(grid=room_grid(4), views_per_room=2)
    splits = (VALIDATION, "novel_synonyms", "novel_classes")
    return {split: list(generate(split, 3, config=config)) for split in splits}


def test_dense_methods_find_everything_with_the_oracle():
    methods = {name: config for name, config in compared_methods().items() if config.method == "dense"}
    assert set(methods) == {FAST, DENSE}
    splits = {VALIDATION: [_painted((0, 1, 2))], "test": [_painted((0, 2, 4)), _painted((1, 3))]}
    report = evaluate_relevancy(_Oracle(), splits, methods)
    assert report["splits"]["test"]["views"] == 2
    assert report["splits"]["test"]["phrases"] == 5
    areas = [(bottom - top) * (right - left) / 128**2 for top, left, bottom, right in BOXES]
    assert report["splits"]["test"]["mask_area"] == pytest.approx(np.mean(areas))
    for name in methods:
        found = report["methods"][name]["splits"]
        assert set(found) == {"test"}, "the validation split is not scored"
        assert found["test"]["pointing"] == 1
        assert found["test"]["mean_iou"] > 0.8


def test_with_other_words_the_oracle_points_nowhere_right():
    """The same pictures and the phrases swapped: the score is of the phrases' places, not of any thing's."""
    view = _painted((0, 1))
    swapped = AskedView(view.image, view.phrases[::-1], view.masks, view.scored)
    methods = {DENSE: compared_methods()[DENSE]}
    report = evaluate_relevancy(_Oracle(), {VALIDATION: [view], "test": [swapped]}, methods)
    assert report["methods"][DENSE]["splits"]["test"] == {"pointing": 0.0, "mean_iou": 0.0}


def test_the_threshold_is_the_validation_split_s():
    """Validation views want a low threshold, test views a high one: the report has the low one, for both."""

    class _Faint(_Oracle):
        """As sure of "box" at half a cosine as at a whole one, in the red of the other classes."""

        def encode_text(self, phrases):
            return normalize(super().encode_text(phrases) + 0.5 * torch.eye(self.dim)[4], dim=-1)

    whole = _painted((0, 4))
    wide = AskedView(whole.image, whole.phrases[:1], whole.masks[:1] | whole.masks[1:], whole.scored[:1])
    narrow = AskedView(whole.image, whole.phrases[:1], whole.masks[:1], whole.scored[:1])
    methods = {DENSE: compared_methods()[DENSE]}
    low = evaluate_relevancy(_Faint(), {VALIDATION: [wide], "test": [narrow]}, methods)["methods"][DENSE]
    high = evaluate_relevancy(_Faint(), {VALIDATION: [narrow], "test": [narrow]}, methods)["methods"][DENSE]
    assert low["threshold"] <= 0.5 < high["threshold"]
    assert low["splits"]["test"]["mean_iou"] < high["splits"]["test"]["mean_iou"]


def test_thresholds_need_validation_views():
    with pytest.raises(ValueError, match="validation"):
        evaluate_relevancy(_Oracle(), {"test": [_painted((0, 1))]}, compared_methods())


def test_views_without_what_the_split_is_about_are_left_out():
    view = _painted((0, 1))
    other = AskedView(view.image, view.phrases, view.masks, torch.zeros(2, dtype=torch.bool))
    methods = {DENSE: compared_methods()[DENSE]}
    report = evaluate_relevancy(_Oracle(), {VALIDATION: [view], "test": [other]}, methods)
    assert report["splits"]["test"]["views"] == report["splits"]["test"]["phrases"] == 0
    assert math.isnan(report["methods"][DENSE]["splits"]["test"]["pointing"])


def test_masks_are_the_pixels_of_all_things_of_a_class(rooms):
    view = rooms[VALIDATION][0]
    asked = ask(view, VALIDATION)
    truth = {}
    for row, column in itertools.product(*map(range, view.instance.shape)):
        thing = view.objects[int(view.instance[row, column])]
        if thing.name not in STRUCTURE and not thing.hidden:
            truth.setdefault(thing.name, np.zeros(view.instance.shape, bool))[row, column] = True
    truth = {name: mask for name, mask in truth.items() if mask.sum() >= MIN_PIXELS}
    assert truth
    assert set(asked.phrases) == set(truth)
    for phrase, mask in zip(asked.phrases, asked.masks, strict=True):
        np.testing.assert_array_equal(mask.numpy(), truth[phrase])
    assert asked.scored.all()


def test_each_split_asks_in_its_own_words(rooms):
    synonyms = {each.synonym for each in CLASSES.values() if each.synonym}
    renamed = [ask(view, "novel_synonyms") for view in rooms["novel_synonyms"]]
    novel = [ask(view, "novel_classes") for view in rooms["novel_classes"]]
    for views, words in ((renamed, synonyms), (novel, NOVEL_CLASSES)):
        assert any(bool(view.scored.any()) for view in views)
        for view in views:
            assert [phrase in words for phrase in view.phrases] == view.scored.tolist()


def test_views_are_the_same_at_every_call():
    first, second = (list(draw_views("novel_visual", 2)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.phrases == other.phrases
        assert torch.equal(one.image, other.image)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("vlm")
    save_small(folder, ImageTower(TowerConfig(width=32, depth=1, heads=2, side=32)), Calibration(9.0, -3.0), 32)
    return folder


def test_the_command_prints_writes_and_documents_the_same_numbers(tiny, tmp_path, capsys):
    out, page = tmp_path / "reports" / "relevancy.json", tmp_path / "page.md"
    page.write_text("before\n<!-- relevancy_rooms: begin -->\nan older table\n<!-- relevancy_rooms: end -->\nafter\n")
    arguments = ["--vlm", str(tiny), "--split", "novel_rooms", "--views", "1"]
    assert run(["eval", "relevancy", *arguments, "--json", str(out), "--docs", str(page)]) == 0
    report = json.loads(out.read_text())
    assert set(report["splits"]) == {VALIDATION, "novel_rooms"}
    assert report["splits"]["novel_rooms"]["views"] == 1
    assert list(report["methods"]) == [OURS, FAST, f"{NAIVE}, less mean map", NAIVE, DENSE]
    printed, written = capsys.readouterr().out, page.read_text()
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "an older table" not in written
    assert "--split novel_rooms" in written
    for found in report["methods"].values():
        score = found["splits"]["novel_rooms"]
        assert 0 <= score["pointing"] <= 1
        assert 0 < score["mean_iou"] < 1
        cell = f"{100 * score['pointing']:.1f} / {100 * score['mean_iou']:.1f}"
        assert cell in printed
        assert cell in written


def test_the_verdict_averages_the_splits():
    scores = {"a": {"pointing": 0.5, "mean_iou": 0.2}, "b": {"pointing": 0.7, "mean_iou": 0.4}}
    methods = {name: {"threshold": 0.5, "processor_s_per_view": 1.0, "splits": scores} for name in (OURS, FAST, NAIVE)}
    sizes = {split: {"views": 1, "phrases": 2, "mask_area": 0.1} for split in (VALIDATION, "a", "b")}
    result = to_result({"splits": sizes, "methods": methods}, "title")
    assert f"{OURS} 60.0 / 30.0" in result.verdict
    assert len(result.columns) == len(result.rows[0]) == 5


@pytest.mark.parametrize("split", ["validation", "no_such"])
def test_only_test_splits_are_scored(split, capsys):
    assert run(["eval", "relevancy", "--vlm", "unused", "--split", split]) == 2
    assert f"no test split '{split}'" in capsys.readouterr().err
