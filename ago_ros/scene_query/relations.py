"""Where a relation to a reference holds, as a soft field over voxels; from geometry alone.

Source: the rules by which SemAbs (Ha and Song, "Semantic Abstraction", 2022) labels relations, made soft: the direction
from the reference to the place lies within a cone (cosine above 0.6) around the relation's axis, and the distance is at
most twice the reference's larger side, clipped. The viewer's frame is ours, as a robot sees all round: the viewer
stands at the sensor and looks horizontally at the reference; left and right are meant from there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.regions import fit_box, voxels_in_box

_LEAST = 0.01
"""A direction whose field is below this does not hold at all."""


@dataclass(frozen=True)
class RelationConfig:
    """How far and how strictly relations are meant. The defaults suit a street; a tabletop takes a reach of 0.1 to 1.0.

    Attributes:
        cosine: where the field of a direction is one half.
        softness: how fast it falls there, in cosine.
        min_reach: distance that every reference reaches, metres.
        max_reach: distance that no reference exceeds, metres.
        on_height: how high above its reference a thing that is on it may be, metres.
    """

    cosine: float = 0.6
    softness: float = 0.1
    min_reach: float = 3.0
    max_reach: float = 10.0
    on_height: float = 1.0

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        if not self.softness > 0:
            raise ValueError(f"softness must be positive, got {self.softness}")
        if not 0 < self.min_reach <= self.max_reach:
            raise ValueError(f"needs 0 < min_reach <= max_reach, got {self.min_reach} and {self.max_reach}")
        if not self.on_height > 0:
            raise ValueError(f"on_height must be positive, got {self.on_height}")


def relation_field(
    relation: str, grid: VoxelGrid, reference: Tensor, viewpoint: Tensor, config: RelationConfig
) -> Tensor:
    """Computes how well each voxel, as the target's place, satisfies the relation.

    Args:
        relation: one of `query.RELATIONS`.
        grid: the voxels.
        reference: (K, 3) int64, voxels of the reference.
        viewpoint: (3,) float64, in the grid's frame, metres.
        config: how far and how strictly.

    Returns:
        (X, Y, Z) float32 in 0..1; zero at the reference's own voxels.
    """
    if relation == "in":
        field = _inside(grid, reference)
    elif relation == "on":
        field = _on_top(grid, reference, config.on_height)
    else:
        field = _towards(relation, grid, reference, viewpoint, config)
    field[tuple(reference.T)] = 0.0
    return field


def _inside(grid: VoxelGrid, reference: Tensor) -> Tensor:
    """The voxels whose centre lies in the reference's box."""
    field = torch.zeros(grid.shape, dtype=torch.float32)
    field[tuple(voxels_in_box(grid, fit_box(grid, reference)).T)] = 1.0
    return field


def _on_top(grid: VoxelGrid, reference: Tensor, on_height: float) -> Tensor:
    """Falls linearly with the height above the reference's top in the same column, from one to zero."""
    columns, which = torch.unique(reference[:, :2], dim=0, return_inverse=True)
    top = torch.zeros(len(columns), dtype=torch.int64).scatter_reduce_(0, which, reference[:, 2], "amax")
    field = torch.zeros(grid.shape, dtype=torch.float32)
    for above in range(math.ceil(on_height / grid.voxel_size)):
        level = top + 1 + above
        x, y = columns[level < grid.shape[2]].unbind(dim=1)
        field[x, y, level[level < grid.shape[2]]] = 1.0 - above * grid.voxel_size / on_height
    return field


def _towards(relation: str, grid: VoxelGrid, reference: Tensor, viewpoint: Tensor, config: RelationConfig) -> Tensor:
    """The cone around the relation's axis, up to the reference's reach."""
    middle = grid.centers(reference).to(torch.float64).mean(dim=0)
    size = (reference.amax(dim=0) - reference.amin(dim=0) + 1) * grid.voxel_size
    reach = float((2 * size[:2].max()).clamp(config.min_reach, config.max_reach))
    window = _window(grid, middle, reach)
    axes = [torch.arange(part.start, part.stop) for part in window]
    places = grid.centers(torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)).to(torch.float64)
    offset = places - middle
    distance = offset.norm(dim=-1)
    cosine = (offset @ _axis(relation, middle, viewpoint)) / distance.clamp(min=1e-9)
    cone = torch.sigmoid((cosine - config.cosine) / config.softness)
    cone = torch.where(cone < _LEAST, 0.0, cone)
    near = ((reach - distance) / grid.voxel_size + 0.5).clamp(0.0, 1.0)
    field = torch.zeros(grid.shape, dtype=torch.float32)
    field[window] = (cone * near).to(torch.float32)
    return field


def _axis(relation: str, middle: Tensor, viewpoint: Tensor) -> Tensor:
    """Returns the horizontal unit vector from the reference towards where the relation holds."""
    ahead = (middle - viewpoint)[:2]
    length = ahead.norm()
    forward = ahead / length if length > 1e-6 else torch.tensor([1.0, 0.0], dtype=torch.float64)
    x, y = forward.tolist()
    axes = {"behind": (x, y), "in front of": (-x, -y), "left of": (-y, x), "right of": (y, -x)}
    return torch.tensor([*axes[relation], 0.0], dtype=torch.float64)


def _window(grid: VoxelGrid, middle: Tensor, reach: float) -> tuple[slice, slice, slice]:
    """Returns the part of the grid within `reach`, and one voxel more, of a point."""
    place = grid.to_grid(middle[None])[0]
    spread = reach / grid.voxel_size + 1
    low = torch.floor(place - spread).to(torch.int64).tolist()
    high = torch.ceil(place + spread).to(torch.int64).tolist()
    x, y, z = (slice(max(0, a), max(0, min(b, size))) for a, b, size in zip(low, high, grid.shape, strict=True))
    return x, y, z
