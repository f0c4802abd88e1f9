"""Answers of trained networks: directions, scale, calibration, and that a scene is encoded once."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from learned_scenes import (
    READING,
    SURE,
    TRAINED,
    NamedModel,
    block,
    geometric_fields,
    make_scene,
    random_fields,
    street,
    turned,
)

from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.threads import single_thread
from ago_ros.scene_query.analytic import locate
from ago_ros.scene_query.answer import AnswerStatus
from ago_ros.scene_query.parse import parse_question
from ago_ros.scene_query.query import Query, QueryError
from ago_ros.scene_query.semabs import scene_volumes
from ago_ros.scene_query.semabs.baselines import METHODS
from ago_ros.scene_query.semabs.decision import Decision
from ago_ros.scene_query.semabs.feeding import SeenScene, encode_scenes, read_answers
from ago_ros.scene_query.semabs.free_space import FreeSpace

CELLS = 40
BOX = block((28, 18, 1), (31, 21, 4))
"""Straight ahead of a viewer in the middle of the street, 16 to 22 m away."""


@pytest.fixture(autouse=True)
def one_thread():
    with single_thread():
        yield


def scene(quarter_turns: int = 0, side_m: float = 80.0, mug: torch.Tensor | None = None, hidden_everywhere=True):
    grid = street(side_m, CELLS)
    things = {"box": turned(BOX, quarter_turns, CELLS)}
    if mug is not None:
        things["mug"] = turned(mug, quarter_turns, CELLS)
    hidden = torch.full(grid.shape, hidden_everywhere)
    return make_scene(grid, (0.0, 0.0, 0.15 * grid.voxel_size), things, hidden)


def ask(encoding, text: str, fields):
    return locate(encoding, parse_question(text), NamedModel(["box", "mug"]), fields=fields)


@pytest.mark.parametrize("side_m", [80.0, 4.0])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("relation", ["behind", "left of"])
def test_relations_are_meant_from_the_viewer_wherever_the_reference_stands(side_m, turns, relation) -> None:
    """A street of 40 m ahead and a table top of 2 m have the same answer, in every direction."""
    encoding, _ = scene(turns, side_m)
    answer = ask(encoding, f"mug {relation} the box", geometric_fields())
    assert answer.status == AnswerStatus.POSSIBLE
    found = turned((answer.probability > 0.2 * answer.probability.max()).nonzero(), -turns, CELLS)
    assert len(found) > 50
    if relation == "behind":
        assert int(found[:, 0].min()) >= 29 and int(found[:, 0].max()) >= 38, "the middle of the box is at 29.5"
    else:
        assert int(found[:, 1].min()) >= 19 and int(found[:, 1].max()) >= 28


def test_the_answer_of_a_trained_network_turns_and_grows_with_the_scene() -> None:
    fields = random_fields()
    query = [[Query("mug", "behind", "box")]]
    fields_found = []
    for turns, side_m in ((0, 80.0), (1, 80.0), (2, 4.0)):
        encoding, _ = scene(turns, side_m)
        place, hiding = fields.place(encoding, query, {}, {"box": [turned(BOX, turns, CELLS)]})
        fields_found.append([torch.rot90(field, -turns, (0, 1)) for field in (place, hiding)])
    for place, hiding in fields_found[1:]:
        torch.testing.assert_close(place, fields_found[0][0], atol=2e-3, rtol=2e-3)
        torch.testing.assert_close(hiding, fields_found[0][1], atol=2e-3, rtol=2e-3)
    assert float(fields_found[0][1].std()) > 1e-4, "a constant turns as well"


@pytest.mark.parametrize("own", [{}, {"left of": Decision(-0.5, 0.7, -1.5, 1.0)}], ids=["shared", "its own"])
@pytest.mark.parametrize("free_space", [False, True])
def test_answers_in_use_are_those_that_training_and_scores_know(own, free_space) -> None:
    """On a room's view, the fields hold what `read_answers` says at the centres of the voxels, calibrated."""
    fields = random_fields(free_space=free_space)
    fields.reading = replace(fields.reading, decisions=fields.reading.decisions | own)
    decision = fields.reading.decision("left of")
    assert decision == own.get("left of", fields.reading.decisions["locate"])
    things = {"box": block((6, 6, 0), (9, 9, 5)), "mug": block((5, 12, 0), (7, 14, 3))}
    hidden = torch.ones(TRAINED.shape, dtype=torch.bool)
    hidden[:4] = not free_space
    encoding, _ = make_scene(TRAINED, (-1.7, 0.0, 0.6), things, hidden)
    points = TRAINED.centers(encoding.occupied)
    maps = encoding.maps(["box", "mug"]) - 0.25
    seen = SeenScene(points, maps, ("box", "mug"), torch.zeros(len(points), 3))
    if free_space:
        seen = replace(seen, free=FreeSpace(encoding.state == VoxelState.FREE, TRAINED, se3.identity()))
    asked = [(0, Query("mug", "left of", "box")), (0, Query("box"))]
    with torch.no_grad():
        encoded = encode_scenes(fields.network, METHODS["semabs"], [seen], asked)
        centers = TRAINED.centers().reshape(-1, 3)
        logits = read_answers(fields.network, METHODS["semabs"], encoded, asked, centers)
    expected = decision.probability(logits[0]).view(TRAINED.shape)
    place, hiding = fields.place(encoding, [[asked[0][1]]], {}, {"box": [things["box"]]})
    enough = float(decision.probability(torch.tensor(decision.threshold)))
    told, unseen = encoding.state != VoxelState.FREE, encoding.state == VoxelState.UNOBSERVED
    torch.testing.assert_close(place[told], (expected[told] / enough).clamp(max=1.0), atol=1e-3, rtol=1e-3)
    shared = expected * (place[unseen].max() / expected[unseen].max())
    torch.testing.assert_close(hiding[told], shared[told], atol=1e-4, rtol=1e-3)
    completed = fields.completions(encoding, {"box": things["box"]})["box"]
    torch.testing.assert_close(completed[told], logits[1].view(TRAINED.shape)[told], atol=1e-3, rtol=1e-3)


