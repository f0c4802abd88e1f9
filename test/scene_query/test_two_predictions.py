"""Relevancy where voxels have two sets of features: each is read from the one that is surer."""

import dataclasses

import pytest
import torch
from made_scene import GRID, block, make_scene

from ago_ros.occupancy.ago.text import AgoPhrases
from ago_ros.scene_query.analytic import LocateConfig, locate, score_phrases
from ago_ros.scene_query.answer import AnswerStatus
from ago_ros.scene_query.query import QueryError, make_query

BACKGROUND = ("object", "things", "stuff", "texture", "background")
AXES = {"car": 0, "mug": 1}


class Axes:
    """Texts of three dimensions: car, mug, and everything else."""

    name, dim = "axes", 3

    def encode_text(self, phrases):
        numbers = [next((axis for word, axis in AXES.items() if word in phrase), 2) for phrase in phrases]
        return torch.eye(3)[numbers]


MODEL = AgoPhrases(Axes(), "folder")
CAR, MUG = block((-2, -2, 0), (0, 0, 1)), block((3, 3, 0), (4, 4, 1))


def scene(grounded, adapted):
    """A scene of two things whose voxels have the given two features each: (2, 3) of the car's and the mug's."""
    made = make_scene([("car", CAR), ("mug", MUG)])
    volume = torch.zeros(GRID.shape, dtype=torch.long)
    volume[tuple(MUG.T)] = 1
    which = volume[tuple(made.occupied.T)]
    return dataclasses.replace(
        made, features=torch.tensor(grounded)[which], adapted=torch.tensor(adapted)[which], model="folder"
    ), which


GROUNDED = [[9.0, 0.0, 0.0], [0.5, 0.0, 0.6]]
ADAPTED = [[0.0, 0.0, 0.3], [0.0, 8.0, 0.0]]


def test_each_voxel_is_scored_by_the_surer_set_and_by_plain_dot_products():
    encoding, which = scene(GROUNDED, ADAPTED)
    scores = score_phrases(encoding, ["car", "mug"], MODEL)
    sigmoid = torch.tensor([9.0, 8.0, 0.6]).sigmoid()
    assert scores["car"][which == 0].unique().tolist() == pytest.approx([float(sigmoid[0])])
    assert scores["mug"][which == 1].unique().tolist() == pytest.approx([float(sigmoid[1])])
    grounded = score_phrases(encoding, ["mug"], MODEL, "none")["mug"]
    assert grounded[which == 1].unique().tolist() == pytest.approx([1 - float(sigmoid[2])])


def test_what_only_the_adapted_features_know_is_found_and_without_them_is_not():
    encoding, _ = scene(GROUNDED, ADAPTED)
    found = locate(encoding, make_query("mug"), MODEL)
    assert found.status == AnswerStatus.SEEN
    assert found.regions[0].center == pytest.approx((3.5, 3.5, 0.5))
    blind = locate(encoding, make_query("mug"), MODEL, LocateConfig(criterion="none"))
    assert blind.status != AnswerStatus.SEEN


def test_phrases_of_another_model_are_refused():
    encoding, _ = scene(GROUNDED, ADAPTED)
    with pytest.raises(QueryError, match="use one model for both"):
        locate(encoding, make_query("mug"), AgoPhrases(Axes(), "elsewhere"))
