"""Small networks and scenes for the tests of SemAbs."""

import torch

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.points import RelevancyPoints

GRID = VoxelGrid((-1.0, 0.5, -0.25), 0.125, (10, 7, 5))
"""Three different odd and even lengths, none at the origin."""

SMALL = EncoderConfig(inputs=1, point_width=16, channels=8, widths=(8, 16, 16), groups=4)


def small_config(**changes) -> SemAbsConfig:
    return SemAbsConfig(**{"encoder": SMALL, "grid": GRID, **changes})


def random_places(grid: VoxelGrid, *shape: int, seed: int = 0) -> torch.Tensor:
    """Float32 points (*shape, 3) anywhere in a grid."""
    generator = torch.Generator().manual_seed(seed)
    low, high = torch.tensor(grid.origin), torch.tensor(grid.upper)
    return low + torch.rand((*shape, 3), generator=generator) * (high - low) * 0.9999


def random_scene(grid: VoxelGrid, points: int, phrases: int, seed: int = 0) -> RelevancyPoints:
    generator = torch.Generator().manual_seed(seed + 1000)
    return RelevancyPoints(random_places(grid, points, seed=seed), torch.randn(phrases, points, generator=generator))


def iou(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found & wanted).sum() / (found | wanted).sum())
