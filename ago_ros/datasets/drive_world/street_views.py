"""Views of streets with their ground truth, to ask questions of: one LiDAR sweep and six images, 40 m ahead.

A view is a window that begins at the car and looks to one of eight sides, as `semabs.windows` cuts what a robot sees.
Its frame is x ahead, y left, z up from the ground, its origin in the window's middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ago_ros.datasets.captioned_views.drive import CLASS_WORDS, GROUND_WORDS
from ago_ros.datasets.drive_world.camera import Picture, take_picture
from ago_ros.datasets.drive_world.lidar import Sweep, sweep_lidar
from ago_ros.datasets.drive_world.moving import transformed
from ago_ros.datasets.drive_world.raycasting import World
from ago_ros.datasets.drive_world.rig import CAMERAS, CameraMount, ego_from_lidar
from ago_ros.datasets.drive_world.scene import Scene, draw_scene
from ago_ros.datasets.drive_world.voxels import GROUND_IDS, SKY_REACH_M, Voxelizer
from ago_ros.datasets.procedural.thing import Thing
from ago_ros.datasets.room_world.relations import relate
from ago_ros.datasets.room_world.view import FREE, SURFACE, UNSEEN, SceneObject
from ago_ros.geometry.raycast import RayCounts, cast_rays
from ago_ros.geometry.voxel_grid import VoxelGrid

REACH_M = 40.0
HEADINGS = 8
SCALE = REACH_M / 2.0
"""Size of a window against a room of the room world, which is 2 m long."""
DURATION_S = 4.0
POINT_SPACING_M = 0.4
"""One LiDAR point is kept in each cube of this edge, which is a voxel of what a robot sees by the suite's defaults."""
RAY_STRIDE = 3
"""Every so many pixels' rays count as looked along."""
LAYERS = slice(2, 12)
"""Of 64 voxels upwards from 2 m below the ground, those that are asked about: from 0.75 m below it to 5.5 m above."""


@dataclass(frozen=True, eq=False)
class StreetImage:
    """An image of a view.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        intrinsics: (3, 3) float64, pixels.
        view_from_camera: (4, 4) float64 optical frame when it fired to the view's frame.
    """

    image: NDArray[np.uint8]
    intrinsics: NDArray[np.float64]
    view_from_camera: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StreetView:
    """What the car sees of a window, with the ground truth. It is a `room_world.view.SceneTruth`.

    Attributes:
        name: unique in its split.
        room: seed of the drive.
        points: (P, 3) float32 LiDAR points in the window, `POINT_SPACING_M` apart or so, view frame, metres.
        images: of all six cameras; the same pictures in every view of a drive.
        viewpoint: (3,) float64, the LiDAR, view frame, metres.
        scale: of the window, against a room.
        grid: the voxels, view frame.
        occupancy: (X, Y, Z) uint16 instances, also where no sensor reaches; 0 for none.
        visibility: (X, Y, Z) uint8 `UNSEEN`, `FREE` or `SURFACE`: by rays of the LiDAR and of the cameras' pixels.
        free: (X, Y, Z) bool, what the LiDAR's rays alone have passed through, as images have no depth to a robot.
        objects: things and kinds of ground, by instance.
        relations: (target instance, relation, reference instance).
    """

    name: str
    room: int
    points: NDArray[np.float32]
    images: tuple[StreetImage, ...]
    viewpoint: NDArray[np.float64]
    scale: float
    grid: VoxelGrid
    occupancy: NDArray[np.uint16]
    visibility: NDArray[np.uint8]
    free: NDArray[np.bool_]
    objects: dict[int, SceneObject]
    relations: tuple[tuple[int, str, int], ...]


@dataclass(frozen=True, eq=False)
class _Moment:
    """What the sensors give at one time, world frame."""

    scene: Scene
    time: float
    sweep: Sweep
    shots: tuple[tuple[CameraMount, float, Picture], ...]


def window_grid(resolution: int = 64) -> VoxelGrid:
    """Returns the voxels of a window that are asked about, of which `resolution` go along x.

    Raises:
        ValueError: the layers do not go into whole voxels.
    """
    if resolution < 32 or resolution % 32:
        raise ValueError(f"a street's voxels must be a multiple of 32, got {resolution}")
    fine = REACH_M / 64
    z = 0.05 * REACH_M
    layers = (LAYERS.stop - LAYERS.start) * resolution // 64
    origin = (-REACH_M / 2, -REACH_M / 2, LAYERS.start * fine - z)
    return VoxelGrid(origin, REACH_M / resolution, (resolution, resolution, layers))


def window_from_ego(heading: int) -> NDArray[np.float64]:
    """Returns the (4, 4) transform from the ego frame to a heading's window; headings count from +x to the left."""
    angle = heading * 2 * np.pi / HEADINGS
    c, s = np.cos(angle), np.sin(angle)
    pose = np.eye(4)
    pose[:2, :2] = [[c, s], [-s, c]]
    pose[0, 3] = -REACH_M / 2
    return pose


