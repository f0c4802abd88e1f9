"""Checks a predictor's occupancy against the sensor and the annotated boxes, without labels of voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import Annotation, read_sweep
from ago_ros.geometry import se3
from ago_ros.geometry.boxes import points_in_boxes, transform_boxes
from ago_ros.occupancy.lift import LiftPredictor
from ago_ros.occupancy.rays import RayLimits
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.sensors.frame import LidarSweep, SensorFrame

MIN_BOX_POINTS = 5


@dataclass(frozen=True)
class GeometryCounts:
    """Counts over keyframes.

    Attributes:
        returns: LiDAR returns inside the grid, those from the robot's own body left out.
        returns_in_occupied: of these, in occupied voxels.
        own_returns: returns from the robot's own body inside the grid.
        free_with_return: voxels in which any ray of the keyframe's sweep ended, own body included, and that are free.
        boxes: annotated boxes with at least five LiDAR points and their centre inside the grid.
        boxes_touched: of these, those that an occupied voxel overlaps: its centre is in the box grown by half a voxel.
        boxes_filled: of these, those with the centre of an occupied voxel inside.
    """

    returns: int = 0
    returns_in_occupied: int = 0
    own_returns: int = 0
    free_with_return: int = 0
    boxes: int = 0
    boxes_touched: int = 0
    boxes_filled: int = 0

    def __add__(self, other: GeometryCounts) -> GeometryCounts:
        """Adds the counts of other keyframes."""
        return GeometryCounts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def report(self) -> dict[str, int | float | None]:
        """Returns the counts by name, and three shares: of returns and of boxes; None where there are none."""
        counts: dict[str, int | float | None] = {f.name: getattr(self, f.name) for f in fields(self)}
        for share, part, whole in (
            ("share_of_returns", self.returns_in_occupied, self.returns),
            ("share_of_boxes_touched", self.boxes_touched, self.boxes),
            ("share_of_boxes_filled", self.boxes_filled, self.boxes),
        ):
            counts[share] = part / whole if whole else None
        return counts


def check_keyframe(
    encoding: SceneEncoding, sweep: LidarSweep, annotations: Sequence[Annotation], limits: RayLimits
) -> GeometryCounts:
    """Counts where the returns and the annotated boxes of one keyframe fall.

    Args:
        encoding: of the keyframe.
        sweep: of the keyframe.
        annotations: of the keyframe, boxes in the map frame.
        limits: tells the robot's own body.
    """
    grid, state = encoding.grid, encoding.state
    points = se3.transform_points(sweep.ego_from_lidar, sweep.points.to(torch.float64))
    ended, _ = grid.indices(points)
    met, _ = grid.indices(points[~limits.on_own_body(points)])
    touched, filled = _boxes_with_voxels(encoding, _boxes_in_grid(encoding, annotations))
    return GeometryCounts(
        returns=len(met),
        returns_in_occupied=int((state[tuple(met.T)] == VoxelState.OCCUPIED).sum()),
        own_returns=len(ended) - len(met),
        free_with_return=len(ended[state[tuple(ended.T)] == VoxelState.FREE].unique(dim=0)),
        boxes=len(touched),
        boxes_touched=int(touched.sum()),
        boxes_filled=int(filled.sum()),
    )


def check_scene(reader: NuScenesReader, scene: str, predictor: LiftPredictor) -> GeometryCounts:
    """Runs a predictor over all sweeps of a scene in order, and checks it at the keyframes."""
    predictor.reset()
    total = GeometryCounts()
    for record in reader.records(scene):
        if record.sensor != LIDAR:
            continue
        sweep = read_sweep(record)
        encoding = predictor.encode(SensorFrame(sweep))
        if record.is_keyframe:
            annotations = reader.annotations(record.sample_token)
            total += check_keyframe(encoding, sweep, annotations, predictor.config.limits)
    return total


def _boxes_in_grid(encoding: SceneEncoding, annotations: Sequence[Annotation]) -> Tensor:
    """Returns the (N, 7) boxes, ego frame, with enough points and their centre inside the grid."""
    boxes = [a.box for a in annotations if a.num_lidar_points >= MIN_BOX_POINTS]
    if not boxes:
        return torch.zeros(0, 7, dtype=torch.float64)
    in_ego = transform_boxes(se3.invert(encoding.map_from_ego), torch.stack(boxes))
    _, inside = encoding.grid.indices(in_ego[:, :3])
    return in_ego[inside]


def _boxes_with_voxels(encoding: SceneEncoding, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Returns two (N,) bool: an occupied voxel overlaps the box, and one's centre lies in it."""
    centers = encoding.grid.centers(encoding.occupied).to(torch.float64)
    grown = boxes.clone()
    grown[:, 3:6] += encoding.grid.voxel_size
    return points_in_boxes(centers, grown).any(dim=1), points_in_boxes(centers, boxes).any(dim=1)
