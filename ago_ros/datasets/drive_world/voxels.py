"""Occ3D labels of a world at a time, from the shapes themselves, and the masks of what the sensors see of them."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.camera import Picture
from ago_ros.datasets.drive_world.ground import CELL, DRIVEABLE, OTHER_FLAT, PAVEMENT, TERRAIN
from ago_ros.datasets.drive_world.lidar import Sweep
from ago_ros.datasets.drive_world.moving import transformed
from ago_ros.datasets.drive_world.scene import Scene
from ago_ros.datasets.drive_world.shading import bilinear
from ago_ros.datasets.occ3d import FREE, Occ3dLabels
from ago_ros.datasets.procedural.noise import Values
from ago_ros.datasets.procedural.shapes import facets
from ago_ros.geometry.raycast import cast_rays
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid

SUBSAMPLES = 4
SWELL_M = 0.05
"""Parts grow by half the spacing of the sub-samples, so that none, however thin, slips between them."""
GROUND_YIELDS = 8
"""In a voxel that the ground's surface crosses, a thing needs this many of the 64 sub-samples to take the voxel."""
SKY_REACH_M = 120.0


GROUND_IDS = 17
"""Ids of instances up to here are Occ3D's, of the ground."""


class Voxelizer:
    """Labels the Occ3D grid around the car from a scene's convex parts and its ground."""

    def __init__(self, scene: Scene) -> None:
        """Gathers the parts' planes and corners."""
        self._scene = scene
        rows = [(placed, part) for placed in scene.things for part in placed.thing.parts]
        self._label = np.array([placed.thing.label for placed, _ in rows], dtype=np.uint8)
        self._thing = np.repeat(np.arange(len(scene.things)), [len(placed.thing.parts) for placed in scene.things])
        counts = np.array([len(part.corners) for _, part in rows])
        triangles = np.concatenate([part.corners for _, part in rows])
        row = np.repeat(np.arange(len(rows)), counts)
        normals = facets(triangles)
        planes = np.column_stack([normals, np.einsum("ij,ij->i", normals, triangles[:, 0])])
        # Most facets are two triangles, one after the other: one plane does for both.
        new = np.ones(len(planes), dtype=bool)
        new[1:] = (row[1:] != row[:-1]) | (np.abs(planes[1:] - planes[:-1]).max(axis=1) > 1e-6)
        self._planes = planes[new]
        self._plane_start = np.searchsorted(row[new], np.arange(len(rows) + 1))
        self._corners, self._corner_start = triangles.reshape(-1, 3), np.concatenate([[0], 3 * np.cumsum(counts)])

    def semantics(self, time: float) -> NDArray[np.uint8]:
        """Labels the grid in the ego frame at `time` seconds.

        A voxel takes the label of the part that covers most of its 4x4x4 sub-samples (parts are solid, and swell by
        half the sub-samples' spacing); where the ground's surface crosses it, a thing must cover an eighth of them.

        Returns:
            (200, 200, 16) uint8 Occ3D ids. Source: ours.
        """
        return self._fill(time, np.eye(4), OCC3D_GRID, self._label, FREE)

    def instances(self, time: float, frame_from_ego: NDArray[np.float64], grid: VoxelGrid) -> NDArray[np.uint16]:
        """Tells which thing fills each voxel of any grid near the car, also where no sensor reaches.

        Args:
            time: seconds.
            frame_from_ego: (4, 4), from the ego frame at that time to the frame of the grid: turned about z, shifted.
            grid: with voxels of at most a metre or so.

        Returns:
            (X, Y, Z) uint16: `GROUND_IDS` + i + 1 for things[i], the Occ3D id of the ground; 0 for nothing.
        """
        ids = np.array([GROUND_IDS + 1 + thing for thing in self._thing], dtype=np.uint16)
        return self._fill(time, frame_from_ego, grid, ids, 0)

    def _fill(
        self, time: float, frame_from_ego: NDArray[np.float64], grid: VoxelGrid, part_label: NDArray[Any], empty: int
    ) -> NDArray[Any]:
        """Fills a grid with the labels of the parts and the ids of the ground."""
        frame_from_world = frame_from_ego @ np.linalg.inv(self._scene.ego_pose(time))
        poses = np.array([placed.pose(time) for placed in self._scene.things]).reshape(-1, 4)
        c, s = np.cos(poses[:, 3]), np.sin(poses[:, 3])
        world_from_thing = np.zeros((len(poses), 4, 4))
        world_from_thing[:, 0, 0], world_from_thing[:, 0, 1] = c, -s
        world_from_thing[:, 1, 0], world_from_thing[:, 1, 1] = s, c
        world_from_thing[:, 2, 2], world_from_thing[:, 3, 3] = 1, 1
        world_from_thing[:, :3, 3] = poses[:, :3]
        origin, size = np.array(grid.origin), grid.voxel_size
        cells = np.empty((len(part_label), 6), dtype=np.int64)
        planes = np.empty_like(self._planes)
        _place_parts(
            frame_from_world @ world_from_thing, self._thing, self._corners, self._corner_start, self._planes,
            self._plane_start, origin, size, np.array(grid.shape), cells, planes,
        )  # fmt: skip
        near = np.flatnonzero((cells[:, 3:] > cells[:, :3]).all(axis=1))
        best, label = np.zeros(grid.shape, dtype=np.uint8), np.full(grid.shape, empty, dtype=part_label.dtype)
        _fill_parts(near, cells, planes, self._plane_start, part_label, origin, size, best, label)
        ground = self._scene.ground
        maps = (ground.origin, ground.height, ground.road, ground.pavement, ground.plaza)
        _lay_ground(frame_from_world, *maps, origin, size, best, label)
        return label


