"""Turns the LiDAR once: 32 beams, fired while the car drives on and the traffic moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.ground import DRIVEABLE, OTHER_FLAT, PAVEMENT, TERRAIN
from ago_ros.datasets.drive_world.raycasting import GROUND_TRIANGLE, NO_TRIANGLE, World
from ago_ros.datasets.drive_world.rig import AZIMUTHS, BEAMS, ELEVATIONS_RAD, LIDAR_HZ, SWEEP_START_RAD, ego_from_lidar
from ago_ros.datasets.procedural.materials import REFLECTIVITY, Material

SECTORS = 5
MAX_RANGE_M = 100.0
RANGE_NOISE_M = 0.015
_GROUND_REFLECTIVITY = np.zeros(18, dtype=np.float32)
_GROUND_REFLECTIVITY[[DRIVEABLE, OTHER_FLAT, PAVEMENT, TERRAIN]] = 9.0, 16.0, 20.0, 18.0
_GLASS = (int(Material.GLASS), int(Material.CURTAIN_WALL))


@dataclass(frozen=True, eq=False)
class Sweep:
    """One turn; points are where they would be seen from the pose at its end.

    Attributes:
        points: (N, 3) float32 LiDAR frame at the sweep's stamp, metres.
        intensity: (N,) float32, 0..255.
        ring: (N,) float32 beam number, 0 the lowest.
        thing: (N,) int32 id of the thing hit, 0 for the ground.
        label: (N,) uint8 Occ3D label of the surface hit.
        origins: (N, 3) float32 world frame, where each ray left from.
        ends: (N, 3) float32 world frame, where it ended, noise included.
    """

    points: NDArray[np.float32]
    intensity: NDArray[np.float32]
    ring: NDArray[np.float32]
    thing: NDArray[np.int32]
    label: NDArray[np.uint8]
    origins: NDArray[np.float32]
    ends: NDArray[np.float32]


def sweep_lidar(world: World, time: float, rng: np.random.Generator) -> Sweep:
    """Casts the rays of the turn that ends at `time` seconds.

    The car's motion is followed from ray to ray; what else moves is held for a fifth of a turn, 10 ms.

    Args:
        world: the scene.
        time: end of the turn, the sweep's stamp, seconds.
        rng: source of dropout and noise.
    """
    parts = []
    for columns in np.array_split(np.arange(AZIMUTHS), SECTORS):
        fired = time - (1 - (columns + 0.5) / AZIMUTHS) / LIDAR_HZ
        origins, directions = _rays(world, columns, fired)
        world.move_to(float(fired[len(fired) // 2]))
        hits = world.cast(origins, directions)
        reached = origins + directions * np.minimum(hits.distance, MAX_RANGE_M)[:, None]
        label = world.labels_of(hits.triangle, reached)
        strength = _strength(world, hits.triangle, hits.normal, directions, label)
        kept = _returned(rng, hits.distance, hits.triangle, strength, world)
        noisy = hits.distance[kept] + rng.normal(0, RANGE_NOISE_M, int(kept.sum())).astype(np.float32)
        ring = np.tile(np.arange(BEAMS, dtype=np.float32), len(columns))[kept]
        parts.append(
            (
                ring, strength[kept],
                world.things_of(hits.triangle[kept]), label[kept],
                origins[kept], origins[kept] + directions[kept] * noisy[:, None],
            )
        )  # fmt: skip
    ring, strength, thing, label, origins, ends = (np.concatenate(column) for column in zip(*parts, strict=True))
    lidar_from_world = np.linalg.inv(world.scene.ego_pose(time) @ ego_from_lidar())
    points = (ends.astype(np.float64) @ lidar_from_world[:3, :3].T + lidar_from_world[:3, 3]).astype(np.float32)
    intensity = np.clip(np.round(strength * rng.uniform(0.85, 1.15, len(strength))), 0, 255).astype(np.float32)
    return Sweep(points, intensity, ring, thing, label, origins, ends)


def _rays(
    world: World, columns: NDArray[np.int64], fired: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Origins and unit directions, world frame, of all beams of some columns, the pose taken linearly between ends."""
    first, last = world.scene.ego_pose(float(fired[0])), world.scene.ego_pose(float(fired[-1]))
    share = ((fired - fired[0]) / (fired[-1] - fired[0]))[:, None, None]
    poses = (first * (1 - share) + last * share) @ ego_from_lidar()
    azimuth = SWEEP_START_RAD - 2 * np.pi * (columns + 0.5) / AZIMUTHS
    flat = np.cos(ELEVATIONS_RAD)[None, :]
    own = np.stack(
        [
            -np.sin(azimuth)[:, None] * flat,
            np.cos(azimuth)[:, None] * flat,
            np.broadcast_to(np.sin(ELEVATIONS_RAD), (len(columns), BEAMS)),
        ],
        axis=-1,
    )
    directions = np.einsum("cij,cbj->cbi", poses[:, :3, :3], own)
    origins = np.broadcast_to(poses[:, None, :3, 3], directions.shape)
    return origins.reshape(-1, 3).astype(np.float32), directions.reshape(-1, 3).astype(np.float32)


def _strength(
    world: World,
    triangle: NDArray[np.int32],
    normal: NDArray[np.float32],
    directions: NDArray[np.float32],
    label: NDArray[np.uint8],
) -> NDArray[np.float32]:
    """What a hit sends back before noise: reflectivity times a softened cosine of incidence."""
    cosine = np.abs(np.einsum("ij,ij->i", normal, directions)) / np.maximum(np.linalg.norm(normal, axis=1), 1e-9)
    material = world.parts.material[world.part[np.maximum(triangle, 0)]]
    reflectivity = REFLECTIVITY[material].copy()
    ground = triangle == GROUND_TRIANGLE
    reflectivity[ground] = _GROUND_REFLECTIVITY[label[ground]]
    return (reflectivity * (0.35 + 0.65 * cosine)).astype(np.float32)


def _returned(
    rng: np.random.Generator,
    distance: NDArray[np.float32],
    triangle: NDArray[np.int32],
    strength: NDArray[np.float32],
    world: World,
) -> NDArray[np.bool_]:
    """Draws which rays come back: fewer from glass, from far, from dark or slanted surfaces, and in rain and fog."""
    weather = world.scene.weather
    near = np.where(np.isfinite(distance), distance, 1e3)
    lost = 0.01 + 0.25 * weather.wetness * (near / 60) ** 2 + 0.5 * np.clip(near / 70 * 6 / (strength + 1), 0, 1) ** 2
    lost = 1 - (1 - np.clip(lost, 0, 1)) * np.exp(-weather.haze * near * 0.6)
    glass = (triangle >= 0) & np.isin(world.parts.material[world.part[np.maximum(triangle, 0)]], _GLASS)
    lost = np.where(glass, np.maximum(lost, 0.6), lost)
    return (triangle != NO_TRIANGLE) & (near < MAX_RANGE_M) & (near > 0.5) & (rng.random(len(near)) > lost)
