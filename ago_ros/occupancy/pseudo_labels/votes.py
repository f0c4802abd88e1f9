"""LiDAR returns take the categories of the pixels that show them.

The way is LiDAR → ego(t_lidar) → map → ego(t_camera) → camera, each at its own stamp. A camera beside the LiDAR sees
less than it: a return that others stand before does not take the category of what hides it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.occupancy.pseudo_labels.masks import NOTHING, Masks
from ago_ros.occupancy.rays import RayLimits, Rays, make_rays
from ago_ros.sensors.frame import CameraImage, LidarSweep


@dataclass(frozen=True)
class DepthTest:
    """When a return is hidden. Source: ours.

    The image is cut into cells, about as large as the gaps between a LiDAR's returns. A return is hidden where one in
    its cell, or in a cell beside it, is much nearer.

    Attributes:
        cell_width: of a cell, radians at the image's centre.
        cell_height: likewise.
        share: a return is hidden if it is further than the nearest by this share of the nearest's depth...
        margin: ...and by so many metres more.
    """

    cell_width: float = 0.0058
    cell_height: float = 0.0116
    share: float = 0.2
    margin: float = 0.5

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        if not (self.cell_width > 0 and self.cell_height > 0 and self.share >= 0 and self.margin >= 0):
            raise ValueError(f"cells must be positive, share and margin not negative: {self}")

    def unhidden(self, image: CameraImage, pixels: Tensor, depth: Tensor, count: int) -> Tensor:
        """Tells which returns are not hidden.

        Args:
            image: what they are seen in.
            pixels: (N, 2) where, all in the image.
            depth: (N,) metres.
            count: the first so many are asked for; the others only hide.

        Returns:
            (count,) bool.
        """
        width = max(self.cell_width * float(image.camera.intrinsics[0, 0]), 1.0)
        height = max(self.cell_height * float(image.camera.intrinsics[1, 1]), 1.0)
        columns, rows = int(image.camera.width / width) + 1, int(image.camera.height / height) + 1
        cell = (pixels[:, 1] / height).long() * columns + (pixels[:, 0] / width).long()
        nearness = depth.new_zeros(rows * columns).scatter_reduce(0, cell, 1 / depth, "amax")
        around = torch.nn.functional.max_pool2d(nearness.reshape(1, 1, rows, columns), 3, stride=1, padding=1)
        nearest = 1 / around.reshape(-1)[cell[:count]]
        return depth[:count] <= nearest * (1 + self.share) + self.margin


@dataclass(frozen=True, eq=False)
class VotedSweep:
    """A sweep in the map frame, and what images say of its returns.

    Attributes:
        rays: the sweep's rays.
        ray: (V,) int64, the ray that each vote is for; one that two cameras see has two votes.
        category: (V,) uint8, what the vote says.
    """

    rays: Rays
    ray: Tensor
    category: Tensor


@dataclass(frozen=True)
class VoteConfig:
    """How returns get their votes.

    Attributes:
        limits: which returns are used.
        depth_test: when one is hidden; None lets every pixel vote for all that lies behind it.
    """

    limits: RayLimits = field(default_factory=RayLimits)
    depth_test: DepthTest | None = field(default_factory=DepthTest)


def vote(
    sweep: LidarSweep, images: Mapping[str, CameraImage], masks: Mapping[str, Masks], config: VoteConfig | None = None,
    key_sweep: VotedSweep | None = None,
) -> VotedSweep:  # fmt: skip
    """Collects the votes of images for the returns of a sweep.

    Args:
        sweep: the sweep, at its own stamp.
        images: by camera, each at its own stamp.
        masks: of the same cameras.
        config: which returns, and when they are hidden.
        key_sweep: the sweep nearest in time to the images, if it is another: its returns hide those of `sweep` as well,
            so that the road that a car has left, or not reached yet, does not take the car's category.
    """
    config = config or VoteConfig()
    rays = make_rays(sweep, config.limits, Counter())
    returned = rays.returned.nonzero().squeeze(1)
    points = rays.ends[returned]
    if key_sweep is not None:
        points = torch.cat([points, key_sweep.rays.ends[key_sweep.rays.returned]])
    voters, categories = [], []
    for name, image in images.items():
        camera_from_map = se3.invert(image.map_from_ego @ image.ego_from_camera)
        pixels, depth, inside = image.camera.project(se3.transform_points(camera_from_map, points))
        projected = inside.nonzero().squeeze(1)
        seen = projected[: int(inside[: len(returned)].sum())]
        if config.depth_test is not None:
            seen = seen[config.depth_test.unhidden(image, pixels[projected], depth[projected], len(seen))]
        column, row = pixels[seen].long().unbind(dim=1)
        category = masks[name].category[row, column]
        found = category != NOTHING
        voters.append(returned[seen[found]])
        categories.append(category[found])
    if not voters:
        return VotedSweep(rays, torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.uint8))
    return VotedSweep(rays, torch.cat(voters), torch.cat(categories))
