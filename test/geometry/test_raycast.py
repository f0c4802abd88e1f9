"""Ray casting against exact rational arithmetic: the voxels of a segment are the voxels of its points, in order."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from math import floor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ago_ros.geometry import _raycast_cpu, _raycast_torch, raycast
from ago_ros.geometry.raycast import cast_rays, traverse
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid

UNIT_GRID = VoxelGrid(origin=(0.0, 0.0, 0.0), voxel_size=1.0, shape=(4, 3, 5))


def exact_voxels(start: list[Fraction], end: list[Fraction], shape: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """The voxels of every point of a segment: floors at each face crossing and halfway between, in rational numbers."""
    times = {Fraction(0), Fraction(1)}
    for low, high in zip(start, end):
        for face in range(floor(min(low, high)), floor(max(low, high)) + 2):
            if low != high and 0 <= (time := (face - low) / (high - low)) <= 1:
                times.add(time)
    ordered = sorted(times)
    ordered = sorted([*ordered, *((a + b) / 2 for a, b in pairwise(ordered))])
    voxels: list[tuple[int, ...]] = []
    for time in ordered:
        voxel = tuple(floor(low + time * (high - low)) for low, high in zip(start, end))
        if (not voxels or voxels[-1] != voxel) and all(0 <= v < n for v, n in zip(voxel, shape)):
            voxels.append(voxel)
    return voxels


def walked(grid: VoxelGrid, starts: Tensor, ends: Tensor) -> list[list[tuple[int, ...]]]:
    """The voxels by `traverse`, having checked that the torch path and the counts agree with it."""
    voxels, offsets = traverse(grid, starts, ends)
    assert voxels.dtype == offsets.dtype == torch.int64
    assert offsets[0] == 0 and offsets[-1] == len(voxels) and len(offsets) == len(starts) + 1
    fixed = raycast._fixed_point(grid, starts, ends)
    for mine, other in zip((voxels, offsets), _raycast_torch.traverse(*fixed, grid.shape)):
        assert torch.equal(mine, other)
    counts = cast_rays(grid, starts, ends)
    for mine, other in zip((counts.hits, counts.passes), _raycast_torch.count(*fixed, grid.shape)):
        assert torch.equal(mine.flatten(), other) and mine.dtype == other.dtype == torch.int32
    assert torch.equal((counts.hits + counts.passes).flatten(), torch.bincount(voxels, minlength=grid.num_voxels))
    finite = (starts.abs() < 1e12 + 1).all(dim=1)
    inside, _ = grid.indices(ends[finite])
    assert torch.equal(counts.hits.flatten(), torch.bincount(grid.flatten(inside), minlength=grid.num_voxels))
    indices = grid.unflatten(voxels).tolist()
    bounds = offsets.tolist()
    return [[tuple(voxel) for voxel in indices[low:high]] for low, high in pairwise(bounds)]


def coordinates(denominator: int) -> st.SearchStrategy[list[float]]:
    """Points around UNIT_GRID on a lattice that float64 and the walk's integers hold exactly."""
    return st.lists(
        st.integers(-3 * denominator, 8 * denominator).map(lambda n: n / denominator), min_size=3, max_size=3
    )


@pytest.mark.parametrize("denominator", [1, 2, 4, 2**20])
def test_every_voxel_in_order_as_exact_arithmetic_finds_them(denominator: int) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(coordinates(denominator), coordinates(denominator)), min_size=1, max_size=4))
    def check(segments: list[tuple[list[float], list[float]]]) -> None:
        starts, ends = (torch.tensor(points, dtype=torch.float64) for points in zip(*segments))
        for (start, end), voxels in zip(segments, walked(UNIT_GRID, starts, ends)):
            assert voxels == exact_voxels([*map(Fraction, start)], [*map(Fraction, end)], UNIT_GRID.shape)

    check()


