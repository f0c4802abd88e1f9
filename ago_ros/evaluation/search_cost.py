"""How much space a robot looks at before it meets what is hidden, when it looks where an answer is most probable first.

Source: ours. A voxel is the unit of looking; ties are broken at random, and the mean over all orders is given in closed
form. So a field that is the same everywhere costs what random search costs, and no field is helped by the order in
which its voxels are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import torch
from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid


@dataclass(frozen=True)
class SearchCost:
    """What one search costs.

    Attributes:
        volume: looked at up to and including the first voxel of the target, mean over the orders of tied voxels; m^3.
        random: what looking in random order costs on average; m^3.
        searchable: all that could be looked at; m^3.
    """

    volume: float
    random: float
    searchable: float

    @property
    def against_random(self) -> float:
        """The volume as a share of what random search takes; below 1 is better than chance."""
        return self.volume / self.random


@dataclass(frozen=True)
class SearchComparison:
    """Searches for the same targets by one field and by another.

    Attributes:
        volume: mean volume by the first field, m^3.
        other: mean volume by the second field, m^3.
        random: mean volume in random order, m^3.
        wins: share of the targets that the first field meets sooner; ties count half.
        median_ratio: median over the targets of first to second volume.
    """

    volume: float
    other: float
    random: float
    wins: float
    median_ratio: float

    @property
    def ratio(self) -> float:
        """Mean volume by the first field to that by the second."""
        return self.volume / self.other


def search_cost(probability: Tensor, grid: VoxelGrid, target_voxels: Tensor, searchable: Tensor) -> SearchCost:
    """Counts the volume looked at before a hidden target is met.

    Of n tied voxels of which k are the target's, a random order meets the first after (n + 1) / (k + 1) on average.

    Args:
        probability: (X, Y, Z), the order in which voxels are looked at: highest first; any scale.
        grid: where the voxels lie.
        target_voxels: (K, 3) int64; those that are not searchable, such as visible ones, are left out.
        searchable: (X, Y, Z) bool, the voxels that may hide the target, such as the unobserved ones.

    Raises:
        ValueError: the shapes differ, the probability is not finite, or no voxel of the target is searchable.
    """
    if probability.shape != grid.shape or searchable.shape != grid.shape:
        raise ValueError(
            f"probability {tuple(probability.shape)} and searchable {tuple(searchable.shape)} must be {grid.shape}"
        )
    is_target = torch.zeros(grid.shape, dtype=torch.bool)
    is_target[tuple(target_voxels.T)] = True
    values, sought = probability[searchable], is_target[searchable]
    if not torch.isfinite(values).all():
        raise ValueError("the probability has values that are not finite: there is no order to look in")
    if not sought.any():
        raise ValueError("no voxel of the target is searchable: it is not hidden, or it lies outside the grid")
    best = values[sought].max()
    before, tied = int((values > best).sum()), values == best
    looked_at = before + _expected_first(int(tied.sum()), int((tied & sought).sum()))
    voxel = grid.voxel_size**3
    random = _expected_first(len(values), int(sought.sum()))
    return SearchCost(looked_at * voxel, random * voxel, len(values) * voxel)


def compare_search(costs: Sequence[SearchCost], others: Sequence[SearchCost]) -> SearchComparison:
    """Compares two ways to search for the same targets.

    Args:
        costs: by the first field, one for each target.
        others: by the second field, in the same order.

    Raises:
        ValueError: there are none, or the searches are not for the same targets.
    """
    if not costs or len(costs) != len(others):
        raise ValueError(f"{len(costs)} searches cannot be compared with {len(others)}")
    for number, (one, other) in enumerate(zip(costs, others, strict=True)):
        if (one.random, one.searchable) != (other.random, other.searchable):
            raise ValueError(f"search {number} is not for the same target in the same space in both")
    wins = [
        (one.volume < other.volume) + (one.volume == other.volume) / 2 for one, other in zip(costs, others, strict=True)
    ]
    return SearchComparison(
        volume=fmean(cost.volume for cost in costs),
        other=fmean(cost.volume for cost in others),
        random=fmean(cost.random for cost in costs),
        wins=fmean(wins),
        median_ratio=median(one.volume / other.volume for one, other in zip(costs, others, strict=True)),
    )


def _expected_first(voxels: int, targets: int) -> float:
    """Mean place, from 1, of the first of some targets in a random order of voxels."""
    return (voxels + 1) / (targets + 1)
