"""A thing: parts that stand together, with a class, a name in plain words, and a box."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.occ3d import class_of_category
from ago_ros.datasets.procedural.shapes import Part

_UNBOXED_LABEL = {"building": 15, "street": 15, "vegetation": 16}
"""Occ3D's label of the world's own categories, of things that nuScenes puts no box around."""


@dataclass(frozen=True, eq=False)
class Thing:
    """A thing in its own frame: x forward, z up, the origin on the ground below the middle of its box.

    Attributes:
        name: sub-category in plain words ("hatchback", "excavator", "stroller").
        caption: a description ("a red hatchback").
        category: nuScenes category, or "building", "street" or "vegetation".
        parts: convex parts, metres.
        size: length, width and height of the box around the parts, metres.
    """

    name: str
    caption: str
    category: str
    parts: tuple[Part, ...]
    size: tuple[float, float, float]

    @property
    def label(self) -> int:
        """Occ3D label of the thing."""
        return _UNBOXED_LABEL[self.category] if self.category in _UNBOXED_LABEL else class_of_category(self.category)

    @property
    def annotated(self) -> bool:
        """Whether nuScenes puts a box around such a thing."""
        return self.category not in _UNBOXED_LABEL


def assemble(name: str, caption: str, category: str, parts: list[Part]) -> Thing:
    """Puts parts together and moves them so that their box stands on the origin."""
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in parts])
    lower, upper = corners.min(axis=0), corners.max(axis=0)
    shift = -np.array([(lower[0] + upper[0]) / 2, (lower[1] + upper[1]) / 2, lower[2]])
    length, width, height = (float(extent) for extent in upper - lower)
    return Thing(name, caption, category, tuple(moved(part, shift) for part in parts), (length, width, height))


def moved(part: Part, shift: NDArray[np.float64], yaw: float = 0.0) -> Part:
    """Turns a part by `yaw` radians about z, then moves it by `shift` metres."""
    if yaw == 0:
        return Part(part.corners + shift, part.normals, part.texture, part.axis, part.paint)
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return replace(part, corners=part.corners @ turn.T + shift, normals=part.normals @ turn.T)


def article(phrase: str) -> str:
    """Puts "a" or "an" before a phrase."""
    return f"an {phrase}" if phrase[0] in "aeiou" else f"a {phrase}"
