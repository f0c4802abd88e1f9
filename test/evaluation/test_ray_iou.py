"""RayIoU on hand-made grids, and against a loop over rays that knows nothing of the ray caster."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from ago_ros.evaluation.ray_iou import THRESHOLDS_M, RayIoU, lidar_directions, nearby_origins
from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid

CORRIDOR = VoxelGrid(origin=(0.0, 0.0, 0.0), voxel_size=1.0, shape=(12, 1, 1))
FORWARD = torch.tensor([[1.0, 0.0, 0.0]])
START = torch.tensor([[0.5, 0.5, 0.5]])
SMALL = VoxelGrid(origin=(-8.0, -4.8, -1.0), voxel_size=0.8, shape=(20, 12, 6))
FREE = 3


def corridor(**wall: int) -> Tensor:
    """A free corridor with `at=label` walls, such as x5=1."""
    labels = torch.full(CORRIDOR.shape, FREE)
    for name, label in wall.items():
        labels[int(name[1:])] = label
    return labels


def in_corridor(prediction: Tensor, truth: Tensor) -> RayIoU:
    score = RayIoU(FREE + 1, CORRIDOR)
    score.add(prediction, truth, START, FORWARD)
    return score


def first_by_hand(labels: np.ndarray, grid: VoxelGrid, origin: np.ndarray, direction: np.ndarray) -> tuple[int, float]:
    """Sorts a ray's crossings of all faces, and looks at the voxel halfway between each two."""
    times = {0.0}
    for axis in range(3):
        if direction[axis]:
            faces = grid.origin[axis] + grid.voxel_size * np.arange(grid.shape[axis] + 1)
            times |= {t for t in (faces - origin[axis]) / direction[axis] if t > 0}
    for low, high in pairwise(sorted(times)):
        middle = origin + 0.5 * (low + high) * direction
        voxel = tuple(np.floor((middle - np.array(grid.origin)) / grid.voxel_size).astype(int))
        inside = all(0 <= v < n for v, n in zip(voxel, grid.shape))
        if inside and labels[voxel] != FREE:
            return int(labels[voxel]), high
    return FREE, math.inf


def test_same_grids_score_one():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, FREE, SMALL.shape, generator=generator)
    labels[torch.rand(SMALL.shape, generator=generator) > 0.05] = FREE
    score = RayIoU(FREE + 1, SMALL)
    score.add(labels, labels, torch.zeros(1, 3))
    assert score.iou().tolist() == [[1.0] * 3] * 3
    assert score.mean_iou() == 1.0


@pytest.mark.parametrize(("at", "right"), [("x5", 3), ("x4", 2), ("x6", 2), ("x3", 1), ("x8", 1), ("x1", 0), ("x9", 0)])
def test_a_wall_counts_within_the_thresholds(at, right):
    # The wall stands at x5: off by 1 m is not less than 1 m, by 3 m less than 4 m, by 4 m nothing.
    iou = in_corridor(corridor(**{at: 1}), corridor(x5=1)).iou()
    assert iou[:, 1].tolist() == [0.0] * (3 - right) + [1.0] * right
    assert iou[:, [0, 2]].isnan().all()


def test_wrong_class_and_nothing_score_zero():
    wrong = in_corridor(corridor(x5=2), corridor(x5=1))
    assert wrong.iou()[:, 1:].tolist() == [[0.0, 0.0]] * 3
    missed = in_corridor(corridor(), corridor(x5=1)).iou()
    assert missed[:, 1].tolist() == [0.0] * 3
    assert missed[:, [0, 2]].isnan().all()


def test_rays_that_meet_nothing_in_the_truth_do_not_count():
    score = in_corridor(corridor(x5=1), corridor())
    assert int(score.predictions.sum()) == 0
    assert math.isnan(score.mean_iou())


def test_what_lies_behind_the_first_voxel_does_not_count():
    thick = corridor(x5=1, x6=1, x7=2, x8=2)
    assert torch.equal(in_corridor(thick, corridor(x5=1)).hits, in_corridor(corridor(x5=1), corridor(x5=1)).hits)


