"""SensorFrame: one synchronised set of sensor data, the input of every predictor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera


@dataclass(frozen=True, eq=False)
class CameraImage:
    """One image with what is needed to place it in space.

    Attributes:
        stamp_ns: time of exposure.
        image: (H, W, 3) uint8, RGB, rectified.
        camera: intrinsics for the size of `image`.
        ego_from_camera: (4, 4) float64; the camera frame is optical.
        map_from_ego: (4, 4) float64, the pose of the ego frame at `stamp_ns`.
    """

    stamp_ns: int
    image: Tensor
    camera: PinholeCamera
    ego_from_camera: Tensor
    map_from_ego: Tensor


@dataclass(frozen=True, eq=False)
class LidarSweep:
    """One turn of the LiDAR.

    Attributes:
        stamp_ns: time that `points` are given at.
        points: (N, 3) float32, LiDAR frame, metres; finite.
        ego_from_lidar: (4, 4) float64.
        map_from_ego: (4, 4) float64, the pose of the ego frame at `stamp_ns`.
        intensity: (N,) float32, or None where the sensor gives none.
        ring: (N,) int32 beam number, or None where the sensor gives none.
    """

    stamp_ns: int
    points: Tensor
    ego_from_lidar: Tensor
    map_from_ego: Tensor
    intensity: Tensor | None = None
    ring: Tensor | None = None


@dataclass(frozen=True, eq=False)
class SensorFrame:
    """A LiDAR sweep and the images that belong to it. The frame's time, and its ego frame, are the sweep's.

    Attributes:
        lidar: the sweep that anchors the frame.
        cameras: images by camera name (`cam_front`, ...), each with its own stamp.
        missing: names of the cameras that should be here and are not.
    """

    lidar: LidarSweep
    cameras: Mapping[str, CameraImage] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    @property
    def stamp_ns(self) -> int:
        """The frame's time: the stamp of its sweep."""
        return self.lidar.stamp_ns

    def camera_from_ego(self, image: CameraImage) -> Tensor:
        """Returns (4, 4) float64 from the frame's ego frame, over the map, to the camera at the time of its image."""
        return se3.invert(image.map_from_ego @ image.ego_from_camera) @ self.lidar.map_from_ego
