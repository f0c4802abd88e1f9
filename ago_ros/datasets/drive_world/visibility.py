"""How much of each thing the cameras see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.raycasting import World
from ago_ros.datasets.drive_world.rig import CAMERAS, FULL_SIZE

PROBES = 24
RANGE_M = 80.0


def visible_shares(world: World, time: float) -> NDArray[np.float64]:
    """Finds which share of each annotated thing the cameras see at a time, all of them together.

    Probes spread over a thing's surface are looked at from each camera; a probe counts as seen where nothing but the
    thing itself stands in between. The share is of the probes that lie in some camera's view or in none.

    Args:
        world: the scene.
        time: seconds.

    Returns:
        (things + 1,) by id, 0..1; zero beyond `RANGE_M`. Source: ours.
    """
    world.move_to(time)
    scene = world.scene
    world_from_ego = scene.ego_pose(time)
    ids, points = [], []
    for i, placed in enumerate(scene.things):
        x, y, z, yaw = placed.pose(time)
        if not placed.thing.annotated or np.hypot(x - world_from_ego[0, 3], y - world_from_ego[1, 3]) > RANGE_M:
            continue
        corners = np.concatenate(
            [part.corners[:: max(len(part.corners) // 8, 1)].mean(axis=1) for part in placed.thing.parts]
        )
        own = corners[np.linspace(0, len(corners) - 1, PROBES).astype(int)]
        c, s = np.cos(yaw), np.sin(yaw)
        points.append(own @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [x, y, z])
        ids.append(np.full(PROBES, i + 1))
    shares = np.zeros(len(scene.things) + 1)
    if not ids:
        return shares
    probes, owner = np.concatenate(points), np.concatenate(ids)
    seen = np.zeros(len(probes), dtype=bool)
    for mount in CAMERAS:
        pose = world_from_ego @ mount.ego_from_camera()
        own = (probes - pose[:3, 3]) @ pose[:3, :3]
        pixels = own @ mount.intrinsics(*FULL_SIZE).T
        with np.errstate(divide="ignore", invalid="ignore"):
            u, v = pixels[:, 0] / pixels[:, 2], pixels[:, 1] / pixels[:, 2]
        look = np.flatnonzero((own[:, 2] > 0.3) & (u >= 0) & (u < FULL_SIZE[0]) & (v >= 0) & (v < FULL_SIZE[1]))
        if len(look) == 0:
            continue
        hits = world.cast(pose[:3, 3].astype(np.float32), (probes[look] - pose[:3, 3]).astype(np.float32))
        seen[look] |= (hits.distance > 0.99) | (world.things_of(hits.triangle) == owner[look])
    np.add.at(shares, owner[seen], 1.0 / PROBES)
    return shares
