import math

import numpy as np
import pytest
import torch
from made_scene import GRID, block

from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.regions import regions_of
from ago_ros.scene_query.viewing import ViewingConfig, viewing_pose

VIEWPOINT = torch.tensor([0.0, 0.0, 1.2], dtype=torch.float64)
WALL = block((2.9, -3.1, -1.1), (3.6, 3.1, 5.1))
BEHIND = block((5.4, -0.6, 0.9), (6.1, 0.1, 1.6))


def world(*occupied: torch.Tensor, unobserved=()) -> torch.Tensor:
    state = torch.full(GRID.shape, VoxelState.FREE, dtype=torch.uint8)
    for voxels in unobserved:
        state[tuple(voxels.T)] = VoxelState.UNOBSERVED
    for voxels in occupied:
        state[tuple(voxels.T)] = VoxelState.OCCUPIED
    return state


def sees(state: torch.Tensor, start: tuple[float, ...], end: np.ndarray, region: torch.Tensor) -> bool:
    """Whether a segment, sampled every 5 mm, meets no occupied voxel outside the region."""
    ours = {tuple(voxel) for voxel in region.tolist()}
    points = np.linspace(np.array(start), end, math.ceil(np.linalg.norm(end - start) / 0.005))
    voxels = np.unique(np.floor((points - GRID.origin) / GRID.voxel_size).astype(int), axis=0)
    return all(tuple(v) in ours or state[tuple(v)] != VoxelState.OCCUPIED for v in voxels)


def weights_of(voxels: torch.Tensor) -> torch.Tensor:
    return torch.full((len(voxels),), 0.8 / len(voxels))


def test_a_region_behind_a_wall_is_seen_from_beside_the_wall():
    state = world(WALL, unobserved=[BEHIND])
    view = viewing_pose(GRID, state, VIEWPOINT, BEHIND, weights_of(BEHIND))
    assert view is not None
    x, y, z = view.position
    assert z == pytest.approx(1.2)
    (voxel,), _ = GRID.indices(torch.tensor([view.position], dtype=torch.float64))
    assert state[tuple(voxel)] == VoxelState.FREE
    centers = GRID.centers(BEHIND).double().numpy()
    seen = [sees(state, view.position, center, BEHIND) for center in centers]
    assert np.mean(seen) == pytest.approx(view.seen, abs=1e-6) and view.seen >= 0.5
    middle = centers.mean(axis=0)
    assert view.yaw == pytest.approx(math.atan2(middle[1] - y, middle[0] - x), abs=1e-4)
    assert not any(sees(state, tuple(VIEWPOINT.tolist()), center, BEHIND) for center in centers)


def test_the_region_fits_the_opening_and_the_place_is_no_further_than_need_be():
    config = ViewingConfig()
    view = viewing_pose(GRID, world(WALL), VIEWPOINT, BEHIND, weights_of(BEHIND), config)
    assert view is not None
    centers = GRID.centers(BEHIND).double()
    radius = float((centers.amax(0) - centers.amin(0) + GRID.voxel_size).norm()) / 2
    distance = float((torch.tensor(view.position) - (centers.amax(0) + centers.amin(0)) / 2).norm())
    assert 2 * math.asin(radius / distance) <= config.opening + 1e-9
    assert distance <= config.reach * radius / math.sin(config.opening / 2)


def test_a_robot_that_sees_the_region_stays_where_it_is():
    thing = block((2.9, -0.6, 0.9), (3.6, 0.1, 1.6))
    view = viewing_pose(GRID, world(thing), VIEWPOINT, thing, weights_of(thing))
    assert view is not None
    assert view.position == pytest.approx((0.0, 0.0, 1.2)) and view.seen == 1.0


def test_what_is_shut_in_on_all_sides_is_seen_from_nowhere():
    inside = block((5.4, -0.6, 0.9), (6.1, 0.1, 1.6))
    around = block((4.9, -1.1, 0.4), (6.6, 0.6, 2.1))
    shell = around[~(around[:, None] == inside[None]).all(dim=2).any(dim=1)]
    assert viewing_pose(GRID, world(shell, unobserved=[inside]), VIEWPOINT, inside, weights_of(inside)) is None


@pytest.mark.parametrize("height", [-3.0, 40.0])
def test_a_sensor_outside_the_grid_has_no_view(height):
    viewpoint = torch.tensor([0.0, 0.0, height], dtype=torch.float64)
    assert viewing_pose(GRID, world(), viewpoint, BEHIND, weights_of(BEHIND)) is None


def test_without_free_space_there_is_no_place_to_stand():
    everywhere = GRID.unflatten(torch.arange(GRID.num_voxels))
    state = world(unobserved=[everywhere])
    far = torch.tensor([-7.9, -5.9, 1.2], dtype=torch.float64)
    assert viewing_pose(GRID, state, far, BEHIND, weights_of(BEHIND)) is None


def test_what_is_improbable_does_not_decide_where_to_look_from():
    """The wall hides the larger part of the region from many places; nearly all of the mass is the other part."""
    open_part, shut_part = block((5.4, 2.9, 0.9), (6.1, 3.6, 1.6)), block((5.4, -1.6, 0.9), (6.1, 0.1, 1.6))
    region = torch.cat([open_part, shut_part])
    weights = torch.cat([torch.full((len(open_part),), 0.1), torch.full((len(shut_part),), 1e-4)])
    view = viewing_pose(GRID, world(WALL), VIEWPOINT, region, weights)
    assert view is not None
    seen = [sees(world(WALL), view.position, center.double().numpy(), region) for center in GRID.centers(open_part)]
    assert all(seen)
    heading = math.atan2(3.25 - view.position[1], 5.75 - view.position[0])
    assert abs(math.remainder(view.yaw - heading, 2 * math.pi)) < 0.1


def test_regions_carry_their_views_only_where_a_viewpoint_is_given():
    probability = torch.zeros(GRID.shape)
    probability[tuple(BEHIND.T)] = 0.01
    (blind,) = regions_of(GRID, probability, world(WALL), "mug", 0.1)
    (seen,) = regions_of(GRID, probability, world(WALL), "mug", 0.1, VIEWPOINT)
    assert blind.view is None and seen.view is not None


@pytest.mark.parametrize(
    "changes", [{"opening": 0.0}, {"reach": 1.0}, {"least_seen": 0.0}, {"good_enough": 1.5}, {"max_places": 0}]
)
def test_meaningless_configuration_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        ViewingConfig(**changes)