def street_views(seed: int, count: int, size: tuple[int, int], resolution: int = 64) -> Iterator[StreetView]:
    """Draws a drive, stops the time once, and looks to several sides.

    Args:
        seed: of the drive; the same seed gives the same views.
        count: how many sides, at most 8.
        size: width and height of the images, pixels.
        resolution: voxels along a window.
    """
    scene = draw_scene(seed, DURATION_S)
    rng = np.random.default_rng((seed, 2))
    moment = _look_around(scene, float(rng.uniform(0.2, DURATION_S)), size, rng)
    voxelizer, grid = Voxelizer(scene), window_grid(resolution)
    pixels = sum(np.bincount(p.thing.ravel(), minlength=len(scene.things) + 1) for _, _, p in moment.shots)
    pixels += np.bincount(moment.sweep.thing, minlength=len(scene.things) + 1)
    for heading in sorted(rng.permutation(HEADINGS)[:count].tolist()):
        yield _cut_window(moment, voxelizer, grid, heading, pixels)


def _look_around(scene: Scene, time: float, size: tuple[int, int], rng: np.random.Generator) -> _Moment:
    world, shots = World(scene), []
    for mount in CAMERAS:
        fired = time - mount.delay_s()
        shots.append((mount, fired, take_picture(world, mount, fired, size)))
    return _Moment(scene, time, sweep_lidar(world, time, rng), tuple(shots))


def _cut_window(
    moment: _Moment, voxelizer: Voxelizer, grid: VoxelGrid, heading: int, pixels: NDArray[np.int64]
) -> StreetView:
    scene, sweep = moment.scene, moment.sweep
    from_ego = window_from_ego(heading)
    from_world = from_ego @ np.linalg.inv(scene.ego_pose(moment.time))
    points = transformed(sweep.points, from_ego @ ego_from_lidar())
    low, high = np.array(grid.origin), np.array(grid.upper)
    images = tuple(
        StreetImage(
            picture.image,
            mount.intrinsics(picture.image.shape[1], picture.image.shape[0]),
            from_world @ scene.ego_pose(fired) @ mount.ego_from_camera(),
        )
        for mount, fired, picture in moment.shots
    )
    occupancy = voxelizer.instances(moment.time, from_ego, grid)
    objects = _objects(moment, occupancy, pixels)
    visibility, free = _visibility(moment, from_world, grid)
    return StreetView(
        f"{scene.seed:07d}_{heading}",
        scene.seed,
        _thinned(points[((points >= low) & (points < high)).all(axis=1)]).astype(np.float32),
        images,
        (from_ego @ ego_from_lidar())[:3, 3],
        SCALE,
        grid,
        occupancy,
        visibility,
        free,
        objects,
        relate(grid, occupancy, objects, SCALE),
    )


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keeps the first point in each cube."""
    _, first = np.unique(np.floor(points / POINT_SPACING_M).astype(np.int64), axis=0, return_index=True)
    return points[np.sort(first)]


def _visibility(
    moment: _Moment, from_world: NDArray[np.float64], grid: VoxelGrid
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Returns what all rays together tell of each voxel, and what those of the LiDAR have passed through."""
    swept = _cast(grid, from_world, moment.sweep.origins, moment.sweep.ends)
    starts, ends = [], []
    for _, _, picture in moment.shots:
        chosen = (slice(RAY_STRIDE // 2, None, RAY_STRIDE),) * 2
        reach = np.minimum(picture.distance[chosen].reshape(-1, 1), SKY_REACH_M)
        ends.append(picture.origin + picture.rays[chosen].reshape(-1, 3) * reach)
        starts.append(np.broadcast_to(picture.origin, ends[-1].shape))
    looked = _cast(grid, from_world, np.concatenate(starts), np.concatenate(ends))
    result = np.full(grid.shape, UNSEEN, dtype=np.uint8)
    result[(swept.passes + looked.passes).numpy() > 0] = FREE
    result[(swept.hits + looked.hits).numpy() > 0] = SURFACE
    return result, ((swept.passes > 0) & (swept.hits == 0)).numpy()


def _cast(
    grid: VoxelGrid, from_world: NDArray[np.float64], starts: NDArray[np.floating], ends: NDArray[np.floating]
) -> RayCounts:
    """Casts rays from (R, 3) starts to (R, 3) ends, world frame, through a window's voxels."""
    return cast_rays(grid, *(torch.from_numpy(transformed(each, from_world)) for each in (starts, ends)))


def _objects(moment: _Moment, occupancy: NDArray[np.uint16], pixels: NDArray[np.int64]) -> dict[int, SceneObject]:
    """Names what has voxels in a window, or stands under what has."""
    scene, sweep = moment.scene, moment.sweep
    on_ground = np.bincount(sweep.label[sweep.thing == 0], minlength=GROUND_IDS + 1)
    objects = {
        label: _object(label, words[0], int(on_ground[label]), 0)
        for label, words in GROUND_WORDS.items()
        if (occupancy == label).any()
    }
    for instance in np.unique(occupancy[occupancy > GROUND_IDS]).tolist():
        placed = scene.things[instance - GROUND_IDS - 1]
        x, y, _, _ = placed.pose(moment.time)
        below = int(scene.ground.labels(np.array([x]), np.array([y]))[0])
        parent = below if below in objects else 0
        objects[instance] = _object(instance, class_word(placed.thing), int(pixels[instance - GROUND_IDS]), parent)
    return objects


def class_word(thing: Thing) -> str:
    """Returns the word for the class of a thing; what Occ3D puts together as manmade or vegetation, by its own name."""
    if thing.category == "building":
        return "building"
    return CLASS_WORDS[thing.label][0] if thing.annotated and thing.label in CLASS_WORDS else thing.name


def _object(instance: int, name: str, pixels: int, parent: int) -> SceneObject:
    on = "on" if parent else ""
    return SceneObject(instance, name, "", "", "", "", parent, on, pixels, (0, 0, 0, 0), (), (name,), "")
