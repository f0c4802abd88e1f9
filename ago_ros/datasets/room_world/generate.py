"""Draws views of rooms: the one door to the room world's data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.room_world.captions import describe, describe_view, synonym_phrase
from ago_ros.datasets.room_world.catalogue import NOVEL_CLASSES
from ago_ros.datasets.room_world.furnishing import furnish
from ago_ros.datasets.room_world.occupancy import Solids, see
from ago_ros.datasets.room_world.relations import relate
from ago_ros.datasets.room_world.rendering import Camera, Geometry, Stage
from ago_ros.datasets.room_world.room import Item, Room
from ago_ros.datasets.room_world.splits import SPLITS, Split, held_out
from ago_ros.datasets.room_world.view import MIN_PIXELS, STRUCTURE, SceneObject, View, room_grid
from ago_ros.geometry.voxel_grid import VoxelGrid

TRIES = 40
MIN_SHOWN = 5
"""A view shows at least this many things, structure aside."""


@dataclass(frozen=True)
class ViewConfig:
    """How views are taken.

    Attributes:
        size: width and height, pixels.
        grid: voxels of the ground truth, view frame.
        views_per_room: how many views each room gives.
        noise: grain of the image, as a share of white.
        depth_noise: standard deviation of the depth at one metre, metres; it grows with the square of the depth.
    """

    size: tuple[int, int] = (224, 224)
    grid: VoxelGrid = room_grid(64)  # noqa: RUF009 (frozen)
    views_per_room: int = 8
    noise: float = 0.02
    depth_noise: float = 0.0015

    def __post_init__(self) -> None:
        """Refuses what no view comes from."""
        if min(self.size) < 16 or self.views_per_room < 1:
            raise ValueError(f"size must be at least 16 and views_per_room 1: got {self.size}, {self.views_per_room}")


def generate(split: str, count: int, seed: int = 0, config: ViewConfig | None = None) -> Iterator[View]:
    """Draws views; the same arguments give the same views.

    Args:
        split: one of `splits.SPLITS`.
        count: how many views.
        seed: skips this many rooms of the split.
        config: how they are taken.

    Raises:
        ValueError: there is no such split.
    """
    config, room_seed = config or ViewConfig(), first_room(split, seed)
    number = 0
    while number < count:
        for view in room_views(furnish(room_seed, SPLITS[split]), SPLITS[split], config):
            yield view
            number += 1
            if number == count:
                return
        room_seed += 1


def first_room(split: str, seed: int) -> int:
    """Returns the seed of the room that the views of a split begin with.

    Raises:
        ValueError: there is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"no split {split!r}: use one of {', '.join(SPLITS)}")
    return SPLITS[split].first_seed + seed


def room_views(room: Room, split: Split, config: ViewConfig) -> Iterator[View]:
    """Draws the views of one room; fewer than asked for where the room does not give them."""
    stage, solids = Stage(room), Solids(room)
    names = {item.instance: item.name for item in room.items}
    found = 0
    for attempt in range(TRIES):
        rng = np.random.default_rng([room.seed, 79, split.view_salt, attempt])
        pose = _draw_pose(rng, room)
        if pose is None:
            continue
        camera = Camera(pose[0], _draw_intrinsics(rng, config.size), config.size)
        if not _clear(stage, camera):
            continue
        seen_by = stage.look(camera)
        seen = np.bincount(seen_by.instance.ravel(), minlength=len(room.items) + 1)
        shown = {i for i in np.flatnonzero(seen >= MIN_PIXELS).tolist() if names[i] not in STRUCTURE}
        if len(shown) < MIN_SHOWN or (split.novel_classes and not {names[i] for i in shown} & NOVEL_CLASSES):
            continue
        image = stage.paint(camera, int(rng.integers(1 << 30)), config.noise)
        view = _complete(
            rng, room, solids, split, config, image, seen_by, camera, pose[1], f"{room.seed:07d}_{attempt:02d}"
        )
        if split.novel_pairs and not any(held_out(names[a], names[b]) for a, _, b in view.relations):
            continue
        yield view
        found += 1
        if found == config.views_per_room:
            return