@pytest.mark.parametrize(
    ("start", "end", "voxels"),
    [
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), [(0, 0, 0)]),
        ((0.5, 0.5, 0.5), (2.0, 0.5, 0.5), [(0, 0, 0), (1, 0, 0), (2, 0, 0)]),
        ((2.5, 0.5, 0.5), (1.0, 0.5, 0.5), [(2, 0, 0), (1, 0, 0)]),
        ((2.0, 0.5, 0.5), (1.5, 0.5, 0.5), [(2, 0, 0), (1, 0, 0)]),
        ((0.5, 1.0, 0.5), (1.5, 1.0, 0.5), [(0, 1, 0), (1, 1, 0)]),
        ((0.5, 0.5, 0.5), (2.5, 2.5, 2.5), [(0, 0, 0), (1, 1, 1), (2, 2, 2)]),
        ((1.5, 1.5, 1.5), (0.5, 0.5, 0.5), [(1, 1, 1), (0, 0, 0)]),
        ((0.5, 1.5, 0.5), (1.5, 0.5, 0.5), [(0, 1, 0), (1, 1, 0), (1, 0, 0)]),
        ((-2.0, 0.5, 0.5), (-1.0, 0.5, 0.5), []),
        ((-1.0, 0.5, 0.5), (0.0, 0.5, 0.5), [(0, 0, 0)]),
        ((3.5, 0.5, 0.5), (4.0, 0.5, 0.5), [(3, 0, 0)]),
        ((4.0, 0.5, 0.5), (3.5, 0.5, 0.5), [(3, 0, 0)]),
        ((-9.0, 0.5, 0.5), (9.0, 0.5, 0.5), [(0, 0, 0), (1, 0, 0), (2, 0, 0), (3, 0, 0)]),
        ((-1.0, 1.0, 0.5), (1.0, -1.0, 0.5), [(0, 0, 0)]),
    ],
)
def test_faces_belong_to_the_voxel_above(start: tuple, end: tuple, voxels: list) -> None:
    assert walked(UNIT_GRID, torch.tensor([start]), torch.tensor([end])) == [voxels]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_float_segments_agree_with_exact_arithmetic_on_their_own_coordinates(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    grid = VoxelGrid(origin=(-3.1, 0.7, -1.0), voxel_size=0.4, shape=(9, 7, 4))
    starts, ends = (torch.rand(2, 5, 3, generator=generator, dtype=torch.float64) * 8 - 4).to(torch.float32)
    for ray, voxels in enumerate(walked(grid, starts, ends)):
        first, last = ([Fraction(c) for c in grid.to_grid(p[ray][None])[0].tolist()] for p in (starts, ends))
        rounded = [[Fraction(floor(c * 2**20), 2**20) for c in point] for point in (first, last)]
        assert voxels == exact_voxels(*rounded, grid.shape)
        assert set(voxels) == set(exact_voxels(first, last, grid.shape))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e300])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_what_is_not_finite_or_nearly_so_crosses_nothing(bad: float, axis: int) -> None:
    starts = torch.full((3, 3), 0.5, dtype=torch.float64)
    ends = torch.full((3, 3), 1.5, dtype=torch.float64)
    starts[0, axis] = bad
    ends[1, axis] = bad
    assert walked(UNIT_GRID, starts, ends) == [[], [], [(0, 0, 0), (1, 1, 1)]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_starts_far_outside_enter_where_exact_arithmetic_says(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    inside = torch.randint(-1, 6, (6, 3), generator=generator) + torch.randint(0, 3, (6, 3), generator=generator) / 2
    away = torch.randint(-80, 80, (6, 3), generator=generator) / 2
    starts, ends = (inside + away).double(), (inside - torch.randint(0, 3, (6, 1), generator=generator) * away).double()
    for start, end, voxels in zip(starts.tolist(), ends.tolist(), walked(UNIT_GRID, starts, ends)):
        assert voxels == exact_voxels([*map(Fraction, start)], [*map(Fraction, end)], UNIT_GRID.shape)


@pytest.mark.parametrize("far", [1e5, 3e6, 1e12])
def test_far_ends_are_followed_through_the_grid(far: float) -> None:
    segments = [
        ((0.5, 0.5, 0.5), (0.5, 0.5, far)),
        ((0.5, 0.5, far), (0.5, 0.5, 0.5)),
        ((far, 0.5, 1.5), (-far, 0.5, 1.5)),
        ((far, far, far), (2.5, 2.5, 2.5)),
        ((far, 9.0, 0.5), (-far, 9.0, 0.5)),
        ((far, far, 0.5), (far, -far, 0.5)),
    ]
    starts, ends = torch.tensor(segments, dtype=torch.float64).unbind(1)
    column = [(0, 0, z) for z in range(5)]
    row = [(x, 0, 1) for x in (3, 2, 1, 0)]
    assert walked(UNIT_GRID, starts, ends) == [column, column[::-1], row, [(2, 2, 2)], [], []]


def test_a_grid_of_one_voxel() -> None:
    grid = VoxelGrid(origin=(-1.0, -1.0, -1.0), voxel_size=2.0, shape=(1, 1, 1))
    starts = torch.tensor([[-5.0, 0.0, 0.0], [0.0, 0.0, 0.0], [5.0, 5.0, 0.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    ends = torch.tensor([[5.0, 0.1, 0.2], [0.0, 0.0, 0.0], [5.0, -5.0, 0.0], [2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]])
    assert [len(voxels) for voxels in walked(grid, starts, ends)] == [1, 1, 0, 0, 1]


def test_no_segments() -> None:
    assert walked(OCC3D_GRID, torch.zeros(0, 3), torch.zeros(0, 3)) == []


def test_shapes_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(R, 3\)"):
        traverse(OCC3D_GRID, torch.zeros(2, 3), torch.zeros(3, 3))
    with pytest.raises(ValueError, match=r"\(R, 3\)"):
        cast_rays(OCC3D_GRID, torch.zeros(2, 2), torch.zeros(2, 2))


def test_shares_of_threads_give_the_same_voxels_and_calls_may_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    starts, ends = torch.rand(2, 5000, 3, generator=generator) * 100 - 50
    alone = traverse(OCC3D_GRID, starts, ends)
    counts = cast_rays(OCC3D_GRID, starts, ends)
    monkeypatch.setattr(_raycast_cpu, "_RAYS_PER_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    with ThreadPoolExecutor(4) as pool:
        overlapping = list(
            pool.map(lambda _: (traverse(OCC3D_GRID, starts, ends), cast_rays(OCC3D_GRID, starts, ends)), range(8))
        )
    for listed, counted in overlapping:
        assert all(torch.equal(a, b) for a, b in zip(listed, alone))
        assert torch.equal(counted.hits, counts.hits) and torch.equal(counted.passes, counts.passes)


def test_dense_samples_of_real_sized_rays_lie_in_their_voxels_and_neighbours_touch() -> None:
    generator = torch.Generator().manual_seed(1)
    starts = torch.tensor([0.9, 0.0, 1.8]).expand(200, 3)
    ends = torch.randn(200, 3, generator=generator) * torch.tensor([40.0, 40.0, 2.0])
    fraction = np.linspace(0, 1, 4001)[:, None]
    for ray, voxels in enumerate(walked(OCC3D_GRID, starts, ends)):
        samples = starts[ray].double().numpy() * (1 - fraction) + ends[ray].double().numpy() * fraction
        indices, _ = OCC3D_GRID.indices(torch.from_numpy(samples))
        assert {tuple(index) for index in indices.tolist()} <= set(voxels)
        jumps = np.abs(np.diff(np.array(voxels), axis=0))
        assert len(set(voxels)) == len(voxels) and (jumps.sum(axis=1) >= 1).all() and (jumps <= 1).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.int64])
def test_every_type_of_coordinate_and_memory_layout(dtype: torch.dtype) -> None:
    starts = torch.tensor([[1, 1, 1]], dtype=dtype).expand(40, 3)
    ends = torch.randint(-9, 9, (3, 40), generator=torch.Generator().manual_seed(2)).to(dtype).T
    assert walked(UNIT_GRID, starts, ends) == walked(
        UNIT_GRID, starts.double().contiguous(), ends.double().contiguous()
    )
    half = ends / 2 if dtype.is_floating_point else ends
    scaled = VoxelGrid(origin=(-3.1, 0.7, -1.0), voxel_size=0.3, shape=(9, 7, 4))
    assert walked(scaled, starts, half) == walked(scaled, starts.double(), half.double())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_crosses_the_same_voxels() -> None:
    generator = torch.Generator().manual_seed(0)
    starts = torch.rand(5000, 3, generator=generator) * 100 - 50
    ends = torch.rand(5000, 3, generator=generator) * 100 - 50
    for mine, other in zip(traverse(OCC3D_GRID, starts, ends), traverse(OCC3D_GRID, starts.cuda(), ends.cuda())):
        assert torch.equal(mine, other.cpu())
    ours, theirs = cast_rays(OCC3D_GRID, starts, ends), cast_rays(OCC3D_GRID, starts.cuda(), ends.cuda())
    assert torch.equal(ours.hits, theirs.hits.cpu())
    assert torch.equal(ours.passes, theirs.passes.cpu())
