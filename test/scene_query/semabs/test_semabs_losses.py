"""Query points, and the loss on them."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from semabs_tools import GRID

from ago_ros.scene_query.semabs.losses import query_loss, sample_queries


def numbers(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rare_target() -> torch.Tensor:
    target = torch.zeros(GRID.shape, dtype=torch.bool)
    target[2, 3, 1] = target[9, 6, 4] = True
    return target


def test_as_many_queries_in_the_target_as_outside_however_rare_it_is():
    target = rare_target()
    points, labels = sample_queries(GRID, target, 401, numbers())
    voxels, inside = GRID.indices(points)
    assert inside.all()
    assert torch.equal(target[tuple(voxels.T)], labels.bool())
    assert int(labels.sum()) == 200
    assert points.dtype == labels.dtype == torch.float32


def test_queries_fill_all_voxels_and_all_of_each_voxel():
    target = rare_target()
    points, labels = sample_queries(GRID, target, 20000, numbers())
    voxels, _ = GRID.indices(points)
    assert len(torch.unique(voxels[labels.bool()], dim=0)) == 2
    assert len(torch.unique(voxels[~labels.bool()], dim=0)) == GRID.num_voxels - 2
    within = GRID.to_grid(points) - voxels
    assert torch.allclose(within.mean(dim=0), torch.full((3,), 0.5, dtype=torch.float64), atol=0.02)
    assert torch.allclose(within.var(dim=0), torch.full((3,), 1 / 12, dtype=torch.float64), atol=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 50), st.integers(0, 10_000))
def test_only_known_voxels_are_drawn(count, seed):
    generator = numbers(seed)
    target = torch.rand(GRID.shape, generator=generator) < 0.5
    known = torch.rand(GRID.shape, generator=generator) < 0.1
    points, labels = sample_queries(GRID, target, count, generator, known)
    voxels, _ = GRID.indices(points)
    assert known[tuple(voxels.T)].all()
    assert torch.equal(target[tuple(voxels.T)], labels.bool())


@pytest.mark.parametrize("filled", [True, False])
def test_where_there_is_one_kind_all_come_from_it(filled):
    _, labels = sample_queries(GRID, torch.full(GRID.shape, filled), 30, numbers())
    assert labels.tolist() == [float(filled)] * 30


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        sample_queries(GRID, rare_target(), 4, numbers(), torch.zeros(GRID.shape, dtype=torch.bool))
    with pytest.raises(ValueError, match="grid's shape"):
        sample_queries(GRID, rare_target().transpose(0, 1), 4, numbers())


def test_the_loss_is_cross_entropy():
    logits = torch.tensor([[0.3, -2.0, 40.0], [1.0, 0.0, -60.0]], dtype=torch.float64)
    labels = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], dtype=torch.float64)
    terms = [
        [-math.log(1 / (1 + math.exp(-x if y else x))) for x, y in zip(row, wanted, strict=True)]
        for row, wanted in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    assert query_loss(logits, labels).item() == pytest.approx(sum(map(sum, terms)) / 6)
    counts = torch.tensor([[True, False, False], [True, True, False]])
    expected = (terms[0][0] + (terms[1][0] + terms[1][1]) / 2) / 2
    assert query_loss(logits, labels, counts).item() == pytest.approx(expected)


def test_queries_that_do_not_count_may_be_anything_and_give_no_gradient():
    logits = torch.tensor([[0.5, torch.nan], [torch.nan, torch.nan]], requires_grad=True)
    counts = torch.tensor([[True, False], [False, False]])
    query_loss(logits, torch.zeros(2, 2), counts).backward()
    assert logits.grad.tolist()[0][0] == pytest.approx(torch.sigmoid(torch.tensor(0.5)).item())
    assert logits.grad.flatten()[1:].tolist() == [0.0, 0.0, 0.0]
    assert query_loss(logits, torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.bool)).item() == 0.0


def test_a_query_outside_of_the_grid_spoils_a_loss_that_counts_it():
    assert query_loss(torch.tensor([[0.5, torch.nan]]), torch.zeros(1, 2)).isnan()
