import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_scene import GRID, block
from shapely.geometry import MultiPoint

from ago_ros.geometry.boxes import points_in_boxes
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.regions import components, fit_box, make_region, regions_of, voxels_in_box


def turned_block(center, size, yaw) -> torch.Tensor:
    box = torch.tensor([*center, *size, yaw], dtype=torch.float64)
    return points_in_boxes(GRID.centers().reshape(-1, 3).double(), box[None])[0].reshape(GRID.shape).nonzero()


def test_box_of_a_straight_block_is_exact():
    box = fit_box(GRID, block((1, -2, 0), (4, -1, 2)))
    torch.testing.assert_close(box, torch.tensor([2.5, -1.5, 1.0, 3.0, 1.0, 2.0, 0.0], dtype=torch.float64))


def test_length_is_the_longer_side():
    box = fit_box(GRID, block((1, -3, 0), (2, 2, 2)))
    assert box[3:5].tolist() == pytest.approx([5.0, 1.0])
    assert box[6] == pytest.approx(math.pi / 2)


def test_heading_of_a_turned_block():
    box = fit_box(GRID, turned_block((3, 0, 1), (8, 2.2, 2), 0.5))
    assert float(box[6]) == pytest.approx(0.5, abs=0.12)
    assert box[3:5].tolist() == pytest.approx([8.0, 2.2], abs=1.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7), st.integers(0, 5)), min_size=1, max_size=25))
def test_box_holds_every_centre_and_has_the_least_area(cells):
    voxels = torch.tensor(cells)
    box = fit_box(GRID, voxels)
    assert points_in_boxes(
        GRID.centers(voxels).double(), box[None] + torch.tensor([0, 0, 0, 1e-6, 1e-6, 1e-6, 0])
    ).all()
    assert box[3] >= box[4] - 1e-9
    assert -math.pi / 2 < float(box[6]) <= math.pi / 2
    centers = GRID.centers(voxels)[:, :2].double().numpy()
    size = GRID.voxel_size
    if len(np.unique(centers, axis=0)) > 2 and MultiPoint(centers).convex_hull.geom_type == "Polygon":
        yaws = np.linspace(0, math.pi / 2, 361)
        best = min(
            np.prod(
                np.ptp(centers @ np.array([[math.cos(y), -math.sin(y)], [math.sin(y), math.cos(y)]]), axis=0) + size
            )
            for y in yaws
        )
        assert float(box[3] * box[4]) <= best + 0.02


def test_voxels_in_box_are_those_by_brute_force():
    box = torch.tensor([2.0, 1.0, 0.7, 5.0, 1.7, 2.2, 0.4], dtype=torch.float64)
    assert torch.equal(voxels_in_box(GRID, box), turned_block((2.0, 1.0, 0.7), (5.0, 1.7, 2.2), 0.4))
    outside = box + torch.tensor([100.0, 0, 0, 0, 0, 0, 0])
    assert voxels_in_box(GRID, outside).shape == (0, 3)


def test_voxels_that_touch_at_a_corner_are_one_region():
    mask = torch.zeros(4, 5, 6, dtype=torch.bool)
    mask[0, 0, 0] = mask[1, 1, 1] = mask[3, 4, 5] = True
    found = [part.tolist() for part in components(mask)]
    assert found == [[[0, 0, 0], [1, 1, 1]], [[3, 4, 5]]]


def test_regions_are_sorted_and_carry_their_mass():
    probability = torch.zeros(GRID.shape)
    state = torch.full(GRID.shape, VoxelState.OCCUPIED, dtype=torch.uint8)
    small, large = block((-6, -5, 0), (-5, -4, 1)), block((2, 0, 0), (4, 1, 1))
    probability[tuple(small.T)] = 0.2 / len(small)
    probability[tuple(large.T)] = 0.7 / len(large)
    peak = large[3]
    probability[tuple(peak)] *= 1.5
    state[tuple(large[: len(large) // 2].T)] = VoxelState.UNOBSERVED
    first, second = regions_of(GRID, probability, state, "mug", floor=0.1)
    assert first.probability == pytest.approx(float(probability[tuple(large.T)].sum()))
    assert second.probability == pytest.approx(0.2)
    assert first.peak == tuple(GRID.centers(peak[None])[0].tolist())
    unseen = float(probability[tuple(large[: len(large) // 2].T)].sum())
    assert first.hidden == pytest.approx(unseen / first.probability)
    assert second.hidden == 0.0
    assert first.center == pytest.approx((3.0, 0.5, 0.5))
    assert first.extent == pytest.approx((2.0, 1.0, 1.0))
    assert first.phrase == "mug"
    assert first.box == (*first.center, *first.extent, first.yaw)


def test_low_voxels_join_no_region():
    probability = torch.zeros(GRID.shape)
    probability[3, 3, 3], probability[3, 4, 3], probability[9, 9, 9] = 0.5, 0.02, 0.04
    state = torch.zeros(GRID.shape, dtype=torch.uint8)
    found = regions_of(GRID, probability, state, "mug", floor=0.1)
    assert [region.probability for region in found] == [0.5]
    assert regions_of(GRID, torch.zeros(GRID.shape), state, "mug", floor=0.1) == ()


def test_region_of_one_voxel():
    region = make_region(GRID, torch.tensor([[1, 2, 3]]), torch.tensor([0.3]), torch.zeros(GRID.shape), "x")
    assert region.extent == pytest.approx((0.5, 0.5, 0.5))
    assert region.center == pytest.approx(tuple(GRID.centers(torch.tensor([[1, 2, 3]]))[0].tolist()))
    assert region.hidden == 1.0
