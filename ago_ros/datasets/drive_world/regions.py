"""Which things are where in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.scene import Scene

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
    height, width = things.shape
    flat = np.flatnonzero(things)
    ids = things.ravel()[flat]
    count = np.bincount(ids, minlength=len(scene.things) + 1)
    left, top = np.full(len(count), width), np.full(len(count), height)
    right, bottom = np.zeros(len(count), dtype=int), np.zeros(len(count), dtype=int)
    rows, columns = flat // width, flat % width
    np.minimum.at(left, ids, columns)
    np.maximum.at(right, ids, columns + 1)
    np.minimum.at(top, ids, rows)
    np.maximum.at(bottom, ids, rows + 1)
    return [
        Region(
            i,
            scene.things[i - 1].thing.caption,
            (int(left[i]), int(top[i]), int(right[i]), int(bottom[i])),
            int(count[i]),
        )
        for i in np.flatnonzero(count >= MIN_PIXELS).tolist()
    ]
