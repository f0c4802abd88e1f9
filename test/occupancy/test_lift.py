import dataclasses

import pytest
import torch
from scanned_world import EGO_FROM_LIDAR, scan

from ago_ros.geometry import se3
from ago_ros.geometry.raycast import traverse
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.occupancy.rays import RayLimits
from ago_ros.scene.encoding import VoxelState
from ago_ros.sensors.frame import LidarSweep, SensorFrame

GRID = VoxelGrid((-16.0, -12.0, -1.0), 0.4, (80, 60, 12))
STEP_NS = 100_000_000
HERE = se3.identity()


def config(**changes) -> LiftConfig:
    return LiftConfig(**{"grid": GRID, **changes})


def occupied_centers(encoding) -> torch.Tensor:
    return encoding.grid.centers(encoding.occupied)


def inside(points, lower, upper, margin=0.0) -> torch.Tensor:
    lower, upper = torch.tensor(lower) - margin, torch.tensor(upper) + margin
    return ((points > lower) & (points < upper)).all(dim=1)


def in_ego(frame: SensorFrame) -> torch.Tensor:
    return se3.transform_points(frame.lidar.ego_from_lidar, frame.lidar.points.to(torch.float64))


def test_one_sweep_is_what_its_rays_say():
    frame = scan(HERE, [((5, -2, 0), (7, 2, 1.5))], beams=16, columns=180)
    encoding = LiftPredictor(config()).encode(frame)

    ends = in_ego(frame)
    limits = RayLimits()
    own = inside(ends, limits.ego_lower, limits.ego_upper)
    crossed, _ = traverse(GRID, EGO_FROM_LIDAR[:3, 3].expand_as(ends[~own]), ends[~own])
    expected = torch.full((GRID.num_voxels,), VoxelState.UNOBSERVED, dtype=torch.uint8)
    expected[crossed] = VoxelState.FREE
    expected[GRID.flatten(GRID.indices(ends[own])[0])] = VoxelState.UNOBSERVED
    expected[GRID.flatten(GRID.indices(ends[~own])[0])] = VoxelState.OCCUPIED
    assert torch.equal(encoding.state.flatten(), expected)
    assert torch.equal(encoding.occupied, (encoding.state == VoxelState.OCCUPIED).nonzero())
    assert {0, 1, 2} == set(expected.unique().tolist())


def test_encoding_carries_the_frame():
    pose = se3.from_yaw([3, 4, 0], 0.5)
    encoding = LiftPredictor(config()).encode(scan(pose, [], stamp_ns=77))
    assert encoding.stamp_ns == 77
    assert torch.equal(encoding.map_from_ego, pose)
    assert encoding.viewpoint.tolist() == EGO_FROM_LIDAR[:3, 3].tolist()
    assert encoding.features is None
    assert encoding.model == ""


def test_ego_motion_is_compensated():
    wall = ((8.0, -6.0, 0.0), (8.3, 6.0, 2.0))
    predictor = LiftPredictor(config(max_sweeps=10, max_age_s=2.0))
    for step in range(10):
        pose = se3.from_yaw([0.3 * step, 0.1 * step, 0.0], 0.04 * step)
        encoding = predictor.encode(scan(pose, [wall], step * STEP_NS))
    in_map = se3.transform_points(pose, occupied_centers(encoding))
    above_ground = in_map[in_map[:, 2] > 0.5]
    assert len(above_ground) > 50
    assert (above_ground[:, 0] - 8.0).abs().max() < 0.4 * 2**0.5 + 0.01


def test_moving_object_leaves_no_trail():
    predictor = LiftPredictor(config(max_sweeps=10, max_age_s=2.0))
    for step in range(10):
        lower, upper = (5.0, -6.0 + step, 0.1), (7.0, -4.0 + step, 1.5)
        encoding = predictor.encode(scan(HERE, [(lower, upper)], step * STEP_NS))
    centers = occupied_centers(encoding)
    raised = centers[centers[:, 2] > 0.5]
    trail = raised[~inside(raised, lower, upper, margin=0.3)]
    gone = inside(trail, (4.6, -7.0, 0.0), (7.4, -5.0 + step - 2, 2.0))
    assert inside(raised, lower, upper, margin=0.3).sum() > 10
    assert not gone.any()


def test_earlier_sweeps_fill_the_ground_between_the_rings():
    """Rays that graze the ground on their way to the next ring do not carve the ring before."""
    counts = {}
    for carve_passes in (2, 10**6):
        predictor = LiftPredictor(config(max_sweeps=10, max_age_s=2.0, carve_passes=carve_passes))
        for step in range(10):
            frame = scan(se3.from_yaw([0.5 * step, 0.0, 0.0], 0.0), [], step * STEP_NS)
            encoding = predictor.encode(frame)
        counts[carve_passes] = len(encoding.occupied)
    alone = LiftPredictor(config()).encode(frame)
    assert counts[10**6] > 1.5 * len(alone.occupied)
    assert counts[2] > 0.99 * counts[10**6]
    assert occupied_centers(encoding)[:, 2].abs().max() < 0.4


@pytest.mark.parametrize("stride", [1, 4])
def test_a_voxel_that_a_ray_of_the_sweep_ended_in_is_occupied(stride):
    predictor = LiftPredictor(config(ray_stride=stride))
    generator = torch.Generator().manual_seed(stride)
    for step in range(6):
        points = (torch.rand(4000, 3, generator=generator) - 0.5) * torch.tensor([40.0, 30.0, 5.0])
        frame = SensorFrame(LidarSweep(step * STEP_NS, points, EGO_FROM_LIDAR, se3.from_yaw([0.2 * step, 0, 0], 0.1)))
        encoding = predictor.encode(frame)
        ends = in_ego(frame)
        limits = RayLimits()
        own = inside(ends, limits.ego_lower, limits.ego_upper) | (frame.lidar.points.norm(dim=1) < limits.min_range)
        hit, _ = GRID.indices(ends[~own])
        assert (encoding.state[tuple(hit.T)] == VoxelState.OCCUPIED).all()
        body, _ = GRID.indices(ends[inside(ends, limits.ego_lower, limits.ego_upper)])
        assert len(body) > 0
        assert (encoding.state[tuple(body.T)] != VoxelState.FREE).all()


