"""Answers: probability over space, and the regions that hold it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid


@dataclass(frozen=True)
class Region:
    """A connected part of space.

    Attributes:
        phrase: what is held to be there.
        center: of its box, ego frame, metres.
        extent: length, width and height of its box, metres; length >= width.
        yaw: heading of the box's length about +z, radians.
        peak: centre of its most probable voxel, ego frame, metres.
        probability: its mass of probability; for a detection its score.
        hidden: share of that mass in voxels that no ray reached.
    """

    phrase: str
    center: tuple[float, float, float]
    extent: tuple[float, float, float]
    yaw: float
    peak: tuple[float, float, float]
    probability: float
    hidden: float

    @property
    def box(self) -> tuple[float, ...]:
        """[x, y, z, l, w, h, yaw], ego frame."""
        return (*self.center, *self.extent, self.yaw)


@dataclass(frozen=True, eq=False)
class Answer:
    """Where the target of a query is or could be.

    Attributes:
        stamp_ns: stamp of the frame that was asked.
        grid: where the voxels lie, in the ego frame at `stamp_ns`.
        probability: (X, Y, Z) float32; sums to at most 1. What is missing to 1 is the probability that the target is
            not where the query says, within the grid.
        regions: disjoint, most probable first.
        understood: the query in plain words.
    """

    stamp_ns: int
    grid: VoxelGrid
    probability: Tensor
    regions: tuple[Region, ...]
    understood: str
