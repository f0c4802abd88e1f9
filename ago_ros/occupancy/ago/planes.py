"""Where the cells of the three planes lie: xy, zx and yz of a voxel grid."""

from __future__ import annotations

import torch
from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid

Shape3 = tuple[int, int, int]

PLANES = ((0, 1), (2, 0), (1, 2))
"""Axes of the rows and columns of each plane. Source: TPVFormer's hw, zh, wz with h = x and w = y."""

MIN_DEPTH = 0.1
"""Points nearer to a camera than this, or behind it, are not seen, metres."""

_OUTSIDE = -10.0


def plane_shapes(shape: Shape3) -> tuple[tuple[int, int], ...]:
    """Returns the rows and columns of each plane of a grid of `shape` cells."""
    return tuple((shape[row], shape[column]) for row, column in PLANES)


def pillars(shape: Shape3, plane: int, anchors: int) -> Tensor:
    """Spreads points evenly along the line that stands on each cell of a plane.

    Args:
        shape: cells along x, y and z.
        plane: its number.
        anchors: points on each line.

    Returns:
        (rows * columns, anchors, 3) float32: x, y, z as fractions 0..1 of the grid's box.
    """
    row, column = PLANES[plane]
    counts = list(shape)
    counts[3 - row - column] = anchors
    axes = [(torch.arange(count) + 0.5) / count for count in counts]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    return points.permute(row, column, 3 - row - column, 3).flatten(0, 1)


def on_planes(points: Tensor) -> Tensor:
    """Projects points onto the three planes.

    Args:
        points: (..., A, 3), fractions of the grid's box.

    Returns:
        (..., 3, A, 2): on each plane, the fraction along its columns, then along its rows.
    """
    return torch.stack([points[..., [column, row]] for row, column in PLANES], dim=-3)


def to_metres(grid: VoxelGrid, fractions: Tensor) -> Tensor:
    """Turns (..., 3) fractions of a grid's box into metres, in the grid's frame."""
    lower, upper = fractions.new_tensor(grid.origin), fractions.new_tensor(grid.upper)
    return lower + fractions * (upper - lower)


def project(
    points: Tensor, camera_from_ego: Tensor, intrinsics: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Projects points into every image, in float32.

    Args:
        points: (..., 3) in the ego frame, metres.
        camera_from_ego: (M, 4, 4).
        intrinsics: (M, 3, 3) for images of `size`.
        size: height and width of the images, pixels.

    Returns:
        (M, ..., 2) float32 u and v in 0..1 of the image, far outside for points behind the camera; (M, ...) bool,
        whether the point falls in the image.
    """
    device = points.device.type
    with torch.autocast(device, enabled=False):
        flat = points.float().reshape(-1, 3)
        pose = camera_from_ego.float()
        seen_from = flat @ pose[:, :3, :3].transpose(1, 2) + pose[:, None, :3, 3]
        homogeneous = seen_from @ intrinsics.float().transpose(1, 2)
        depth = seen_from[..., 2]
        image = flat.new_tensor([size[1], size[0]])
        places = homogeneous[..., :2] / depth.clamp(min=MIN_DEPTH)[..., None] / image
        in_front = depth >= MIN_DEPTH
        inside = in_front & ((places >= 0) & (places < 1)).all(dim=-1)
        places = torch.where(in_front[..., None], places, _OUTSIDE)
    shape = (len(pose), *points.shape[:-1])
    return places.reshape(*shape, 2), inside.reshape(shape)
