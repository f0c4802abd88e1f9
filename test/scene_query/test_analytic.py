import dataclasses
import math
import re

import pytest
import torch
from made_scene import GRID, OracleModel, block, make_scene

from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.analytic import LocateConfig, locate
from ago_ros.scene_query.answer import AnswerStatus
from ago_ros.scene_query.query import Query, QueryError

MODEL = OracleModel()
BOX = block((2.9, -1.1, -0.1), (4.1, 1.1, 2.1))
BEHIND = block((4.4, -1.1, -0.1), (6.1, 1.1, 1.6))
GROUND = block((-8, -6, -1), (12, 9, -0.5))


def mass_in(answer, voxels) -> float:
    return float(answer.probability[tuple(voxels.T)].sum())


def test_target_alone_is_found_where_it_is():
    near, far = block((2, 2, 0), (3, 3, 1)), block((-5, -3, 0), (-4, -2, 1))
    answer = locate(
        make_scene([("mug", near), ("mug", far), ("car", BOX), ("background", GROUND)]), Query("mug"), MODEL
    )
    assert mass_in(answer, torch.cat([near, far])) == pytest.approx(float(answer.probability.sum()))
    assert float(answer.probability.sum()) > 0.99
    assert len(answer.regions) == 2
    assert {tuple(round(c, 3) for c in region.center) for region in answer.regions} == {
        (2.5, 2.5, 0.5),
        (-4.5, -2.5, 0.5),
    }
    assert all(region.hidden == 0 and region.phrase == "mug" for region in answer.regions)
    assert answer.stamp_ns == 9
    assert answer.grid is GRID


def test_target_that_is_not_there_has_no_region():
    answer = locate(make_scene([("box", BOX)]), Query("mug"), MODEL)
    assert not answer.probability.any()
    assert answer.regions == ()


@pytest.mark.parametrize(("relation", "right"), [("behind", 0), ("left of", 1), ("in front of", 2), ("right of", 3)])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_of_four_mugs_the_relation_picks_one(relation, right, turns):
    """The viewer walks around the box, a quarter turn at a time; the mugs stay."""
    around = [math.pi / 2 * quarter for quarter in range(4)]
    middle = torch.tensor([2.0, 1.5, 0.5])
    mugs = [
        block((x - 0.3, y - 0.3, 0.2), (x + 0.3, y + 0.3, 0.8))
        for x, y in (((2.0 + 2.0 * math.cos(a)), (1.5 + 2.0 * math.sin(a))) for a in around)
    ]
    box = block((1.4, 0.9, -0.1), (2.6, 2.1, 1.1))
    heading = around[turns]
    viewpoint = (float(middle[0]) - 5 * math.cos(heading), float(middle[1]) - 5 * math.sin(heading), 1.5)
    scene = make_scene([*(("mug", mug) for mug in mugs), ("box", box)], viewpoint=viewpoint)
    answer = locate(scene, Query("mug", relation, "box"), MODEL)
    masses = [mass_in(answer, mug) for mug in mugs]
    assert masses[(right + turns) % 4] > 0.9 * sum(masses) > 0.8


def test_hidden_space_counts_for_behind():
    answer = locate(make_scene([("box", BOX)], hidden=[BEHIND]), Query("mug", "behind", "box"), MODEL)
    total = float(answer.probability.sum())
    assert 0.6 < total <= 0.8
    assert mass_in(answer, BEHIND) == pytest.approx(total)
    assert answer.regions[0].hidden == pytest.approx(1.0)
    assert 4.0 < answer.regions[0].center[0] < 6.2


def test_hidden_space_counts_for_in():
    inside = block((3.4, -0.6, 0.4), (3.9, 0.6, 1.6))
    shell = BOX[~(BOX[:, None] == inside[None]).all(dim=2).any(dim=1)]
    answer = locate(make_scene([("box", shell)], hidden=[inside, BEHIND]), Query("mug", "in", "box"), MODEL)
    assert mass_in(answer, inside) == pytest.approx(float(answer.probability.sum())) == pytest.approx(0.8)
    assert [region.hidden for region in answer.regions] == pytest.approx([1.0])


@pytest.mark.parametrize("relation", ["on", "in front of", "left of", "right of"])
def test_hidden_space_does_not_count_for_what_would_be_seen(relation):
    everywhere = GRID.unflatten(torch.arange(GRID.num_voxels))
    answer = locate(make_scene([("box", BOX)], hidden=[everywhere]), Query("mug", relation, "box"), MODEL)
    assert not answer.probability.any()


def test_seen_target_leaves_little_to_hidden_space():
    mug = block((5.4, -0.6, -0.1), (6.1, 0.1, 0.6))
    scene = make_scene([("box", BOX), ("mug", mug)], hidden=[BEHIND])
    answer = locate(scene, Query("mug", "behind", "box"), MODEL)
    unseen = scene.state == VoxelState.UNOBSERVED
    assert mass_in(answer, mug) > 0.9
    assert float(answer.probability[unseen].sum()) < 0.1


