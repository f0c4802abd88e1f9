"""Deterministic noise on coordinates, for textures: compiled, called for every pixel."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numba
from numpy.typing import NDArray

warnings.filterwarnings("ignore", "The TBB threading layer")  # Open3D brings one too old; numba takes OpenMP instead

Values = NDArray[Any]
"""An array as compiled code takes it."""
Shade = tuple[float, float, float, float, float]
"""Red, green, blue, gloss and glow."""


@numba.njit(inline="always")
def hashed(x: int, y: int, z: int) -> float:
    """Hashes three whole numbers to 0..1."""
    h = (x * 374761393 + y * 668265263 + z * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1103515245) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 668265263) & 0xFFFFFFFF
    return float(h ^ (h >> 15)) / 4294967295.0


@numba.njit(fastmath=True)
def noise3(x: float, y: float, z: float) -> float:
    """Smooth value noise of period-free unit cells, 0..1."""
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - ix, y - iy, z - iz
    fx, fy, fz = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy), fz * fz * (3 - 2 * fz)
    i, j, k = int(ix), int(iy), int(iz)
    a = hashed(i, j, k) * (1 - fx) + hashed(i + 1, j, k) * fx
    b = hashed(i, j + 1, k) * (1 - fx) + hashed(i + 1, j + 1, k) * fx
    c = hashed(i, j, k + 1) * (1 - fx) + hashed(i + 1, j, k + 1) * fx
    d = hashed(i, j + 1, k + 1) * (1 - fx) + hashed(i + 1, j + 1, k + 1) * fx
    return (a * (1 - fy) + b * fy) * (1 - fz) + (c * (1 - fy) + d * fy) * fz


@numba.njit(fastmath=True)
def noise2(x: float, y: float, z: int) -> float:
    """Smooth value noise on the plane, 0..1; `z` picks one of many planes."""
    ix, iy = math.floor(x), math.floor(y)
    fx, fy = x - ix, y - iy
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    i, j = int(ix), int(iy)
    a = hashed(i, j, z) * (1 - fx) + hashed(i + 1, j, z) * fx
    b = hashed(i, j + 1, z) * (1 - fx) + hashed(i + 1, j + 1, z) * fx
    return a * (1 - fy) + b * fy


@numba.njit(fastmath=True, inline="always")
def clamp(value: float, low: float, high: float) -> float:
    """Limits a value."""
    return min(max(value, low), high)


@numba.njit(fastmath=True, inline="always")
def fraction(value: float) -> float:
    """What is left of a value after its whole part, 0..1."""
    return value - math.floor(value)
