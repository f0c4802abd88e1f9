"""What is asked of a view: answers against plain loops, and what may never be asked."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from made_query_views import GRID, made_view, query_view, renamed

from ago_ros.datasets.captioned_views.unseen import is_unseen
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.query_views.store import Ask, pack, read_file, read_made_with, read_views, unpack, write_views
from ago_ros.datasets.room_world.relations import AXES
from ago_ros.datasets.room_world.view import UNSEEN
from ago_ros.training.scene_query.asks import AskConfig, ask_view, phrases_of

MANY = AskConfig(completions=20, each_relation=20)


def _places(view, target: str, relation: str, reference: str) -> np.ndarray:
    """Every consistent place, voxel by voxel and pair by pair."""
    centre = {i: np.argwhere(view.occupancy == i).mean(axis=0) + 0.5 for i in view.objects}
    extent = {i: np.ptp(np.argwhere(view.occupancy == i), axis=0) + 1 for i in view.objects}
    named = {name: [i for i, each in view.objects.items() if each.name == name] for name in (target, reference)}
    result = np.zeros(view.occupancy.shape, dtype=bool)
    for a, b in itertools.product(named[target], named[reference]):
        away = (centre[a] - centre[b]) * GRID.voxel_size
        reach = np.clip(2 * max(extent[b][:2]) * GRID.voxel_size, 0.1, 1.0)
        aligned = away[:2] @ np.array(AXES[relation]) / np.linalg.norm(away) > 0.6
        if aligned and np.linalg.norm(away) <= reach:
            result |= view.occupancy == a
    for b in named[reference] if relation == "behind" else []:
        reach = np.clip(2 * max(extent[b][:2]) * GRID.voxel_size, 0.1, 1.0)
        deepest = np.argwhere(view.occupancy == b)[:, 0].max()
        for x, y, z in np.ndindex(*view.occupancy.shape):
            away = (np.array([x, y, z]) + 0.5 - centre[b]) * GRID.voxel_size
            hidden = view.occupancy[x, y, z] == 0 and view.visibility[x, y, z] == UNSEEN and x > deepest
            if hidden and away[0] > 0.6 * np.linalg.norm(away) and np.linalg.norm(away) <= reach:
                result[x, y, z] = True
    return result


def test_answers_are_those_of_plain_loops():
    view = made_view()
    asks, packed = ask_view(view, "train", MANY)
    sets = [unpack(data, GRID.shape) for data in packed]
    assert np.array_equal(sets[0], view.visibility == UNSEEN)
    names = {each.name: i for i, each in view.objects.items()}
    completed = {ask.label: sets[ask.answer] for ask in asks if not ask.relation}
    assert set(completed) == {"cardboard box", "mug", "floor lamp"}, "what is hidden is not completed"
    assert all(np.array_equal(voxels, view.occupancy == names[label]) for label, voxels in completed.items())
    located = {ask.label: ask for ask in asks if ask.relation}
    assert "bottle behind cardboard box" in located
    assert "mug left of cardboard box" in located
    for ask in located.values():
        expected = _places(view, ask.target, ask.relation, ask.reference)
        assert np.array_equal(sets[ask.answer], expected), ask.label
        if ask.hidden >= 0:
            assert np.array_equal(sets[ask.hidden], (view.occupancy == names[ask.target]) & sets[0])
    assert [ask.target for ask in located.values() if ask.hidden >= 0] != []
    assert {ask.target for ask in located.values() if ask.hidden >= 0} == {"bottle"}


def test_a_mark_on_the_other_side_is_another_answer():
    """The oracle itself would notice left and right swapped."""
    view = made_view()
    assert _places(view, "mug", "left of", "cardboard box").any()
    assert not _places(view, "mug", "right of", "cardboard box").any()


@pytest.mark.parametrize("split", ["train", "validation"])
def test_training_never_asks_held_out_words_or_classes(split):
    view = renamed(made_view(names=("safe", "mug", "bottle", "floor lamp")), 2, "coffee cup")
    asks, _ = ask_view(view, split, MANY)
    told = " ".join(phrases_of(asks, split))
    assert "floor lamp" in told
    assert not is_unseen(told)
    assert not any(name in ask.label for ask in asks for name in ("safe", "mug"))


def test_a_held_out_phrase_that_slips_through_is_refused():
    ask = Ask("teapot", "", "", "teapot", True, 0)
    assert phrases_of([ask], "novel_classes") == ("teapot",)
    with pytest.raises(ValueError, match="'teapot' is held out"):
        phrases_of([ask], "train")


def test_tests_score_only_what_they_are_about():
    view = renamed(made_view(names=("safe", "mug", "bottle", "floor lamp")), 2, "coffee cup")
    novel, _ = ask_view(view, "novel_classes", MANY)
    assert {ask.label for ask in novel if ask.scored and not ask.relation} == {"safe"}
    assert all("safe" in ask.label for ask in novel if ask.scored)
    synonyms, _ = ask_view(view, "novel_synonyms", MANY)
    assert {ask.target for ask in synonyms if ask.scored and not ask.relation} == {"coffee cup"}
    everything, _ = ask_view(view, "novel_rooms", MANY)
    assert all(ask.scored for ask in everything)


def test_the_choice_is_the_same_every_time():
    few = AskConfig(completions=2, each_relation=1)
    assert ask_view(made_view(1), "train", few) == ask_view(made_view(1), "train", few)
    assert len([ask for ask in ask_view(made_view(1), "train", few)[0] if not ask.relation]) == 2


def test_files_keep_everything(tmp_path):
    views = [query_view(made_view(number)) for number in range(2)]
    write_views(tmp_path / "000000.npz", views, {"vlm": "made"})
    write_views(tmp_path / "000001.npz", [], {"vlm": "made"})
    assert read_made_with(tmp_path) == {"vlm": "made"}
    again = list(read_views(tmp_path))
    assert [view.name for view in again] == ["0000000_00", "0000001_00"]
    for one, other in zip(views, again, strict=True):
        assert (one.asks, one.packed, one.phrases, one.grid) == (other.asks, other.packed, other.phrases, other.grid)
        assert np.array_equal(one.sight.depth, other.sight.depth)
        assert np.array_equal(one.sight.colours, other.sight.colours)
        assert np.array_equal(one.sight.grid_from_camera, other.sight.grid_from_camera)
        assert (one.scale, other.scale) == (1.0, 1.0)
        assert one.free is not None and one.free == other.free
        assert all(np.array_equal(one.maps[kind], other.maps[kind]) for kind in ("multi", "single"))
    assert set(read_file(tmp_path / "000000.npz", ["single"])[1][0].maps) == {"single"}
    write_views(tmp_path / "000002.npz", [replace(views[0], free=None)], {"vlm": "made"})
    assert read_file(tmp_path / "000002.npz")[1][0].free is None


def test_packing_is_undone():
    voxels = np.random.default_rng(0).random((5, 7, 3)) < 0.3
    assert np.array_equal(unpack(pack(voxels), (5, 7, 3)), voxels)


def test_damaged_missing_and_mixed_files_say_so(tmp_path):
    with pytest.raises(DatasetError, match="holds no query views"):
        list(read_views(tmp_path))
    write_views(tmp_path / "000000.npz", [query_view(made_view())], {"vlm": "one"})
    write_views(tmp_path / "000001.npz", [query_view(made_view(1))], {"vlm": "another"})
    with pytest.raises(DatasetError, match=r"000001.*drawn with other settings than 000000"):
        list(read_views(tmp_path))
    (tmp_path / "000000.npz").write_bytes((tmp_path / "000000.npz").read_bytes()[:500])
    with pytest.raises(DatasetError, match=r"000000.*draw it again"):
        list(read_views(tmp_path))
