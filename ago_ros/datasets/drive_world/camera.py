"""Takes pictures of a world."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.ground import CELL
from ago_ros.datasets.drive_world.moving import turned
from ago_ros.datasets.drive_world.raycasting import Hits, World
from ago_ros.datasets.drive_world.rig import CameraMount
from ago_ros.datasets.drive_world.shading import GAMMA, shade, surface_frames


@dataclass(frozen=True, eq=False)
class Picture:
    """An image with its ground truth.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        depth: (H, W) float32 metres along the optical axis; infinite in the sky.
        thing: (H, W) int32 id of the thing seen, 0 for ground and sky.
        origin: (3,) the camera in the world frame, metres.
        rays: (H, W, 3) float32 unit directions, world frame.
        distance: (H, W) float32 metres along the ray; infinite in the sky.
        triangle: (H, W) int32 as in `Hits`.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    thing: NDArray[np.int32]
    origin: NDArray[np.float32]
    rays: NDArray[np.float32]
    distance: NDArray[np.float32]
    triangle: NDArray[np.int32]


def take_picture(world: World, mount: CameraMount, time: float, size: tuple[int, int]) -> Picture:
    """Renders what a camera sees at a time.

    Args:
        world: the scene.
        mount: the camera.
        time: seconds since the scene's start.
        size: width and height in pixels.
    """
    width, height = size
    world.move_to(time)
    world_from_camera = world.scene.ego_pose(time) @ mount.ego_from_camera()
    optical = _optical_rays(mount, width, height)
    rays = turned(optical.reshape(-1, 3), world_from_camera)
    origin = world_from_camera[:3, 3].astype(np.float32)
    hits = world.cast(origin, rays)
    image = _colour(
        world, hits, origin, rays, float(1 / mount.intrinsics(width, height)[0, 0]), int(time * 1e6) % (1 << 30)
    )
    shape = (height, width)
    distance = hits.distance.reshape(shape)
    thing = world.things_of(hits.triangle).reshape(shape)
    return Picture(
        image.reshape(height, width, 3), distance * optical[..., 2], thing, origin, rays.reshape(height, width, 3),
        distance, hits.triangle.reshape(shape),
    )  # fmt: skip


@lru_cache(maxsize=16)
def _optical_rays(mount: CameraMount, width: int, height: int) -> NDArray[np.float32]:
    """Unit directions of the pixels' centres, (H, W, 3), optical frame."""
    matrix = mount.intrinsics(width, height)
    rays = np.empty((height, width, 3))
    rays[..., 0] = ((np.arange(width) + 0.5 - matrix[0, 2]) / matrix[0, 0])[None, :]
    rays[..., 1] = ((np.arange(height) + 0.5 - matrix[1, 2]) / matrix[1, 1])[:, None]
    rays[..., 2] = 1.0
    return (rays / np.linalg.norm(rays, axis=2, keepdims=True)).astype(np.float32)


def _colour(
    world: World,
    hits: Hits,
    origin: NDArray[np.float32],
    rays: NDArray[np.float32],
    pixel_angle: float,
    noise_seed: int,
) -> NDArray[np.uint8]:
    """Shades hits; casts a shadow ray where the sun could reach."""
    count, weather, ground, parts = len(rays), world.scene.weather, world.scene.ground, world.parts
    to_sun = np.array(weather.to_sun, dtype=np.float32)
    normal, start = np.zeros((count, 3), np.float32), np.zeros((count, 3), np.float32)
    facing = np.zeros(count, dtype=np.bool_)
    surface_frames(
        origin,
        rays,
        hits.distance,
        hits.triangle,
        hits.uv,
        hits.normal,
        world.part,
        world.normals,
        to_sun,
        normal,
        start,
        facing,
    )
    if max(weather.sun) > 0:
        ask = np.flatnonzero(facing)
        facing[ask] = ~world.occluded(start[ask], np.broadcast_to(to_sun, (len(ask), 3)), 150.0)
    else:
        facing[:] = False
    image = np.empty((count, 3), dtype=np.uint8)
    layout = np.array([ground.lane_width, ground.lanes, ground.edge, world.scene.style == "city"], dtype=np.float32)
    shade(
        origin, rays, hits.distance, hits.triangle, hits.uv, normal, facing, pixel_angle,
        world.part, world.axis, world.texture,
        parts.material, parts.colour, parts.second, parts.scale, parts.seed, parts.low,
        ground.origin, CELL, ground.road, ground.pavement, ground.plaza, ground.lateral, ground.along, ground.junction,
        layout, weather.packed(), weather.noise, noise_seed, GAMMA, image,
    )  # fmt: skip
    return image
