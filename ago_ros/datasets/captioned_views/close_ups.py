"""Pictures of single things in showrooms of the room world: every class about as often as any other.

Rooms hold many chairs and few televisions. A model that is to know both learns faster where it sees both equally often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.captioned_views.rooms import caption
from ago_ros.datasets.captioned_views.store import CaptionedView
from ago_ros.datasets.room_world.catalogue import SHOWROOM
from ago_ros.datasets.room_world.furnishing import STRUCTURE_INSTANCES, furnish
from ago_ros.datasets.room_world.rendering import Camera, Stage
from ago_ros.datasets.room_world.room import Item, Room
from ago_ros.datasets.room_world.splits import Split

_PLAIN = Split("close_ups", 5_000_000)
_DISGUISED = Split("disguised", 6_000_000, disguised=True)
_TRIES = 6
_MIN_SHARE = 0.05
"""Of the picture, that the thing must fill."""
_NOISE = 0.02


def draw_close_ups(number: int, views: int, side: int = 96, *, disguised: bool = False) -> list[CaptionedView]:
    """Furnishes a showroom with what training may see, and takes pictures of its things, one by one.

    Args:
        number: of the showroom.
        views: pictures, at most; things of all its classes take turns.
        side: height and width, pixels.
        disguised: things wear what is not theirs, and nothing is said of it.
    """
    split = _DISGUISED if disguised else _PLAIN
    room = furnish(split.first_seed + number, split, SHOWROOM)
    stage, rng = Stage(room), np.random.default_rng([room.seed, 80])
    pictures: list[CaptionedView] = []
    for item in _in_turn(room, rng):
        if len(pictures) == views:
            break
        camera = _aim(stage, item, side, rng)
        if camera is not None:
            image = stage.paint(camera, int(rng.integers(1 << 30)), _NOISE)
            pictures.append(caption(image, stage.look(camera).instance, room, split))
    return pictures


def _in_turn(room: Room, rng: np.random.Generator) -> list[Item]:
    """One thing of each class, then a second of each, and so on; the structure is left out."""
    items = room.items[STRUCTURE_INSTANCES:]
    seen: dict[str, int] = {}
    turns: list[tuple[int, int]] = []
    for index in rng.permutation(len(items)):
        name = items[index].name
        turns.append((seen.get(name, 0), int(index)))
        seen[name] = seen.get(name, 0) + 1
    return [items[index] for _, index in sorted(turns, key=lambda turn: turn[0])]


def _aim(stage: Stage, item: Item, side: int, rng: np.random.Generator) -> Camera | None:
    """Finds a place from which a thing is seen as a person would see it, and zooms in. None where it stays hidden."""
    low, high = item.bounds()
    radius = float(np.linalg.norm(high - low)) / 2
    half = np.array(stage.room.size[:2]) / 2 - 0.2
    for _ in range(_TRIES):
        focus = (low + high) / 2 + rng.normal(0, 0.15 * radius, 3)
        angle, away = rng.uniform(0, 2 * np.pi), radius + rng.uniform(0.6, 2.0)
        eye = np.array([focus[0] + np.cos(angle) * away, focus[1] + np.sin(angle) * away, rng.uniform(1.0, 1.65)])
        if (np.abs(eye[:2]) > half).any():
            continue
        distance = float(np.linalg.norm(focus - eye))
        focal = side / 2 * distance / (radius * float(rng.uniform(0.8, 1.8)))
        matrix = np.array([[focal, 0, side / 2], [0, focal, side / 2], [0, 0, 1.0]])
        camera = Camera(looking_at(eye, focus), matrix, (side, side))
        if (_glance(stage, camera) == item.instance).mean() >= _MIN_SHARE:
            return camera
    return None


def _glance(stage: Stage, camera: Camera, side: int = 16) -> NDArray[np.uint16]:
    """What a coarse grid of rays meets."""
    scale = np.diag([side / camera.size[0], side / camera.size[1], 1.0])
    coarse = Camera(camera.room_from_camera, scale @ camera.matrix, (side, side))
    found = stage.cast(camera.origin, coarse.rays(np.array([[0.5, 0.5]], dtype=np.float32)))
    hit = np.isfinite(found["t_hit"])
    return np.where(hit, stage.owner[np.where(hit, found["primitive_ids"], 0)], 0).astype(np.uint16)


def looking_at(eye: NDArray[np.float64], focus: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pose of an upright camera at one place that looks at another."""
    forward = (focus - eye) / np.linalg.norm(focus - eye)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = right, np.cross(forward, right), forward, eye
    return pose