def test_the_share_that_is_hidden_is_shared_out_by_calibrated_probability() -> None:
    encoding, _ = scene()
    answer = ask(encoding, "mug behind the box", geometric_fields())
    assert float(answer.probability.sum()) == pytest.approx(0.8, abs=1e-5), "nothing is seen, and some place is sure"
    decision = READING.decisions["locate"]
    low, high = (float(decision.probability(torch.tensor(logit))) for logit in (-4.0, SURE))
    beside, behind = answer.probability[24, 10, 2], answer.probability[38, 19, 2]
    assert float(behind / beside) == pytest.approx(high / low, rel=0.1)
    unsure = geometric_fields()
    unsure.network.locate = lambda t, r, names, q: torch.full((1, len(q)), -6.0)
    nowhere = ask(encoding, "mug behind the box", unsure)
    share = float(decision.probability(torch.tensor(-6.0)) / decision.probability(torch.tensor(0.0)))
    assert float(nowhere.probability.sum()) == pytest.approx(0.8 * share, rel=1e-3)


def test_free_space_hides_nothing_and_is_where_no_answer_lies() -> None:
    encoding, _ = scene(hidden_everywhere=False)
    answer = ask(encoding, "mug behind the box", geometric_fields())
    assert answer.status == AnswerStatus.NOWHERE and not answer.regions and not answer.probability.any()


@pytest.mark.parametrize(
    ("text", "mug", "status"),
    [
        ("mug behind the box", block((34, 18, 1), (36, 21, 3)), AnswerStatus.SEEN),
        ("mug left of the box", block((34, 18, 1), (36, 21, 3)), AnswerStatus.SEEN_ELSEWHERE),
        ("mug", block((34, 18, 1), (36, 21, 3)), AnswerStatus.SEEN),
        ("mug behind the box", None, AnswerStatus.POSSIBLE),
        ("mug", None, AnswerStatus.NOWHERE),
        ("mug behind the sofa", None, AnswerStatus.REFERENCE_NOT_IN_VIEW),
        ("mug left of the box and right of the box", None, AnswerStatus.CONTRADICTORY),
    ],
)
def test_every_status_is_told_as_with_the_analytic_fields(text: str, mug, status: AnswerStatus) -> None:
    encoding, _ = scene(mug=mug)
    answer = ask(encoding, text, geometric_fields())
    assert answer.status == status, answer.message
    if status in (AnswerStatus.POSSIBLE, AnswerStatus.SEEN_ELSEWHERE):
        assert answer.regions and answer.regions[0].hidden > 0.9


def test_a_region_has_a_pose_that_it_would_be_seen_from() -> None:
    encoding, _ = scene(hidden_everywhere=False)
    encoding.state[tuple(block((31, 17, 1), (34, 22, 4)).T)] = VoxelState.UNOBSERVED
    answer = ask(encoding, "mug behind the box", geometric_fields())
    view = answer.regions[0].view
    assert view is not None and view.seen > 0.5
    assert view.position[0] > 24 or abs(view.position[1]) > 4, "the box hides the region from the viewer"