@numba.njit(cache=True)
def _place_parts(
    ego_from_thing: Values,
    thing: Values,
    corners: Values,
    corner_start: Values,
    own_planes: Values,
    plane_start: Values,
    origin: Values,
    size: float,
    shape: Values,
    cells: Values,
    planes: Values,
) -> None:
    """Finds each part's range of cells, (P, 6), and turns the planes of those that have any to the ego frame."""
    for p in range(len(thing)):
        m = ego_from_thing[thing[p]]
        inside = True
        for axis in range(3):
            lower, upper = np.inf, -np.inf
            for i in range(corner_start[p], corner_start[p + 1]):
                x, y, z = corners[i, 0], corners[i, 1], corners[i, 2]
                value = m[axis, 0] * x + m[axis, 1] * y + m[axis, 2] * z + m[axis, 3]
                lower, upper = min(lower, value), max(upper, value)
            first = max(math.floor((lower - SWELL_M - origin[axis]) / size), 0)
            last = min(math.floor((upper + SWELL_M - origin[axis]) / size) + 1, shape[axis])
            cells[p, axis], cells[p, axis + 3] = first, last
            inside = inside and first < last
        if not inside:
            continue
        for f in range(plane_start[p], plane_start[p + 1]):
            x, y, z = own_planes[f, 0], own_planes[f, 1], own_planes[f, 2]
            offset = own_planes[f, 3]
            for axis in range(3):
                planes[f, axis] = m[axis, 0] * x + m[axis, 1] * y + m[axis, 2] * z
                offset += planes[f, axis] * m[axis, 3]
            planes[f, 3] = offset


@numba.njit(fastmath=True, parallel=True, cache=True)
def _fill_parts(
    near: Values,
    cells: Values,
    planes: Values,
    plane_start: Values,
    part_label: Values,
    origin: Values,
    size: float,
    best: Values,
    label: Values,
) -> None:
    """Gives each voxel to the part among `near` that covers most of it, the first of those that cover as much."""
    nx, slabs = label.shape[0], 20
    most = np.diff(plane_start).max()
    for slab in numba.prange(slabs):
        first, last = slab * nx // slabs, (slab + 1) * nx // slabs
        crossing = np.empty(most, dtype=np.int64)
        for p in near:
            begin, end = plane_start[p], plane_start[p + 1]
            for i in range(max(cells[p, 0], first), min(cells[p, 3], last)):
                cx = origin[0] + (i + 0.5) * size
                for j in range(cells[p, 1], cells[p, 4]):
                    cy = origin[1] + (j + 0.5) * size
                    for k in range(cells[p, 2], cells[p, 5]):
                        if best[i, j, k] == SUBSAMPLES**3:
                            continue
                        cz = origin[2] + (k + 0.5) * size
                        count = _covered(planes, begin, end, cx, cy, cz, size, crossing)
                        if count > best[i, j, k]:
                            best[i, j, k], label[i, j, k] = count, part_label[p]


@numba.njit(fastmath=True)
def _covered(planes: Values, begin: int, end: int, x: float, y: float, z: float, size: float, crossing: Values) -> int:
    """How many of a voxel's sub-samples lie in the swollen part; `crossing` is room for its planes' numbers."""
    reach = size * math.sqrt(3.0) / 2
    crossed = 0
    for f in range(begin, end):
        outside = planes[f, 0] * x + planes[f, 1] * y + planes[f, 2] * z - planes[f, 3]
        if outside > reach + SWELL_M:
            return 0
        if outside >= SWELL_M - reach:
            crossing[crossed] = f
            crossed += 1
    if crossed == 0:
        return SUBSAMPLES**3
    count, step = 0, size / SUBSAMPLES
    for a in range(SUBSAMPLES):
        for b in range(SUBSAMPLES):
            for c in range(SUBSAMPLES):
                px = x + (a - 1.5) * step
                py = y + (b - 1.5) * step
                pz = z + (c - 1.5) * step
                within = True
                for n in range(crossed):
                    f = crossing[n]
                    if planes[f, 0] * px + planes[f, 1] * py + planes[f, 2] * pz - planes[f, 3] > SWELL_M:
                        within = False
                        break
                count += within
    return count


