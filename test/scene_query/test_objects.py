import dataclasses

import pytest
import torch
from made_scene import GRID, OracleModel, block, make_scene

from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNOBSERVED
from ago_ros.scene_query.objects import complete, detect
from ago_ros.scene_query.query import QueryError
from ago_ros.vlm.vocabulary import make_vocabulary

MODEL = OracleModel()
VOCABULARY = make_vocabulary(["car", "wall", "background"], MODEL)
CAR, OTHER_CAR = block((2, -1, 0), (6, 1, 1.5)), block((-6, 2, 0), (-4, 6, 1.5))
WALL, GROUND = block((-7, -5, 0), (8, -4, 2)), block((-8, -6, -1), (12, 9, -0.5))
THINGS = [("car", CAR), ("car", OTHER_CAR), ("wall", WALL), ("background", GROUND)]


def test_each_object_has_its_box():
    found = detect(make_scene(THINGS), VOCABULARY, ["car"], MODEL)
    boxes = sorted((*region.center, *region.extent, round(region.yaw, 6)) for region in found)
    assert boxes[0] == pytest.approx((-5, 4, 0.75, 4, 2, 1.5, 1.570796))
    assert boxes[1] == pytest.approx((4, 0, 0.75, 4, 2, 1.5, 0))
    assert all(region.phrase == "car" and region.probability > 0.9 and region.hidden == 0 for region in found)


def test_without_phrases_the_whole_vocabulary_is_sought():
    found = detect(make_scene(THINGS), VOCABULARY, [], MODEL)
    assert sorted(region.phrase for region in found) == ["background", "car", "car", "wall"]


def test_phrases_outside_the_vocabulary_compete_too():
    scene = make_scene([*THINGS, ("mug", block((-2, 2, 1), (-1, 3, 2)))])
    found = detect(scene, VOCABULARY, ["mug"], MODEL)
    assert [region.phrase for region in found] == ["mug"]
    assert found[0].center == pytest.approx((-1.5, 2.5, 1.5))


def test_low_scores_and_specks_are_left_out():
    scene = make_scene([("car", CAR), ("car", block((-6, 2, 0), (-5.5, 2.5, 0.5)))])
    assert len(detect(scene, VOCABULARY, ["car"], MODEL)) == 1
    assert len(detect(scene, VOCABULARY, ["car"], MODEL, min_voxels=1)) == 2
    assert detect(scene, VOCABULARY, ["car"], MODEL, min_score=1.1) == ()


def test_completion_fills_the_unseen_part_of_the_box():
    front = CAR[(CAR[:, 0] == CAR[:, 0].min()) | (CAR[:, 1] == CAR[:, 1].min())]
    kept = torch.zeros(GRID.shape, dtype=torch.bool)
    kept[tuple(CAR.T)] = True
    kept[tuple(front.T)] = False
    inner = kept.nonzero()
    beyond = block((7, -1, 0), (9, 1, 1.5))
    free = inner[inner[:, 2] == inner[:, 2].max()]
    scene = make_scene([("car", front), ("wall", WALL)], hidden=[inner, beyond])
    scene.state[tuple(free.T)] = VoxelState.FREE
    filled = inner[inner[:, 2] < inner[:, 2].max()]

    grid, regions = complete(scene, VOCABULARY, ["car"], MODEL)
    assert grid.vocabulary == ("car",)
    assert (grid.labels[tuple(front.T)] == 0).all()
    assert (grid.labels[tuple(filled.T)] == 0).all()
    assert (grid.labels[tuple(free.T)] == LABEL_FREE).all()
    assert (grid.labels[tuple(beyond.T)] == LABEL_UNOBSERVED).all()
    assert (grid.labels[tuple(WALL.T)] == LABEL_UNOBSERVED).all()
    assert int(grid.occupied.sum()) == len(front) + len(filled)
    assert (grid.confidence[tuple(filled.T)] < grid.confidence[tuple(front.T)].min()).all()
    assert len(regions) == 1
    assert regions[0].hidden == pytest.approx(len(filled) / (len(front) + len(filled)))
    assert regions[0].center == pytest.approx((4, 0, 0.75))


def test_completion_of_a_whole_object_changes_nothing():
    grid, regions = complete(make_scene(THINGS), VOCABULARY, ["car"], MODEL)
    assert int(grid.occupied.sum()) == len(CAR) + len(OTHER_CAR)
    assert [region.hidden for region in regions] == [0.0, 0.0]


def test_without_an_image_tower_the_advice_names_the_parameter():
    scene = dataclasses.replace(make_scene(THINGS), features=None)
    for function in (detect, complete):
        with pytest.raises(QueryError, match="set the parameter vlm"):
            function(scene, VOCABULARY, ["car"], None)


def test_blank_phrases_are_refused():
    for function in (detect, complete):
        with pytest.raises(QueryError, match="blank phrase"):
            function(make_scene(THINGS), VOCABULARY, ["car", " "], MODEL)
