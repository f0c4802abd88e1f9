"""Convex parts: the bricks of every thing in the world. Convexity makes inside and outside exact: a set of planes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull

from ago_ros.datasets.procedural.materials import Paint

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """A closed convex polyhedron with a paint.

    Attributes:
        corners: (T, 3, 3) triangles in the thing's frame, metres, anticlockwise as seen from outside.
        normals: (T, 3, 3) unit shading normals of the corners.
        texture: (T, 3, 3) the corners in the part's own frame, metres, where its texture lives.
        axis: (T,) uint8, the axis of the part's own frame that a triangle faces most.
        paint: the part's look.
    """

    corners: Array
    normals: Array
    texture: Array
    axis: NDArray[np.uint8]
    paint: Paint


def facets(corners: Array) -> Array:
    """Returns the (T, 3) outward unit normals of (T, 3, 3) triangles."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.empty_like(a)
    normal[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    normal[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    normal[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return normal / np.sqrt(np.einsum("ij,ij->i", normal, normal))[:, None]


def _part(own: Array, to_thing: Array | None, offset: Array, paint: Paint, smooth: Array | None = None) -> Part:
    """Makes a part of (T, 3, 3) triangles in its own frame.

    `to_thing` is the rotation from there, None where there is none; `smooth` are shading normals, None for facets.
    """
    facet = facets(own)
    axis = np.abs(facet).argmax(axis=1).astype(np.uint8)
    shading = np.repeat(facet[:, None], 3, axis=1) if smooth is None else smooth
    if to_thing is None:
        return Part(own + offset, shading, own, axis, paint)
    return Part(own @ to_thing.T + offset, shading @ to_thing.T, own, axis, paint)


def _turn(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Array | None:
    """Rotation matrix: roll about x, then pitch about y, then yaw about z, radians; None where all are zero."""
    if yaw == pitch == roll == 0:
        return None
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return about_z @ about_y @ about_x


_QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
_SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
_BOX_TRIANGLES = np.array([t for a, b, c, d in _QUADS for t in ((a, b, c), (a, c, d))])


def box(
    center: Sequence[float],
    size: Sequence[float],
    paint: Paint,
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    top: tuple[float, float] = (1.0, 1.0),
    lean: tuple[float, float] = (0.0, 0.0),
) -> Part:
    """Makes a box, or a frustum of one.

    Args:
        center: middle of the box in the thing's frame, metres.
        size: lengths along x, y and z, metres.
        paint: its look.
        yaw: turn about z, radians; pitch and roll likewise about y and x.
        pitch: turn about y, radians.
        roll: turn about x, radians.
        top: the upper face's share of the lower one's size along x and y.
        lean: how far the upper face is moved along x and y, metres.
    """
    half = np.asarray(size, dtype=np.float64) / 2
    corners = _SIGNS * half
    upper = _SIGNS[:, 2] > 0
    corners[upper, :2] = corners[upper, :2] * np.asarray(top) + np.asarray(lean)
    return _part(corners[_BOX_TRIANGLES], _turn(yaw, pitch, roll), np.asarray(center, dtype=np.float64), paint)


def rod(
    start: Sequence[float],
    end: Sequence[float],
    radius: float,
    paint: Paint,
    *,
    tip: float | None = None,
    sides: int = 8,
) -> Part:
    """Makes a round rod from one point to another, its radius going from `radius` to `tip` (a cone where tip is 0)."""
    tip = radius if tip is None else max(tip, 1e-3)
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    way = b - a
    length = math.sqrt(way @ way)
    along = way / length
    x, y, z = along.tolist()
    across = np.array([0.0, -z, y] if abs(x) < 0.9 else [z, 0.0, -x])
    across /= math.sqrt(across @ across)
    p, q, r = across.tolist()
    frame = np.array([[p, y * r - z * q, x], [q, z * p - x * r, y], [r, x * q - y * p, z]])
    rim, level, normals = _unit_rod(sides)
    own = np.concatenate([rim * np.where(level > 0, tip, radius), level * (length / 2)], axis=2)
    return _part(own, frame, (a + b) / 2, paint, normals)


@lru_cache
def _unit_rod(sides: int) -> tuple[Array, Array, Array]:
    """Triangles of a rod, walls then caps: (T, 3, 2) on the unit circle or its middle, (T, 3, 1) ends, normals."""
    angle = np.arange(sides + 1) * (2 * np.pi / sides)
    ring = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    up = np.array([0, 0, 1.0])
    low, high = ring - up, ring + up
    walls, wall_normals, caps = [], [], []
    for i in range(sides):
        walls += [(low[i], low[i + 1], high[i + 1]), (low[i], high[i + 1], high[i])]
        wall_normals += [(ring[i], ring[i + 1], ring[i + 1]), (ring[i], ring[i + 1], ring[i])]
    for end, sign in ((low, -1), (high, 1)):
        caps += [(up * sign, end[i], end[i + 1])[::sign] for i in range(sides)]
    normals = np.concatenate([np.array(wall_normals), np.repeat([[-up] * 3, [up] * 3], sides, axis=0)])
    corners = np.array(walls + caps)
    return corners[..., :2], corners[..., 2:], normals


def wheel(center: Sequence[float], radius: float, width: float, paint: Paint, sides: int = 14) -> Part:
    """Makes a disc whose axle points along y."""
    x, y, z = center
    return rod((x, y - width / 2, z), (x, y + width / 2, z), radius, paint, sides=sides)


def ball(center: Sequence[float], radii: Sequence[float], paint: Paint, *, yaw: float = 0.0, rings: int = 6) -> Part:
    """Makes an ellipsoid of (x, y, z) radii in metres."""
    directions, size = _unit_ball(rings), np.asarray(radii, dtype=np.float64)
    normals = directions / size
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return _part(directions * size, _turn(yaw), np.asarray(center, dtype=np.float64), paint, normals)


@lru_cache
def _unit_ball(rings: int) -> Array:
    """(T, 3, 3) triangles of a unit ball, those that shrink to nothing at the poles left out."""
    polar = np.linspace(0, np.pi, rings + 1)
    angle = np.arange(2 * rings + 1) * (np.pi / rings)
    unit = np.stack(
        [
            np.outer(np.sin(polar), np.cos(angle)),
            np.outer(np.sin(polar), np.sin(angle)),
            np.outer(np.cos(polar), np.ones_like(angle)),
        ],
        axis=-1,
    )
    a, b, c, d = unit[:-1, :-1], unit[1:, :-1], unit[1:, 1:], unit[:-1, 1:]
    lower = np.stack([a, b, c], axis=2)[:-1].reshape(-1, 3, 3)
    upper = np.stack([a, c, d], axis=2)[1:].reshape(-1, 3, 3)
    return np.concatenate([lower, upper])


def hull(points: ArrayLike, paint: Paint) -> Part:
    """Makes the convex hull of (N, 3) points in the thing's frame, metres; its texture starts at their middle."""
    cloud = np.asarray(points, dtype=np.float64)
    middle = (cloud.min(axis=0) + cloud.max(axis=0)) / 2
    own = cloud - middle
    shell = ConvexHull(own)
    triangles = own[shell.simplices]
    inward = np.einsum("ij,ij->i", facets(triangles), shell.equations[:, :3]) < 0
    triangles[inward] = triangles[inward][:, ::-1]
    return _part(triangles, None, middle, paint)


def profile(outline: ArrayLike, width: float, paint: Paint, *, y: float = 0.0, top_width: float | None = None) -> Part:
    """Makes a convex (N, 2) outline in x and z, metres, `width` thick along y; narrower at its top where asked."""
    side = np.asarray(outline, dtype=np.float64)
    height = side[:, 1]
    share = (height - height.min()) / max(float(np.ptp(height)), 1e-6)
    half = (width + ((width if top_width is None else top_width) - width) * share) / 2
    left = np.column_stack([side[:, 0], y + half, height])
    right = np.column_stack([side[:, 0], y - half, height])
    return hull(np.concatenate([left, right]), paint)
