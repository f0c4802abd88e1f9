"""From a LiDAR sweep to rays that can be trusted, and the books of what was left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.sensors.frame import LidarSweep


@dataclass(frozen=True)
class RayLimits:
    """Which returns are used.

    Attributes:
        ego_lower: lower corner of the box around the robot's own body, ego frame, metres; returns inside are its own.
        ego_upper: upper corner of that box.
        min_range: returns nearer to the sensor are dropped, metres.
        max_range: a return further away only frees the space up to this distance, metres.
    """

    ego_lower: tuple[float, float, float] = (-1.5, -1.2, -1.0)
    ego_upper: tuple[float, float, float] = (4.0, 1.2, 2.5)
    min_range: float = 0.5
    max_range: float = 100.0

    def __post_init__(self) -> None:
        """Refuses limits that leave nothing."""
        if any(low > high for low, high in zip(self.ego_lower, self.ego_upper, strict=True)):
            raise ValueError(f"ego_lower {self.ego_lower} must not exceed ego_upper {self.ego_upper}")
        if not 0 <= self.min_range < self.max_range:
            raise ValueError(f"needs 0 <= min_range < max_range, got {self.min_range} and {self.max_range}")

    def on_own_body(self, points: Tensor) -> Tensor:
        """Tells which (N, 3) points, ego frame, lie in the box around the robot's own body: (N,) bool."""
        lower, upper = points.new_tensor(self.ego_lower), points.new_tensor(self.ego_upper)
        return ((points >= lower) & (points <= upper)).all(dim=1)


@dataclass(frozen=True, eq=False)
class Rays:
    """One sweep's rays in the map frame, float64 metres.

    Attributes:
        stamp_ns: stamp of the sweep.
        origin: (3,) position of the sensor.
        ends: (R, 3) where the rays end.
        returned: (R,) bool: something is at the end; False for rays cut at the range limit.
        own: (K, 3) returns from the robot's own body: nothing is known there, but it is not free.
        position: (3,) position of the robot.
    """

    stamp_ns: int
    origin: Tensor
    ends: Tensor
    returned: Tensor
    own: Tensor
    position: Tensor


def make_rays(sweep: LidarSweep, limits: RayLimits, dropped: Counter[str]) -> Rays:
    """Filters a sweep's returns and takes them to the map frame.

    Args:
        sweep: the sweep, in its LiDAR frame.
        limits: which returns are used.
        dropped: counts here what is left out: `invalid` (not finite), `own_body`, `too_near`.
    """
    points = sweep.points.to(torch.float64)
    finite = torch.isfinite(points).all(dim=1)
    points = points[finite]
    distance = points.norm(dim=1)
    own = limits.on_own_body(se3.transform_points(sweep.ego_from_lidar, points))
    near = (distance < limits.min_range) & ~own
    dropped["invalid"] += int((~finite).sum())
    dropped["own_body"] += int(own.sum())
    dropped["too_near"] += int(near.sum())
    used = ~own & ~near
    map_from_lidar = sweep.map_from_ego @ sweep.ego_from_lidar
    far = distance > limits.max_range
    reach = torch.where(far, limits.max_range / distance.clamp(min=1e-9), 1.0)
    ends = se3.transform_points(map_from_lidar, points * reach[:, None])
    return Rays(
        sweep.stamp_ns, map_from_lidar[:3, 3], ends[used], ~far[used], ends[own], sweep.map_from_ego[:3, 3].clone()
    )
