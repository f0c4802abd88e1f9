"""Voxel grids against exact arithmetic and plain loops."""

from fractions import Fraction
from math import floor, inf, nan

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid

BINARY_GRID = VoxelGrid(origin=(-2.5, 0.0, 1.25), voxel_size=0.5, shape=(7, 4, 5))
ODD_GRID = VoxelGrid(origin=(-40.0, 3.3, -1.0), voxel_size=0.4, shape=(20, 3, 16))

points_near = st.lists(
    st.tuples(*(st.integers(-64, 512).map(lambda n, low=low: low + n / 64) for low in BINARY_GRID.origin)),
    min_size=1,
    max_size=20,
)


@settings(max_examples=150, deadline=None)
@given(points_near)
def test_a_point_belongs_to_the_voxel_that_covers_it_and_none_is_clipped(points: list[tuple[float, ...]]) -> None:
    indices, inside = BINARY_GRID.indices(torch.tensor(points, dtype=torch.float64))
    expected = []
    for point in points:
        index = [floor((Fraction(p) - Fraction(o)) / Fraction(1, 2)) for p, o in zip(point, BINARY_GRID.origin)]
        expected.append(index if all(0 <= i < n for i, n in zip(index, BINARY_GRID.shape)) else None)
    assert inside.tolist() == [index is not None for index in expected]
    assert indices.tolist() == [index for index in expected if index is not None]
    assert indices.dtype == torch.int64


def test_lower_faces_are_inside_and_upper_faces_outside() -> None:
    lower, upper = torch.tensor([BINARY_GRID.origin]), torch.tensor([BINARY_GRID.upper])
    assert BINARY_GRID.indices(lower)[0].tolist() == [[0, 0, 0]]
    assert not BINARY_GRID.indices(upper)[1].any()
    assert BINARY_GRID.indices(upper - 1e-6)[0].tolist() == [[6, 3, 4]]
    assert not BINARY_GRID.indices(lower - 1e-6)[1].any()


@pytest.mark.parametrize("bad", [nan, inf, -inf, 1e30, -1e30])
def test_what_is_not_finite_or_far_is_dropped(bad: float) -> None:
    points = torch.tensor(BINARY_GRID.origin) + torch.full((3, 3), 0.7)
    for axis in range(2):
        points[axis, axis] = bad
    indices, inside = BINARY_GRID.indices(points)
    assert inside.tolist() == [False, False, True] and indices.tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("grid", [BINARY_GRID, ODD_GRID, OCC3D_GRID])
def test_centres_and_flat_indices_name_every_voxel_once_in_c_order(grid: VoxelGrid) -> None:
    indices, inside = grid.indices(grid.centers().reshape(-1, 3))
    assert inside.all() and len(indices) == grid.num_voxels
    flat = grid.flatten(indices)
    assert torch.equal(flat, torch.arange(grid.num_voxels))
    assert torch.equal(grid.unflatten(flat), indices)
    assert torch.equal(grid.centers(indices), grid.centers().reshape(-1, 3))
    volume = torch.arange(grid.num_voxels).reshape(grid.shape)
    assert torch.equal(volume[tuple(indices.T)], flat)


def test_centres_are_half_a_voxel_in() -> None:
    center = ODD_GRID.centers(torch.tensor([[2, 0, 15]]))
    torch.testing.assert_close(center, torch.tensor([[-39.0, 3.5, 5.2]]))
    assert center.dtype == torch.float32


def test_occ3d_is_the_published_block() -> None:
    assert OCC3D_GRID.origin == (-40, -40, -1) and OCC3D_GRID.voxel_size == 0.4
    assert OCC3D_GRID.upper == pytest.approx((40, 40, 5.4)) and OCC3D_GRID.num_voxels == 640_000


def test_float32_points_are_divided_in_float64() -> None:
    points = torch.rand(2000, 3, generator=torch.Generator().manual_seed(0)) * 80 - 40
    assert torch.equal(OCC3D_GRID.to_grid(points), OCC3D_GRID.to_grid(points.double()))
    assert OCC3D_GRID.to_grid(points).dtype == torch.float64


def test_blocks_that_are_no_grid_are_refused() -> None:
    for size in (0.0, -1.0, nan, inf):
        with pytest.raises(ValueError, match="voxel_size"):
            VoxelGrid((0, 0, 0), size, (1, 1, 1))
    with pytest.raises(ValueError, match="shape"):
        VoxelGrid((0, 0, 0), 1.0, (1, 0, 1))
    with pytest.raises(ValueError, match="origin"):
        VoxelGrid((0, nan, 0), 1.0, (1, 1, 1))
