"""The ground: roads with lanes, pavements, plazas and open terrain, as one height field and maps of what lies where."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

CELL = 0.5
KERB_HEIGHT = 0.13
DRIVEABLE, OTHER_FLAT, PAVEMENT, TERRAIN = 11, 12, 13, 14


@dataclass(frozen=True, eq=False)
class Path:
    """A smooth line on the ground, sampled every half metre.

    Attributes:
        points: (N, 2) metres, world frame.
        headings: (N,) radians, unwrapped.
    """

    points: Array
    headings: Array

    @property
    def length(self) -> float:
        """Metres."""
        return (len(self.points) - 1) * CELL

    def at(self, along: float, lateral: float = 0.0) -> tuple[float, float, float]:
        """Returns x, y and heading `along` metres from the start, `lateral` metres to the left."""
        inside = min(max(along, 0.0), self.length)
        past = along - inside
        first = min(int(inside / CELL), len(self.points) - 2)
        share = inside / CELL - first
        (x0, y0), (x1, y1) = self.points[first].tolist(), self.points[first + 1].tolist()
        heading = float(self.headings[first] * (1 - share) + self.headings[first + 1] * share)
        c, s = math.cos(heading), math.sin(heading)
        x = x0 + share * (x1 - x0) + past * c - lateral * s
        y = y0 + share * (y1 - y0) + past * s + lateral * c
        return x, y, heading


def winding_path(rng: np.random.Generator, length: float) -> Path:
    """Makes a path that starts at the origin along +x, with gentle bends of at least 60 m radius."""
    count = int(length / CELL) + 1
    curvature = np.zeros(count)
    if rng.random() < 0.7:
        for _ in range(int(rng.integers(1, 4))):
            start, span = rng.uniform(0, length), rng.uniform(30, 80)
            inside = np.abs(np.arange(count) * CELL - start) < span / 2
            curvature[inside] += rng.uniform(-1, 1) / 75
    curvature = gaussian_filter(curvature, 16)
    headings = np.cumsum(curvature) * CELL
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1) * CELL
    points = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)[:-1]])
    return Path(points, headings)


def straight_path(x: float, y: float, heading: float, length: float) -> Path:
    """Makes a straight path of the given length centred on (x, y)."""
    count = int(length / CELL) + 1
    along = np.arange(count) * CELL - length / 2
    points = np.stack([x + along * np.cos(heading), y + along * np.sin(heading)], axis=1)
    return Path(points, np.full(count, heading))


@dataclass(frozen=True, eq=False)
class Road:
    """A road around a path. Traffic keeps to the right.

    Attributes:
        path: centre line.
        lanes: lanes in each direction.
        lane_width: metres.
        edge: width of the parking or cycling strip beyond the lanes, metres.
        pavement: width of the pavement on both sides, metres; 0 for none.
    """

    path: Path
    lanes: int
    lane_width: float
    edge: float
    pavement: float

    @property
    def half_width(self) -> float:
        """From the centre line to the kerb, metres."""
        return self.lanes * self.lane_width + self.edge


@dataclass(frozen=True, eq=False)
class Ground:
    """Maps over the world's x-y plane, one value every `CELL` metres, indexed [x, y].

    Attributes:
        origin: (2,) world position of element (0, 0), metres.
        road: signed distance to the edge of the driveable surface, metres, negative inside.
        pavement: likewise to the pavement's outer edge.
        plaza: likewise to the nearest paved area that is neither.
        lateral: distance to the nearest centre line, signed left positive, metres.
        along: position along the nearest centre line, metres.
        junction: signed distance to the edge of the next nearest road, metres: small where roads meet.
        height: metres.
        lane_width: of the main road, metres.
        lanes: of the main road, in each direction.
        edge: width of the main road's edge strip, metres.
    """

    origin: Array
    road: NDArray[np.float32]
    pavement: NDArray[np.float32]
    plaza: NDArray[np.float32]
    lateral: NDArray[np.float32]
    along: NDArray[np.float32]
    junction: NDArray[np.float32]
    height: NDArray[np.float32]
    lane_width: float
    lanes: int
    edge: float

    def sample(self, values: NDArray[np.float32], x: Array, y: Array) -> NDArray[np.float32]:
        """Reads a map at world positions, bilinearly."""
        where = np.stack([(np.asarray(x) - self.origin[0]) / CELL, (np.asarray(y) - self.origin[1]) / CELL])
        return map_coordinates(values, where, order=1, mode="nearest")

    def height_at(self, x: float, y: float) -> float:
        """Height of the ground at one world position, metres."""
        return float(self.sample(self.height, np.array([x]), np.array([y]))[0])

    def labels(self, x: Array, y: Array) -> NDArray[np.uint8]:
        """Occ3D label of the ground at world positions."""
        result = np.full(np.shape(x), TERRAIN, dtype=np.uint8)
        maps = ((self.road, DRIVEABLE), (self.pavement, PAVEMENT), (self.plaza, OTHER_FLAT))
        open_ground = np.ones(np.shape(x), dtype=bool)
        for values, label in maps:
            inside = np.zeros(np.shape(x), dtype=bool)
            inside[open_ground] = self.sample(values, x[open_ground], y[open_ground]) < 0
            result[inside] = label
            open_ground &= ~inside
        return result

    def mesh(self) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """Returns the (V, 3) vertices and (T, 3) triangles of the height field, world frame."""
        nx, ny = self.height.shape
        x, y = self.origin[0] + np.arange(nx) * CELL, self.origin[1] + np.arange(ny) * CELL
        vertices = np.stack([*np.meshgrid(x, y, indexing="ij"), self.height], axis=-1).reshape(-1, 3)
        index = np.arange(nx * ny, dtype=np.uint32).reshape(nx, ny)
        a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
        triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
        return vertices.astype(np.float32), triangles


def lay_ground(
    rng: np.random.Generator,
    roads: list[Road],
    lower: Array,
    upper: Array,
    plazas: list[tuple[float, float, float, float, float]],
    hills: float,
) -> Ground:
    """Draws the maps of the ground.

    Args:
        rng: source of the terrain's relief.
        roads: the main road first.
        lower: (2,) corner of the world, metres.
        upper: (2,) opposite corner, metres.
        plazas: paved rectangles: x, y, yaw, length, width.
        hills: height of the relief away from roads, metres.
    """
    counts = np.ceil((upper - lower) / CELL).astype(int) + 1
    x, y = (lower[axis] + np.arange(counts[axis]) * CELL for axis in (0, 1))
    cells = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    road = np.full(counts, np.inf)
    pavement, lateral, along, second = road.copy(), road.copy(), np.zeros(counts), road.copy()
    for item in roads:
        distance, nearest = cKDTree(item.path.points).query(cells, workers=2)
        heading, offset = item.path.headings[nearest], cells - item.path.points[nearest]
        side = np.cos(heading) * offset[..., 1] - np.sin(heading) * offset[..., 0]
        edge = distance - item.half_width
        nearer = edge < road
        second = np.where(nearer, road, np.minimum(second, edge))
        lateral = np.where(nearer, side, lateral)
        ahead = np.cos(heading) * offset[..., 0] + np.sin(heading) * offset[..., 1]
        along = np.where(nearer, nearest * CELL + ahead, along)
        road = np.minimum(road, edge)
        pavement = np.minimum(pavement, edge - item.pavement)
    plaza = np.full(counts, np.inf)
    for px, py, yaw, length, width in plazas:
        offset = cells - [px, py]
        u = np.abs(offset[..., 0] * np.cos(yaw) + offset[..., 1] * np.sin(yaw)) - length / 2
        v = np.abs(-offset[..., 0] * np.sin(yaw) + offset[..., 1] * np.cos(yaw)) - width / 2
        plaza = np.minimum(plaza, np.maximum(u, v))
    relief = gaussian_filter(rng.normal(size=counts), 14)
    relief *= hills / max(float(np.abs(relief).max()), 1e-9)
    away = np.clip((np.minimum(pavement, plaza) - 5) / 25, 0, 1)
    height = relief * away**2 * (3 - 2 * away)
    height += KERB_HEIGHT * np.clip(road / 0.3, 0, 1) * np.clip(1.2 - pavement / 4, 0, 1)
    junction = np.where(np.isfinite(second), second, 1e3)

    def stored(values: Array) -> NDArray[np.float32]:
        return np.clip(values, -1e4, 1e4).astype(np.float32)

    return Ground(
        origin=np.asarray(lower, dtype=np.float64),
        road=stored(road),
        pavement=stored(pavement),
        plaza=stored(plaza),
        lateral=stored(lateral),
        along=stored(along),
        junction=stored(junction),
        height=stored(height),
        lane_width=roads[0].lane_width,
        lanes=roads[0].lanes,
        edge=roads[0].edge,
    )