def _draw_pose(rng: np.random.Generator, room: Room) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Looks at a place where things stand, from where a person might. None where that is outside of the room."""
    small = [item for item in room.items if item.parent > 1 or item.name in ("table", "desk")]
    item = small[int(rng.integers(len(small)))] if small else room.items[-1]
    focus = np.array(item.pose[:3]) + rng.normal(0, 0.12, 3)
    focus[2] = np.clip(focus[2], 0.15, 1.5)
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 2.4)
    eye = np.array([focus[0] + np.cos(angle) * away, focus[1] + np.sin(angle) * away, rng.uniform(1.0, 1.65)])
    if abs(eye[0]) > room.size[0] / 2 - 0.2 or abs(eye[1]) > room.size[1] / 2 - 0.2:
        return None
    forward = focus - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = right, np.cross(forward, right), forward, eye
    return pose, focus


def _draw_intrinsics(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    """A pinhole whose shorter side sees 50 to 68 degrees."""
    focal = min(size) / 2 / np.tan(np.radians(rng.uniform(50, 68)) / 2)
    return np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1.0]])


def _clear(stage: Stage, camera: Camera) -> bool:
    """Whether nothing stands before the lens, and the camera is in no wardrobe: a coarse look at depth."""
    scale = np.diag([16 / camera.size[0], 16 / camera.size[1], 1.0])
    coarse = Camera(camera.room_from_camera, scale @ camera.matrix, (16, 16))
    depth = stage.cast(camera.origin, coarse.rays(np.array([[0.5, 0.5]], dtype=np.float32)))["t_hit"]
    return bool(np.isfinite(depth).all() and (depth < 0.45).mean() < 0.04 and np.median(depth) > 0.7)


def _complete(
    rng: np.random.Generator,
    room: Room,
    solids: Solids,
    split: Split,
    config: ViewConfig,
    image: NDArray[np.uint8],
    shot: Geometry,
    camera: Camera,
    focus: NDArray[np.float64],
    name: str,
) -> View:
    """Adds the ground truth to a picture."""
    room_from_camera, matrix = camera.room_from_camera, camera.matrix
    heading = float(np.arctan2(room_from_camera[1, 2], room_from_camera[0, 2]))
    room_from_view = np.eye(4)
    c, s = np.cos(heading), np.sin(heading)
    room_from_view[:2, :2] = [[c, -s], [s, c]]
    room_from_view[:2, 3] = focus[:2]
    view_from_room: NDArray[np.float64] = np.linalg.inv(room_from_view).astype(np.float64)
    view_from_camera = view_from_room @ room_from_camera
    occupancy = solids.fill(config.grid, view_from_room)
    present = set(np.unique(occupancy).tolist()) | set(np.unique(shot.instance).tolist())
    boxes = _boxes(shot.instance, len(room.items))
    objects = {
        i.instance: _object(i, split, boxes[i.instance], view_from_room, heading)
        for i in room.items
        if i.instance in present
    }
    shown = [(o.pixels, o.name, o.captions) for o in objects.values() if not o.hidden and o.name not in STRUCTURE]
    phrases = {o.instance: o.captions[0] for o in objects.values() if not o.hidden}
    on = [
        (phrases[o.instance], o.parent_relation, phrases[o.parent])
        for o in objects.values()
        if o.instance in phrases and o.parent in phrases
    ]
    noise = rng.normal(0, config.depth_noise, shot.depth.shape) * shot.depth**2
    return View(
        name,
        room.seed,
        room.kind,
        image,
        (shot.depth + noise).astype(np.float32),
        shot.instance,
        matrix,
        view_from_camera,
        config.grid,
        occupancy,
        see(config.grid, shot.depth, matrix, view_from_camera),
        objects,
        relate(config.grid, occupancy, objects),
        describe_view(rng, room.kind, shown, on),
    )


def _boxes(instance: NDArray[np.uint16], highest: int) -> NDArray[np.int64]:
    """For each id: pixels, left, top, right, bottom."""
    height, width = instance.shape
    flat = instance.ravel().astype(np.int64)
    result = np.zeros((highest + 1, 5), dtype=np.int64)
    result[:, 0] = np.bincount(flat, minlength=highest + 1)
    v, u = np.divmod(np.arange(flat.size), width)
    low = np.full((highest + 1, 2), max(height, width))
    np.minimum.at(low, flat, np.stack([u, v], axis=1))
    np.maximum.at(result[:, 3:5], flat, np.stack([u + 1, v + 1], axis=1))
    result[:, 1:3] = np.where(result[:, :1] > 0, low, 0)
    return result


def _object(
    item: Item, split: Split, row: NDArray[np.int64], view_from_room: NDArray[np.float64], heading: float
) -> SceneObject:
    x, y, z, yaw = item.pose
    c, s = np.cos(yaw), np.sin(yaw)
    interiors = []
    for place in item.supports:
        if place.relation == "in":
            middle = np.array(
                [x + c * place.x - s * place.y, y + s * place.x + c * place.y, z + place.z + place.clear / 2]
            )
            px, py, pz = (float(v) for v in view_from_room[:3, :3] @ middle + view_from_room[:3, 3])
            interiors.append((px, py, pz, place.length, place.width, place.clear, float(yaw - heading)))
    look = item.look
    pixels, left, top, right, bottom = (int(v) for v in row)
    return SceneObject(
        item.instance,
        item.name,
        look.colour if look else "",
        look.substance if look else "",
        item.size_word,
        item.state,
        item.parent,
        item.relation,
        pixels,
        (left, top, right, bottom),
        tuple(interiors),
        describe(item, split),
        synonym_phrase(item),
    )
