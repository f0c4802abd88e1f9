"""Scatter and sampling, against loops and scipy; each known trap has a test that the wrong version fails."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from semabs_tools import GRID, random_places

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.semabs.released_layout import ReleasedLayout
from ago_ros.scene_query.semabs.volume import Aligned, scatter_max

CUBE = VoxelGrid((-1.0, -1.0, -0.1), 0.25, (8, 8, 8))


class ReversedAxes(Aligned):
    """The trap: x, y, z of a query taken for z, y, x of the volume, with all else right."""

    def sample(self, grid, volumes, queries):
        centre = torch.tensor(grid.origin) + torch.tensor(grid.shape) * grid.voxel_size / 2
        return super().sample(grid, volumes, (queries - centre).flip(-1) + centre)


class DividedByCount(Aligned):
    """The trap: places multiplied by n - 1 and divided by n, with all else right."""

    def sample(self, grid, volumes, queries):
        low, size = torch.tensor(grid.origin), torch.tensor(grid.shape)
        share = (queries - low) / (size * grid.voxel_size) * (size - 1) / size
        places = (2 * share - 1).flip(-1)[:, :, None, None]
        sampled = torch.nn.functional.grid_sample(volumes, places, padding_mode="border", align_corners=True)
        return sampled.flatten(2).transpose(1, 2)


def scatter_by_loop(grid, points, features, volume, count):
    result = np.zeros((count, features.shape[1], *grid.shape), dtype=np.float32)
    filled = np.zeros((count, *grid.shape), dtype=bool)
    for point, row, v in zip(points.double().numpy(), features.numpy(), volume.tolist(), strict=True):
        i, j, k = (int(np.floor((p - o) / grid.voxel_size)) for p, o in zip(point, grid.origin, strict=True))
        old = result[v, :, i, j, k]
        result[v, :, i, j, k] = np.maximum(old, row) if filled[v, i, j, k] else row
        filled[v, i, j, k] = True
    return torch.from_numpy(result)


def check_scatter(layout):
    points = random_places(CUBE, 3000)
    features = torch.randn(3000, 4, generator=torch.Generator().manual_seed(1))
    volume = torch.arange(3000) % 2
    expected = scatter_by_loop(CUBE, points, features, volume, 2)
    assert torch.equal(layout.scatter(CUBE, points, features, volume, 2), expected)


def check_axes(layout):
    """A volume that rises along x alone, read along x."""
    ramp = torch.arange(8.0)[:, None, None].expand(8, 8, 8)[None, None].contiguous()
    queries = CUBE.centers()[:, 2, 5][None]
    assert torch.allclose(layout.sample(CUBE, ramp, queries)[0, :, 0], torch.arange(8.0), atol=1e-4)


def check_alignment(layout):
    """A volume that is the same with its axes reversed, read at the centres of its diagonal."""
    step = torch.arange(8.0)
    volume = (step[:, None, None] + step[:, None] + step)[None, None].contiguous()
    queries = CUBE.centers()[step.long(), step.long(), step.long()][None]
    assert torch.allclose(layout.sample(CUBE, volume, queries)[0, :, 0], 3 * step, atol=1e-4)


def test_scatter_takes_the_maximum_not_the_mean():
    check_scatter(Aligned())
    with pytest.raises(AssertionError):
        check_scatter(ReleasedLayout())


def test_queries_keep_the_order_of_the_axes():
    check_axes(Aligned())
    for wrong in (ReversedAxes(), ReleasedLayout()):
        with pytest.raises(AssertionError):
            check_axes(wrong)


def test_queries_at_voxel_centres_read_the_voxels():
    check_alignment(Aligned())
    check_alignment(ReversedAxes())
    for wrong in (DividedByCount(), ReleasedLayout()):
        with pytest.raises(AssertionError):
            check_alignment(wrong)


def test_scatter_in_a_grid_of_three_lengths_with_all_negative_features():
    points = random_places(GRID, 500)
    features = -torch.rand(500, 3, generator=torch.Generator().manual_seed(2)) - 0.5
    volume = torch.randint(3, (500,), generator=torch.Generator().manual_seed(3))
    found = Aligned().scatter(GRID, points, features, volume, 4)
    assert found.shape == (4, 3, 10, 7, 5)
    assert torch.equal(found, scatter_by_loop(GRID, points, features, volume, 4))
    assert not found[3].any()


def test_scatter_sends_the_gradient_to_the_largest():
    features = torch.tensor([[1.0], [3.0], [2.0]], requires_grad=True)
    scatter_max(features, torch.tensor([0, 0, 1]), 3).sum().backward()
    assert features.grad.flatten().tolist() == [0.0, 1.0, 1.0]


def test_sampling_agrees_with_scipy():
    volumes = torch.randn(2, 3, *GRID.shape, generator=torch.Generator().manual_seed(4))
    queries = random_places(GRID, 2, 400, seed=5)
    found = Aligned().sample(GRID, volumes, queries)
    assert found.shape == (2, 400, 3)
    for v in range(2):
        places = GRID.to_grid(queries[v]).numpy().T - 0.5
        for channel in range(3):
            expected = map_coordinates(volumes[v, channel].double().numpy(), places, order=1, mode="nearest")
            assert np.allclose(found[v, :, channel].numpy(), expected, atol=1e-4)


def test_sampling_at_every_centre_returns_the_volume():
    volumes = torch.randn(1, 2, *GRID.shape, generator=torch.Generator().manual_seed(6))
    found = Aligned().sample(GRID, volumes, GRID.centers().reshape(1, -1, 3))
    assert torch.allclose(found[0].T.reshape(2, *GRID.shape), volumes[0], atol=1e-4)


def test_nothing_is_known_outside_of_the_grid():
    volumes = torch.ones(1, 1, *GRID.shape)
    queries = torch.tensor([[-1.01, 1.0, 0.0], [-0.99, 1.0, 0.0], [0.0, 1.0, 0.376], [0.0, 1.0, 0.374]])[None]
    for layout in (Aligned(), ReleasedLayout()):
        found = layout.sample(GRID, volumes, queries)[0, :, 0]
        assert found.isnan().tolist() == [True, False, True, False]


def test_places_keep_proportions_and_have_no_unit():
    street = VoxelGrid(tuple(20 * value for value in GRID.origin), 20 * GRID.voxel_size, GRID.shape)
    points = random_places(GRID, 50)
    places = Aligned().place_points(GRID, points)
    assert torch.allclose(places, Aligned().place_points(street, 20 * points), atol=1e-5)
    assert float(places.abs().max()) <= 1
    between = torch.cdist(points.double(), points.double()) / (GRID.voxel_size * 10 / 2)
    assert torch.allclose(torch.cdist(places.double(), places.double()), between, atol=1e-5)
