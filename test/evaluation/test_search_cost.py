import itertools
from statistics import fmean

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ago_ros.evaluation.search_cost import SearchCost, compare_search, search_cost
from ago_ros.geometry.voxel_grid import VoxelGrid

GRID = VoxelGrid((0.0, 0.0, 0.0), 0.5, (2, 3, 1))
VOXEL = 0.125
EVERYWHERE = torch.ones(GRID.shape, dtype=torch.bool)


def field(*values: float) -> torch.Tensor:
    return torch.tensor(values).reshape(GRID.shape)


def test_by_hand_without_ties():
    """Order 0.5, 0.3, 0.2, ...: the target has the third and the fifth place."""
    probability = field(0.5, 0.2, 0.0, 0.3, 0.1, 0.05)
    cost = search_cost(probability, GRID, torch.tensor([[0, 1, 0], [1, 2, 0]]), EVERYWHERE)
    assert cost == SearchCost(3 * VOXEL, 7 / 3 * VOXEL, 6 * VOXEL)
    assert cost.against_random == pytest.approx(9 / 7)


def test_by_hand_with_ties():
    """One voxel before, then four tied ones of which one is the target: 1 + 5 / 2."""
    cost = search_cost(field(0.6, 0.1, 0.1, 0.1, 0.1, 0.0), GRID, torch.tensor([[1, 0, 0]]), EVERYWHERE)
    assert cost.volume == pytest.approx(3.5 * VOXEL)
    assert cost.random == pytest.approx(3.5 * VOXEL)


def test_the_best_field_meets_the_target_at_once_and_the_worst_at_last():
    target = torch.tensor([[0, 2, 0]])
    assert search_cost(field(0, 0, 1, 0, 0, 0), GRID, target, EVERYWHERE).volume == VOXEL
    assert search_cost(field(1, 1, 0, 1, 1, 1), GRID, target, EVERYWHERE).volume == 6 * VOXEL


def test_what_cannot_hide_the_target_is_not_looked_at():
    searchable = EVERYWHERE.clone()
    searchable[0, 0, 0] = searchable[0, 1, 0] = False
    cost = search_cost(field(0.9, 0.8, 0.1, 0.3, 0.2, 0.0), GRID, torch.tensor([[0, 1, 0], [0, 2, 0]]), searchable)
    assert cost == SearchCost(3 * VOXEL, 5 / 2 * VOXEL, 4 * VOXEL)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=6, max_size=6), st.sets(st.integers(0, 5), min_size=1, max_size=6))
def test_the_mean_over_ties_and_over_random_orders_is_that_of_every_order(values, targets):
    cost = search_cost(field(*map(float, values)), GRID, GRID.unflatten(torch.tensor(sorted(targets))), EVERYWHERE)
    orders = list(itertools.permutations(range(6)))
    firsts = [min(order.index(target) for target in targets) + 1 for order in orders]
    assert cost.random == pytest.approx(fmean(firsts) * VOXEL)
    ranked = [sorted(order, key=lambda voxel: -values[voxel]) for order in orders]
    by_value = [min(order.index(target) for target in targets) + 1 for order in ranked]
    assert cost.volume == pytest.approx(fmean(by_value) * VOXEL)


def test_a_field_that_says_nothing_costs_what_random_search_costs():
    cost = search_cost(torch.full(GRID.shape, 0.3), GRID, torch.tensor([[0, 0, 0], [1, 1, 0]]), EVERYWHERE)
    assert cost.volume == cost.random and cost.against_random == 1.0


@pytest.mark.parametrize(
    ("probability", "target", "searchable", "message"),
    [
        (torch.zeros(2, 3), [[0, 0, 0]], EVERYWHERE, "must be"),
        (field(0, 0, float("nan"), 0, 0, 0), [[0, 0, 0]], EVERYWHERE, "not finite"),
        (field(0, 0, 0, 0, 0, 0), [[0, 0, 0]], ~EVERYWHERE, "no voxel of the target is searchable"),
    ],
)
def test_what_is_no_search_is_refused(probability, target, searchable, message):
    with pytest.raises(ValueError, match=message):
        search_cost(probability, GRID, torch.tensor(target), searchable)


def test_two_ways_to_search_are_compared_target_by_target():
    ours = [SearchCost(1.0, 4.0, 9.0), SearchCost(2.0, 3.0, 9.0), SearchCost(6.0, 5.0, 9.0)]
    theirs = [SearchCost(4.0, 4.0, 9.0), SearchCost(2.0, 3.0, 9.0), SearchCost(3.0, 5.0, 9.0)]
    compared = compare_search(ours, theirs)
    assert (compared.volume, compared.other, compared.random) == (3.0, 3.0, 4.0)
    assert compared.ratio == 1.0 and compared.wins == 0.5 and compared.median_ratio == 1.0
    with pytest.raises(ValueError, match="3 searches cannot be compared with 1"):
        compare_search(ours, theirs[:1])
    with pytest.raises(ValueError, match="cannot be compared"):
        compare_search([], [])
    with pytest.raises(ValueError, match="search 0 is not for the same target"):
        compare_search(ours[:1], ours[1:2])
