"""Views of streets: windows as a robot cuts them, truth by instance, and relations by an independent count."""

import numpy as np
import pytest
import torch

from ago_ros.datasets.drive_world import street_views as streets
from ago_ros.datasets.drive_world.scene import draw_scene
from ago_ros.datasets.drive_world.voxels import GROUND_IDS, Voxelizer
from ago_ros.datasets.occ3d import FREE as FREE_LABEL
from ago_ros.datasets.room_world.relations import AXES, COSINE
from ago_ros.datasets.room_world.view import FREE, GROUND, SURFACE, UNSEEN
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid

SEED = 40_001


@pytest.fixture(scope="module")
def views() -> list[streets.StreetView]:
    return list(streets.street_views(SEED, 3, (160, 90)))


def test_instances_are_the_occ3d_labels_told_apart():
    scene = draw_scene(SEED, streets.DURATION_S)
    voxelizer = Voxelizer(scene)
    semantics, instances = voxelizer.semantics(1.0), voxelizer.instances(1.0, np.eye(4), OCC3D_GRID)
    labels = np.array([FREE_LABEL, *range(1, GROUND_IDS + 1), *(placed.thing.label for placed in scene.things)])
    assert np.array_equal(labels[instances], semantics)
    assert len(np.unique(instances)) > 20


def test_voxels_that_are_asked_are_whole_voxels_of_the_network():
    trained, grid = VoxelGrid((-1.0, -1.0, -0.1), 0.0625, (32, 32, 32)), streets.window_grid(64)
    assert (grid.origin[0], grid.upper[0]) == (-20, 20)
    layer = (grid.origin[2] / streets.SCALE - trained.origin[2]) / trained.voxel_size
    assert layer == pytest.approx(round(layer))


def test_what_the_lidar_meets_is_occupied_and_seen(views):
    for view in views:
        voxels, inside = view.grid.indices(torch.from_numpy(view.points))
        assert inside.all()
        near = torch.nn.functional.max_pool3d(
            torch.from_numpy(view.occupancy > 0)[None].float(), 3, stride=1, padding=1
        )[0]
        assert float((near[tuple(voxels.T)] > 0).float().mean()) > 0.99
        assert float((torch.from_numpy(view.visibility)[tuple(voxels.T)] == SURFACE).float().mean()) > 0.99
        unseen = (view.occupancy > 0) & (view.visibility == UNSEEN)
        assert unseen.sum() > 100, "truth holds what no sensor sees"
        assert {view.objects[i].name for i in np.unique(view.occupancy[view.occupancy > 0])} & set(GROUND)


def test_images_do_not_tell_a_robot_what_is_free(views):
    """The LiDAR's free space holds no point and nothing unseen, and is less than what all sensors looked along."""
    for view in views:
        voxels, _ = view.grid.indices(torch.from_numpy(view.points))
        assert not view.free[tuple(voxels.T)].any()
        assert not (view.free & (view.visibility == UNSEEN)).any()
        looked = (view.visibility == FREE).sum()
        assert 0.1 * looked < (view.free & (view.visibility == FREE)).sum() < 0.95 * looked


def test_relations_hold_between_the_middles_of_things(views):
    found = set()
    for view in views:
        centres = view.grid.centers().numpy().astype(np.float64)
        for target, relation, reference in view.relations:
            found.add(relation)
            if relation == "on":
                assert view.objects[reference].name in GROUND
                continue
            offset = centres[view.occupancy == target].mean(axis=0) - centres[view.occupancy == reference].mean(axis=0)
            x, y = AXES[relation]
            distance = np.linalg.norm(offset)
            assert offset[0] * x + offset[1] * y > COSINE * distance
            assert 0 < distance <= 1.0 * streets.SCALE, "reaches grow with the scene: 20 m, not 1 m"
            assert not {view.objects[i].name for i in (target, reference)} & set(GROUND)
    assert found == {"on", *AXES}
    assert any(thing.hidden for view in views for thing in view.objects.values())


def test_the_same_seed_gives_the_same_views(views):
    again = list(streets.street_views(SEED, 3, (160, 90)))
    assert [view.name for view in again] == [view.name for view in views]
    assert np.array_equal(again[1].points, views[1].points)
    assert np.array_equal(again[1].occupancy, views[1].occupancy)
    spacing = torch.pdist(torch.from_numpy(views[1].points)).min()
    assert float(spacing) > 0, "one point in a cube"
    with pytest.raises(ValueError, match="multiple of 32"):
        streets.window_grid(40)
