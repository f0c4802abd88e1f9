"""How much of each thing the cameras see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.raycasting import World
from ago_ros.datasets.drive_world.rig import CAMERAS, FULL_SIZE
from ago_ros.datasets.procedural.thing import Thing

PROBES = 24
RANGE_M = 80.0


class Probes:
    """Points spread over the surfaces of a scene's annotated things, to look at from the cameras."""

    def __init__(self, world: World) -> None:
        """Spreads the points."""
        self._world = world
        things = world.scene.things
        self._ids = np.array([i + 1 for i, placed in enumerate(things) if placed.thing.annotated], dtype=np.int64)
        points = [_spread(things[i - 1].thing) for i in self._ids.tolist()]
        self._points = np.array(points).reshape(-1, PROBES, 3)

    def visible_shares(self, time: float) -> NDArray[np.float64]:
        """Finds which share of each annotated thing the cameras see at a time, all of them together.

        A probe counts as seen where nothing but the thing itself stands in between. The share is of the probes that lie
        in some camera's view or in none.

        Args:
            time: seconds.

        Returns:
            (things + 1,) by id, 0..1; zero beyond `RANGE_M`. Source: ours.
        """
        world, scene = self._world, self._world.scene
        world.move_to(time)
        world_from_ego = scene.ego_pose(time)
        poses = np.array([scene.things[i - 1].pose(time) for i in self._ids.tolist()]).reshape(-1, 4)
        near = np.hypot(poses[:, 0] - world_from_ego[0, 3], poses[:, 1] - world_from_ego[1, 3]) <= RANGE_M
        probes = _placed(self._points[near], poses[near]).reshape(-1, 3)
        owner = np.repeat(self._ids[near], PROBES)
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
        shares = np.zeros(len(scene.things) + 1)
        np.add.at(shares, owner[seen], 1.0 / PROBES)
        return shares


def _spread(thing: Thing) -> NDArray[np.float64]:
    """(PROBES, 3) middles of triangles from all parts, in the thing's frame, metres."""
    middles = np.concatenate([part.corners[:: max(len(part.corners) // 8, 1)].mean(axis=1) for part in thing.parts])
    return middles[np.linspace(0, len(middles) - 1, PROBES).astype(int)]


def _placed(points: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Takes (N, P, 3) points to the world frame by (N, 4) poses x, y, z and yaw."""
    turns = np.zeros((len(poses), 3, 3))
    turns[:, 0, 0] = turns[:, 1, 1] = np.cos(poses[:, 3])
    turns[:, 0, 1] = np.sin(poses[:, 3])
    turns[:, 1, 0] = -turns[:, 0, 1]
    turns[:, 2, 2] = 1.0
    return points @ turns + poses[:, None, :3]
