"""Where moving things are at a given time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.ground import Path

LEAD_IN_S = 1.0


@dataclass(frozen=True, eq=False)
class SpeedProfile:
    """Distance travelled as a function of time.

    Attributes:
        times: (N,) seconds, rising.
        travelled: (N,) metres since time 0.
    """

    times: NDArray[np.float64]
    travelled: NDArray[np.float64]

    def at(self, time: float) -> float:
        """Metres travelled at a time in seconds."""
        return float(np.interp(time, self.times, self.travelled))

    def speed(self, time: float) -> float:
        """Metres per second around a time."""
        return (self.at(time + 0.05) - self.at(time - 0.05)) / 0.1


def draw_profile(rng: np.random.Generator, duration: float, cruise: float, stops: bool) -> SpeedProfile:
    """Draws a profile around a cruising speed (m/s); one that stops brakes once, waits, and may start again."""
    times = np.arange(-LEAD_IN_S, duration + LEAD_IN_S, 0.05)
    speed = cruise * (1 + 0.15 * np.sin(times * rng.uniform(0.2, 0.6) + rng.uniform(0, 6)))
    if stops:
        stop, wait = rng.uniform(0.1, 0.6) * duration, rng.uniform(3, 8)
        braking = np.clip((stop - times) / 3.0, 0, 1)
        leaving = np.clip((times - stop - wait) / 4.0, 0, 1)
        speed = speed * np.maximum(braking, leaving)
    travelled = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) * 0.025)])
    return SpeedProfile(times, travelled - np.interp(0.0, times, travelled))


@dataclass(frozen=True, eq=False)
class Track:
    """A thing's way along a path.

    Attributes:
        path: what it follows.
        start: position along the path at time 0, metres.
        lateral: offset to the left of the path, metres.
        forward: +1 along the path, -1 against it.
        profile: how far it has gone by when.
        height: of the ground below it, metres.
    """

    path: Path
    start: float
    lateral: float
    forward: int
    profile: SpeedProfile
    height: float = 0.0

    def pose(self, time: float) -> tuple[float, float, float, float]:
        """Returns x, y, z and yaw at a time, world frame."""
        along = self.start + self.forward * self.profile.at(time)
        x, y, heading = self.path.at(along, self.lateral)
        return x, y, self.height, heading + (0.0 if self.forward > 0 else np.pi)
