"""An analytic world of boxes on a plane, and a LiDAR in it."""

import math

import torch

from ago_ros.geometry import se3
from ago_ros.sensors.frame import LidarSweep, SensorFrame

EGO_FROM_LIDAR = se3.from_yaw([0.9, 0.0, 1.8], -math.pi / 2)


def directions(beams: int = 32, columns: int = 720) -> torch.Tensor:
    """Unit vectors of a spinning LiDAR, one column of beams after another."""
    elevation = torch.deg2rad(torch.linspace(-30, 10, beams, dtype=torch.float64))
    azimuth = torch.arange(columns, dtype=torch.float64) * (2 * math.pi / columns)
    azimuth, elevation = (axis.flatten() for axis in torch.meshgrid(azimuth, elevation, indexing="ij"))
    return torch.stack([elevation.cos() * azimuth.cos(), elevation.cos() * azimuth.sin(), elevation.sin()], dim=1)


def scan(map_from_ego, boxes, stamp_ns=0, ground=True, beams=32, columns=720) -> SensorFrame:
    """Scans axis-aligned boxes (lower, upper) in the map frame, and the plane z = 0, from the robot's pose."""
    map_from_lidar = map_from_ego @ EGO_FROM_LIDAR
    rays = directions(beams, columns) @ map_from_lidar[:3, :3].T
    origin = map_from_lidar[:3, 3]
    depth = torch.full((len(rays),), torch.inf, dtype=torch.float64)
    if ground:
        down = rays[:, 2] < 0
        depth[down] = -origin[2] / rays[down, 2]
    for lower, upper in boxes:
        first = (torch.tensor(lower, dtype=torch.float64) - origin) / rays
        second = (torch.tensor(upper, dtype=torch.float64) - origin) / rays
        enter = torch.minimum(first, second).amax(dim=1)
        leave = torch.maximum(first, second).amin(dim=1)
        met = (enter < leave) & (enter > 0)
        depth[met] = torch.minimum(depth[met], enter[met])
    back = depth < 80
    points = origin + rays[back] * depth[back, None]
    in_lidar = se3.transform_points(se3.invert(map_from_lidar), points).to(torch.float32)
    return SensorFrame(LidarSweep(stamp_ns, in_lidar, EGO_FROM_LIDAR, map_from_ego))