def test_stride_only_leaves_out_free_space():
    states = []
    for stride in (1, 5):
        predictor = LiftPredictor(config(ray_stride=stride, carve_passes=10**6))
        for step in range(4):
            frame = scan(se3.from_yaw([step, 0, 0], 0), [((6, 1, 0), (9, 4, 2))], step * STEP_NS)
            encoding = predictor.encode(frame)
        states.append(encoding.state)
    assert torch.equal(states[0] == VoxelState.OCCUPIED, states[1] == VoxelState.OCCUPIED)
    assert not ((states[1] == VoxelState.FREE) & (states[0] != VoxelState.FREE)).any()
    assert (states[0] == VoxelState.FREE).sum() > (states[1] == VoxelState.FREE).sum()


def test_bad_points_are_counted_and_change_nothing():
    frame = scan(HERE, [], beams=8, columns=90)
    limits = RayLimits(ego_lower=(-1.5, -1.2, -1.0), ego_upper=(0.0, 1.2, 2.5))
    clean = LiftPredictor(config(limits=limits)).encode(frame)
    junk = torch.tensor([[torch.nan, 0, 0], [0, torch.inf, 0], [0.1, 0.0, 0.2]])
    dirty = dataclasses.replace(frame.lidar, points=torch.cat([frame.lidar.points, junk]))
    predictor = LiftPredictor(config(limits=limits))
    encoding = predictor.encode(SensorFrame(dirty))
    assert predictor.dropped["invalid"] == 2
    assert predictor.dropped["too_near"] == 1
    assert torch.equal(clean.occupied, encoding.occupied)


@pytest.mark.parametrize("points", [torch.zeros(0, 3), torch.full((5, 3), torch.nan), torch.zeros(3, 3)])
def test_sweep_without_a_usable_point_is_refused(points):
    predictor = LiftPredictor(config())
    with pytest.raises(ValueError, match="no usable point"):
        predictor.encode(SensorFrame(LidarSweep(0, points, EGO_FROM_LIDAR, HERE)))


def test_beyond_max_range_space_is_free_up_to_there_and_nothing_is_hit():
    points = torch.tensor([[0.0, 12.0, -1.0]])
    frame = SensorFrame(LidarSweep(0, points, EGO_FROM_LIDAR, HERE))
    encoding = LiftPredictor(config(limits=RayLimits(max_range=8.0))).encode(frame)
    freed = GRID.centers((encoding.state == VoxelState.FREE).nonzero())
    assert len(encoding.occupied) == 0
    assert 7.0 < (freed - EGO_FROM_LIDAR[:3, 3]).norm(dim=1).max() < 8.7


@pytest.mark.parametrize(
    ("pose", "stamp_ns"), [(HERE, 2 * STEP_NS), (HERE, 1), (se3.from_yaw([500, 0, 0], 0), 4 * STEP_NS)]
)
def test_jump_of_time_or_place_starts_anew(pose, stamp_ns):
    predictor = LiftPredictor(config())
    for step in range(3):
        predictor.encode(scan(HERE, [((6, 1, 0), (9, 4, 2))], step * STEP_NS))
    after = scan(pose, [], stamp_ns)
    encoding = predictor.encode(after)
    assert predictor.restarts == 1
    assert torch.equal(encoding.state, LiftPredictor(config()).encode(after).state)


def test_window_is_bounded_by_count_and_age():
    box = [((6, 1, 0), (9, 4, 2))]
    for changes in ({"max_sweeps": 1}, {"max_age_s": 0.05}):
        predictor = LiftPredictor(config(**changes))
        predictor.encode(scan(HERE, box, 0))
        latest = scan(se3.from_yaw([0.5, 0, 0], 0), box, STEP_NS)
        assert torch.equal(predictor.encode(latest).state, LiftPredictor(config()).encode(latest).state)
        assert predictor.restarts == 0


def test_reset_forgets():
    predictor = LiftPredictor(config())
    predictor.encode(scan(HERE, [((6, 1, 0), (9, 4, 2))], 0))
    predictor.reset()
    frame = scan(se3.from_yaw([0.5, 0, 0], 0), [], STEP_NS)
    assert torch.equal(predictor.encode(frame).state, LiftPredictor(config()).encode(frame).state)


@pytest.mark.parametrize("changes", [{"max_sweeps": 0}, {"carve_passes": 0}, {"ray_stride": 0}, {"max_age_s": 0.0}])
def test_meaningless_configuration_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        LiftConfig(**changes)


def test_thread_count_is_restored():
    before = torch.get_num_threads()
    LiftPredictor(config()).encode(scan(HERE, [], beams=8, columns=90))
    assert torch.get_num_threads() == before


def test_warming_up_leaves_no_trace():
    predictor = LiftPredictor(config(limits=RayLimits(ego_lower=(-9, -9, -9), ego_upper=(9, 9, 9))))
    predictor.warm_up()
    predictor = LiftPredictor(config())
    predictor.warm_up()
    frame = scan(HERE, [((6, 1, 0), (9, 4, 2))], beams=8, columns=90)
    assert torch.equal(predictor.encode(frame).state, LiftPredictor(config()).encode(frame).state)
    assert predictor.restarts == 0
