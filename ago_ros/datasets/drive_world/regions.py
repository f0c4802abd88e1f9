"""Which things are where in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.scene import Scene
from ago_ros.datasets.procedural.noise import Values

MIN_PIXELS = 12


@dataclass(frozen=True)
class Region:
    """A thing in an image.

    Attributes:
        thing: its id.
        caption: what it is, in plain words.
        box: left, top, right, bottom of its visible pixels; right and bottom are past the last.
        pixels: how many of its pixels are visible.
    """

    thing: int
    caption: str
    box: tuple[int, int, int, int]
    pixels: int


def regions(things: NDArray[np.int32], scene: Scene) -> list[Region]:
    """Finds the box of every thing in an (H, W) image of ids; what covers fewer than `MIN_PIXELS` is left out."""
    boxes = np.zeros((len(scene.things) + 1, 5), dtype=np.int64)
    _measure(things, boxes)
    return [
        Region(i, scene.things[i - 1].thing.caption, (left, top, right, bottom), pixels)
        for i, (left, top, right, bottom, pixels) in enumerate(boxes.tolist())
        if pixels >= MIN_PIXELS
    ]


@numba.njit(cache=True)
def _measure(things: Values, boxes: Values) -> None:
    """Writes left, top, right, bottom and pixels of each id but 0."""
    boxes[:, 0], boxes[:, 1] = things.shape[1], things.shape[0]
    for v in range(things.shape[0]):
        for u in range(things.shape[1]):
            i = things[v, u]
            if i > 0:
                boxes[i, 0], boxes[i, 1] = min(boxes[i, 0], u), min(boxes[i, 1], v)
                boxes[i, 2], boxes[i, 3] = max(boxes[i, 2], u + 1), max(boxes[i, 3], v + 1)
                boxes[i, 4] += 1
