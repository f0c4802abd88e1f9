"""What texts alone make of synonyms, on a text tower whose vectors are written down."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ago_ros.datasets.captioned_views.store import RegionText
from ago_ros.evaluation.vlm_texts import score_texts
from ago_ros.vlm.known_phrases import KnownPhrases
from ago_ros.vlm.small import Calibration, SmallModel, load_small, save_small
from ago_ros.vlm.tower import ImageTower, TowerConfig
from ago_ros.vlm.vocabulary import embed_phrases

WORDS = {
    "mug": {0: 1.0},
    "lamp": {1: 1.0},
    "bowl": {2: 1.0},
    "utensil": {3: 1.0},
    "traffic light": {4: 1.0},
    "red lamp": {0: 1.0, 5: 0.2},
    "coffee cup": {0: 1.0, 5: 0.2},
    "bulb": {4: 1.0, 1: 0.5},
    "light": {4: 1.0, 1: 0.5},
    "vessel": {3: 1.0, 2: 0.5},
}
"""A coffee cup is a red lamp to the letter, and then a mug; a light is a bulb, and then a traffic light."""
TRAINED = ("mug", "lamp", "bowl", "utensil", "traffic light", "red lamp")
PLAIN = torch.tensor([True, True, True, True, True, False])
TEXTS = (
    RegionText("mug", ("mug", "utensil"), ("coffee cup",)),
    RegionText("lamp", ("lamp", "red lamp", "bulb"), ("light",)),
    RegionText("lamp", ("lamp", "bulb"), ("light",)),
    RegionText("bowl", ("bowl", "utensil"), ("vessel",)),
)
ANSWERS = ("coffee cup", "light", "coffee cup", "vessel")


class _Words:
    """Gives a sentence the vector of the longest word that it holds."""

    name = "words"
    dim = 8

    def encode_text(self, phrases) -> Tensor:
        rows = torch.zeros(len(phrases), 8)
        for row, phrase in zip(rows, phrases, strict=True):
            word = max((word for word in WORDS if f" {word} " in f" {phrase.rstrip('.')} "), key=len)
            for axis, value in WORDS[word].items():
                row[axis] = value
        return normalize(rows, dim=-1)


@pytest.fixture
def tower() -> ImageTower:
    torch.manual_seed(0)
    tower = ImageTower(TowerConfig(stem=(8, 8), stem_blocks=(0, 0), width=8, depth=1, heads=1, side=16, dim=8))
    tower.text_mean.copy_(torch.linspace(-0.1, 0.1, 8))
    return tower.eval()


def _model(tower: ImageTower, trained: tuple[str, ...] = TRAINED, plain: Tensor = PLAIN) -> SmallModel:
    known = KnownPhrases(tower.center(embed_phrases(trained, _Words())), plain)
    return SmallModel("small", tower, _Words(), Calibration(10.0, -5.0), known=known)


def test_of_known_plain_phrases_the_nearest_decides(tower):
    """A mug, a traffic light, and what is said of mugs and bowls: 1, 0 and a half, the first for two regions."""
    score = score_texts(_model(tower), TEXTS, ANSWERS)
    assert score.phrases == 5
    assert score.top1 == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert score.class_mean == pytest.approx((1 + 0 + 0.5) / 3)


def test_what_the_model_knows_counts_and_not_what_the_data_hold(tower):
    with_bulb = score_texts(_model(tower, (*TRAINED, "bulb"), torch.tensor([*PLAIN, True])), TEXTS, ANSWERS)
    assert with_bulb.class_mean == pytest.approx((1 + 1 + 0.5) / 3)
    by_look = score_texts(_model(tower, TRAINED, torch.ones(6, dtype=torch.bool)), TEXTS, ANSWERS)
    assert by_look.class_mean == pytest.approx((0 + 0 + 0.5) / 3), "a red lamp is nearer to a coffee cup than a mug"


def test_a_model_from_its_folder_finds_its_phrases_again(tower, tmp_path):
    """They are rounded to float16 there."""
    model = _model(tower)
    save_small(tmp_path, tower, Calibration(10.0, -5.0), 16, model.known_phrases)
    assert score_texts(load_small("again", tmp_path, _Words()), TEXTS, ANSWERS) == score_texts(model, TEXTS, ANSWERS)


def test_a_model_without_known_phrases_has_no_such_score(tower):
    assert score_texts(SmallModel("small", tower, _Words(), Calibration(10.0, -5.0)), TEXTS, ANSWERS) is None
