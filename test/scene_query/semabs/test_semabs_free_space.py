"""Free space as networks are told it: where it lies after any movement, and that answers depend on it."""

import math
from dataclasses import replace

import pytest
import torch
from made_query_views import made_view, query_view
from semabs_tools import GRID, SMALL, random_places, random_scene, small_config

from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.baselines import METHODS, SemAware
from ago_ros.scene_query.semabs.config import SemAbsConfig, SemAwareConfig
from ago_ros.scene_query.semabs.feeding import encode_scenes
from ago_ros.scene_query.semabs.free_space import FreeSpace
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.scene_query.semabs.seen_view import see
from ago_ros.training.scene_query.augment import draw_move
from ago_ros.training.scene_query.batches import BatchSampler
from ago_ros.training.scene_query.config import AugmentConfig, BatchConfig

SEES = replace(SMALL, free_space=True)


def _seeing(network):
    """Free space begins without weight, so that training begins with the paper's network."""
    torch.nn.init.normal_(network.encoder.free, generator=torch.Generator().manual_seed(5))
    return network.eval()


def _space(seed: int = 0, grid: VoxelGrid = GRID) -> FreeSpace:
    voxels = torch.rand(grid.shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    return FreeSpace(voxels, grid, se3.identity())


def test_shares_on_the_own_grid_are_the_voxels_and_on_a_coarser_one_their_means():
    space = _space()
    assert torch.allclose(space.shares(GRID), space.voxels.float(), atol=1e-5)
    fine = _space(1, VoxelGrid((0.0, 0.0, 0.0), 0.5, (8, 6, 4)))
    coarse = fine.shares(VoxelGrid((0.0, 0.0, 0.0), 1.0, (4, 3, 2)))
    expected = fine.voxels.float().view(4, 2, 3, 2, 2, 2).mean(dim=(1, 3, 5))
    assert torch.allclose(coarse, expected, atol=1e-5)


def test_nothing_is_known_to_be_free_outside():
    space = FreeSpace(torch.ones(GRID.shape, dtype=torch.bool), GRID, se3.identity())
    beyond = VoxelGrid((GRID.upper[0] + 1, GRID.origin[1], GRID.origin[2]), 0.125, (3, 3, 3))
    assert not space.shares(beyond).any()


def test_space_moves_as_points_do():
    """A quarter turn, a mirror, a factor and a shift, against voxels that are turned by hand."""
    grid = VoxelGrid((-1.0, -1.0, -1.0), 0.25, (8, 8, 8))
    space = _space(2, grid)
    turn = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).double()
    turned = space.moved(se3.from_rotation(turn, torch.zeros(3).double())).shares(grid)
    assert torch.allclose(turned, torch.rot90(space.voxels, 1, (0, 1)).float(), atol=1e-5)
    mirror = torch.diag(torch.tensor([1.0, -1, 1]).double())
    mirrored = space.moved(se3.from_rotation(mirror, torch.zeros(3).double())).shares(grid)
    assert torch.allclose(mirrored, space.voxels.flip(1).float(), atol=1e-5)
    grown = space.moved(se3.from_rotation(2 * turn, torch.tensor([3.0, 0, -1]).double()))
    twice = VoxelGrid((1.0, -2.0, -3.0), 0.5, (8, 8, 8))
    assert torch.allclose(grown.shares(twice), torch.rot90(space.voxels, 1, (0, 1)).float(), atol=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_moves_what_is_free_with_what_is_seen(seed):
    """Points lie at the border of free space: moved apart, half of them would lie in the middle of it."""
    view = query_view(made_view())
    strong = AugmentConfig(shift=0.1, scale=0.1, turn_deg=30.0)
    grid = VoxelGrid((-1.0, -1.0, -0.1), 0.125, (16, 16, 16))
    sampler = BatchSampler([view], METHODS["semabs"], BatchConfig(scenes=1, resolution=8), strong, grid)
    moved = sampler.draw(torch.Generator().manual_seed(seed)).scenes[0]
    still = see(view, "multi")
    assert moved.free is not None and still.free is not None
    at_points = [_share_at(scene.free, scene.points) for scene in (still, moved)]
    assert torch.allclose(*at_points, atol=1e-4)
    assert not torch.allclose(at_points[0], _share_at(still.free, moved.points), atol=0.1)
    assert draw_move(grid, strong, torch.Generator().manual_seed(seed), may_mirror=True).matrix.shape == (4, 4)


def _share_at(space: FreeSpace, points: torch.Tensor) -> torch.Tensor:
    """Reads the share at each point, from a grid of one voxel around it."""
    chosen = points[:: max(1, len(points) // 20)]
    grids = [VoxelGrid(tuple((p - 1e-4).tolist()), 2e-4, (1, 1, 1)) for p in chosen.double()]
    return torch.stack([space.shares(grid).squeeze() for grid in grids])


def test_a_street_lies_in_the_network_as_a_room_does():
    view = query_view(made_view())
    room = see(view, "multi").free
    larger = replace(view, scale=20.0, grid=VoxelGrid((-20.0, -20.0, -2.0), 20 * view.grid.voxel_size, view.grid.shape))
    street = see(larger, "multi").free
    assert room is not None and street is not None and bool(room.voxels.any())
    assert torch.allclose(street.shares(view.grid), room.shares(view.grid), atol=1e-4)
    assert see(replace(view, free=None), "multi").free is None


def test_answers_depend_on_free_space_alone_where_points_are_the_same():
    torch.manual_seed(0)
    network = _seeing(SemAbs(small_config(encoder=SEES)))
    scene, queries = random_scene(GRID, 100, 2), random_places(GRID, 30)
    one, other = (network.complete(network.encode([scene], free=[_space(seed)]), queries) for seed in (0, 1))
    assert (one - other).abs().max() > 1e-3
    both = network.encode([scene, scene], free=[_space(1), _space(0)])
    assert torch.allclose(network.complete(both, queries), torch.cat([other, one]), atol=1e-4), "in the scenes' order"
    network.complete(network.encode([scene], free=[_space()]), queries).sum().backward()
    assert network.encoder.free.grad.abs().sum() > 0
    blind = SemAbs(small_config()).eval()
    assert torch.equal(blind.encode([scene], free=[_space()]).features, blind.encode([scene]).features)
    assert not SemAbs(small_config(encoder=SEES)).encoder.free.any()


def test_baselines_are_told_the_same_and_a_view_without_it_is_refused():
    points, colours = random_places(GRID, 50), torch.rand(50, 3)
    aware = _seeing(SemAware(SemAwareConfig(replace(SEES, inputs=3), text_dim=8, grid=GRID)))
    one, other = (aware.encode([points], [colours], free=[_space(seed)]).features for seed in (0, 1))
    assert (one - other).abs().max() > 1e-3
    network = SemAbs(small_config(encoder=SEES))
    with pytest.raises(ValueError, match="draw the views anew"):
        network.encode([random_scene(GRID, 20, 1)])
    unknown = see(replace(query_view(made_view()), free=None), "multi")
    with pytest.raises(ValueError, match="draw the views anew"):
        encode_scenes(network, METHODS["semabs"], [unknown], [(0, Query("mug"))])
    configured = METHODS["semaware"].configure(small_config(encoder=SEES), 8)
    assert isinstance(configured, SemAwareConfig) and configured.encoder.free_space


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="grid's shape"):
        FreeSpace(torch.ones(2, 2, 2, dtype=torch.bool), GRID, se3.identity())
    with pytest.raises(ValueError, match="released weights know nothing of free space"):
        SemAbsConfig(encoder=SEES, released=True)
    assert math.prod(SemAbs(small_config(encoder=SEES)).encoder.free.shape) == SEES.channels
