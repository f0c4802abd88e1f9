"""Between points and volumes: scatter by maximum, trilinear sampling, and places as a network is told them."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from ago_ros.geometry.voxel_grid import VoxelGrid


class Layout(Protocol):
    """How points and queries lie in a volume. `Aligned` is right; `released.ReleasedLayout` is as published."""

    def scatter(self, grid: VoxelGrid, points: Tensor, features: Tensor, volume: Tensor, count: int) -> Tensor:
        """Gathers points in voxels; see `Aligned.scatter`."""

    def sample(self, grid: VoxelGrid, volumes: Tensor, queries: Tensor) -> Tensor:
        """Reads volumes at points; see `Aligned.sample`."""

    def place_points(self, grid: VoxelGrid, points: Tensor) -> Tensor:
        """Returns (..., 3) places as the layers that points pass are told them."""

    def place_queries(self, grid: VoxelGrid, queries: Tensor) -> Tensor:
        """Returns (..., 3) places as the heads are told them."""


class Aligned:
    """Voxel i covers [i, i + 1), its feature lies at its centre, and axes are x, y, z throughout."""

    def scatter(self, grid: VoxelGrid, points: Tensor, features: Tensor, volume: Tensor, count: int) -> Tensor:
        """Takes, for each voxel and channel, the maximum over the points in it. Source: SemAbs section 6.2.

        Args:
            grid: the voxels.
            points: (M, 3), all inside of the grid.
            features: (M, C).
            volume: (M,) int64, which volume a point belongs to.
            count: V volumes in all.

        Returns:
            (V, C, X, Y, Z); zero in voxels without points.
        """
        voxels = torch.floor(grid.to_grid(points)).to(torch.int64)
        index = volume * grid.num_voxels + grid.flatten(voxels)
        return as_volumes(scatter_max(features, index, count * grid.num_voxels), grid)

    def sample(self, grid: VoxelGrid, volumes: Tensor, queries: Tensor) -> Tensor:
        """Interpolates between the eight nearest voxel centres; in the outer half voxel the outermost value holds.

        Args:
            grid: where the voxels lie.
            volumes: (V, C, X, Y, Z).
            queries: (V, Q, 3), frame of the grid, metres.

        Returns:
            (V, Q, C); NaN outside of the grid, where nothing is known.
        """
        shape = torch.tensor(grid.shape, dtype=torch.float64, device=queries.device)
        places = (2 * _to_grid(grid, queries) / shape - 1).flip(-1).to(volumes)
        sampled = grid_sample(volumes, places[:, :, None, None], padding_mode="border", align_corners=False)
        return torch.where(within(grid, queries), sampled.flatten(2).transpose(1, 2), torch.nan)

    def place_points(self, grid: VoxelGrid, points: Tensor) -> Tensor:
        """Returns places as shares of half the longest edge, from the middle: the same at any scale. Source: ours."""
        middle = torch.tensor(grid.shape, dtype=torch.float64, device=points.device) / 2
        return ((_to_grid(grid, points) - middle) / (max(grid.shape) / 2)).to(torch.float32)

    def place_queries(self, grid: VoxelGrid, queries: Tensor) -> Tensor:
        """Returns places as `place_points` does."""
        return self.place_points(grid, queries)


def scatter_max(features: Tensor, index: Tensor, size: int) -> Tensor:
    """Returns the (size, C) maximum of the (M, C) features with each (M,) int64 index; zero where there is none."""
    result = features.new_zeros(size, features.shape[1])
    return result.scatter_reduce(0, index[:, None].expand_as(features), features, "amax", include_self=False)


def as_volumes(rows: Tensor, grid: VoxelGrid) -> Tensor:
    """Turns (V * X * Y * Z, C) rows in C order into (V, C, X, Y, Z)."""
    return rows.view(-1, *grid.shape, rows.shape[1]).movedim(-1, 1).contiguous()


def within(grid: VoxelGrid, points: Tensor) -> Tensor:
    """Tells which of (..., 3) points lie in a grid or on its bounds, (..., 1) bool."""
    places = _to_grid(grid, points)
    shape = torch.tensor(grid.shape, dtype=torch.float64, device=points.device)
    return ((places >= 0) & (places <= shape)).all(dim=-1, keepdim=True)


def _to_grid(grid: VoxelGrid, points: Tensor) -> Tensor:
    return grid.to_grid(points.reshape(-1, 3)).reshape(points.shape)
