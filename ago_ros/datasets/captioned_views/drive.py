"""Captioned views of the drive world: its things by name, look and class, and its ground and sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.captioned_views.store import SKY_LABEL, CaptionedView, RegionText, number_regions
from ago_ros.datasets.drive_world.camera import Picture, take_picture
from ago_ros.datasets.drive_world.raycasting import GROUND_TRIANGLE, World
from ago_ros.datasets.drive_world.rig import CAMERAS
from ago_ros.datasets.drive_world.scene import Scene, draw_scene
from ago_ros.datasets.procedural.thing import Thing

SIZE = (400, 225)
DURATION_S = 16.0
MIN_PIXELS = 12
_HORIZON_SLOPE = -0.004
"""Below it, rays that leave the world are painted as ground."""

CLASS_WORDS: dict[int, tuple[str, ...]] = {
    1: ("barrier",),
    2: ("bicycle",),
    3: ("bus",),
    4: ("car",),
    5: ("construction vehicle",),
    6: ("motorcycle",),
    7: ("pedestrian", "person"),
    8: ("traffic cone",),
    9: ("trailer",),
    10: ("truck",),
    16: ("vegetation", "plant"),
}
"""Words that are true of every thing of an Occ3D class."""

GROUND_WORDS: dict[int, tuple[str, ...]] = {
    11: ("road", "driveable surface", "asphalt street"),
    12: ("paved square", "car park"),
    13: ("sidewalk", "pavement"),
    14: ("grass", "terrain", "lawn"),
}
SKY_WORDS = ("sky",)


def draw_drive_views(seed: int, shots: int = 4, size: tuple[int, int] = SIZE) -> list[CaptionedView]:
    """Draws a scene and takes pictures with all six cameras at several times.

    Args:
        seed: of the scene, and of the times.
        shots: how many times.
        size: width and height, pixels.
    """
    scene = draw_scene(seed, DURATION_S)
    world = World(scene)
    rng = np.random.default_rng((seed, 1))
    times = (np.arange(shots) + rng.uniform(0, 0.8, shots)) * DURATION_S / shots
    texts = {i + 1: describe_thing(placed.thing) for i, placed in enumerate(scene.things)}
    count = len(texts)
    texts |= {count + 1 + label: RegionText(words[0], words, label=label) for label, words in GROUND_WORDS.items()}
    texts[count + 1 + SKY_LABEL] = RegionText(SKY_WORDS[0], SKY_WORDS, label=SKY_LABEL)
    views = []
    for time in times:
        for mount in CAMERAS:
            picture = take_picture(world, mount, float(time), size)
            ids = np.where(picture.thing > 0, picture.thing, count + 1 + _ground_or_sky(picture, scene))
            views.append(CaptionedView(picture.image, *number_regions(ids, texts, MIN_PIXELS)))
    return views


def describe_thing(thing: Thing) -> RegionText:
    """Puts a thing of the drive world into words: name and class, each also with its colour, and caption."""
    caption = thing.caption.split(" ", 1)[1]
    words = ("building",) if thing.category == "building" else CLASS_WORDS.get(thing.label, ())
    look = caption.removesuffix(thing.name).strip() if caption.endswith(thing.name) else ""
    coloured = [f"{look} {word}" for word in words] if look else []
    return RegionText(thing.name, tuple(dict.fromkeys((thing.name, caption, *words, *coloured))), label=thing.label)


def _ground_or_sky(picture: Picture, scene: Scene) -> NDArray[np.int32]:
    """Labels of the (H, W) pixels as if no thing stood in the way."""
    origin, slope = picture.origin, picture.rays[..., 2]
    below = (picture.triangle == GROUND_TRIANGLE) | (~np.isfinite(picture.distance) & (slope < _HORIZON_SLOPE))
    distance = np.where(np.isfinite(picture.distance), picture.distance, -origin[2] / np.minimum(slope, _HORIZON_SLOPE))
    x, y = (origin[axis] + picture.rays[..., axis] * distance for axis in (0, 1))
    labels = np.full(slope.shape, SKY_LABEL, dtype=np.int32)
    labels[below] = scene.ground.labels(x[below], y[below])
    return labels
