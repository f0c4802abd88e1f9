"""Lines the streets: buildings, greenery, furniture, parked vehicles and odd things, none through another."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world import street
from ago_ros.datasets.drive_world.cars import make_car
from ago_ros.datasets.drive_world.ground import CELL, Ground, Road
from ago_ros.datasets.drive_world.lorries import make_bus, make_trailer, make_truck
from ago_ros.datasets.drive_world.motion import Track
from ago_ros.datasets.drive_world.outsiders import OUTSIDERS
from ago_ros.datasets.drive_world.people import make_bicycle, make_motorcycle, make_pedestrian
from ago_ros.datasets.drive_world.placed import Placed
from ago_ros.datasets.procedural.thing import Thing


@dataclass(eq=False)
class Stage:
    """A scene under construction: it knows which ground is taken.

    Attributes:
        rng: source of everything drawn.
        style: kind of neighbourhood.
        ground: roads and terrain.
        roads: the main road first.
        things: what has been placed so far.
        taken: map over the ground, true where something stands or drives.
    """

    rng: np.random.Generator
    style: str
    ground: Ground
    roads: list[Road]
    things: list[Placed] = field(default_factory=list)
    taken: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        """Starts with empty ground."""
        self.taken = np.zeros(self.ground.road.shape, dtype=bool)

    @property
    def main(self) -> Road:
        """The road that the recording car takes."""
        return self.roads[0]

    def claim_lanes(self, half_width: float) -> None:
        """Takes the driveable ground within `half_width` metres of a centre line."""
        self.taken |= (np.abs(self.ground.lateral) < half_width) & (self.ground.road < 0)

    def cells(
        self, x: float, y: float, yaw: float, length: float, width: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """The cells under a rectangle, or None where it leaves the world."""
        u = np.linspace(-length / 2, length / 2, max(int(length / CELL * 1.5) + 2, 3))
        v = np.linspace(-width / 2, width / 2, max(int(width / CELL * 1.5) + 2, 3))
        a, b = (grid.ravel() for grid in np.meshgrid(u, v))
        px, py = x + a * np.cos(yaw) - b * np.sin(yaw), y + a * np.sin(yaw) + b * np.cos(yaw)
        i = np.round((px - self.ground.origin[0]) / CELL).astype(np.int64)
        j = np.round((py - self.ground.origin[1]) / CELL).astype(np.int64)
        inside = i.min() >= 0 and j.min() >= 0 and i.max() < self.taken.shape[0] and j.max() < self.taken.shape[1]
        return (i, j) if inside else None

    def put(
        self,
        thing: Thing,
        x: float,
        y: float,
        yaw: float,
        *,
        attribute: str = "",
        margin: float = 0.3,
        road_ok: bool = False,
    ) -> bool:
        """Places a thing at rest if the ground below is free (and no road, unless `road_ok`); tells whether it did."""
        cells = self.cells(x, y, yaw, thing.size[0] + margin, thing.size[1] + margin)
        if cells is None or self.taken[cells].any():
            return False
        if not road_ok and (self.ground.road[cells] < 0.2).any():
            return False
        self.taken[cells] = True
        rest = (x, y, self.ground.height_at(x, y), yaw)
        self.things.append(Placed(thing, rest, None, attribute))
        return True

    def send(self, thing: Thing, track: Track, attribute: str) -> None:
        """Adds a thing that moves."""
        self.things.append(Placed(thing, track.pose(0.0), track, attribute))


Plaza = tuple[float, float, float, float, float]


def line_streets(stage: Stage, plazas: list[Plaza]) -> None:
    """Places everything that stands: from the kerb outwards, then the plazas, then the open ground."""
    for side in (-1, 1):
        _park_along(stage, side)
        _furnish_pavement(stage, side)
    for plaza in plazas:
        _fill_plaza(stage, plaza)
    for side in (-1, 1):
        _build_row(stage, side)
    _scatter_outsiders(stage)
    _plant(stage)


def parked_vehicle(rng: np.random.Generator) -> tuple[Thing, str]:
    """Draws something that may stand at a kerb, with its attribute."""
    draw = rng.random()
    if draw < 0.66:
        return make_car(rng), "vehicle.parked"
    if draw < 0.78:
        return make_truck(rng), "vehicle.parked"
    if draw < 0.86:
        return make_trailer(rng), "vehicle.parked"
    if draw < 0.90:
        return make_bus(rng), "vehicle.parked"
    if draw < 0.95:
        return make_motorcycle(rng, rider=False), "cycle.without_rider"
    return make_bicycle(rng, rider=False), "cycle.without_rider"


def _park_along(stage: Stage, side: int) -> None:
    """Fills the strip at the kerb with parked vehicles, some gaps left."""
    road, rng = stage.main, stage.rng
    if road.edge < 2.0:
        return
    density = {"city": 0.75, "suburb": 0.5, "industry": 0.5, "country": 0.12}[stage.style]
    along = 5.0
    while along < road.path.length - 5:
        if rng.random() > density:
            along += float(rng.uniform(5, 14))
            continue
        thing, attribute = parked_vehicle(rng)
        along += thing.size[0] / 2
        lateral = side * (road.half_width - 0.25 - thing.size[1] / 2)
        x, y, heading = road.path.at(along, lateral)
        if float(stage.ground.sample(stage.ground.junction, np.array([x]), np.array([y]))[0]) > 7.0:
            stage.put(thing, x, y, heading + (0 if side < 0 else np.pi), attribute=attribute, margin=0.2, road_ok=True)
        along += thing.size[0] / 2 + float(rng.uniform(0.7, 2.0))


def _furnish_pavement(stage: Stage, side: int) -> None:
    """Lamps, trees, signs, furniture and small vehicles along the kerb."""
    road, rng = stage.main, stage.rng
    green = {"city": 0.35, "suburb": 0.5, "industry": 0.15, "country": 0.25}[stage.style]
    for along in np.arange(4.0, road.path.length, 4.5):
        lateral = side * (road.half_width + 0.75)
        x, y, heading = road.path.at(float(along + rng.uniform(-1, 1)), lateral)
        inward, draw = heading - side * np.pi / 2, rng.random()
        near_junction = float(stage.ground.sample(stage.ground.junction, np.array([x]), np.array([y]))[0])
        towards = heading + (0 if side < 0 else np.pi)
        if near_junction < 4.0:
            if draw < 0.5 and stage.style != "country":
                stage.put(street.make_traffic_light(rng), x, y, towards)
        elif int(along / 4.5) % 6 == 2 and stage.style != "country":
            stage.put(street.make_lamp(rng), x, y, inward, margin=0.0)
        elif draw < green:
            stage.put(
                street.make_tree(rng) if rng.random() < 0.75 else street.make_bush(rng),
                x,
                y,
                float(rng.uniform(0, 6)),
                margin=-2.5,
            )
        elif draw < green + 0.06:
            stage.put(street.make_sign(rng), x, y, towards)
        elif draw < green + 0.16 and road.pavement > 1:
            stage.put(street.make_furniture(rng), x, y, heading + (np.pi if side < 0 else 0), margin=0.0)
        elif draw < green + 0.22 and road.pavement > 1:
            maker = make_bicycle if rng.random() < 0.6 else make_motorcycle
            stage.put(
                maker(rng, rider=False), x, y, heading + float(rng.uniform(-0.4, 0.4)), attribute="cycle.without_rider"
            )


def _fill_plaza(stage: Stage, plaza: Plaza) -> None:
    """Rows of parked vehicles, or a square with people and benches."""
    rng = stage.rng
    px, py, yaw, length, width = plaza

    def at(u: float, v: float) -> tuple[float, float]:
        return px + u * np.cos(yaw) - v * np.sin(yaw), py + u * np.sin(yaw) + v * np.cos(yaw)

    if rng.random() < 0.6:
        for v, turn in ((-width / 2 + 3.2, np.pi / 2), (width / 2 - 3.2, -np.pi / 2)):
            for u in np.arange(-length / 2 + 1.8, length / 2 - 1.5, 2.9):
                if rng.random() < 0.6:
                    x, y = at(float(u), float(v))
                    stage.put(make_car(rng), x, y, yaw + turn, attribute="vehicle.parked", margin=0.1)
        return
    for _ in range(14):
        x, y = at(float(rng.uniform(-0.45, 0.45)) * length, float(rng.uniform(-0.45, 0.45)) * width)
        turn = float(rng.uniform(0, 2 * np.pi))
        if rng.random() < 0.5:
            stage.put(make_pedestrian(rng), x, y, turn, attribute="pedestrian.standing")
        elif rng.random() < 0.5:
            stage.put(street.make_furniture(rng), x, y, turn)
        else:
            stage.put(street.make_bush(rng) if rng.random() < 0.5 else street.make_tree(rng), x, y, turn, margin=-1.0)


def _build_row(stage: Stage, side: int) -> None:
    """Buildings along one side, with fences and hedges in front of some, and a second, taller row behind in a city."""
    road, rng = stage.main, stage.rng
    share, storeys, gap, setback = {
        "city": (0.92, (3, 9), (0.0, 6.0), (0.6, 3.0)),
        "suburb": (0.85, (1, 4), (3.0, 9.0), (3.0, 8.0)),
        "industry": (0.7, (1, 4), (4.0, 18.0), (5.0, 14.0)),
        "country": (0.25, (1, 3), (15.0, 50.0), (8.0, 20.0)),
    }[stage.style]
    edge = road.half_width + road.pavement
    for row in range(2 if stage.style == "city" else 1):
        along = 0.0
        while along < road.path.length:
            wide = stage.style == "industry"
            width, depth = float(rng.uniform(16, 34) if wide else rng.uniform(8, 20)), float(rng.uniform(9, 16))
            along += width / 2
            back = float(rng.uniform(*setback)) + row * 30
            x, y, heading = road.path.at(along, side * (edge + back + depth / 2))
            if rng.random() < share:
                floors = int(rng.integers(storeys[0], storeys[1])) + row * 3
                yaw = heading + (np.pi if side < 0 else 0.0)
                if (
                    stage.put(street.make_building(rng, width, depth, floors), x, y, yaw, margin=0.6)
                    and back > 2.5
                    and rng.random() < 0.6
                ):
                    fx, fy, fyaw = road.path.at(along, side * (edge + 0.5))
                    stage.put(street.make_fence(rng, width * 0.9), fx, fy, fyaw, margin=0.0)
            along += width / 2 + float(rng.uniform(*gap))


def _scatter_outsiders(stage: Stage) -> None:
    """Some things of no common class, on the pavement's far side or the open ground."""
    rng, road = stage.rng, stage.main
    kinds = list(OUTSIDERS)
    rng.shuffle(kinds)
    attempts = max(int(road.path.length / 14), 8)
    for i in range(attempts):
        thing = OUTSIDERS[kinds[i % len(kinds)]](rng)
        lateral = float(rng.choice([-1, 1])) * (road.half_width + road.pavement + float(rng.uniform(-0.6, 3.5)))
        x, y, heading = road.path.at(float(rng.uniform(25, road.path.length - 25)), lateral)
        attribute = "pedestrian.sitting_lying_down" if thing.category == "human.pedestrian.wheelchair" else ""
        stage.put(thing, x, y, heading + float(rng.choice([0.0, np.pi, rng.uniform(0, 6)])), attribute=attribute)


def _plant(stage: Stage) -> None:
    """Trees and bushes wherever the open ground is left free."""
    rng = stage.rng
    count = {"city": 60, "suburb": 120, "industry": 70, "country": 200}[stage.style]
    span = np.array(stage.taken.shape) * CELL
    for x, y in stage.ground.origin + rng.uniform(0, 1, (count, 2)) * span:
        thing = street.make_tree(rng) if rng.random() < 0.65 else street.make_bush(rng)
        clear = float(stage.ground.sample(stage.ground.pavement, np.array([x]), np.array([y]))[0])
        if clear > 1.5:
            stage.put(thing, float(x), float(y), float(rng.uniform(0, 6)), margin=-1.0)
