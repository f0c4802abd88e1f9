"""Euler angles about any of the 24 sequences of axes.

A sequence is a string: `s` (the axes stay) or `r` (the axes turn along), and the three axes in the order of the
rotations: `sxyz` is roll, pitch and yaw, and the same as `rzyx` with the angles reversed. Or it is a tuple (first axis
of the static form, parity, repetition, frame), as in K. Shoemake, Euler Angle Conversion, Graphics Gems IV.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from tf_transformations.quaternions import EPSILON, Quaternion, quaternion_matrix

Axes = str | tuple[int, int, int, int]


class _Sequence(NamedTuple):
    """A sequence of axes, in its static form."""

    order: tuple[int, int, int]  # the first and second axis, and the one that is neither
    odd: bool  # whether that order is left-handed
    repeats: bool  # whether the third rotation is about the first axis again
    turning: bool  # whether it stood for axes that turn along: the angles are then in reverse order

    @property
    def scipy_name(self) -> str:
        """Returns the sequence as scipy writes it."""
        i, j, k = self.order
        static = "".join("xyz"[axis] for axis in (i, j, i if self.repeats else k))
        return static[::-1].upper() if self.turning else static


def _sequence(axes: Axes) -> _Sequence:
    if isinstance(axes, str):
        frame, letters = axes[:1].lower(), axes[1:].lower()
        valid = frame in ("s", "r") and len(letters) == 3 and set(letters) <= set("xyz")
        if not valid or letters[0] == letters[1] or letters[1] == letters[2]:
            raise ValueError(f"'{axes}' is no sequence of axes: give s or r and three of x, y and z, as in sxyz")
        static = letters if frame == "s" else letters[::-1]
        first, second = "xyz".index(static[0]), "xyz".index(static[1])
        odd, repeats, turning = (second - first) % 3 == 2, static[0] == static[2], frame == "r"
    else:
        first, odd, repeats, turning = axes[0], bool(axes[1]), bool(axes[2]), bool(axes[3])
    step = 2 if odd else 1
    return _Sequence((first, (first + step) % 3, (first + 2 * step) % 3), odd, repeats, turning)


def euler_matrix(ai: float, aj: float, ak: float, axes: Axes = "sxyz") -> np.ndarray:
    """Returns the 4x4 rotation by three angles about the axes of a sequence, in its order."""
    matrix = np.identity(4)
    matrix[:3, :3] = Rotation.from_euler(_sequence(axes).scipy_name, [ai, aj, ak]).as_matrix()
    return matrix


def quaternion_from_euler(ai: float, aj: float, ak: float, axes: Axes = "sxyz") -> Quaternion:
    """Returns the quaternion of three angles about the axes of a sequence, in its order."""
    x, y, z, w = Rotation.from_euler(_sequence(axes).scipy_name, [ai, aj, ak]).as_quat()
    return float(x), float(y), float(z), float(w)


def euler_from_matrix(matrix: ArrayLike, axes: Axes = "sxyz") -> tuple[float, float, float]:
    """Returns the angles of a rotation about the axes of a sequence, in its order.

    Where the first and third axis fall together, the last angle of the static form is 0.

    Args:
        matrix: (3, 3) or (4, 4) rotation.
        axes: the sequence.

    source: K. Shoemake, Euler Angle Conversion, Graphics Gems IV.
    """
    sequence = _sequence(axes)
    # In the axes of the sequence every even one is xyz (or xyx); an odd one is its mirror image, with angles negated.
    m = np.asarray(matrix, dtype=np.float64)[np.ix_(sequence.order, sequence.order)]
    if sequence.repeats:
        across = math.hypot(m[0, 1], m[0, 2])
        second = math.atan2(across, m[0, 0])
        first, third = math.atan2(m[0, 1], m[0, 2]), math.atan2(m[1, 0], -m[2, 0])
    else:
        across = math.hypot(m[0, 0], m[1, 0])
        second = math.atan2(-m[2, 0], across)
        first, third = math.atan2(m[2, 1], m[2, 2]), math.atan2(m[1, 0], m[0, 0])
    if across <= EPSILON:
        first, third = math.atan2(-m[1, 2], m[1, 1]), 0.0
    if sequence.odd:
        first, second, third = -first, -second, -third
    return (third, second, first) if sequence.turning else (first, second, third)


def euler_from_quaternion(quaternion: ArrayLike, axes: Axes = "sxyz") -> tuple[float, float, float]:
    """Returns the angles of a rotation about the axes of a sequence, as `euler_from_matrix` does."""
    return euler_from_matrix(quaternion_matrix(quaternion), axes)
