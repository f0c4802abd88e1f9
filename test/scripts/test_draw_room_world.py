"""The pictures of the room world: every class whole in its portrait, plans the right way round, sheets laid out."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ago_ros.datasets.room_world.catalogue import CLASSES
from ago_ros.datasets.room_world.rendering import Stage

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def drawing():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
        import draw_room_world

        yield draw_room_world


def test_every_class_fills_its_portrait_and_is_not_cut(drawing):
    side = 48
    for number, spec in enumerate(CLASSES.values()):
        room = drawing.studio(spec, number)
        thing = room.items[-1]
        shown = Stage(room).look(drawing.aim(thing, side)).instance == thing.instance
        rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
        assert rows[0] > 0 and rows[-1] < 0.82 * side, f"{spec.name} covers its name, or is cut"
        assert columns[0] > 0 and columns[-1] < side - 1, f"{spec.name} is cut"
        across, up = (columns[-1] - columns[0] + 1) / side, (rows[-1] - rows[0] + 1) / side
        assert max(across / 0.86, up / 0.74) > 0.9, f"{spec.name} is small: {across:.2f} x {up:.2f}"


def test_a_plan_has_the_viewer_below_and_what_is_left_of_it_on_the_left(drawing):
    occupancy = np.zeros((4, 4, 3), dtype=np.uint16)
    occupancy[3, 3, :2] = (7, 8)  # far, left; 8 stands on 7
    occupancy[0, 0, 2] = 9  # near, right
    plan = drawing.topmost(occupancy)
    colours = np.full((10, 3), 100, dtype=np.uint8)
    colours[8], colours[9] = (255, 0, 0), (0, 0, 255)
    tile = drawing.from_above(colours[plan], 11)
    assert tile.shape == (11, 11, 3) and (tile[0] == 255).all() and (tile[:, -1] == 255).all()
    assert (tile[1:3, 1:3] == (255, 0, 0)).all() and (tile[7:9, 7:9] == (0, 0, 255)).all()
    assert (tile[1:3, 3:9] == 100).all()


def test_a_view_and_its_truth_agree_in_colour(drawing):
    side = 64
    sheet = drawing.truth(side)
    assert sheet.shape == (4 * side, 5 * side, 3)
    view = next(drawing.one_a_room("train", 1, side))
    assert np.array_equal(sheet[:side, :side], view.image)
    colours = drawing.instance_colours(view)
    things = [thing.instance for thing in view.things()]
    assert len(np.unique(colours[[0, *things]], axis=0)) == len(things) + 1, "two things share a colour"
    assert np.array_equal(sheet[:side, 2 * side : 3 * side], colours[view.instance])
    near, far = (int(sheet[:side, side : 2 * side, 0][place]) for place in extremes(view.depth))
    assert near > far


def extremes(depth):
    return [np.unravel_index(index, depth.shape) for index in (depth.argmin(), depth.argmax())]


def test_sheets_are_laid_out_row_by_row(drawing):
    assert drawing.close_ups(16).shape == (4 * 16, 12 * 16, 3), "a showroom gave too few pictures"
    tiles = [np.full((2, 3, 3), value, dtype=np.uint8) for value in range(5)]
    laid = drawing.tiled(tiles, 3)
    assert laid.shape == (4, 9, 3)
    assert laid[::2, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 255]]
