"""Puts the images' dense features onto the occupied voxels that they show. Source: ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.raycast import traverse
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.sensors.frame import CameraImage, SensorFrame
from ago_ros.vlm.interface import VisionLanguageModel

_SURFACE_GAP = 3
"""Voxels between two occupied ones on a line of sight that still count as one surface."""


@dataclass(frozen=True, eq=False)
class VoxelView:
    """What one image shows of the occupied voxels.

    Attributes:
        image: the image, as it came.
        voxels: (K,) int64, which of the occupied voxels it shows.
        pixels: (K, 2) float64 u, v, where their centres are.
    """

    image: CameraImage
    voxels: Tensor
    pixels: Tensor


def view_voxels(frame: SensorFrame, grid: VoxelGrid, occupied: Tensor) -> list[VoxelView]:
    """Finds out which image shows which occupied voxels.

    Args:
        frame: the images, each with its own stamp and pose.
        grid: the voxels, in the ego frame at the sweep's stamp.
        occupied: (M, 3) int64, the occupied voxels.

    Returns:
        One view for each image that shows any.
    """
    blocked_by = torch.zeros(grid.num_voxels, dtype=torch.bool)
    blocked_by[grid.flatten(occupied)] = True
    centers = grid.centers(occupied).to(torch.float64)
    views = []
    for image in frame.cameras.values():
        camera_from_ego = frame.camera_from_ego(image)
        pixels, _, inside = image.camera.project(se3.transform_points(camera_from_ego, centers))
        candidates = inside.nonzero().squeeze(1)
        eye = se3.invert(camera_from_ego)[:3, 3]
        shown = candidates[visible(grid, blocked_by, eye, centers[candidates])]
        if len(shown):
            views.append(VoxelView(image, shown, pixels[shown]))
    return views


def lift_features(vlm: VisionLanguageModel, views: Sequence[VoxelView], count: int) -> Tensor:
    """Averages, for each occupied voxel, the features of all images that show it.

    Args:
        vlm: gives the dense features.
        views: what the images show.
        count: M, the number of occupied voxels.

    Returns:
        (M, D) float32 of unit length; zero for voxels that no image shows.
    """
    total = torch.zeros(count, vlm.dim)
    for view in views:
        total[view.voxels] += _sample(vlm, view.image, view.pixels)
    return torch.nn.functional.normalize(total, dim=1)


def visible(grid: VoxelGrid, occupied: Tensor, eye: Tensor, centers: Tensor) -> Tensor:
    """Tests which occupied voxels can be seen from a point: the depth test, in voxels.

    A line of sight reaches its voxel if it meets nothing occupied before the surface that it is part of. Occupied
    voxels on the line with at most three others between them are one surface, so that a road seen at a grazing
    angle does not hide itself, and a wall two metres behind a person is hidden.

    Args:
        grid: the voxels.
        occupied: (X * Y * Z,) bool.
        eye: (3,) float64, the camera's position, in the grid's frame.
        centers: (N, 3) float64, centres of the occupied voxels to test.

    Returns:
        (N,) bool.
    """
    voxels, offsets = traverse(grid, eye.expand_as(centers), centers)
    filled = occupied[voxels].nonzero().squeeze(1)
    line = torch.searchsorted(offsets, filled, right=True) - 1
    breaks = (line[1:] == line[:-1]) & (filled[1:] - filled[:-1] > _SURFACE_GAP + 1)
    seen = torch.ones(len(centers), dtype=torch.bool)
    seen[line[1:][breaks]] = False
    return seen


def _sample(vlm: VisionLanguageModel, image: CameraImage, pixels: Tensor) -> Tensor:
    """Returns the (N, D) unit features at (N, 2) pixels, bilinear between the centres of the feature cells."""
    dense = vlm.encode_dense(image.image[None])[0].permute(2, 0, 1)[None].float()
    size = pixels.new_tensor([image.camera.width, image.camera.height])
    places = (2 * pixels / size - 1).to(torch.float32)[None, None]
    sampled = torch.nn.functional.grid_sample(
        dense, places.to(dense.device), mode="bilinear", padding_mode="border", align_corners=False
    )
    return torch.nn.functional.normalize(sampled[0, :, 0].T.cpu(), dim=1)
