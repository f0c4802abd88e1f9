"""Draws the room world's pictures of docs/worlds.md: python scripts/draw_room_world.py."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from sheets import Picture, save, tiled, written

from ago_ros.datasets.captioned_views.close_ups import draw_close_ups, looking_at
from ago_ros.datasets.procedural.materials import Paint
from ago_ros.datasets.procedural.shapes import box
from ago_ros.datasets.room_world.catalogue import CLASSES, SHOWROOM, ObjectClass
from ago_ros.datasets.room_world.finishes import Finish, draw_look
from ago_ros.datasets.room_world.generate import ViewConfig, generate
from ago_ros.datasets.room_world.pieces import Kit
from ago_ros.datasets.room_world.rendering import Camera, Stage
from ago_ros.datasets.room_world.room import Item, Room, put
from ago_ros.datasets.room_world.view import STRUCTURE, View

TESTS = ("novel_rooms", "novel_visual", "novel_classes", "novel_arrangements")
VISIBILITY = np.array([(60, 60, 70), (235, 235, 235), (225, 55, 30)], dtype=np.uint8)
"""Of `UNSEEN`, `FREE` and `SURFACE`."""
LAYER = 24
"""Of the grid: 0.67 m above the floor."""
FAR_M = 4.5
"""Black in the picture of depth."""
STUDIO_M = 9.0
LOOKS = 196
"""A seed that leaves few things in grey, on the studio's grey."""
FROM = np.array([0.74, -0.5, 0.45])
"""Where a portrait is taken from."""
FRAME, MIDDLE = np.array([0.86, 0.74]), np.array([0.5, 0.43])
"""Width and height that a thing may take of its portrait, and where its middle goes; below stands its name."""


def one_a_room(split: str, count: int, side: int) -> Iterator[View]:
    """The first view of each of a split's first rooms."""
    return generate(split, count, config=ViewConfig(size=(side, side), views_per_room=1))


def views(side: int = 224) -> Picture:
    """Rooms of training."""
    return tiled([view.image for view in one_a_room("train", 12, side)], 4)


def splits(side: int = 224) -> Picture:
    """A row of views for each split that changes what is to be seen."""
    tiles = []
    for split in TESTS:
        first, *others = (view.image for view in one_a_room(split, 5, side))
        tiles += [written(first, split), *others]
    return tiled(tiles, 5)


def close_ups(side: int = 96) -> Picture:
    """Two showrooms as they are, and two in disguise, a row each."""
    rows = itertools.product((False, True), (0, 1))
    return tiled([view.image for d, n in rows for view in draw_close_ups(n, 12, side, disguised=d)], 12)


def truth(side: int = 224) -> Picture:
    """What four views know: image, depth, instances, occupancy from above, a layer of visibility.

    Args:
        side: of a tile, pixels; at least the grid's 64.
    """
    tiles: list[Picture] = []
    for view in one_a_room("train", 4, side):
        colours = instance_colours(view)
        near = np.clip(1 - view.depth / FAR_M, 0, 1)
        depth = np.repeat((255 * near).astype(np.uint8)[..., None], 3, axis=2)
        plan = colours[topmost(np.where(np.isin(view.occupancy, structure(view)), 0, view.occupancy))]
        layer = VISIBILITY[view.visibility[:, :, LAYER]]
        tiles += [view.image, depth, colours[view.instance], from_above(plan, side), from_above(layer, side)]
    return tiled(tiles, 5)


def structure(view: View) -> list[int]:
    """Instances of floor, walls and ceiling."""
    return [thing.instance for thing in view.objects.values() if thing.name in STRUCTURE]


def instance_colours(view: View) -> NDArray[np.uint8]:
    """(N, 3) a colour for each instance: white for none, grey for the structure."""
    count = max(view.objects) + 1
    hue = (np.arange(count) * 180 * 0.381966 % 180).astype(np.uint8)
    rng = np.random.default_rng(0)
    bright = [rng.integers(low, 256, count, dtype=np.uint8) for low in (130, 130)]
    colours = cv2.cvtColor(np.stack([hue, *bright], axis=1)[None], cv2.COLOR_HSV2RGB)[0]
    colours[0] = 255
    for shade, instance in enumerate(structure(view)):
        colours[instance] = 150 + 16 * shade
    return colours


