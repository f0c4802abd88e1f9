"""RelevancyPoints, all that a SemAbs network sees of the world, from depth images, LiDAR, or several of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from ago_ros.datasets.rgbd import lift_depth
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera


@dataclass(frozen=True, eq=False)
class RelevancyPoints:
    """Points on surfaces, and how relevant each is to each phrase.

    Attributes:
        points: (P, 3) float32, in the frame of the grid, metres.
        relevancy: (N, P) float32 for N phrases.
    """

    points: Tensor
    relevancy: Tensor

    def __post_init__(self) -> None:
        """Refuses shapes that do not belong together."""
        fits = self.points.ndim == 2 and self.points.shape[1] == 3 and self.relevancy.ndim == 2
        if not fits or self.relevancy.shape[1] != len(self.points):
            raise ValueError(
                f"needs points (P, 3) and relevancy (N, P), got {tuple(self.points.shape)} and "
                f"{tuple(self.relevancy.shape)}"
            )


@dataclass(frozen=True, eq=False)
class RelevancyView:
    """Relevancy maps over one image.

    Attributes:
        maps: (N, h, w) float32; cell (i, j) is part (i, j) of the image when cut into h x w equal parts.
        camera: intrinsics, for the image's size in pixels.
        grid_from_camera: (4, 4) float64, from the camera's optical frame to the frame of the grid.
    """

    maps: Tensor
    camera: PinholeCamera
    grid_from_camera: Tensor

    def at(self, pixels: Tensor) -> Tensor:
        """Returns the (N, K) relevancy at (K, 2) pixels u, v; bilinear between the centres of the cells."""
        size = pixels.new_tensor([self.camera.width, self.camera.height])
        places = (2 * pixels / size - 1).to(self.maps)[None, None]
        return grid_sample(self.maps[None], places, padding_mode="border", align_corners=False)[0, :, 0]


def from_depth(view: RelevancyView, depth: Tensor) -> RelevancyPoints:
    """Lifts relevancy maps by a depth image.

    Args:
        view: the maps, and where they were seen from.
        depth: (H, W) metres along the optical axis, of any resolution, on the CPU; pixels that are not finite or not
            positive are left out.

    Returns:
        The pixels with depth, row by row.
    """
    depth = torch.nan_to_num(depth, nan=0.0, posinf=0.0)
    rows, columns = (depth > 0).nonzero().unbind(dim=1)
    pixels = torch.stack([columns, rows], dim=1) + 0.5
    stretch = pixels.new_tensor([view.camera.width / depth.shape[1], view.camera.height / depth.shape[0]])
    in_grid = se3.transform_points(view.grid_from_camera, lift_depth(depth, view.camera)).to(torch.float32)
    return RelevancyPoints(in_grid, view.at(pixels * stretch))


def from_lidar(points: Tensor, views: Sequence[RelevancyView]) -> RelevancyPoints:
    """Gives points the relevancy of the images that show them.

    A point that several images show takes the highest, as a voxel does; one that no image shows takes 0, "matters as
    much as the mean phrase". What stands before a point is not looked for: an image shows whatever falls into it.

    Args:
        points: (P, 3), in the frame of the grid, metres.
        views: at least one, all with maps of the same phrases.

    Raises:
        ValueError: there is no view.
    """
    if not views:
        raise ValueError("give at least one view: relevancy comes from images")
    best = torch.full((len(views[0].maps), len(points)), -torch.inf, device=points.device)
    for view in views:
        in_camera = se3.transform_points(se3.invert(view.grid_from_camera), points.to(torch.float64))
        pixels, _, shown = view.camera.project(in_camera)
        best[:, shown] = torch.maximum(best[:, shown], view.at(pixels[shown]))
    return RelevancyPoints(points.to(torch.float32), torch.where(torch.isfinite(best), best, 0.0))


def fuse(parts: Sequence[RelevancyPoints]) -> RelevancyPoints:
    """Puts several views, sweeps or both into one; all in the same frame, with the same phrases.

    Raises:
        ValueError: there are no parts, or their phrases differ in number.
    """
    if not parts or len({len(part.relevancy) for part in parts}) != 1:
        raise ValueError(f"needs parts with the same phrases, got {[len(part.relevancy) for part in parts]}")
    return RelevancyPoints(
        torch.cat([part.points for part in parts]), torch.cat([part.relevancy for part in parts], dim=1)
    )