def test_mean_is_over_thresholds_and_classes_of_all_frames():
    score = in_corridor(corridor(x5=1), corridor(x5=1))
    score.add(corridor(x8=2), corridor(x5=2), START, FORWARD)
    score.add(corridor(x5=1), corridor(x5=2), START, FORWARD)
    # Class 1: 1 right, 2 predicted. Class 2: 2 true, 1 predicted, right at 4 m only.
    assert score.iou()[:, 1:].tolist() == [[0.5, 0.0], [0.5, 0.0], [0.5, 0.5]]
    assert score.mean_iou() == pytest.approx(2 / 6)


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_a_loop_over_rays(seed):
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(2, *SMALL.shape, generator=generator)
    other, truth = torch.randint(0, FREE, (2, *SMALL.shape), generator=generator).masked_fill(share > 0.05, FREE)
    prediction = torch.where(torch.rand(SMALL.shape, generator=generator) > 0.5, truth, other)
    origins = torch.tensor([[0.13, -0.21, 0.35], [-6.71, 3.07, 2.63], [11.0, 0.1, 0.2]], dtype=torch.float64)
    directions = lidar_directions()[seed::37]
    axes = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]], dtype=torch.float64)
    directions = torch.cat([directions, axes])
    score = RayIoU(FREE + 1, SMALL)
    score.add(prediction, truth, origins, directions)
    truths, predictions, hits = np.zeros(4), np.zeros(4), np.zeros((3, 4))
    for origin in origins.numpy():
        for direction in directions.numpy():
            true_label, true_depth = first_by_hand(truth.numpy(), SMALL, origin, direction)
            label, depth = first_by_hand(prediction.numpy(), SMALL, origin, direction)
            if true_label == FREE:
                continue
            truths[true_label] += 1
            predictions[label] += 1
            for row, threshold in enumerate(THRESHOLDS_M):
                hits[row, label] += label == true_label and abs(depth - true_depth) < threshold
    assert hits[0, :3].min() > 0 and hits[2].sum() > hits[0].sum() and predictions[FREE] > 0
    assert score.truths.tolist() == truths.tolist()
    assert score.predictions.tolist() == predictions.tolist()
    assert score.hits.tolist() == hits.tolist()


def test_directions_are_those_of_the_released_evaluation():
    directions = lidar_directions()
    assert directions.norm(dim=1).sub(1).abs().max() < 1e-12
    pitch = directions.reshape(-1, 360, 3)[:, 0, 2].asin()
    assert len(pitch) == 39
    assert (-1 / pitch[:10].tan()).tolist() == pytest.approx(range(1, 11))
    assert pitch[9:].diff().tolist() == pytest.approx([float(pitch[9] - pitch[8])] * 29)
    assert pitch[-2] < 0.21 <= pitch[-1]


def test_origins_are_near_and_at_most_eight():
    map_from_ego = se3.from_yaw([100.0, 50.0, 0.0], 0.5)
    mount = se3.from_yaw([1.1, 0.0, 1.8], 0.0)
    steps = [se3.from_yaw([2.0 * i, 0.0, 0.0], 0.0) for i in range(-30, 31)]
    chosen = nearby_origins(map_from_ego, torch.stack([map_from_ego @ step @ mount for step in steps]))
    assert chosen[:, 1:].tolist() == [pytest.approx([0.0, 1.8])] * 8
    # x = 1.1 + 2 i within 39 m: i = -20..18, 39 places, of which 0, 5, 11, 16, 22, 27, 33 and 38.
    assert chosen[:, 0].tolist() == pytest.approx([1.1 + 2 * (i - 20) for i in (0, 5, 11, 16, 22, 27, 33, 38)])
    alone = nearby_origins(map_from_ego, (map_from_ego @ mount)[None])
    assert alone.tolist() == [pytest.approx([1.1, 0.0, 1.8])]


def test_table_names_the_classes_of_occ3d():
    labels = torch.full(OCC3D_GRID.shape, 17)
    labels[:, :, :2] = 11
    score = RayIoU()
    score.add(labels, labels, torch.tensor([[0.9, 0.0, 1.84]]))
    table = score.table()
    assert table["driveable_surface"] == table["RayIoU@1"] == table["RayIoU@4"] == table["RayIoU"] == 1.0
    assert math.isnan(table["car"]) and "free" not in table
    with pytest.raises(ValueError, match="Occ3D has 18"):
        RayIoU(4, SMALL).table()


def test_wrong_input_is_refused():
    score = RayIoU(FREE + 1, CORRIDOR)
    with pytest.raises(ValueError, match="labels must be"):
        score.add(corridor(), corridor(x5=255), START, FORWARD)
    with pytest.raises(ValueError, match="labels must be"):
        score.add(corridor()[:5], corridor(), START, FORWARD)
    with pytest.raises(ValueError, match="no origin"):
        score.add(corridor(), corridor(), torch.zeros(0, 3), FORWARD)
