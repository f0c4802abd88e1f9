"""The sensors of nuScenes' car: where they sit, when they fire."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FULL_SIZE = (1600, 900)
LIDAR_HZ = 20
BEAMS = 32
AZIMUTHS = 1085
SWEEPS_PER_KEYFRAME = 10
CAMERA_TICKS = (0, 2, 4)
"""Of each five sweeps, those whose turn fires the cameras: 12 Hz, 100, 100 and 50 ms apart."""
SWEEP_START_RAD = np.deg2rad(104.4)
"""Azimuth, from the car's nose to the left, where a sweep begins and ends; it turns clockwise."""


@dataclass(frozen=True)
class CameraMount:
    """A camera on the car.

    Attributes:
        channel: nuScenes' name.
        position: in the ego frame, metres.
        yaw_deg: the way that it looks, left of the car's nose.
        pitch_deg: downwards.
        focal: in pixels of the full 1600x900 image.
        principal: u, v in pixels of the full image.
    """

    channel: str
    position: tuple[float, float, float]
    yaw_deg: float
    pitch_deg: float
    focal: float
    principal: tuple[float, float]

    def ego_from_camera(self) -> NDArray[np.float64]:
        """(4, 4) transform from the optical frame."""
        yaw, pitch = np.deg2rad(self.yaw_deg), np.deg2rad(self.pitch_deg)
        forward = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
        right = np.array([np.sin(yaw), -np.cos(yaw), 0.0])
        pose = np.eye(4)
        pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
        pose[:3, 3] = self.position
        return pose

    def intrinsics(self, width: int, height: int) -> NDArray[np.float64]:
        """(3, 3) matrix for an image of the given size."""
        sx, sy = width / FULL_SIZE[0], height / FULL_SIZE[1]
        u, v = self.principal
        return np.array([[self.focal * sx, 0, u * sx], [0, self.focal * sy, v * sy], [0, 0, 1.0]])

    def delay_s(self) -> float:
        """When it fires: seconds before the sweep's stamp (its end), as the sweep passes the middle of its view."""
        turned = (SWEEP_START_RAD - np.deg2rad(self.yaw_deg)) % (2 * np.pi)
        return float((1 - turned / (2 * np.pi)) / LIDAR_HZ)


CAMERAS: tuple[CameraMount, ...] = (
    CameraMount("CAM_FRONT", (1.70, 0.016, 1.51), 0.2, 0.2, 1266.4, (816.3, 491.5)),
    CameraMount("CAM_FRONT_RIGHT", (1.55, -0.49, 1.50), -55.6, 0.3, 1260.8, (807.9, 495.3)),
    CameraMount("CAM_BACK_RIGHT", (1.01, -0.48, 1.56), -110.6, 0.6, 1259.5, (807.2, 501.2)),
    CameraMount("CAM_BACK", (0.03, 0.003, 1.57), -179.9, 0.3, 809.2, (829.2, 481.8)),
    CameraMount("CAM_BACK_LEFT", (1.04, 0.485, 1.59), 108.6, 0.5, 1256.7, (792.1, 492.8)),
    CameraMount("CAM_FRONT_LEFT", (1.52, 0.49, 1.51), 55.2, 0.2, 1272.6, (826.6, 479.8)),
)
LIDAR_POSITION = (0.94, 0.0, 1.84)
ELEVATIONS_RAD = np.deg2rad(np.linspace(-30.67, 10.67, BEAMS))


def ego_from_lidar() -> NDArray[np.float64]:
    """(4, 4) transform from the LiDAR's frame: x right, y forward, z up."""
    pose = np.eye(4)
    pose[:3, :3] = [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]
    pose[:3, 3] = LIDAR_POSITION
    return pose
