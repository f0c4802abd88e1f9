"""Quaternions (x, y, z, w)."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

EPSILON = 4.0 * float(np.finfo(np.float64).eps)

Quaternion = tuple[float, float, float, float]


def quaternion_about_axis(angle: float, axis: ArrayLike) -> Quaternion:
    """Returns the rotation by an angle about an axis (3,) of any length."""
    direction = np.asarray(axis, dtype=np.float64)
    x, y, z = math.sin(angle / 2) * direction / np.linalg.norm(direction)
    return float(x), float(y), float(z), math.cos(angle / 2)


def quaternion_matrix(quaternion: ArrayLike) -> np.ndarray:
    """Returns the 4x4 rotation of a quaternion of any length; the identity for a zero one."""
    matrix = np.identity(4)
    quaternion = np.asarray(quaternion, dtype=np.float64)
    if quaternion @ quaternion > EPSILON / 4.0:
        matrix[:3, :3] = Rotation.from_quat(quaternion).as_matrix()
    return matrix


def quaternion_from_matrix(matrix: ArrayLike) -> Quaternion:
    """Returns the rotation in a 4x4 matrix; w is not negative.

    Scale and shear, if there are any, are taken off first: they are what is applied before the rotation. A matrix that
    mirrors is read as one that mirrors along x before it rotates.
    """
    turn, shear = np.linalg.qr(np.asarray(matrix, dtype=np.float64)[:3, :3])
    signs = np.where(np.diagonal(shear) < 0.0, -1.0, 1.0)
    turn = turn * signs
    if np.linalg.det(turn) < 0.0:
        turn[:, 0] *= -1.0
    x, y, z, w = Rotation.from_matrix(turn).as_quat(canonical=True)
    return float(x), float(y), float(z), float(w)


def quaternion_multiply(quaternion1: Sequence[float], quaternion0: Sequence[float]) -> Quaternion:
    """Returns the rotation by `quaternion0` and then by `quaternion1`; the lengths multiply."""
    x0, y0, z0, w0 = quaternion0
    x1, y1, z1, w1 = quaternion1
    return (
        w1 * x0 + x1 * w0 + y1 * z0 - z1 * y0,
        w1 * y0 + y1 * w0 + z1 * x0 - x1 * z0,
        w1 * z0 + z1 * w0 + x1 * y0 - y1 * x0,
        w1 * w0 - x1 * x0 - y1 * y0 - z1 * z0,
    )


def quaternion_conjugate(quaternion: ArrayLike) -> np.ndarray:
    """Returns (-x, -y, -z, w)."""
    return np.asarray(quaternion, dtype=np.float64) * [-1.0, -1.0, -1.0, 1.0]


def quaternion_inverse(quaternion: ArrayLike) -> np.ndarray:
    """Returns what multiplies with a quaternion to (0, 0, 0, 1)."""
    return quaternion_conjugate(quaternion) / np.dot(quaternion, quaternion)


def quaternion_slerp(
    quat0: ArrayLike, quat1: ArrayLike, fraction: float, spin: int = 0, shortestpath: bool = True
) -> np.ndarray:
    """Goes from one rotation (fraction 0) to another (fraction 1) at constant speed.

    Args:
        quat0: the first rotation, of any length.
        quat1: the second rotation, of any length.
        fraction: how far to go.
        spin: half turns to make besides.
        shortestpath: take the shorter of the two ways.

    Returns:
        (4,) unit quaternion.
    """
    first = np.asarray(quat0, dtype=np.float64)[:4] / np.linalg.norm(np.asarray(quat0)[:4])
    second = np.asarray(quat1, dtype=np.float64)[:4] / np.linalg.norm(np.asarray(quat1)[:4])
    if fraction in (0.0, 1.0):
        return second if fraction else first
    cosine = float(first @ second)
    if abs(abs(cosine) - 1.0) < EPSILON:
        return first
    if shortestpath and cosine < 0.0:
        cosine, second = -cosine, -second
    angle = math.acos(cosine) + spin * math.pi
    if abs(angle) < EPSILON:
        return first
    return (math.sin((1.0 - fraction) * angle) * first + math.sin(fraction * angle) * second) / math.sin(angle)


def random_quaternion(rand: ArrayLike | None = None) -> np.ndarray:
    """Returns a uniformly distributed rotation (4,).

    Args:
        rand: three numbers that are uniform in [0, 1]; drawn where None.
    """
    share, first, second = np.random.rand(3) if rand is None else np.asarray(rand, dtype=np.float64)
    a, b = 2.0 * math.pi * first, 2.0 * math.pi * second
    return np.array([np.sin(a), np.cos(a), 0.0, 0.0]) * np.sqrt(1.0 - share) + np.array(
        [0.0, 0.0, np.sin(b), np.cos(b)]
    ) * np.sqrt(share)


def random_rotation_matrix(rand: ArrayLike | None = None) -> np.ndarray:
    """Returns a uniformly distributed 4x4 rotation; `rand` as of `random_quaternion`."""
    return quaternion_matrix(random_quaternion(rand))
