"""Answers: probability over space, and the regions that hold it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid


@dataclass(frozen=True)
class ViewingPose:
    """Where a sensor would see a region from, looking horizontally.

    Attributes:
        position: ego frame, metres.
        yaw: heading towards the region about +z, radians.
        seen: share of the region's probability that would be in line of sight.
    """

    position: tuple[float, float, float]
    yaw: float
    seen: float


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
        view: from where it would be seen; None where there is no such place, or none was sought.
    """

    phrase: str
    center: tuple[float, float, float]
    extent: tuple[float, float, float]
    yaw: float
    peak: tuple[float, float, float]
    probability: float
    hidden: float
    view: ViewingPose | None = None

    @property
    def box(self) -> tuple[float, ...]:
        """[x, y, z, l, w, h, yaw], ego frame."""
        return (*self.center, *self.extent, self.yaw)


class AnswerStatus(Enum):
    """What an answer says; the values are those of ago_msgs/srv/LocateObject."""

    SEEN = 1
    """The target is in view where the question says."""
    POSSIBLE = 2
    """The target is not surely in view there; regions are where it could be, seen faintly or hidden."""
    SEEN_ELSEWHERE = 3
    """The target is in view, but not where the question says; regions are where another one could be hidden."""
    NOWHERE = 4
    """The target is in view nowhere in the grid, and nothing could hide it where the question says."""
    REFERENCE_NOT_IN_VIEW = 5
    """A reference is not in view, so that the question says no place."""
    CONTRADICTORY = 6
    """No place can satisfy the question."""

    @property
    def refused(self) -> bool:
        """Whether the question has no answer as it stands."""
        return self in (AnswerStatus.REFERENCE_NOT_IN_VIEW, AnswerStatus.CONTRADICTORY)


@dataclass(frozen=True, eq=False)
class Answer:
    """Where the target of a question is or could be.

    Attributes:
        stamp_ns: stamp of the frame that was asked.
        grid: where the voxels lie, in the ego frame at `stamp_ns`.
        probability: (X, Y, Z) float32; sums to at most 1. What is missing to 1 is the probability that the target is
            not where the question says, within the grid.
        regions: disjoint, most probable first.
        understood: the question in plain words.
        status: what the answer says.
        message: the answer in one sentence, with what to do where there is no region.
    """

    stamp_ns: int
    grid: VoxelGrid
    probability: Tensor
    regions: tuple[Region, ...]
    understood: str
    status: AnswerStatus
    message: str
