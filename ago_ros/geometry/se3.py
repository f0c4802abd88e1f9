"""Rigid transforms as 4x4 float64 tensors, named `a_from_b`: they take points in frame b to points in frame a."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def identity() -> Tensor:
    """Returns the (4, 4) float64 identity transform."""
    return torch.eye(4, dtype=torch.float64)


def from_quaternion(translation: Sequence[float] | Tensor, quaternion_xyzw: Sequence[float] | Tensor) -> Tensor:
    """Builds a transform from a translation and a quaternion.

    Args:
        translation: (..., 3) metres.
        quaternion_xyzw: (..., 4), of any non-zero length.

    Returns:
        (..., 4, 4) float64.

    Raises:
        ValueError: a quaternion has zero length or a value is not finite.
    """
    position = torch.as_tensor(translation, dtype=torch.float64)
    quaternion = torch.as_tensor(quaternion_xyzw, dtype=torch.float64)
    length = quaternion.norm(dim=-1, keepdim=True)
    if not (torch.isfinite(position).all() and torch.isfinite(quaternion).all() and (length > 1e-12).all()):
        raise ValueError(f"not a rigid transform: translation {position.tolist()}, quaternion {quaternion.tolist()}")
    x, y, z, w = (quaternion / length).unbind(-1)
    rotation = torch.stack(
        [
            1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
            2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
            2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
        ],
        dim=-1,
    ).unflatten(-1, (3, 3))  # fmt: skip
    return from_rotation(rotation, position)


def from_rotation(rotation: Tensor, translation: Tensor) -> Tensor:
    """Joins a (..., 3, 3) rotation and a (..., 3) translation into a (..., 4, 4) float64 transform."""
    batch = torch.broadcast_tensors(rotation[..., 0, 0], translation[..., 0])[0].shape
    transform = torch.eye(4, dtype=torch.float64, device=rotation.device).repeat(*batch, 1, 1)
    transform[..., :3, :3] = rotation
    transform[..., :3, 3] = translation
    return transform


def from_yaw(translation: Sequence[float] | Tensor, yaw: float | Tensor) -> Tensor:
    """Builds a transform from a (..., 3) translation in metres and a (...) rotation about +z in radians."""
    angle = torch.as_tensor(yaw, dtype=torch.float64)
    zero = torch.zeros_like(angle)
    quaternion = torch.stack([zero, zero, torch.sin(angle / 2), torch.cos(angle / 2)], dim=-1)
    return from_quaternion(translation, quaternion)


def to_quaternion(transform: Tensor) -> Tensor:
    """Reads the rotation of (..., 4, 4) transforms as (..., 4) unit quaternions xyzw with w >= 0.

    Of the four equal ways to read a quaternion from a matrix, each element takes the best conditioned one.
    """
    r = transform[..., :3, :3].to(torch.float64)
    xx, yy, zz = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    squares = torch.stack([1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz], dim=-1)
    yx, zx, zy = r[..., 1, 0] + r[..., 0, 1], r[..., 0, 2] + r[..., 2, 0], r[..., 2, 1] + r[..., 1, 2]
    wx, wy, wz = r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]
    outer = torch.stack(
        [
            torch.stack([squares[..., 0], yx, zx, wx], dim=-1),
            torch.stack([yx, squares[..., 1], zy, wy], dim=-1),
            torch.stack([zx, zy, squares[..., 2], wz], dim=-1),
            torch.stack([wx, wy, wz, squares[..., 3]], dim=-1),
        ],
        dim=-2,
    )
    best = squares.argmax(dim=-1)
    row = torch.take_along_dim(outer, best[..., None, None].expand(*best.shape, 1, 4), dim=-2).squeeze(-2)
    quaternion = row / row.norm(dim=-1, keepdim=True)
    return torch.where(quaternion[..., 3:] < 0, -quaternion, quaternion)


def yaw(transform: Tensor) -> Tensor:
    """Reads the heading of (..., 4, 4) transforms: the angle of their x axis about +z, in radians."""
    return torch.atan2(transform[..., 1, 0], transform[..., 0, 0])


def invert(transform: Tensor) -> Tensor:
    """Inverts (..., 4, 4) rigid transforms: `a_from_b` becomes `b_from_a`."""
    rotation = transform[..., :3, :3].transpose(-1, -2)
    inverse = torch.zeros_like(transform)
    inverse[..., :3, :3] = rotation
    inverse[..., :3, 3] = -(rotation @ transform[..., :3, 3:]).squeeze(-1)
    inverse[..., 3, 3] = 1
    return inverse


def transform_points(a_from_b: Tensor, points: Tensor) -> Tensor:
    """Takes (N, 3) points in frame b to frame a.

    The product is taken in float64, as poses far from the map's origin lose centimetres in float32; the result has
    the type of `points`.
    """
    matrix = a_from_b.to(points.device, torch.float64)
    moved = points.to(torch.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    return moved.to(points.dtype)


def interpolate(start: Tensor, end: Tensor, fraction: float) -> Tensor:
    """Moves from one (4, 4) transform to another: linear in translation, spherical (slerp) in rotation.

    Args:
        start: transform at fraction 0.
        end: transform at fraction 1.
        fraction: where to stop; outside 0..1 extrapolates.
    """
    q0, q1 = to_quaternion(start), to_quaternion(end)
    cosine = torch.dot(q0, q1)
    if cosine < 0:
        q1, cosine = -q1, -cosine
    angle = torch.atan2((q1 - cosine * q0).norm(), cosine)
    if angle < 1e-9:
        mixed = q0 + fraction * (q1 - q0)
    else:
        mixed = (torch.sin((1 - fraction) * angle) * q0 + torch.sin(fraction * angle) * q1) / torch.sin(angle)
    return from_quaternion(torch.lerp(start[:3, 3], end[:3, 3], fraction), mixed)
