"""From where a region would be seen. Source: ours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.geometry.raycast import traverse
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.answer import ViewingPose


@dataclass(frozen=True)
class ViewingConfig:
    """What makes a good view.

    Attributes:
        opening: angle that the region may fill, radians; it sets how near a view may be.
        reach: how many times further than that a view may be.
        least_seen: share of the region's probability that must be in line of sight.
        good_enough: share of the best view's that a nearer one may have instead.
        max_places: at most so many free voxels are tried.
        max_voxels: at most so many voxels of the region are looked at, the most probable ones.
    """

    opening: float = math.radians(50)
    reach: float = 4.0
    least_seen: float = 0.5
    good_enough: float = 0.9
    max_places: int = 128
    max_voxels: int = 24

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        if not 0 < self.opening < math.pi:
            raise ValueError(f"opening must be in 0..pi radians, got {self.opening}")
        if not self.reach > 1:
            raise ValueError(f"reach must be above 1, got {self.reach}")
        for name in ("least_seen", "good_enough"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")
        if min(self.max_places, self.max_voxels) < 1:
            raise ValueError("max_places and max_voxels must be at least 1")


def viewing_pose(
    grid: VoxelGrid,
    state: Tensor,
    viewpoint: Tensor,
    voxels: Tensor,
    weights: Tensor,
    config: ViewingConfig | None = None,
) -> ViewingPose | None:
    """Finds a place from which a sensor, at its present height, would see most of a region.

    A place is the viewpoint or a free voxel at its height, far enough that the region fits the opening angle. A voxel
    of the region is seen if the segment to its centre crosses no occupied voxel outside the region: unobserved space is
    taken for open, as nothing is known against it. Of the places that see nearly as much as the best one, the nearest
    to the viewpoint is taken, so that a robot that sees the region already stays.

    Args:
        grid: where the voxels lie.
        state: (X, Y, Z) uint8 of VoxelState.
        viewpoint: (3,) float64, the sensor's present place in the grid's frame, metres.
        voxels: (K, 3) int64, the region.
        weights: (K,) probability of each.
        config: what makes a good view.

    Returns:
        The pose, or None where no such place sees enough of the region.
    """
    config = config or ViewingConfig()
    places = _places(grid, state, viewpoint, voxels, config)
    order = weights.argsort(descending=True)[: config.max_voxels]
    looked_at, mass = grid.centers(voxels[order]).to(torch.float64), weights[order].to(torch.float64)
    if not len(places) or not mass.sum() > 0:
        return None
    blocking = state == VoxelState.OCCUPIED
    blocking[tuple(voxels.T)] = False
    seen = _in_sight(grid, blocking, places, looked_at).to(torch.float64) @ (mass / mass.sum())
    best = float(seen.max())
    if best < config.least_seen:
        return None
    nearest = (places - viewpoint).norm(dim=1)
    nearest[seen < config.good_enough * best] = torch.inf
    place = places[nearest.argmin()]
    ahead = (looked_at * mass[:, None]).sum(dim=0) / mass.sum() - place
    x, y, z = place.tolist()
    return ViewingPose((x, y, z), math.atan2(float(ahead[1]), float(ahead[0])), min(float(seen[nearest.argmin()]), 1.0))


def _places(grid: VoxelGrid, state: Tensor, viewpoint: Tensor, voxels: Tensor, config: ViewingConfig) -> Tensor:
    """Returns the (P, 3) float64 places to try: the viewpoint and free voxels at its height, at a fit distance."""
    level = math.floor(float(grid.to_grid(viewpoint[None])[0, 2]))
    if not 0 <= level < grid.shape[2]:
        return torch.zeros(0, 3, dtype=torch.float64)
    free = (state[:, :, level] == VoxelState.FREE).nonzero()
    centers = grid.centers(torch.cat([free, torch.full((len(free), 1), level)], dim=1)).to(torch.float64)
    centers[:, 2] = viewpoint[2]
    spots = grid.centers(voxels).to(torch.float64)
    low, high = spots.amin(dim=0), spots.amax(dim=0)
    radius = float((high - low + grid.voxel_size).norm()) / 2
    near = radius / math.sin(config.opening / 2)
    centers = torch.cat([viewpoint[None].to(torch.float64), centers])
    distance = (centers - (low + high) / 2).norm(dim=1)
    places = centers[(distance >= near) & (distance <= config.reach * near)]
    step = max(1, math.ceil(len(places) / config.max_places))
    return places[::step]


def _in_sight(grid: VoxelGrid, blocking: Tensor, places: Tensor, looked_at: Tensor) -> Tensor:
    """Returns (P, V) bool: whether no blocking voxel lies between a place and a voxel's centre."""
    starts = places.repeat_interleave(len(looked_at), dim=0)
    crossed, offsets = traverse(grid, starts, looked_at.repeat(len(places), 1))
    blocked = torch.zeros(len(crossed) + 1, dtype=torch.int64)
    blocked[1:] = blocking.flatten()[crossed].cumsum(dim=0)
    return (blocked[offsets[1:]] == blocked[offsets[:-1]]).reshape(len(places), len(looked_at))
