"""Questions of several relations, and the answers that say why there is no place."""

import pytest
import torch
from made_scene import GRID, OracleModel, block, make_scene

from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.analytic import locate
from ago_ros.scene_query.answer import AnswerStatus
from ago_ros.scene_query.parse import parse_question

MODEL = OracleModel()
BOX = block((2.9, -1.1, -0.1), (4.1, 1.1, 2.1))
CAR = block((3.4, -5.1, -0.1), (4.6, -3.9, 1.1))
BEHIND_BOX = block((4.4, -3.1, -0.1), (6.1, 3.1, 1.6))
BEHIND_CAR = block((4.9, -5.6, -0.1), (6.1, -3.6, 1.1))
MUG = block((-3.1, 2.9, -0.1), (-2.4, 3.6, 0.6))


def ask(text, things, hidden=()):
    answer = locate(make_scene(things, hidden), parse_question(text), MODEL)
    assert 0 <= float(answer.probability.sum()) <= 1 + 1e-5
    return answer


def mass_in(answer, voxels) -> float:
    return float(answer.probability[tuple(voxels.T)].sum())


def test_or_puts_probability_in_both_places():
    things, hidden = [("box", BOX), ("car", CAR)], [BEHIND_BOX, BEHIND_CAR]
    answer = ask("mug behind the box or behind the car", things, hidden)
    alone = ask("mug behind the box", things, hidden)
    assert answer.status == AnswerStatus.POSSIBLE
    assert mass_in(answer, BEHIND_BOX) > 0.05 and mass_in(answer, BEHIND_CAR) > 0.05
    assert mass_in(alone, BEHIND_CAR) == pytest.approx(0.0, abs=0.02)
    assert mass_in(alone, BEHIND_BOX) > mass_in(answer, BEHIND_BOX)
    assert float(answer.probability.sum()) == pytest.approx(0.8, abs=0.1)
    assert answer.understood == "mug behind box or behind car"


def test_and_keeps_what_satisfies_both_also_where_nothing_is_seen():
    """Left of the car and behind the box is the car's side of the hidden space; left of the car alone hides nothing."""
    things, hidden = [("box", BOX), ("car", CAR)], [BEHIND_BOX]
    both = ask("mug behind the box and left of the car", things, hidden)
    alone = ask("mug behind the box", things, hidden)
    centers = GRID.centers()
    near_car = (centers[..., 1] < -1) & (centers[..., 1] > -4)

    def share(answer):
        return float(answer.probability[near_car].sum() / answer.probability.sum())

    assert both.status == AnswerStatus.POSSIBLE and both.regions
    assert share(both) > share(alone) + 0.2
    assert not ask("mug left of the car", things, hidden).probability.any()
    unseen = make_scene(things, hidden).state == VoxelState.UNOBSERVED
    assert float(both.probability[unseen].sum()) == pytest.approx(float(both.probability.sum()))


def test_and_is_no_wider_than_its_parts():
    things, hidden = [("box", BOX), ("car", CAR)], [BEHIND_BOX, BEHIND_CAR]
    both = ask("mug behind the box and left of the car", things, hidden).probability > 0
    assert not (both & ~(ask("mug behind the box", things, hidden).probability > 0)).any()


def test_seen_where_asked():
    mug = block((4.9, -0.6, -0.1), (5.6, 0.1, 0.6))
    answer = ask("mug behind the box or in the car", [("box", BOX), ("car", CAR), ("mug", mug)])
    assert answer.status == AnswerStatus.SEEN and not answer.status.refused
    assert "in view at x 5" in answer.message


def test_seen_elsewhere_says_where_and_still_gives_the_hidden_places():
    answer = ask("mug behind the box", [("box", BOX), ("mug", MUG)], [BEHIND_BOX])
    assert answer.status == AnswerStatus.SEEN_ELSEWHERE
    assert "mug is in view at x -2.8 y 3.2" in answer.message or "mug is in view at x -2.8 y 3.3" in answer.message
    assert mass_in(answer, BEHIND_BOX) > 0.5 and answer.regions[0].view is not None


def test_nowhere_says_what_to_do():
    answer = ask("mug on the box", [("box", BOX)])
    assert answer.status == AnswerStatus.NOWHERE and answer.regions == () and not answer.status.refused
    assert "look from elsewhere" in answer.message


@pytest.mark.parametrize("text", ["mug left of the box and right of the box", "the box behind the box"])
def test_a_contradiction_is_answered_as_one(text):
    answer = ask(text, [("box", BOX), ("mug", MUG)])
    assert answer.status == AnswerStatus.CONTRADICTORY and answer.status.refused
    assert answer.message.startswith("the query contradicts itself: no")
    assert answer.regions == () and not answer.probability.any()


def test_another_alternative_saves_a_contradiction():
    things, hidden = [("box", BOX), ("car", CAR)], [BEHIND_CAR, BEHIND_BOX]
    answer = ask("mug left of the box and right of the box or behind the car", things, hidden)
    assert torch.equal(answer.probability, ask("mug behind the car", things, hidden).probability)


def test_a_reference_not_in_view_is_named_and_its_alternative_left_out():
    hidden = [BEHIND_BOX]
    neither = ask("mug behind the car or in the wall", [("box", BOX)], hidden)
    assert neither.status == AnswerStatus.REFERENCE_NOT_IN_VIEW and neither.status.refused
    assert "'car'" in neither.message and "'wall'" in neither.message and neither.regions == ()
    both = ask("mug behind the box and left of the car", [("box", BOX)], hidden)
    assert both.status == AnswerStatus.REFERENCE_NOT_IN_VIEW and "'car'" in both.message
    either = ask("mug behind the box or behind the car", [("box", BOX)], hidden)
    assert either.status == AnswerStatus.POSSIBLE
    assert either.message.endswith("left out, as not in view: 'car'")
    assert torch.equal(either.probability, ask("mug behind the box", [("box", BOX)], hidden).probability)


def test_regions_say_from_where_they_would_be_seen():
    answer = ask("mug behind the box", [("box", BOX)], [BEHIND_BOX])
    view = answer.regions[0].view
    assert view is not None and view.seen >= 0.5
    (voxel,), _ = GRID.indices(torch.tensor([view.position], dtype=torch.float64))
    assert make_scene([("box", BOX)], [BEHIND_BOX]).state[tuple(voxel)] == VoxelState.FREE
    assert view.position[2] == pytest.approx(1.5)
