"""Captioned views of the room world."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.captioned_views.store import CaptionedView, RegionText, number_regions
from ago_ros.datasets.room_world.captions import describe
from ago_ros.datasets.room_world.catalogue import CLASSES
from ago_ros.datasets.room_world.descriptions import descriptions
from ago_ros.datasets.room_world.furnishing import furnish
from ago_ros.datasets.room_world.generate import ViewConfig, room_views
from ago_ros.datasets.room_world.room import Room
from ago_ros.datasets.room_world.splits import SPLITS, Split
from ago_ros.datasets.room_world.view import MIN_PIXELS, SceneObject, View, room_grid

_COARSE = room_grid(4)
"""The voxels of a view are not used here."""


def draw_room_views(split: str, number: int, views: int = 8) -> list[CaptionedView]:
    """Furnishes a room and takes pictures of it.

    Args:
        split: one of the room world's splits.
        number: of the room in its split.
        views: pictures of it, at most.
    """
    config = ViewConfig(grid=_COARSE, views_per_room=views)
    room = furnish(SPLITS[split].first_seed + number, SPLITS[split])
    return [_captioned(view) for view in room_views(room, SPLITS[split], config)]


def describe_object(thing: SceneObject) -> RegionText:
    """Puts a thing of the room world into words."""
    return _text(thing.name, thing.captions)


def caption(image: NDArray[np.uint8], instance: NDArray[np.uint16], room: Room, split: Split) -> CaptionedView:
    """Puts the things of a picture into words.

    Args:
        image: (H, W, 3) uint8 RGB.
        instance: (H, W), the room's thing at each pixel.
        room: that the picture shows.
        split: whose words are used.
    """
    texts = {item.instance: _text(item.name, describe(item, split)) for item in room.items}
    return CaptionedView(image, *number_regions(instance.astype(np.int32), texts, MIN_PIXELS))


def _text(name: str, captions: tuple[str, ...]) -> RegionText:
    known = CLASSES.get(name)
    synonyms = (known.synonym,) if known and known.synonym else ()
    return RegionText(name, (*captions, *descriptions(name)), synonyms)


def _captioned(view: View) -> CaptionedView:
    texts = {thing.instance: describe_object(thing) for thing in view.objects.values()}
    return CaptionedView(view.image, *number_regions(view.instance.astype(np.int32), texts, MIN_PIXELS))
