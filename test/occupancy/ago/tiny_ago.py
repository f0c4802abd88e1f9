"""A very small AGO model with H ≠ W ≠ D, and cameras to feed it."""

import math
from collections.abc import Sequence

import torch

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.ago.config import AgoConfig, BackboneConfig
from ago_ros.occupancy.ago.model import AgoModel

GRID = VoxelGrid((-6.0, -10.0, -1.0), 1.0, (12, 20, 4))
BACKBONE = BackboneConfig(
    depths=(1, 1), widths=(16, 32), stem=8, layer="basic", stages=(1, 2), levels=2, deformable_stages=(),
    frozen_norm=False,
)  # fmt: skip
SIZE = (48, 64)


def tiny_config(**changes) -> AgoConfig:
    settings = {
        "grid": GRID, "planes": (6, 10, 4), "image_size": SIZE, "dim": 16, "hidden": 12, "text_dim": 24, "heads": 2,
        "cross_layers": 1, "self_layers": 1, "pillar_anchors": (2, 4, 4), "pillar_points": (4, 4, 8),
        "hybrid_anchors": 2, "hybrid_points": 4, "dropout": 0.0, "backbone": BACKBONE,
    }  # fmt: skip
    return AgoConfig(**{**settings, **changes})


def tiny_model(seed: int = 3, **changes) -> AgoModel:
    """A model whose attentions are not in their tame initial state."""
    torch.manual_seed(seed)
    model = AgoModel(tiny_config(**changes))
    for name, weight in model.named_parameters():
        if ".ask." in name:
            torch.nn.init.normal_(weight, std=0.3)
    return model.eval()


def pose(yaw: float, x: float = 0.0, y: float = 0.0) -> torch.Tensor:
    """(4, 4) camera_from_ego of a level camera 1 m high at x, y that looks along yaw."""
    forward = torch.tensor([math.cos(yaw), math.sin(yaw), 0.0])
    right = torch.tensor([math.sin(yaw), -math.cos(yaw), 0.0])
    matrix = torch.eye(4)
    matrix[:3, :3] = torch.stack([right, torch.tensor([0.0, 0.0, -1.0]), forward])
    matrix[:3, 3] = -matrix[:3, :3] @ torch.tensor([x, y, 1.0])
    return matrix


def cameras(yaws: Sequence[Sequence[float]], seed: int = 0, size: tuple[int, int] = SIZE) -> tuple[torch.Tensor, ...]:
    """Images, poses and intrinsics of cameras that look along the yaws of each sample."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(yaws), len(yaws[0]))
    images = torch.randn(*shape, 3, *size, generator=generator)
    poses = torch.stack([torch.stack([pose(yaw) for yaw in row]) for row in yaws])
    matrix = torch.tensor([[0.6 * size[1], 0, size[1] / 2], [0, 0.6 * size[1], size[0] / 2], [0, 0, 1]])
    return images, poses, matrix.expand(*shape, 3, 3)
