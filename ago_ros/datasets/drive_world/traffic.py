"""Fills the roads: moving traffic, cyclists, walkers, and road works."""

from __future__ import annotations

import numpy as np

from ago_ros.datasets.drive_world.cars import make_car
from ago_ros.datasets.drive_world.layout import Stage
from ago_ros.datasets.drive_world.lorries import make_bus, make_construction_vehicle, make_truck
from ago_ros.datasets.drive_world.motion import Track, draw_profile
from ago_ros.datasets.drive_world.outsiders import make_barrier, make_cone
from ago_ros.datasets.drive_world.people import make_bicycle, make_motorcycle, make_pedestrian
from ago_ros.datasets.procedural.thing import Thing


def fill_traffic(stage: Stage, ego: Track, ego_lane: int, duration: float) -> None:
    """Adds everything that moves, and the road works that stand on a lane.

    Vehicles of one lane share one speed profile, so that none runs into another; those of the ego's lane share its own.
    """
    main, rng = stage.main, stage.rng
    works = _works_lane(stage, ego_lane)
    for forward in (1, -1):
        for lane in range(main.lanes):
            if (forward, lane) == works:
                _road_works(stage, -forward * (lane + 0.5) * main.lane_width)
                continue
            own = forward == 1 and lane == ego_lane
            profile = (
                ego.profile
                if own
                else draw_profile(rng, duration, float(rng.uniform(4, 12)), stops=bool(rng.random() < 0.3))
            )
            along = float(rng.uniform(0, 30))
            while along < main.path.length:
                thing, attribute = _moving_vehicle(rng)
                along += thing.size[0] / 2
                clear = not own or abs(along - ego.start) > thing.size[0] / 2 + 9
                if clear:
                    lateral = -forward * (lane + 0.5) * main.lane_width
                    stage.send(thing, Track(main.path, along, lateral, forward, profile), attribute)
                along += thing.size[0] / 2 + float(rng.exponential(22) + 7)
    if works is None and main.edge >= 2.0 and rng.random() < 0.4:
        _road_works(stage, float(rng.choice([-1, 1])) * (main.half_width - main.edge / 2))
    _cross_traffic(stage)
    _walkers(stage, duration)


def _works_lane(stage: Stage, ego_lane: int) -> tuple[int, int] | None:
    """The lane that is closed: never the ego's, and only where another stays open in its direction."""
    if stage.main.lanes < 2 or stage.rng.random() > 0.5:
        return None
    forward = int(stage.rng.choice([1, -1]))
    return (forward, 1) if (forward, 1) != (1, ego_lane) else (-1, 1)


def _moving_vehicle(rng: np.random.Generator) -> tuple[Thing, str]:
    draw = rng.random()
    if draw < 0.64:
        return make_car(rng), "vehicle.moving"
    if draw < 0.78:
        return make_truck(rng), "vehicle.moving"
    if draw < 0.87:
        return make_bus(rng), "vehicle.moving"
    if draw < 0.94:
        return make_motorcycle(rng, rider=True), "cycle.with_rider"
    return make_bicycle(rng, rider=True), "cycle.with_rider"


def _road_works(stage: Stage, lateral: float) -> None:
    """A closed stretch: cones leading in, barriers, machines and workers."""
    rng, path = stage.rng, stage.main.path
    start = float(rng.uniform(60, max(path.length - 90, 61)))
    length = float(rng.uniform(25, 55))
    side = 1.0 if lateral > 0 else -1.0
    for along in np.arange(start - 6, start + length + 6, 2.6):
        ends = along < start or along > start + length
        make = make_cone if ends or rng.random() < 0.55 else make_barrier
        x, y, heading = path.at(float(along), lateral - side * 1.3)
        _force(stage, make(rng), x, y, heading)
    for along in np.arange(start + 4, start + length - 4, 9.0):
        x, y, heading = path.at(float(along + rng.uniform(-1, 1)), lateral + side * 0.25)
        if rng.random() < 0.5:
            _force(
                stage, make_construction_vehicle(rng), x, y, heading + float(rng.choice([0, np.pi])), "vehicle.stopped"
            )
        else:
            _force(
                stage,
                make_pedestrian(rng, "construction_worker"),
                x,
                y,
                float(rng.uniform(0, 6)),
                "pedestrian.standing",
            )


def _force(stage: Stage, thing: Thing, x: float, y: float, yaw: float, attribute: str = "") -> None:
    """Places a thing on ground that traffic has given up."""
    cells = stage.cells(x, y, yaw, thing.size[0], thing.size[1])
    if cells is not None:
        stage.taken[cells] = False
        stage.put(thing, x, y, yaw, attribute=attribute, margin=0.0, road_ok=True)


def _cross_traffic(stage: Stage) -> None:
    """Vehicles waiting at the side roads' stop lines."""
    rng, main = stage.rng, stage.main
    for road in stage.roads[1:]:
        middle = road.path.length / 2
        for forward in (1, -1):
            away = main.half_width + main.pavement + 3.0
            for _ in range(int(rng.integers(0, 4))):
                thing, attribute = _moving_vehicle(rng)
                away += thing.size[0] / 2
                x, y, heading = road.path.at(middle - forward * away, -forward * 0.5 * road.lane_width)
                stopped = "vehicle.stopped" if attribute.startswith("vehicle") else attribute
                stage.put(thing, x, y, heading + (0 if forward > 0 else np.pi), attribute=stopped, road_ok=True)
                away += thing.size[0] / 2 + float(rng.uniform(1.0, 3.0))


def _walkers(stage: Stage, duration: float) -> None:
    """People walking along the pavements, each in a slot of their own across it."""
    rng, main = stage.rng, stage.main
    if main.pavement < 1.5:
        return
    rate = {"city": 9.0, "suburb": 20.0, "industry": 40.0, "country": 80.0}[stage.style]
    for side in (-1, 1):
        for along in np.arange(10.0, main.path.length - 10, rate):
            lateral = side * (main.half_width + float(rng.uniform(1.5, max(main.pavement - 0.4, 1.6))))
            at = float(along + rng.uniform(-3, 3))
            x, y, _ = main.path.at(at, lateral)
            if float(stage.ground.sample(stage.ground.junction, np.array([x]), np.array([y]))[0]) < 2.0:
                continue
            profile = draw_profile(rng, duration, float(rng.uniform(0.7, 1.7)), stops=bool(rng.random() < 0.2))
            forward = int(rng.choice([1, -1]))
            track = Track(main.path, at, lateral, forward, profile, stage.ground.height_at(x, y))
            stage.send(make_pedestrian(rng), track, "pedestrian.moving")
