"""Rigid motions as a pair of tuples: far quicker than numpy for one transform at a time.

A quaternion is (x, y, z, w), a vector (x, y, z). A motion is (translation, rotation): it takes p to
rotation * p + translation.
"""

import math

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Motion = tuple[Vector, Quaternion]

IDENTITY: Motion = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))


def normalise(q: Quaternion) -> Quaternion:
    """Scales a quaternion to length 1, and chooses its sign as tf2 does on the way through a matrix.

    The sign makes w positive where the angle is below 120 degrees, else the greatest of x, y and z.

    Raises:
        ZeroDivisionError: all four are zero.
    """
    x, y, z, w = q
    scale = 1.0 / math.sqrt(x * x + y * y + z * z + w * w)
    if 4.0 * (w * scale) ** 2 > 1.0:
        leading = w
    elif x * x < y * y:
        leading = z if y * y < z * z else y
    else:
        leading = z if x * x < z * z else x
    if leading < 0.0:
        scale = -scale
    return x * scale, y * scale, z * scale, w * scale


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Rotates a vector by a unit quaternion."""
    x, y, z, w = q
    a, b, c = v
    tx, ty, tz = 2.0 * (y * c - z * b), 2.0 * (z * a - x * c), 2.0 * (x * b - y * a)
    return a + w * tx + y * tz - z * ty, b + w * ty + z * tx - x * tz, c + w * tz + x * ty - y * tx


def multiply(p: Quaternion, q: Quaternion) -> Quaternion:
    """Returns the rotation by q and then by p."""
    px, py, pz, pw = p
    qx, qy, qz, qw = q
    return (
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy + py * qw + pz * qx - px * qz,
        pw * qz + pz * qw + px * qy - py * qx,
        pw * qw - px * qx - py * qy - pz * qz,
    )


def compose(outer: Motion, inner: Motion) -> Motion:
    """Returns the motion that moves by `inner` and then by `outer`."""
    translation, rotation = outer
    a, b, c = rotate(rotation, inner[0])
    return (a + translation[0], b + translation[1], c + translation[2]), multiply(rotation, inner[1])


def inverse(motion: Motion) -> Motion:
    """Returns the motion that undoes `motion`."""
    (a, b, c), (x, y, z, w) = motion
    back = (-x, -y, -z, w)
    return rotate(back, (-a, -b, -c)), back


def interpolate(first: Motion, second: Motion, ratio: float) -> Motion:
    """Goes from `first` (ratio 0) to `second` (ratio 1): straight in translation, the shorter great arc in rotation."""
    (a, b, c), p = first
    (d, e, f), q = second
    translation = (a + (d - a) * ratio, b + (e - b) * ratio, c + (f - c) * ratio)
    dot = p[0] * q[0] + p[1] * q[1] + p[2] * q[2] + p[3] * q[3]
    angle = math.acos(min(1.0, abs(dot)))
    if angle == 0.0:
        return translation, p
    scale = 1.0 / math.sin(angle)
    s, t = math.sin((1.0 - ratio) * angle) * scale, math.sin(ratio * angle) * scale
    if dot < 0.0:
        t = -t
    return translation, (s * p[0] + t * q[0], s * p[1] + t * q[1], s * p[2] + t * q[2], s * p[3] + t * q[3])
