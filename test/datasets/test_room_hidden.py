"""What is asked of a view about what it hides."""

from dataclasses import replace

import numpy as np
from made_query_views import made_view

from ago_ros.datasets.room_world.hidden import ask_hidden, places_of


def test_the_bottle_behind_the_box_is_asked_for():
    view = made_view()
    assert ask_hidden(view, "behind") == ("bottle", "cardboard box")
    assert ask_hidden(view, "in") is None
    names = {i: thing.name for i, thing in view.objects.items()}
    assert ("bottle", "behind", "cardboard box") in {(names[a], r, names[b]) for a, r, b in view.relations}
    assert view.objects[3].hidden and not view.objects[1].hidden


def test_what_is_in_view_is_not_asked_for():
    names = ("cardboard box", "mug", "mug", "floor lamp")
    assert ask_hidden(made_view(names=names), "behind") is None


def test_what_lies_outside_of_the_picture_is_not_hidden_by_anything():
    view = made_view()
    aside = view.view_from_camera.copy()
    aside[:3, :3] = np.array([[0, 1.0, 0], [-1, 0, 0], [0, 0, 1]]) @ aside[:3, :3]
    assert ask_hidden(replace(view, view_from_camera=aside), "behind") is None


def test_places_are_those_of_all_things_of_the_name():
    view = made_view()
    assert np.array_equal(places_of(view, "bottle"), view.occupancy == 3)
    both = made_view(names=("cardboard box", "mug", "mug", "floor lamp"))
    assert np.array_equal(places_of(both, "mug"), np.isin(both.occupancy, (2, 3)))
    assert not places_of(view, "piano").any()