def test_relations_joined_by_and_and_or_are_one_field_of_calibrated_probabilities() -> None:
    fields = geometric_fields()
    encoding, _ = scene()
    alone = {text: ask(encoding, f"mug {text} the box", fields) for text in ("behind", "left of", "right of")}
    both = ask(encoding, "mug behind the box and left of the box", fields)
    either = ask(encoding, "mug left of the box or right of the box", fields)
    behind_left, ahead_right = (38, 26, 2), (22, 12, 2)
    assert both.probability[behind_left] > 100 * both.probability[ahead_right]
    assert both.probability[behind_left] > 5 * both.probability[38, 12, 2], "behind alone is not enough"
    for voxel in (behind_left, ahead_right):
        assert either.probability[voxel] > 5 * either.probability[38, 19, 2]
    assert alone["left of"].probability[ahead_right] < alone["left of"].probability[behind_left] / 5
    assert both.status == either.status == AnswerStatus.POSSIBLE


@pytest.mark.parametrize("mug", [None, block((34, 18, 1), (36, 21, 3))])
def test_another_alternative_makes_a_question_no_less_sure_and_another_condition_no_surer(mug) -> None:
    """A network that is only just sure enough of "behind", and of nothing else."""
    fields = geometric_fields()
    fields.network.locate = lambda t, r, names, q: torch.full((1, len(q)), 0.1 if names[0] == "behind" else -12.0)
    encoding, _ = scene(mug=mug)
    alone = ask(encoding, "mug behind the box", fields)
    either = ask(encoding, "mug behind the box or left of the box or right of the box or on the box", fields)
    both = ask(encoding, "mug behind the box and left of the box", fields)
    seen, not_there = (AnswerStatus.POSSIBLE,) * 2 if mug is None else (AnswerStatus.SEEN, AnswerStatus.SEEN_ELSEWHERE)
    assert alone.status == either.status == seen and both.status == not_there
    torch.testing.assert_close(either.probability, alone.probability, atol=1e-5, rtol=1e-3)
    assert float(both.probability.sum()) < 0.01


def test_a_phrase_is_read_and_encoded_once_however_many_ask_at_once() -> None:
    fields = geometric_fields()
    encoding, maps = scene()
    texts = ["mug behind the box", "mug left of the box", "where is the mug in front of the box"]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: ask(encoding, texts[n % 3], fields), range(50)))
    assert len(answers) == 50
    for number, answer in enumerate(answers):
        assert torch.equal(answer.probability, answers[number % 3].probability)
    assert fields.network.encoded["volumes"] == 2, "one volume for each of two phrases in one window"
    assert all(count == 1 for count in maps.reads.values()) and maps.reads["box"] == maps.reads["mug"] == 1
    ask(encoding, "mug right of the box", fields)
    assert fields.network.encoded["volumes"] == 2


def test_what_is_kept_goes_with_the_scene_and_has_a_limit(monkeypatch) -> None:
    fields = random_fields()
    encoding, _ = scene(mug=block((34, 18, 1), (36, 21, 3)))
    one = 8 * TRAINED.num_voxels * 4
    kept = fields.scene(encoding)
    first = kept.volumes(["box"], 0).features.clone()
    kept.volumes(["mug"], 0)
    assert kept.kept_bytes == 2 * one
    monkeypatch.setattr(scene_volumes, "KEPT_BYTES", 2 * one)
    kept.volumes(["box", "lamp"], 0)
    assert kept.kept_bytes == 2 * one, "the mug was asked for longest ago, and goes"
    kept.volumes(["a", "b", "c"], 0)
    assert kept.kept_bytes == 3 * one, "what one question needs is never let go"
    torch.testing.assert_close(kept.volumes(["box"], 0).features, first)
    gone = weakref.ref(kept)
    del encoding, kept, _
    gc.collect()
    assert gone() is None


def test_a_scene_without_maps_is_refused() -> None:
    encoding, _ = scene()
    object.__setattr__(encoding, "maps", None)
    with pytest.raises(QueryError, match="encode it with the network's own relevancy"):
        ask(encoding, "mug behind the box", geometric_fields())


def test_a_part_of_the_grid_beyond_the_window_says_nothing() -> None:
    """The corner of a square street is 57 m away, and windows reach 40 m ahead."""
    encoding, _ = scene()
    fields = geometric_fields()
    view = fields.scene(encoding).view(0)
    ahead = encoding.grid.centers(encoding.grid.unflatten(view.voxels))
    assert float(ahead[:, 0].min()) > 0 and float(ahead[:, 1].abs().max()) < 20
    assert view.shape[2] < TRAINED.shape[2], "only layers that the scene has are asked"
    grid = VoxelGrid((-40.0, -40.0, 60.0), 2.0, (40, 40, 8))
    above, _ = make_scene(grid, (0.0, 0.0, 61.0), {"box": BOX}, torch.ones(grid.shape, dtype=torch.bool))
    assert not ask(above, "mug behind the box", fields).probability.any()