def topmost(occupancy: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """(X, Y) what is highest in each column of (X, Y, Z) instances; 0 for nothing."""
    top = occupancy.shape[2] - 1 - (occupancy[..., ::-1] != 0).argmax(axis=2)
    return np.take_along_axis(occupancy, top[..., None], axis=2)[..., 0]


def from_above(plan: Picture, side: int) -> Picture:
    """An (X, Y) plan as a tile with a white edge: x, which leads away from the viewer, upwards, and y to the left."""
    scale = side // len(plan)
    upright = np.repeat(np.repeat(plan[::-1, ::-1], scale, axis=0), scale, axis=1)
    before = (side - len(upright)) // 2
    edge = (before, side - len(upright) - before)
    return np.pad(upright, (edge, edge, (0, 0)), constant_values=255)


def things(side: int = 112) -> Picture:
    """A portrait of every class."""
    return tiled([portrait(spec, number, side) for number, spec in enumerate(CLASSES.values())], 12)


def portrait(spec: ObjectClass, seed: int, side: int) -> Picture:
    """A thing of a class in the studio, with its name; rendered twice as large, for smooth edges."""
    room = studio(spec, seed)
    image = Stage(room).paint(aim(room.items[-1], 2 * side), seed, 0.0)
    smooth = np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return written(smooth, spec.name, 0.36)


def studio(spec: ObjectClass, seed: int) -> Room:
    """A grey room with nothing in it but a thing of a class."""
    rng = np.random.default_rng([LOOKS, seed])
    look = draw_look(rng, spec.substances, spec.colours)
    parts = spec.build(Kit(rng, *spec.size, look.main, look.trim)).parts
    pose = (0.0, 0.0, -min(0.0, *(float(part.corners[..., 2].min()) for part in parts)), 0.0)
    grey, side = Paint(Finish.MATTE, (0.45, 0.45, 0.44)), STUDIO_M
    slabs = [((0.0, 0.0, z), (side, side, 0.1)) for z in (-0.05, side)]
    for place in (-side / 2, side / 2):
        slabs += [((place, 0.0, side / 2), (0.1, side, side)), ((0.0, place, side / 2), (side, 0.1, side))]
    items = [
        Item(1, "wall", None, "", tuple(box(centre, size, grey) for centre, size in slabs), (0.0, 0.0, 0.0, 0.0)),
        Item(2, spec.name, look, "", put(parts, pose), pose),
    ]
    return Room(seed, SHOWROOM, (side, side, side), tuple(items), (1.0, -0.6, 2.4), (0.48, 0.36, 0.8), 0.0, 1.0)


def aim(item: Item, side: int) -> Camera:
    """Looks down at a thing from the left of its front; it fills the picture but for the foot, where its name goes."""
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in item.parts])
    low, high = corners.min(axis=0), corners.max(axis=0)
    away = 1.6 * float(np.linalg.norm(high - low)) * FROM
    pose = looking_at((low + high) / 2 + away, (low + high) / 2)
    seen = (corners - pose[:3, 3]) @ pose[:3, :3]
    seen = seen[:, :2] / seen[:, 2:]
    low, high = seen.min(axis=0), seen.max(axis=0)
    focal = min(FRAME * side / (high - low))
    x, y = MIDDLE * side - focal * (low + high) / 2
    return Camera(pose, np.array([[focal, 0, x], [0, focal, y], [0, 0, 1.0]]), (side, side))


if __name__ == "__main__":
    save("rooms_views.jpg", views())
    save("rooms_things.jpg", things())
    save("rooms_truth.jpg", truth())
    save("rooms_splits.jpg", splits())
    save("rooms_close_ups.jpg", close_ups(), 86)
