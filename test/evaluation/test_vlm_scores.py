"""Scores of vision-language models, on models whose answers are known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ago_ros.datasets.captioned_views.store import SKY_LABEL, CaptionedView, RegionText, write_shard
from ago_ros.datasets.errors import DatasetError
from ago_ros.evaluation.vlm import evaluate_vlm, to_results
from ago_ros.evaluation.vlm_dense import score_dense
from ago_ros.evaluation.vlm_regions import (
    ClosedSetClassifier,
    NamedRegions,
    calibration_error,
    class_mean,
    score_naming,
)
from ago_ros.vlm.known_phrases import KnownPhrases
from ago_ros.vlm.small import Calibration, SmallModel
from ago_ros.vlm.tower import ImageTower, TowerConfig
from ago_ros.vlm.vocabulary import embed_phrases

WORDS = ("car", "tree", "road", "sky", "mug", "lamp", "coffee cup", "light", "globe", "safe")
MEANINGS = (0, 1, 2, 3, 4, 5, 4, 5, 6, 7)


class _ColourReader:
    """Reads meaning k from the grey 25 k + 12; words of one meaning have one embedding."""

    name = "colours"
    dim = 8
    logit_scale = 30.0
    logit_bias = -15.0

    def encode_text(self, phrases) -> Tensor:
        rows = torch.zeros(len(phrases), 8)
        for row, phrase in zip(rows, phrases, strict=True):
            meanings = [MEANINGS[i] for i, word in enumerate(WORDS) if f" {word} " in f" {phrase.rstrip('.')} "]
            row[meanings[:1]] = 1.0
        return rows

    def encode_image(self, images: Tensor) -> Tensor:
        raise NotImplementedError

    def encode_dense(self, images: Tensor) -> Tensor:
        meaning = (images[..., 0].long() // 25).clamp(max=7)
        return torch.nn.functional.one_hot(meaning, 8).float()


def _view(*things: tuple[int, RegionText]) -> CaptionedView:
    """Things of given meanings side by side, 12 x 12 pixels each."""
    image = np.concatenate([np.full((12, 12, 3), 25 * meaning + 12, dtype=np.uint8) for meaning, _ in things], axis=1)
    regions = np.repeat(np.arange(1, len(things) + 1, dtype=np.uint8), 12)[None].repeat(12, axis=0)
    return CaptionedView(image, regions, tuple(text for _, text in things))


CAR, TREE = RegionText("car", ("car",), (), 4), RegionText("tree", ("tree",), (), 16)
ROAD, SKY = RegionText("road", ("road",), (), 11), RegionText("sky", ("sky",), (), SKY_LABEL)
BOLLARD = RegionText("odd thing", ("odd thing",), (), 0)
MUG, LAMP = RegionText("mug", ("mug",), ("coffee cup",)), RegionText("lamp", ("lamp",), ("light",))
GLOBE, SAFE = RegionText("globe", ("globe",)), RegionText("safe", ("safe",))


def test_iou_per_pixel_is_counted_over_all_pictures():
    """A car that looks like a tree costs both classes; things outside the classes cost nothing."""
    views = [_view((0, CAR), (2, ROAD), (3, SKY)), _view((1, CAR), (1, TREE), (3, BOLLARD))]
    scores = score_dense(_ColourReader(), views, categories={"a": ("x",), "b": ("y",), "c": ("z",), "car": ("car",)})
    assert scores["car"] == pytest.approx(0.5)
    scores = score_dense(_ColourReader(), views)
    assert scores["car"] == pytest.approx(0.5)
    assert scores["vegetation"] == pytest.approx(0.5)
    assert scores["driveable_surface"] == pytest.approx(1.0)
    assert scores["sky"] == pytest.approx(1.0)
    assert scores["mIoU"] == pytest.approx((0.5 + 0.5 + 1.0) / 3)


def test_naming_counts_right_answers():
    features = torch.eye(8)[[0, 0, 0, 1]]
    score = score_naming(_ColourReader(), features, ["car", "car", "car", "car"], ["car", "tree", "road"])
    assert (score.regions, score.phrases) == (4, 3)
    assert score.top1 == pytest.approx(0.75)
    assert score.chance == pytest.approx(1 / 3)
    sure = 1 / (1 + np.exp(-15.0))
    assert score.calibration_error == pytest.approx(sure - 0.75, abs=1e-5)


def test_the_class_mean_weighs_classes_alike():
    assert class_mean(torch.tensor([True, True, True, False]), ["a", "a", "a", "b"]) == pytest.approx(0.5)


def test_calibration_error_is_zero_for_honest_probabilities_and_the_gap_for_others():
    generator = torch.Generator().manual_seed(0)
    probability = torch.rand(200_000, generator=generator)
    correct = torch.rand(200_000, generator=generator) < probability
    assert calibration_error(probability, correct) < 0.01
    assert calibration_error(torch.full((10,), 0.9), torch.tensor([True] * 5 + [False] * 5)) == pytest.approx(0.4)
    assert calibration_error(torch.tensor([1.0, 0.0]), torch.tensor([True, False])) == 0.0


def test_the_closed_set_classifier_learns_its_classes_and_knows_no_other_word():
    generator = torch.Generator().manual_seed(0)
    features = torch.nn.functional.normalize(
        torch.eye(8)[torch.arange(80) % 2] + 0.1 * torch.randn(80, 8, generator=generator), dim=-1
    )
    names = tuple(("mug", "lamp")[i % 2] for i in range(80))
    probe = ClosedSetClassifier(NamedRegions(features, names, ("",) * 80), steps=50)
    assert probe.top1(features, names) == 1.0
    assert probe.top1(features, ["coffee cup"] * 80) == 0.0


def test_the_whole_table_of_a_model_that_knows_everything(tmp_path):
    shards = {
        "train/rooms": _view((4, MUG), (5, LAMP)),
        "test/novel_rooms": _view((5, LAMP), (4, MUG)),
        "test/novel_visual": _view((4, MUG), (4, LAMP)),
        "test/novel_classes": _view((6, GLOBE), (7, SAFE), (4, MUG)),
        "test/drive": _view((0, CAR), (2, ROAD)),
    }
    for folder, view in shards.items():
        write_shard(tmp_path / folder / "0.npz", [view])
    report = evaluate_vlm(_ColourReader(), tmp_path)
    top1 = {split: scores["top1"] for split, scores in report["regions"].items()}
    assert top1 == {
        "novel_rooms": 1.0, "novel_visual": 0.5, "novel_synonyms": 1.0, "novel_classes": 1.0, "novel_among_all": 1.0
    }  # fmt: skip
    assert report["regions"]["novel_classes"]["phrases"] == 2
    assert report["regions"]["novel_among_all"]["phrases"] == 4
    assert report["closed_set"] == {
        "novel_rooms": 1.0, "novel_visual": 0.5, "novel_synonyms": 0.0, "novel_classes": 0.0, "novel_among_all": 0.0
    }  # fmt: skip
    assert report["dense"]["mIoU"] == 1.0
    assert "texts_alone" not in report, "a model without known phrases"


def test_a_model_with_known_phrases_is_scored_by_its_texts_too(tmp_path):
    """Whatever its tower sees: it knows mugs and cars; a coffee cup is a mug, and a light is neither."""
    things = {
        "train/rooms": _view((4, MUG), (5, LAMP)),
        "test/novel_rooms": _view((5, LAMP), (4, MUG), (4, MUG)),
        "test/novel_visual": _view((4, MUG)),
        "test/novel_classes": _view((6, GLOBE)),
        "test/drive": _view((0, CAR), (2, ROAD)),
    }
    for folder, view in things.items():
        write_shard(tmp_path / folder / "0.npz", [view])
    tower = ImageTower(TowerConfig(stem=(8, 8), stem_blocks=(0, 0), width=8, depth=1, heads=1, side=16, dim=8)).eval()
    read = embed_phrases(["mug", "car"], _ColourReader())
    known = KnownPhrases(tower.center(read), torch.tensor([True, True]))
    model = SmallModel("small", tower, _ColourReader(), Calibration(10.0, -5.0), view_side=16, known=known)
    report = evaluate_vlm(model, tmp_path)
    assert report["texts_alone"] == {"phrases": 2, "top1": pytest.approx(2 / 3), "class_mean": 0.5}
    assert to_results(report)[0].rows[-1][:5] == ("novel synonyms, texts alone", "3", "2", "66.7", "50.0")


def test_missing_views_are_told(tmp_path):
    with pytest.raises(DatasetError, match="holds no captioned views; draw them with"):
        evaluate_vlm(_ColourReader(), tmp_path)


def test_the_tables_say_which_aims_are_met():
    scores = {"regions": 40, "phrases": 10, "top1": 0.5, "class_mean": 0.4, "chance": 0.1, "calibration_error": 0.02}
    splits = ("novel_rooms", "novel_synonyms", "novel_visual", "novel_classes", "novel_among_all")
    report = {
        "model": "small",
        "regions": dict.fromkeys(splits, scores) | {"novel_rooms": {**scores, "top1": 0.9}},
        "closed_set": dict.fromkeys(splits, 0.25),
        "dense": {"car": 0.3, "tree": 0.5, "mIoU": 0.4},
    }
    regions, pixels = to_results(report)
    assert len(regions.rows) == 5 and "texts_alone" not in regions.figures
    limited, _ = to_results(report | {"texts_alone": {"phrases": 7, "top1": 0.65, "class_mean": 0.6}})
    alone = ("novel synonyms, texts alone", "40", "7", "65.0", "60.0", "-", "-", "-")
    assert limited.rows == [*regions.rows, alone] and limited.figures["texts_alone"]["top1"] == 0.65
    assert list(regions.rows[0]) == ["novel rooms", "40", "10", "90.0", "40.0", "25.0", "10.0", "2.0"]
    for words in ("novel rooms 90.0 of 85 (met)", "novel visual 50.0 of 75 (missed)", "novel classes 50.0 of 30 (met)"):
        assert words in regions.verdict
    assert pixels.rows == [("30.0", "50.0", "40.0")]
    assert "40.0 of 45 (missed)" in pixels.verdict
