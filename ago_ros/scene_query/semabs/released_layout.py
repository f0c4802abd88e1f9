"""How the released code lays points and queries into a volume: only for weights that were trained that way."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.semabs.volume import as_volumes, within


class ReleasedLayout:
    """The published behaviour, which differs from the paper and from `volume.Aligned` in four ways.

    Points of a voxel are averaged; voxel i lies at i/(n-1) of the edge, not between i/n and (i+1)/n; queries are
    divided by n where n-1 was multiplied; and x, y, z of a query index the volume as z, y, x. Places are metres for
    points, and the misplaced -1..1 for queries.
    """

    def scatter(self, grid: VoxelGrid, points: Tensor, features: Tensor, volume: Tensor, count: int) -> Tensor:
        """Averages the points of each voxel; arguments and result as in `Aligned.scatter`."""
        voxels = _nodes(grid, points).to(torch.int64)
        index = (volume * grid.num_voxels + grid.flatten(voxels))[:, None].expand_as(features)
        rows = features.new_zeros(count * grid.num_voxels, features.shape[1])
        return as_volumes(rows.scatter_reduce(0, index, features, "mean", include_self=False), grid)

    def sample(self, grid: VoxelGrid, volumes: Tensor, queries: Tensor) -> Tensor:
        """Interpolates where the released code does; arguments and result as in `Aligned.sample`."""
        places = self.place_queries(grid, queries).to(volumes)
        sampled = grid_sample(volumes, places[:, :, None, None], padding_mode="border", align_corners=True)
        return torch.where(within(grid, queries), sampled.flatten(2).transpose(1, 2), torch.nan)

    def place_points(self, grid: VoxelGrid, points: Tensor) -> Tensor:
        """Returns metres."""
        return points.to(torch.float32)

    def place_queries(self, grid: VoxelGrid, queries: Tensor) -> Tensor:
        """Returns -1 to just under 1."""
        return (2 * _nodes(grid, queries) / queries.new_tensor(grid.shape) - 1).to(torch.float32)


def _nodes(grid: VoxelGrid, points: Tensor) -> Tensor:
    """Returns (..., 3) places as multiples of the distance between nodes, the outermost of which lie on the bounds."""
    low, high = points.new_tensor(grid.origin), points.new_tensor(grid.upper)
    return (points - low) * ((points.new_tensor(grid.shape) - 1) / (high - low))
