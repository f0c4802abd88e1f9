"""The LiDAR sweep that benchmarks measure on."""

from __future__ import annotations

import math
import os
from pathlib import Path

import torch

from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.geometry import se3
from ago_ros.sensors.frame import LidarSweep


def load_sweep() -> tuple[str, LidarSweep]:
    """Returns the first keyframe's sweep under AGO_TEST_DATA, else a made one; its name first."""
    folder = os.environ.get("AGO_TEST_DATA")
    if not folder:
        return "synthetic sweep", scan_street()
    reader = NuScenesReader(Path(folder) / "nuscenes")
    scene = reader.scenes[0].name
    return f"real sweep, {scene}", reader.frame(reader.samples(scene)[0].token, cameras=()).lidar


def scan_street() -> LidarSweep:
    """Scans flat ground between walls 12 m to the left and right: 32 beams, 1085 turns, returns up to 100 m."""
    elevation, azimuth = torch.meshgrid(
        torch.linspace(-30.67, 10.67, 32).deg2rad(), torch.arange(1085) * (2 * math.pi / 1085), indexing="ij"
    )
    flat = elevation.cos()
    direction = torch.stack([flat * azimuth.cos(), flat * azimuth.sin(), elevation.sin()], dim=-1).reshape(-1, 3)
    ground = torch.where(direction[:, 2] < 0, -1.84 / direction[:, 2], torch.inf)
    reach = torch.minimum(ground, 12.0 / direction[:, 1].abs())
    mount = se3.from_yaw([0.94, 0.0, 1.84], 0.0)
    return LidarSweep(0, (direction * reach[:, None])[reach < 100], mount, se3.identity())
