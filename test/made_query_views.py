"""A made corner of a room with its ground truth, and query views of it with maps that show what is where."""

from dataclasses import replace

import numpy as np

from ago_ros.datasets.query_views.store import DEPTH_STEP_M, PixelSight, QueryView, pack
from ago_ros.datasets.room_world.relations import relate
from ago_ros.datasets.room_world.view import FREE, SURFACE, UNSEEN, SceneObject, View
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.training.scene_query.asks import ask_view, phrases_of

SIDE = 16
GRID = VoxelGrid((-1.0, -1.0, -0.1), 2.0 / SIDE, (SIDE, SIDE, SIDE))
PLACES = {1: (slice(6, 10), slice(6, 10), slice(0, 6)), 2: (slice(6, 8), slice(12, 14), slice(0, 3)),
          3: (slice(12, 14), slice(7, 9), slice(0, 3)), 4: (slice(5, 7), slice(1, 4), slice(0, 4))}  # fmt: skip
"""Voxels of the box in the middle, the mug to its left, the bottle hidden behind it, and the lamp to its right."""


def thing(instance: int, name: str, pixels: int, word: str = "") -> SceneObject:
    return SceneObject(
        instance, name, "", "", "", "", 0, "", pixels, (0, 0, 4, 4), (), (word or name,), word and f"x {word}"
    )


def made_view(number: int = 0, names: tuple[str, ...] = ("cardboard box", "mug", "bottle", "floor lamp")) -> View:
    """Looks along +x from x = -1.5 at a height of 0.4 m; rooms differ by where the mug stands."""
    occupancy = np.zeros(GRID.shape, dtype=np.uint16)
    for instance, place in PLACES.items():
        shift = number % 3 if instance == 2 else 0
        occupancy[place[0].start + shift : place[0].stop + shift, place[1], place[2]] = instance
    visibility = np.full(GRID.shape, FREE, dtype=np.uint8)
    visibility[10:, 5:11, :7] = UNSEEN
    visibility[occupancy > 0] = SURFACE
    visibility[occupancy == 3] = UNSEEN
    objects = {i + 1: thing(i + 1, name, 0 if i == 2 else 50) for i, name in enumerate(names)}
    height = width = 24
    intrinsics = np.array([[20.0, 0, 12], [0, 20.0, 12], [0, 0, 1]])
    view_from_camera = np.array([[0, 0, 1, -1.5], [-1, 0, 0, 0], [0, -1, 0, 0.4], [0, 0, 0, 1.0]])
    rows, columns = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
    rays = np.stack([np.ones_like(rows), -(columns - 12) / 20, -(rows - 12) / 20], axis=-1)
    depth, instance = np.full((height, width), 2.4, dtype=np.float32), np.zeros((height, width), dtype=np.uint16)
    for along in np.arange(0.5, 2.4, 0.02)[::-1]:
        points = np.array([-1.5, 0, 0.4]) + along * rays
        index = np.floor((points - np.array(GRID.origin)) / GRID.voxel_size).astype(int)
        inside = ((index >= 0) & (index < SIDE)).all(axis=-1)
        hit = np.zeros_like(instance)
        hit[inside] = occupancy[tuple(index[inside].T)]
        depth[hit > 0], instance[hit > 0] = along, hit[hit > 0]
    image = (40 * instance[..., None] + np.array([10, 30, 50])).astype(np.uint8)
    relations = relate(GRID, occupancy, objects)
    return View(
        f"{number:07d}_00", number, "study", image, depth, instance, intrinsics, view_from_camera, GRID, occupancy,
        visibility, objects, relations, ("a study",),
    )  # fmt: skip


def query_view(view: View, split: str = "train", config=None, noise: float = 0.1) -> QueryView:
    """Maps are high on the pixels of a phrase's class, or of both classes of a description; the rest is noise."""
    from ago_ros.training.scene_query.asks import AskConfig

    asks, packed = ask_view(view, split, config or AskConfig())
    phrases = phrases_of(asks, split)
    rng = np.random.default_rng(view.room)
    maps = {}
    for kind in ("multi", "single"):
        maps[kind] = (noise * rng.standard_normal((len(phrases), 24, 24))).astype(np.float16)
        for row, phrase in enumerate(phrases):
            shown = [i for i, each in view.objects.items() if each.captions[0] in phrase]
            maps[kind][row] += np.isin(view.instance, shown).astype(np.float16)
    return QueryView(
        view.name, view.room, view.scale,
        PixelSight(np.round(view.depth / DEPTH_STEP_M).astype(np.uint16), view.image, view.intrinsics,
                   view.view_from_camera),
        phrases, maps, view.grid, packed, asks, pack(view.visibility == FREE),
    )  # fmt: skip


def renamed(view: View, instance: int, word: str) -> View:
    return replace(view, objects={**view.objects, instance: thing(instance, view.objects[instance].name, 50, word)})
