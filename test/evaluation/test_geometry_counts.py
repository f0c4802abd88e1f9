import dataclasses

import pytest
import torch

from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.evaluation.geometry import GeometryCounts, check_keyframe, check_scene
from ago_ros.geometry import se3
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.occupancy.rays import RayLimits
from ago_ros.scene.encoding import VoxelState
from ago_ros.sensors.frame import SensorFrame


def test_real_keyframes_meet_the_targets(nuscenes_root):
    """At least 97 % of the returns in occupied voxels, no hit voxel free, at least 95 % of the boxes with one."""
    reader = NuScenesReader(nuscenes_root)
    counts = sum((check_scene(reader, s.name, LiftPredictor()) for s in reader.scenes), GeometryCounts())
    assert counts.returns > 40_000
    assert counts.returns_in_occupied >= 0.97 * counts.returns
    assert counts.free_with_return == 0
    assert counts.boxes >= 40
    assert counts.boxes_filled >= 0.95 * counts.boxes


def test_sweeps_between_keyframes_are_used(tiny_nuscenes):
    reader = NuScenesReader(tiny_nuscenes)
    counts = check_scene(reader, "scene-0001", LiftPredictor(LiftConfig(max_sweeps=5)))
    assert counts.free_with_return == 0
    assert counts.returns_in_occupied == counts.returns > 0
    assert counts.boxes_touched == counts.boxes > 0


@pytest.fixture(scope="module")
def keyframe(tiny_nuscenes):
    reader = NuScenesReader(tiny_nuscenes)
    token = reader.samples("scene-0001")[0].token
    sweep = reader.frame(token, cameras=()).lidar
    return sweep, reader.annotations(token), LiftPredictor().encode(SensorFrame(sweep))


def test_wrong_grids_are_found_out(keyframe):
    """A grid with everything free fails every check; the counts say by how much."""
    sweep, annotations, encoding = keyframe
    limits = RayLimits()
    right = check_keyframe(encoding, sweep, annotations, limits)
    nothing = dataclasses.replace(
        encoding, state=torch.full_like(encoding.state, VoxelState.FREE), occupied=encoding.occupied[:0]
    )
    wrong = check_keyframe(nothing, sweep, annotations, limits)
    assert (wrong.returns, wrong.boxes) == (right.returns, right.boxes)
    assert wrong.returns_in_occupied == wrong.boxes_touched == wrong.boxes_filled == 0
    points = se3.transform_points(sweep.ego_from_lidar, sweep.points.double())
    assert wrong.free_with_return == len(encoding.grid.indices(points)[0].unique(dim=0)) > 0


def test_boxes_are_taken_to_the_ego_frame(keyframe):
    """Had the boxes stayed in the map frame, they would lie outside the grid, a hundred metres away."""
    sweep, annotations, encoding = keyframe
    counts = check_keyframe(encoding, sweep, annotations, RayLimits())
    assert counts.boxes == sum(a.num_lidar_points >= 5 for a in annotations) > 0
    far = [dataclasses.replace(a, box=a.box + torch.tensor([500.0, 0, 0, 0, 0, 0, 0])) for a in annotations]
    assert check_keyframe(encoding, sweep, far, RayLimits()).boxes == 0


def test_report_has_shares():
    report = GeometryCounts(returns=4, returns_in_occupied=3, boxes=0).report()
    assert report["share_of_returns"] == 0.75
    assert report["share_of_boxes_touched"] is None
