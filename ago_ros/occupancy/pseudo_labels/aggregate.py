"""From the voted sweeps of several keyframes to a class, free or unobserved for each voxel. Source: ours.

The paper names the steps (aggregation of frames, ray casting, voting) and leaves their rules open. No annotation may
enter, so what moves has to be told by the rays themselves:

- Every return of the keyframe's own sweep counts.
- A return of another sweep, taken to the keyframe's time over the map, counts unless rays of the own sweep clear its
  voxel, or more sweeps cleared it than met something in it. So a car that drives through the scene leaves no trail to
  speak of, and a post that a few rays miss stays.
- A voxel takes the category with the most votes of its returns; of equals, the one that the own keyframe speaks for,
  then the lowest number. A voxel with returns but no vote is unobserved: something is there, nobody knows what.
- A voxel that is not occupied is free if a ray clears it. But where something moves, other sweeps looked through what
  is there now: behind own returns that move, only the own sweep frees. Where the robot itself stands is unobserved.

A ray clears the voxels that it passes through, except on its last stretch: at a grazing angle it crosses many voxels of
the surface that it ends on; see `evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ago_ros.datasets.occ3d import FREE, UNOBSERVED
from ago_ros.geometry import se3
from ago_ros.geometry.raycast import cast_rays
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy import _kernels
from ago_ros.occupancy.pseudo_labels.votes import VotedSweep

_LONGEST_GRAZE = 10.0
"""A ray spares at most so many voxels' lengths before its end, or level rays would clear nothing."""


@dataclass(frozen=True)
class AggregateConfig:
    """How sweeps are put together.

    Attributes:
        grid: the voxels, in the keyframe's ego frame.
        clear_passes: so many rays of one sweep clear a voxel of other sweeps' returns.
        ray_stride: only each ray_stride-th ray of other sweeps is cast; every return counts.
        shadow: how far behind what moves other sweeps do not free, metres.
    """

    grid: VoxelGrid = OCC3D_GRID
    clear_passes: int = 2
    ray_stride: int = 2
    shadow: float = 5.0

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        if self.clear_passes < 1 or self.ray_stride < 1 or not self.shadow > 0:
            raise ValueError(f"clear_passes and ray_stride must be at least 1, shadow positive: {self}")


@dataclass(frozen=True, eq=False)
class _Placed:
    """A sweep in the grid's frame.

    Attributes:
        sweep: the sweep, in the map frame.
        origin: (3,) where its rays begin.
        ends: (R, 3) where they end.
    """

    sweep: VotedSweep
    origin: Tensor
    ends: Tensor

    def count(self, grid: VoxelGrid, stride: int) -> tuple[Tensor, Tensor]:
        """Returns (N,) int64 returns and (N,) int32 clearing rays of each voxel, over the flat grid."""
        returned = self.sweep.rays.returned
        hits = torch.bincount(grid.flatten(grid.indices(self.ends[returned])[0]), minlength=grid.num_voxels)
        ends, returned = self.ends[::stride], returned[::stride]
        longest = _LONGEST_GRAZE * grid.voxel_size
        cut = _kernels.graze_starts(self.origin.numpy(), ends.numpy(), returned.numpy(), grid.voxel_size, longest)
        return hits, cast_rays(grid, self.origin.expand_as(ends), torch.from_numpy(cut)).passes.reshape(-1)


def aggregate(
    grid_from_map: Tensor, own: Sequence[VotedSweep], others: Sequence[VotedSweep],
    config: AggregateConfig | None = None,
) -> Tensor:  # fmt: skip
    """Labels the voxels around a keyframe.

    Args:
        grid_from_map: (4, 4) float64, to the keyframe's ego frame.
        own: the keyframe's own sweep first, then those about it that have the votes of its images.
        others: sweeps of other keyframes.
        config: the grid and the rules.

    Returns:
        (X, Y, Z) uint8: the category with the most votes, FREE or UNOBSERVED.
    """
    config = config or AggregateConfig()
    grid = config.grid
    placed = [_place(grid_from_map, sweep) for sweep in (*own, *others)]
    own_hits, own_cleared = placed[0].count(grid, stride=1)
    free = own_cleared > 0
    clears = (own_cleared >= config.clear_passes) & (own_hits == 0)
    met, looked_through = (own_hits > 0).to(torch.int16), clears.to(torch.int16)
    for other in placed[1:]:
        hits, cleared = other.count(grid, config.ray_stride)
        free |= cleared > 0
        met += hits > 0
        looked_through += (cleared >= config.clear_passes) & (hits == 0)
    kept = (own_hits > 0) | (~clears & (met >= looked_through))
    moving = (own_hits > 0) & (met <= looked_through)
    free &= (own_cleared > 0) | ~_behind(grid, placed[0], moving, config.shadow)
    semantics = torch.full((grid.num_voxels,), UNOBSERVED, dtype=torch.uint8)
    semantics[free & ~(kept & (met > 0))] = FREE
    body, _ = grid.indices(se3.transform_points(grid_from_map, own[0].rays.own))
    semantics[grid.flatten(body)] = UNOBSERVED
    voxels, categories = _elect(grid, placed, len(own), kept)
    semantics[voxels] = categories
    return semantics.reshape(grid.shape)


def _place(grid_from_map: Tensor, sweep: VotedSweep) -> _Placed:
    origin, ends = (se3.transform_points(grid_from_map, p) for p in (sweep.rays.origin[None], sweep.rays.ends))
    return _Placed(sweep, origin[0], ends)


def _behind(grid: VoxelGrid, sweep: _Placed, moving: Tensor, length: float) -> Tensor:
    """Tells which voxels lie up to `length` metres behind returns of a sweep in voxels that move: (N,) bool."""
    voxels, inside = grid.indices(sweep.ends)
    chosen = sweep.sweep.rays.returned[inside] & moving[grid.flatten(voxels)]
    ends = sweep.ends[inside][chosen]
    further = ends + length * torch.nn.functional.normalize(ends - sweep.origin, dim=1)
    counts = cast_rays(grid, ends, further)
    return (counts.passes + counts.hits).reshape(-1) > 0


def _elect(grid: VoxelGrid, placed: Sequence[_Placed], own: int, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Counts the votes in the voxels that are kept; those of the first `own` sweeps decide between equals.

    Returns:
        (M,) int64 flat voxels, each once, and (M,) uint8 the category of each.
    """
    ballots, weights = [], []
    for number, each in enumerate(placed):
        voxels, inside = grid.indices(each.ends[each.sweep.ray])
        flat = grid.flatten(voxels)
        ballot = (flat * FREE + each.sweep.category[inside])[kept[flat]]
        ballots.append(ballot)
        weights.append(torch.full(ballot.shape, 1.0 + (1e-6 if number < own else 0.0), dtype=torch.float64))
    ballot, place = torch.cat(ballots).unique(return_inverse=True)
    votes = torch.zeros(len(ballot), dtype=torch.float64).index_add(0, place, torch.cat(weights))
    ranked = ballot[torch.from_numpy(np.lexsort((ballot.numpy(), -votes.numpy(), ballot.numpy() // FREE)))]
    voxel = ranked // FREE
    first = torch.ones(len(ranked), dtype=torch.bool)
    first[1:] = voxel[1:] != voxel[:-1]
    return voxel[first], (ranked[first] % FREE).to(torch.uint8)