def test_probability_never_exceeds_one_and_free_space_has_none():
    scene = make_scene(
        [("box", BOX), ("mug", block((5.4, -2, 0), (6, 2, 1))), ("mug", block((-6, 0, 0), (-5, 1, 1)))], [BEHIND]
    )
    for query in (Query("mug"), *(Query("mug", relation, "box") for relation in ("in", "on", "behind", "left of"))):
        answer = locate(scene, query, MODEL)
        assert float(answer.probability.min()) >= 0
        assert float(answer.probability.sum()) <= 1 + 1e-5
        assert not answer.probability[scene.state == VoxelState.FREE].any()
        assert sum(region.probability for region in answer.regions) <= 1 + 1e-5


def test_any_of_several_references_will_do():
    other = block((-4.1, 2.9, -0.1), (-2.9, 4.1, 1.1))
    mug = block((-5.6, 4.6, 0.0), (-4.9, 5.3, 0.6))
    answer = locate(make_scene([("box", BOX), ("box", other), ("mug", mug)]), Query("mug", "behind", "box"), MODEL)
    assert mass_in(answer, mug) > 0.5


def test_target_of_the_references_own_kind_is_another_one():
    other = block((5.4, -1.1, -0.1), (6.6, 1.1, 1.1))
    scene = make_scene([("box", BOX), ("box", other)])
    answer = locate(scene, Query("box", "behind", "box", another=True), MODEL)
    assert mass_in(answer, other) > 0.9
    assert answer.status == AnswerStatus.SEEN
    assert locate(scene, Query("box", "behind", "box"), MODEL).status == AnswerStatus.CONTRADICTORY
    assert mass_in(answer, BOX) < 1e-4


def test_reference_that_is_not_in_sight_is_refused_with_advice():
    answer = locate(make_scene([("mug", BOX)]), Query("mug", "behind", "box"), MODEL)
    assert answer.status == AnswerStatus.REFERENCE_NOT_IN_VIEW and answer.status.refused
    assert re.search(r"the reference 'box' \(best relevancy 0\.\d\d, needs more than 0\.50\)", answer.message)
    assert answer.regions == () and not answer.probability.any()


def test_empty_scene_has_answers_too():
    assert locate(make_scene([]), Query("mug"), MODEL).regions == ()
    assert locate(make_scene([]), Query("mug", "on", "box"), MODEL).status == AnswerStatus.REFERENCE_NOT_IN_VIEW


def test_voxels_that_no_image_shows_are_neither_target_nor_reference():
    scene = make_scene([("box", BOX), ("mug", BEHIND)])
    blind = dataclasses.replace(scene, features=torch.zeros_like(scene.features))
    assert locate(blind, Query("mug"), MODEL, LocateConfig(threshold=0.0)).regions == ()
    answer = locate(blind, Query("mug", "on", "box"), MODEL, LocateConfig(threshold=0.0))
    assert answer.status == AnswerStatus.REFERENCE_NOT_IN_VIEW


def test_without_an_image_tower_the_advice_names_the_parameter():
    scene = make_scene([("mug", BOX)])
    for encoding, model in ((scene, None), (dataclasses.replace(scene, features=None), MODEL)):
        with pytest.raises(QueryError, match="no image tower configured: set the parameter vlm"):
            locate(encoding, Query("mug"), model)


@pytest.mark.parametrize(("query", "asked"), [("mug", ["mug"]), ("box", ["mug", "box"]), ("mug alike", ["mug"])])
def test_a_scene_with_maps_is_asked_once_for_all_phrases(query, asked):
    """The features say that everything is background; the maps know the mug and the box."""
    mug, box = block((5.4, -0.6, -0.1), (6.1, 0.1, 0.6)), BOX
    scene = make_scene([("background", mug), ("background", box)])
    truth = {"mug": torch.zeros(GRID.shape), "box": torch.zeros(GRID.shape)}
    truth["mug"][tuple(mug.T)] = 1.0
    truth["box"][tuple(box.T)] = 1.0
    calls = []

    def maps(phrases):
        calls.append(list(phrases))
        return torch.stack([truth[phrase][tuple(scene.occupied.T)] for phrase in phrases])

    scene = dataclasses.replace(scene, relevancy=maps)
    questions = {
        "mug": Query("mug"),
        "box": Query("mug", "behind", "box"),
        "mug alike": Query("mug", "behind", "mug", True),
    }
    answer = locate(scene, questions[query], MODEL)
    assert calls == [asked]
    if query != "mug alike":
        assert mass_in(answer, mug) > 0.9


def test_models_must_agree():
    with pytest.raises(QueryError, match="encoded by 'other'"):
        locate(dataclasses.replace(make_scene([]), model="other"), Query("mug"), MODEL)


@pytest.mark.parametrize("changes", [{"threshold": 1.0}, {"hidden_belief": 1.5}, {"region_floor": -0.1}])
def test_meaningless_configuration_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        LocateConfig(**changes)