@numba.njit(fastmath=True, inline="always")
def _on_ground(ego_from_world: Values, x: float, y: float) -> tuple[float, float]:
    """World x and y of a point of the ego frame's own plane."""
    m = ego_from_world
    dx, dy, dz = x - m[0, 3], y - m[1, 3], -m[2, 3]
    return m[0, 0] * dx + m[1, 0] * dy + m[2, 0] * dz, m[0, 1] * dx + m[1, 1] * dy + m[2, 1] * dz


@numba.njit(fastmath=True)
def _ground_kind(road: Values, pavement: Values, plaza: Values, gx: float, gy: float, margin: float) -> int:
    """What lies at a place of the maps: 0 road, 1 plaza, 2 pavement, 3 terrain; -1 where an edge is within `margin`.

    The maps hold distances to edges, metres: between cells they change by at most sqrt(2) a metre.
    """
    kinds = (0, 2, 1)
    for n, values in enumerate((road, pavement, plaza)):
        distance = bilinear(values, gx, gy)
        if abs(distance) < margin:
            return -1
        if distance < 0:
            return kinds[n]
    return 3


@numba.njit(fastmath=True, parallel=True, cache=True)
def _lay_ground(
    ego_from_world: Values,
    map_origin: Values,
    height: Values,
    road: Values,
    pavement: Values,
    plaza: Values,
    origin: Values,
    size: float,
    best: Values,
    label: Values,
) -> None:
    """Labels the voxels that the ground's surface crosses, sampled 4x4 to the column."""
    nx, ny, nz = label.shape
    m = ego_from_world
    for i in numba.prange(nx):
        votes = np.zeros((nz, 4), dtype=np.int64)
        for j in range(ny):
            votes[:] = 0
            x, y = _on_ground(m, origin[0] + (i + 0.5) * size, origin[1] + (j + 0.5) * size)
            gx, gy = (x - map_origin[0]) / CELL, (y - map_origin[1]) / CELL
            column = _ground_kind(road, pavement, plaza, gx, gy, size)  # sub-samples are within 0.54 of it
            for a in range(SUBSAMPLES):
                for b in range(SUBSAMPLES):
                    ex = origin[0] + (i + (a + 0.5) / SUBSAMPLES) * size
                    ey = origin[1] + (j + (b + 0.5) / SUBSAMPLES) * size
                    wx, wy = _on_ground(m, ex, ey)
                    gx, gy = (wx - map_origin[0]) / CELL, (wy - map_origin[1]) / CELL
                    wz = bilinear(height, gx, gy)
                    z = m[2, 0] * wx + m[2, 1] * wy + m[2, 2] * wz + m[2, 3]
                    k = math.floor((z - origin[2]) / size)
                    if k < 0 or k >= nz:
                        continue
                    kind = column if column >= 0 else _ground_kind(road, pavement, plaza, gx, gy, 0.0)
                    votes[k, kind] += 1
            for k in range(nz):
                top = 0
                for kind in range(1, 4):
                    if votes[k, kind] > votes[k, top]:
                        top = kind
                if votes[k, top] > 0 and best[i, j, k] < GROUND_YIELDS:
                    label[i, j, k] = (DRIVEABLE, OTHER_FLAT, PAVEMENT, TERRAIN)[top]


def seen_by_lidar(scene: Scene, time: float, sweep: Sweep) -> NDArray[np.bool_]:
    """Voxels of the ego frame at `time` that a ray of the sweep ends in or passes through, (200, 200, 16)."""
    return _touched(scene, time, sweep.origins, sweep.ends)


def seen_by_cameras(scene: Scene, time: float, pictures: list[Picture], stride: int) -> NDArray[np.bool_]:
    """Voxels that a camera looks through or at, (200, 200, 16), by rays through every `stride`-th pixel."""
    starts, ends = [], []
    for picture in pictures:
        rays = picture.rays[stride // 2 :: stride, stride // 2 :: stride].reshape(-1, 3)
        distance = np.minimum(
            picture.distance[stride // 2 :: stride, stride // 2 :: stride].reshape(-1, 1), SKY_REACH_M
        )
        ends.append(picture.origin + rays * distance)
        starts.append(np.broadcast_to(picture.origin, ends[-1].shape))
    return _touched(scene, time, np.concatenate(starts), np.concatenate(ends))


def _touched(scene: Scene, time: float, starts: NDArray[np.float32], ends: NDArray[np.float32]) -> NDArray[np.bool_]:
    ego_from_world = np.linalg.inv(scene.ego_pose(time))
    segments = [torch.from_numpy(transformed(points, ego_from_world)) for points in (starts, ends)]
    counts = cast_rays(OCC3D_GRID, *segments)
    return ((counts.hits + counts.passes) > 0).numpy()


def occ3d_labels(
    semantics: NDArray[np.uint8], by_lidar: NDArray[np.bool_], by_cameras: NDArray[np.bool_]
) -> Occ3dLabels:
    """Joins the parts of a label file."""
    return Occ3dLabels(torch.from_numpy(semantics), torch.from_numpy(by_lidar), torch.from_numpy(by_cameras))
