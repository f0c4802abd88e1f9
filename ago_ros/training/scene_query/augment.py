"""Moves what is seen and what is asked together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import Query
from ago_ros.training.scene_query.config import AugmentConfig

_SWAPPED = {"left of": "right of", "right of": "left of"}


@dataclass(frozen=True, eq=False)
class Move:
    """A movement of a whole scene.

    Attributes:
        linear: (3, 3) float64.
        offset: (3,) float64, metres.
        mirrored: whether left and right have changed places.
    """

    linear: Tensor
    offset: Tensor
    mirrored: bool

    def points(self, points: Tensor) -> Tensor:
        """Moves (..., 3) points, seen or asked alike."""
        return (points.to(torch.float64) @ self.linear.T + self.offset).to(points.dtype)

    @property
    def matrix(self) -> Tensor:
        """The movement as a (4, 4) float64 matrix."""
        return se3.from_rotation(self.linear, self.offset)

    def query(self, query: Query) -> Query:
        """Says a query as it is true of the moved scene."""
        return mirrored(query) if self.mirrored else query


def mirrored(query: Query) -> Query:
    """Swaps left and right in a query."""
    return replace(query, relation=_SWAPPED[query.relation]) if query.relation in _SWAPPED else query


def draw_move(grid: VoxelGrid, config: AugmentConfig, generator: torch.Generator, *, may_mirror: bool) -> Move:
    """Draws a movement about the grid's middle: mirror, scale and turn, then shift.

    Args:
        grid: whose edges shifts are measured by.
        config: how far.
        generator: of random numbers, on the CPU.
        may_mirror: whether what is asked can be said of the mirrored scene.
    """
    draws = (2 * torch.rand(5, generator=generator, dtype=torch.float64) - 1).tolist()
    flip = bool(torch.rand((), generator=generator) < 0.5) and config.mirror and may_mirror
    angle, scale = math.radians(config.turn_deg) * draws[0], 1 + config.scale * draws[1]
    c, s = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    side = torch.diag(torch.tensor([1.0, -1.0 if flip else 1.0, 1.0], dtype=torch.float64))
    linear = scale * turn @ side
    middle = (torch.tensor(grid.origin, dtype=torch.float64) + torch.tensor(grid.upper, dtype=torch.float64)) / 2
    shift = torch.tensor(draws[2:], dtype=torch.float64) * config.shift * max(grid.shape) * grid.voxel_size
    return Move(linear, middle - linear @ middle + shift, flip)
