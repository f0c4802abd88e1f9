"""Tells which rays go towards any of a few spheres, so that the others need not be cast at what is in them."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.procedural.noise import Values

CHUNK = 50
MARGIN_M = 0.01


def rays_towards(
    rays: NDArray[np.float32], reach: NDArray[np.float32], spheres: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Finds the rays that may meet a sphere: all that do, and some of their neighbours.

    Rays are looked at in chunks, as a cone: those of a chunk should start and point about alike, as in a row of pixels.

    Args:
        rays: (N, 6) origins and directions.
        reach: (N,) where each ray ends, in units of its direction; infinite for no end.
        spheres: (S, 4) centres and radii, in the rays' frame, metres.

    Returns:
        (M,) numbers of the rays, rising.
    """
    towards = np.zeros(len(rays), dtype=np.bool_)
    _mark(rays, reach, spheres, towards)
    return np.flatnonzero(towards)


@numba.njit(cache=True)
def _mark(rays: Values, reach: Values, spheres: Values, towards: Values) -> None:
    for first in range(0, len(rays), CHUNK):
        last = min(first + CHUNK, len(rays))
        origin, axis, spread, cosine, far = _cone(rays[first:last], reach[first:last])
        sine = math.sqrt(max(0.0, 1.0 - cosine * cosine))
        for s in range(len(spheres)):
            x, y, z = spheres[s, 0] - origin[0], spheres[s, 1] - origin[1], spheres[s, 2] - origin[2]
            distance, radius = math.sqrt(x * x + y * y + z * z), spheres[s, 3] + spread + MARGIN_M
            if distance - radius > far:
                continue
            # Beyond the cone by at most the half angle under which the sphere is seen from its tip.
            seen = min(radius / distance, 1.0) if distance > 0 else 1.0
            limit = cosine * math.sqrt(1.0 - seen * seen) - sine * seen
            if distance <= radius or cosine <= 0 or x * axis[0] + y * axis[1] + z * axis[2] >= limit * distance - 1e-3:
                towards[first:last] = True
                break


@numba.njit(cache=True)
def _cone(rays: Values, reach: Values) -> tuple[Values, Values, float, float, float]:
    """Bounds rays: tip, unit axis, how far from the tip they start, cosine of the half angle, where the last ends."""
    origin, axis = np.zeros(3), np.zeros(3)
    lengths = np.empty(len(rays))
    for i in range(len(rays)):
        x, y, z = np.float64(rays[i, 3]), np.float64(rays[i, 4]), np.float64(rays[i, 5])
        lengths[i] = math.sqrt(x * x + y * y + z * z) + 1e-30
        axis[0], axis[1], axis[2] = axis[0] + x / lengths[i], axis[1] + y / lengths[i], axis[2] + z / lengths[i]
        for k in range(3):
            origin[k] += rays[i, k] / len(rays)
    norm = math.sqrt(axis[0] ** 2 + axis[1] ** 2 + axis[2] ** 2) + 1e-30
    for k in range(3):
        axis[k] /= norm
    spread, cosine, far = 0.0, 1.0, 0.0
    for i in range(len(rays)):
        x, y, z = rays[i, 0] - origin[0], rays[i, 1] - origin[1], rays[i, 2] - origin[2]
        spread = max(spread, x * x + y * y + z * z)
        along = rays[i, 3] * axis[0] + rays[i, 4] * axis[1] + rays[i, 5] * axis[2]
        cosine, far = min(cosine, along / lengths[i]), max(far, reach[i] * lengths[i])
    spread = math.sqrt(spread)
    return origin, axis, spread, cosine, far + spread
