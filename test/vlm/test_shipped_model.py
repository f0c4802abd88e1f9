"""The model that ships: its files, and that it knows pictures of both worlds that it never saw."""

from pathlib import Path

import pytest
import torch

import ago_ros
from ago_ros.datasets.captioned_views.drive import draw_drive_views
from ago_ros.datasets.captioned_views.rooms import draw_room_views
from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES
from ago_ros.evaluation.vlm_dense import score_dense
from ago_ros.evaluation.vlm_regions import collect_regions, score_naming
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.loading import load_vlm

FOLDER = Path(ago_ros.__file__).parent / "weights" / "vlm_tiny"


@pytest.fixture(scope="module")
def model() -> VisionLanguageModel:
    return load_vlm("ago-tiny")


def test_it_is_small_and_has_a_card():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 20e6
    card = (FOLDER / "card.md").read_text().lower()
    for entry in ("data", "command", "seed", "commit", "scores", "size"):
        assert f"| {entry} |" in card


def test_it_names_things_of_an_unseen_room(model):
    names = sorted(set(CLASSES) - NOVEL_CLASSES)
    found = collect_regions(model, draw_room_views("validation", 400, views=6))
    known = [i for i, name in enumerate(found.names) if name in names]
    score = score_naming(model, found.features[known], [found.names[i] for i in known], names)
    assert score.regions > 20
    assert score.top1 > 0.25 > 20 * score.chance


def test_it_tells_road_sky_and_houses_apart_on_an_unseen_drive(model):
    scores = score_dense(model, draw_drive_views(50_000, shots=1))
    for category, least in (("driveable_surface", 0.6), ("sky", 0.6), ("manmade", 0.4)):
        assert scores[category] > least or scores[category] != scores[category]
    assert scores["mIoU"] > 0.2


def test_its_probabilities_are_neither_shy_nor_certain(model):
    """A grey picture shows nothing: no phrase is likely."""
    grey = torch.full((1, 96, 96, 3), 128, dtype=torch.uint8)
    text = model.encode_text(["car", "mug", "tree", "sofa"])
    logits = model.logit_scale * model.encode_dense(grey)[0].mean(dim=(0, 1)) @ text.T + model.logit_bias
    assert logits.sigmoid().max() < 0.5
