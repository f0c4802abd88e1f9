"""Casts rays into a scene at a given time: what stands in one Embree tree, what moves in another, small and rebuilt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.placed import Placed
from ago_ros.datasets.drive_world.scene import Scene
from ago_ros.datasets.drive_world.towards import rays_towards
from ago_ros.datasets.procedural.noise import Values

GROUND_TRIANGLE = -2
NO_TRIANGLE = -1


@dataclass(frozen=True, eq=False)
class PartTable:
    """One row for each part of the scene, those at rest first.

    Attributes:
        material: (P,) int32.
        colour: (P, 3) float32 linear RGB.
        second: (P, 3) float32 linear RGB.
        scale: (P, 2) float32 metres.
        seed: (P,) float32.
        low: (P, 3) float32 lower corner in the part's own frame, metres.
        thing: (P,) int32 id of the thing: its place in the scene plus one.
        label: (P,) uint8 Occ3D label.
    """

    material: NDArray[np.int32]
    colour: NDArray[np.float32]
    second: NDArray[np.float32]
    scale: NDArray[np.float32]
    seed: NDArray[np.float32]
    low: NDArray[np.float32]
    thing: NDArray[np.int32]
    label: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Hits:
    """Where rays end.

    Attributes:
        distance: (N,) float32 metres in units of the ray's direction; infinite for a miss.
        triangle: (N,) int32 row of the world's triangles, `GROUND_TRIANGLE` or `NO_TRIANGLE`.
        uv: (N, 2) float32 barycentric weights of the second and third corner.
        normal: (N, 3) float32 geometric normal, not of unit length, of either orientation.
    """

    distance: NDArray[np.float32]
    triangle: NDArray[np.int32]
    uv: NDArray[np.float32]
    normal: NDArray[np.float32]


class World:
    """A scene as triangles. `move_to` sets the time; casts then see the scene of that time.

    Attributes:
        scene: the scene.
        parts: looks and owners of the parts.
        part: (T,) int32 row in `parts` of each triangle; those at rest come first.
        axis: (T,) uint8 axis of the part's frame that the triangle faces.
        normals: (T, 3, 3) float32 shading normals at the current time, world frame.
        texture: (T, 3, 3) float32 corners in the part's own frame, metres.
    """

    def __init__(self, scene: Scene) -> None:
        """Builds the tree of everything that stands. Rays are cast in as many threads as numba may use."""
        self.scene = scene
        self._threads = numba.get_num_threads()
        resting = [(i + 1, placed) for i, placed in enumerate(scene.things) if placed.track is None]
        self._moving = [(i + 1, placed) for i, placed in enumerate(scene.things) if placed.track is not None]
        rows = [(thing_id, placed, part) for thing_id, placed in resting + self._moving for part in placed.thing.parts]
        counts = np.array([len(part.corners) for _, _, part in rows])
        self.part = np.repeat(np.arange(len(rows), dtype=np.int32), counts)
        self.axis = np.concatenate([part.axis for _, _, part in rows])
        self.texture = np.concatenate([part.texture for _, _, part in rows]).astype(np.float32)
        self._own_corners = np.concatenate([part.corners for _, _, part in rows])
        self._own_normals = np.concatenate([part.normals for _, _, part in rows])
        self.parts = PartTable(
            material=np.array([part.paint.material for _, _, part in rows], dtype=np.int32),
            colour=np.array([part.paint.colour for _, _, part in rows], dtype=np.float32),
            second=np.array([part.paint.second for _, _, part in rows], dtype=np.float32),
            scale=np.array([part.paint.scale for _, _, part in rows], dtype=np.float32),
            seed=np.array([part.paint.seed for _, _, part in rows], dtype=np.float32),
            low=np.minimum.reduceat(self.texture.min(axis=1), np.cumsum(counts) - counts),
            thing=np.array([thing_id for thing_id, _, _ in rows], dtype=np.int32),
            label=np.array([placed.thing.label for _, placed, _ in rows], dtype=np.uint8),
        )
        owner = self._owner = self.parts.thing[self.part]
        resting_ids = np.array([thing_id for thing_id, _ in resting], dtype=np.int32)
        self._first_moving = int(np.isin(owner, resting_ids).sum())
        self._moving_row = np.searchsorted([thing_id for thing_id, _ in self._moving], owner[self._first_moving :])
        self.normals = np.empty_like(self.texture)
        still = slice(0, self._first_moving)
        row = np.searchsorted(resting_ids, owner[still])
        corners, _ = self._place([placed for _, placed in resting], row, 0.0, still)
        self._still = o3d.t.geometry.RaycastingScene(nthreads=self._threads)
        vertices, triangles = scene.ground.mesh()
        self._still.add_triangles(o3d.core.Tensor.from_numpy(vertices), o3d.core.Tensor.from_numpy(triangles))
        self._still.add_triangles(*_soup(corners))
        self._flowing: o3d.t.geometry.RaycastingScene | None = None
        self._moving_corners = np.zeros((0, 3, 3), dtype=np.float32)
        self._own_spheres = np.array([_sphere(placed) for _, placed in self._moving]).reshape(-1, 4)
        self._spheres = self._own_spheres
        self.time = np.nan
        self.move_to(0.0)

    def _place(
        self, placed: list[Placed], row: NDArray[np.int64], time: float, where: slice
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Turns triangles to the world frame: returns the corners and the things' poses, and writes the normals."""
        poses = np.array([item.pose(time) for item in placed]).reshape(-1, 4)
        corners = np.empty((len(row), 3, 3), dtype=np.float32)
        _turn_triangles(self._own_corners[where], self._own_normals[where], row, poses, corners, self.normals[where])
        return corners, poses

    def move_to(self, time: float) -> None:
        """Moves everything that moves to where it is at `time` seconds."""
        if time == self.time:
            return
        self.time = time
        if not self._moving:
            return
        moving = slice(self._first_moving, len(self.part))
        self._moving_corners, poses = self._place(
            [placed for _, placed in self._moving], self._moving_row, time, moving
        )
        self._spheres = self._own_spheres + np.column_stack([poses[:, :3], np.zeros(len(poses))])
        self._flowing = None

    def cast(self, origins: NDArray[np.float32], directions: NDArray[np.float32]) -> Hits:
        """Casts rays at the current time.

        Args:
            origins: (N, 3) or (3,) world frame, metres.
            directions: (N, 3) world frame; distances come in their length.
        """
        rays = _rays(origins, directions)
        distance, shape, face, uv, normal = _cast(self._still, rays, self._threads)
        triangle = np.where(shape == 0, GROUND_TRIANGLE, face.astype(np.int32))
        triangle[~np.isfinite(distance)] = NO_TRIANGLE
        ask = rays_towards(rays, distance, self._spheres)
        if len(ask):
            found = _cast(self._moving_tree(), rays[ask], self._threads)
            _overtake(ask, found, self._first_moving, distance, triangle, uv, normal)
        return Hits(distance, triangle, uv, normal)

    def occluded(
        self, origins: NDArray[np.float32], directions: NDArray[np.float32], reach: float = np.inf
    ) -> NDArray[np.bool_]:
        """Tells for each ray whether anything stands within `reach` (in units of the direction's length)."""
        rays = _rays(origins, directions)
        blocked = self._still.test_occlusions(
            o3d.core.Tensor.from_numpy(rays), tfar=reach, nthreads=self._threads
        ).numpy()
        free = np.flatnonzero(~blocked)
        ask = free[rays_towards(rays[free], np.full(len(free), reach, dtype=np.float32), self._spheres)]
        if len(ask):
            tensor, tree = o3d.core.Tensor.from_numpy(rays[ask]), self._moving_tree()
            blocked[ask] = tree.test_occlusions(tensor, tfar=reach, nthreads=self._threads).numpy()
        return blocked

    def _moving_tree(self) -> o3d.t.geometry.RaycastingScene:
        """The tree of everything that moves, where it is now; built when the first ray goes towards any of it."""
        if self._flowing is None:
            self._flowing = o3d.t.geometry.RaycastingScene(nthreads=self._threads)
            self._flowing.add_triangles(*_soup(self._moving_corners))
        return self._flowing

    def things_of(self, triangle: NDArray[np.int32]) -> NDArray[np.int32]:
        """Id of the thing that each triangle belongs to; 0 for the ground and for misses."""
        return np.where(triangle >= 0, self._owner[np.maximum(triangle, 0)], 0)

    def labels_of(self, triangle: NDArray[np.int32], points: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Occ3D label of the surface at each hit, 17 for a miss; `points` are (N, 3) in the world frame."""
        label = np.where(triangle >= 0, self.parts.label[self.part[np.maximum(triangle, 0)]], 17).astype(np.uint8)
        ground = triangle == GROUND_TRIANGLE
        label[ground] = self.scene.ground.labels(points[ground, 0], points[ground, 1])
        return label


def _sphere(placed: Placed) -> tuple[float, float, float, float]:
    """The sphere around a thing's parts whose centre is on its axis of turning, in its own frame."""
    corners = np.concatenate([part.corners.reshape(-1, 3) for part in placed.thing.parts])
    height = float(corners[:, 2].min() + corners[:, 2].max()) / 2
    return 0.0, 0.0, height, float(np.linalg.norm(corners - [0, 0, height], axis=1).max())


def _rays(origins: NDArray[np.float32], directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Origins and directions as Open3D takes them, (N, 6)."""
    rays = np.empty((len(directions), 6), dtype=np.float32)
    rays[:, :3] = origins
    rays[:, 3:] = directions
    return rays


def _cast(tree: o3d.t.geometry.RaycastingScene, rays: NDArray[np.float32], threads: int) -> tuple[NDArray[Any], ...]:
    """Open3D's answer: distances, shapes, their triangles, barycentric weights and normals."""
    found = tree.cast_rays(o3d.core.Tensor.from_numpy(rays), nthreads=threads)
    keys = ("t_hit", "geometry_ids", "primitive_ids", "primitive_uvs", "primitive_normals")
    return tuple(found[key].numpy() for key in keys)


@numba.njit(cache=True)
def _overtake(
    ask: Values,
    found: tuple[Values, ...],
    first_moving: int,
    distance: Values,
    triangle: Values,
    uv: Values,
    normal: Values,
) -> None:
    """Writes the second answer, to the rays `ask`, where it is nearer than the first."""
    nearer, _, face, new_uv, new_normal = found
    for n in range(len(ask)):
        i = ask[n]
        if nearer[n] < distance[i]:
            distance[i], triangle[i] = nearer[n], first_moving + face[n]
            uv[i, 0], uv[i, 1] = new_uv[n, 0], new_uv[n, 1]
            normal[i, 0], normal[i, 1], normal[i, 2] = new_normal[n, 0], new_normal[n, 1], new_normal[n, 2]


@numba.njit(cache=True)
def _turn_triangles(
    own: Values, own_normals: Values, row: Values, poses: Values, corners: Values, normals: Values
) -> None:
    """Turns and shifts each triangle by the pose (x, y, z, yaw) of its row."""
    cosine, sine = np.cos(poses[:, 3]), np.sin(poses[:, 3])
    for t in range(len(own)):
        p = row[t]
        c, s = cosine[p], sine[p]
        for k in range(3):
            x, y = own[t, k, 0], own[t, k, 1]
            corners[t, k, 0], corners[t, k, 1] = c * x - s * y + poses[p, 0], s * x + c * y + poses[p, 1]
            corners[t, k, 2] = own[t, k, 2] + poses[p, 2]
            x, y = own_normals[t, k, 0], own_normals[t, k, 1]
            normals[t, k, 0], normals[t, k, 1] = c * x - s * y, s * x + c * y
            normals[t, k, 2] = own_normals[t, k, 2]


def _soup(corners: NDArray[np.float32]) -> tuple[o3d.core.Tensor, o3d.core.Tensor]:
    """Triangles that share no vertex, as Open3D takes them."""
    vertices = o3d.core.Tensor.from_numpy(np.ascontiguousarray(corners.reshape(-1, 3)))
    return vertices, o3d.core.Tensor.from_numpy(np.arange(len(corners) * 3, dtype=np.uint32).reshape(-1, 3))
