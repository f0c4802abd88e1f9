"""The voxel grid: an axis-aligned block of cubes in some frame, indexed [x, y, z]."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class VoxelGrid:
    """Where the voxels of an array lie. Voxel i covers [origin + i * voxel_size, origin + (i + 1) * voxel_size).

    Attributes:
        origin: outer corner of voxel (0, 0, 0), in metres, in the frame that the grid lives in.
        voxel_size: edge of a voxel, metres.
        shape: number of voxels along x, y and z.
    """

    origin: tuple[float, float, float]
    voxel_size: float
    shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        """Refuses a grid that is empty or nowhere."""
        if not 0 < self.voxel_size < math.inf:
            raise ValueError(f"voxel_size must be positive and finite, got {self.voxel_size}")
        if len(self.origin) != 3 or not all(math.isfinite(value) for value in self.origin):
            raise ValueError(f"origin must be three finite numbers, got {self.origin}")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise ValueError(f"shape must be three positive numbers, got {self.shape}")

    @property
    def upper(self) -> tuple[float, float, float]:
        """The outer corner opposite to `origin`, metres."""
        x, y, z = (low + count * self.voxel_size for low, count in zip(self.origin, self.shape, strict=True))
        return x, y, z

    @property
    def num_voxels(self) -> int:
        """Number of voxels in the grid."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    def to_grid(self, points: Tensor) -> Tensor:
        """Converts (N, 3) points in metres to (N, 3) float64 coordinates in voxels: voxel i is [i, i + 1)."""
        origin = torch.tensor(self.origin, dtype=torch.float64, device=points.device)
        return (points.to(torch.float64) - origin) / self.voxel_size

    def indices(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Finds the voxel of each point; points outside, or not finite, are dropped, never clipped.

        Args:
            points: (N, 3) in the grid's frame, metres.

        Returns:
            (M, 3) int64 voxel indices, and the (N,) bool mask of the M points that are inside.
        """
        coordinates = torch.floor(self.to_grid(points))
        shape = torch.tensor(self.shape, dtype=torch.float64, device=points.device)
        inside = ((coordinates >= 0) & (coordinates < shape)).all(dim=1)
        return coordinates[inside].to(torch.int64), inside

    def flatten(self, indices: Tensor) -> Tensor:
        """Turns (..., 3) voxel indices into (...) flat indices in C order."""
        return (indices[..., 0] * self.shape[1] + indices[..., 1]) * self.shape[2] + indices[..., 2]

    def unflatten(self, flat: Tensor) -> Tensor:
        """Turns (...) flat indices into (..., 3) voxel indices."""
        z = flat % self.shape[2]
        rest = flat // self.shape[2]
        return torch.stack([rest // self.shape[1], rest % self.shape[1], z], dim=-1)

    def centers(self, indices: Tensor | None = None) -> Tensor:
        """Returns the centres of voxels in metres, float32.

        Args:
            indices: (N, 3) int64; None means every voxel.

        Returns:
            (N, 3), or (X, Y, Z, 3) for every voxel.
        """
        if indices is None:
            axes = [torch.arange(count) for count in self.shape]
            indices = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
        origin = torch.tensor(self.origin, dtype=torch.float64, device=indices.device)
        return (origin + (indices.to(torch.float64) + 0.5) * self.voxel_size).to(torch.float32)


OCC3D_GRID = VoxelGrid(origin=(-40.0, -40.0, -1.0), voxel_size=0.4, shape=(200, 200, 16))
"""The grid of Occ3D-nuScenes, in the ego frame."""
