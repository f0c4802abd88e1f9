"""A scene: what stands and moves where, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.ground import Ground, Road, lay_ground, straight_path, winding_path
from ago_ros.datasets.drive_world.layout import Stage, line_streets
from ago_ros.datasets.drive_world.motion import LEAD_IN_S, SpeedProfile, Track, draw_profile
from ago_ros.datasets.drive_world.placed import Placed
from ago_ros.datasets.drive_world.traffic import fill_traffic
from ago_ros.datasets.drive_world.weather import Weather, draw_weather

REACH_M = 85.0
STYLES = ("city", "suburb", "country", "industry")


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything about a scene; rendering it adds nothing but noise.

    Attributes:
        seed: of this scene.
        style: one of `STYLES`.
        ground: roads and terrain.
        things: what stands and moves on it; the id of things[i] in labels and tables is i + 1, 0 is ground or sky.
        ego: the way of the recording car.
        weather: light and weather.
        duration: seconds.
    """

    seed: int
    style: str
    ground: Ground
    things: tuple[Placed, ...]
    ego: Track
    weather: Weather
    duration: float

    def ego_pose(self, time: float) -> NDArray[np.float64]:
        """Returns the (4, 4) world_from_ego at a time: on the road, nodding and rolling a little."""
        x, y, z, yaw = self.ego.pose(time)
        pitch = 0.003 * np.sin(5.1 * time + self.seed) + 0.001 * np.sin(13.7 * time)
        roll = 0.003 * np.sin(3.7 * time + 2 * self.seed)
        cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
        rotation = np.array(
            [
                [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                [-sp, cp * sr, cp * cr],
            ]
        )
        pose = np.eye(4)
        pose[:3, :3] = rotation
        pose[:3, 3] = x, y, z
        return pose

    def describe(self) -> str:
        """One line in plain words."""
        moving = sum(placed.track is not None for placed in self.things)
        return f"{self.style}, {self.weather.name}, {len(self.things)} things, {moving} of them moving"


def draw_scene(seed: int, duration: float, *, style: str | None = None, weather: str | None = None) -> Scene:
    """Draws a scene.

    Args:
        seed: the same seed and duration give the same scene.
        duration: seconds that it must last.
        style: one of `STYLES`; None draws it.
        weather: one of `WEATHERS`; None draws it.
    """
    rng = np.random.default_rng(seed)
    style = style or str(rng.choice(STYLES, p=[0.4, 0.3, 0.15, 0.15]))
    profile = draw_profile(rng, duration, float(rng.uniform(4, 10)), stops=bool(rng.random() < 0.35))
    roads = _draw_roads(rng, style, profile, duration)
    main = roads[0]
    points = main.path.points
    rim = np.array([30.0, REACH_M])
    lower, upper = points.min(axis=0) - rim, points.max(axis=0) + rim
    plazas = _draw_plazas(rng, main) if style != "country" else []
    ground = lay_ground(rng, roads, lower, upper, plazas, 1.0 if style == "city" else float(rng.uniform(1.0, 4.0)))
    lane = int(rng.integers(main.lanes))
    ego = Track(main.path, REACH_M + 5, -(lane + 0.5) * main.lane_width, 1, profile)
    stage = Stage(rng, style, ground, roads)
    stage.claim_lanes(main.lanes * main.lane_width)
    fill_traffic(stage, ego, lane, duration)
    line_streets(stage, plazas)
    return Scene(seed, style, ground, tuple(stage.things), ego, draw_weather(rng, weather), duration)


def _draw_roads(rng: np.random.Generator, style: str, profile: SpeedProfile, duration: float) -> list[Road]:
    """The main road, long enough for the drive, and what crosses it."""
    travel = profile.at(duration + LEAD_IN_S)
    path = winding_path(rng, travel + 2 * REACH_M + 10)
    pavement = {
        "city": rng.uniform(3.2, 4.5),
        "suburb": rng.uniform(2.4, 3.2),
        "industry": rng.uniform(0, 2.5),
        "country": 0.0,
    }[style]
    lanes = int(rng.integers(1, 3)) if style != "country" else 1
    edge = 2.6 if style in ("city", "suburb") else float(rng.choice([0.4, 2.6]))
    main = Road(path, lanes, float(rng.uniform(3.2, 3.7)), edge, float(pavement))
    roads = [main]
    for along in np.arange(REACH_M * 0.6 + rng.uniform(0, 60), path.length - 40, rng.uniform(70, 140)):
        x, y, heading = path.at(float(along))
        across = straight_path(x, y, heading + np.pi / 2 + rng.uniform(-0.2, 0.2), 2 * REACH_M + 80)
        roads.append(Road(across, 1, 3.3, float(rng.choice([0.3, 2.4])), main.pavement * 0.8))
    return roads


def _draw_plazas(rng: np.random.Generator, main: Road) -> list[tuple[float, float, float, float, float]]:
    """Car parks and squares beside the main road."""
    plazas = []
    for along in np.arange(20, main.path.length, 75.0):
        if rng.random() < 0.55:
            side, depth = float(rng.choice([-1, 1])), float(rng.uniform(14, 24))
            lateral = side * (main.half_width + main.pavement + 0.3 + depth / 2)
            x, y, yaw = main.path.at(float(along + rng.uniform(0, 40)), lateral)
            plazas.append((x, y, yaw, float(rng.uniform(16, 34)), depth))
    return plazas
