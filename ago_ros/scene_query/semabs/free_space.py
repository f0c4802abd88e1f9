"""Which space is known to be free, as a network is told it: points say where surfaces are, not what lies behind them.

Source: ours. What is "behind" a thing is what no ray has reached, and nothing hides where rays have passed through; a
network that is told points alone, as the paper's is, has to guess where the viewer stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import VoxelGrid


@dataclass(frozen=True, eq=False)
class FreeSpace:
    """Voxels that rays have passed through without ending there, and how they lie in the frame of a network's grid.

    Attributes:
        voxels: (X, Y, Z) bool, on `grid`.
        grid: of any bounds and resolution.
        grid_from_network: (4, 4) float64, any affine movement.
    """

    voxels: Tensor
    grid: VoxelGrid
    grid_from_network: Tensor

    def __post_init__(self) -> None:
        """Refuses voxels of another shape."""
        if tuple(self.voxels.shape) != self.grid.shape:
            raise ValueError(f"free space must have its grid's shape {self.grid.shape}, got {tuple(self.voxels.shape)}")

    def moved(self, network_from_before: Tensor) -> FreeSpace:
        """Returns the same space after a (4, 4) affine movement in the frame of the network's grid."""
        undone = torch.linalg.inv(network_from_before.to(torch.float64))
        return FreeSpace(self.voxels, self.grid, self.grid_from_network @ undone)

    def shares(self, grid: VoxelGrid) -> Tensor:
        """Tells how free the voxels of a network's grid are.

        Args:
            grid: of the network.

        Returns:
            (X, Y, Z) float32 in 0..1, interpolated at the voxels' centres; 0 outside of what is known.
        """
        centers = se3.transform_points(self.grid_from_network, grid.centers().reshape(-1, 3).to(torch.float64))
        shape = torch.tensor(self.grid.shape, dtype=torch.float64)
        places = (2 * self.grid.to_grid(centers) / shape - 1).flip(-1).to(torch.float32)
        known = self.voxels.to("cpu", torch.float32)[None, None]
        return grid_sample(known, places.view(1, *grid.shape, 3), align_corners=False)[0, 0]


def stack_shares(spaces: Sequence[FreeSpace | None], grid: VoxelGrid) -> Tensor:
    """Returns the (S, X, Y, Z) float32 `FreeSpace.shares` of S scenes.

    Raises:
        ValueError: a scene has none.
    """
    known = [space for space in spaces if space is not None]
    if len(known) < len(spaces):
        raise ValueError("this network is told which space is free: give it with every scene, or draw the views anew")
    return torch.stack([space.shares(grid) for space in known])
