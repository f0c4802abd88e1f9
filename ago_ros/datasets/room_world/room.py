"""A furnished room: what stands where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.procedural.shapes import Part
from ago_ros.datasets.procedural.thing import moved
from ago_ros.datasets.room_world.finishes import Look
from ago_ros.datasets.room_world.pieces import Support


@dataclass(frozen=True, eq=False)
class Item:
    """A thing in a room.

    Attributes:
        instance: its id in the room, from 1.
        name: its class.
        look: its look; None for the room's own structure.
        size_word: "small", "large" or "".
        parts: convex parts in the room's frame, metres.
        pose: x, y, z and yaw of its frame in the room's.
        supports: where things can stand on it or in it, in its own frame.
        state: "open", "closed" or "".
        parent: instance that it stands on or in; 0 for nothing.
        relation: "on", "in" or "".
    """

    instance: int
    name: str
    look: Look | None
    size_word: str
    parts: tuple[Part, ...]
    pose: tuple[float, float, float, float]
    supports: tuple[Support, ...] = ()
    state: str = ""
    parent: int = 0
    relation: str = ""

    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper corner of its axis-aligned box, room frame."""
        corners = np.concatenate([part.corners.reshape(-1, 3) for part in self.parts])
        return corners.min(axis=0), corners.max(axis=0)


@dataclass(frozen=True, eq=False)
class Room:
    """A room: x and y along the walls, z up, the origin in the middle of the floor.

    Attributes:
        seed: what it was drawn from.
        kind: "kitchen", "bedroom", ...
        size: extent along x and y and height, metres.
        items: everything, its structure first; item i has instance i + 1.
        lamp: where the light hangs, metres.
        daylight: (3,) unit vector towards the window's light.
        warmth: -1 cold to 1 warm light.
        brightness: exposure, about 1.
    """

    seed: int
    kind: str
    size: tuple[float, float, float]
    items: tuple[Item, ...]
    lamp: tuple[float, float, float]
    daylight: tuple[float, float, float]
    warmth: float
    brightness: float


def put(parts: list[Part], pose: tuple[float, float, float, float]) -> tuple[Part, ...]:
    """Moves a thing's parts to a pose."""
    x, y, z, yaw = pose
    return tuple(moved(part, np.array([x, y, z]), yaw) for part in parts)
