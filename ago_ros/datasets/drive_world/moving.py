"""Takes many points from frame to frame; compiled, as a product this thin costs a BLAS more than the sum is worth."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.procedural.noise import Values


def turned(points: NDArray[np.float32], a_from_b: Values) -> NDArray[np.float32]:
    """Turns (N, 3) directions from frame b to frame a by the rotation of a (4, 4) transform; float32."""
    out = np.empty(points.shape, dtype=np.float32)
    _apply(points, a_from_b[:3, :3], np.zeros(3), out)
    return out


def transformed(points: NDArray[np.float32], a_from_b: Values) -> NDArray[np.float64]:
    """Takes (N, 3) points from frame b to frame a; float64."""
    out = np.empty(points.shape, dtype=np.float64)
    _apply(points, a_from_b[:3, :3], a_from_b[:3, 3], out)
    return out


@numba.njit(cache=True)
def _apply(points: Values, rotation: Values, shift: Values, out: Values) -> None:
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        for k in range(3):
            out[i, k] = rotation[k, 0] * x + rotation[k, 1] * y + rotation[k, 2] * z + shift[k]
