"""Large vehicles: lorries and vans, buses, trailers and construction machines."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ago_ros.datasets.procedural.materials import (
    COLOURS,
    DARK_METAL,
    GLASS,
    HEADLAMP,
    STEEL,
    TAIL_LAMP,
    TYRE,
    Material,
    Paint,
)
from ago_ros.datasets.procedural.shapes import Part, box, hull, profile, rod, wheel
from ago_ros.datasets.procedural.thing import Thing, article, assemble

BIG_COLOURS = ("white", "red", "blue", "green", "yellow", "orange", "grey", "silver", "brown", "turquoise", "purple")
CARGO_COLOURS = ("white", "grey", "blue", "red", "green", "beige", "orange")


def _gloss(colour: str, seed: float = 0.0) -> Paint:
    return Paint(Material.PAINT, COLOURS[colour], seed=seed)


def _axles(positions: list[float], width: float, radius: float = 0.48) -> list[Part]:
    """A pair of wheels at each x."""
    hub = Paint(Material.METAL, (0.45, 0.45, 0.46))
    parts = []
    for x in positions:
        for side in (-1, 1):
            parts.append(wheel((x, side * (width / 2 - 0.17), radius), radius, 0.34, TYRE))
            parts.append(wheel((x, side * (width / 2 + 0.01), radius), radius * 0.5, 0.06, hub, sides=8))
    return parts


def _cab(nose: float, width: float, height: float, paint: Paint) -> list[Part]:
    """A flat-fronted lorry cab ending at x = nose."""
    parts = [
        profile(
            [(nose - 1.9, 0.55), (nose, 0.45), (nose + 0.02, 1.3), (nose - 0.15, height), (nose - 1.9, height)],
            width,
            paint,
        ),
        box((nose - 0.04, 0, height * 0.68), (0.12, width * 0.88, height * 0.24), GLASS),
        box((nose - 0.75, 0, height * 0.70), (0.85, width + 0.03, height * 0.20), GLASS),
        box((nose + 0.02, 0, 0.6), (0.12, width * 0.98, 0.28), DARK_METAL),
        box((nose + 0.03, 0, 1.15), (0.05, width * 0.6, 0.35), DARK_METAL),
    ]
    for side in (-1, 1):
        parts.append(box((nose + 0.06, side * width * 0.38, 0.72), (0.08, 0.32, 0.16), HEADLAMP))
        parts.append(box((nose - 0.1, side * (width / 2 + 0.16), height * 0.68), (0.1, 0.2, 0.5), DARK_METAL))
    return parts


def _rear_lamps(tail: float, width: float, z: float) -> list[Part]:
    return [box((tail - 0.02, side * width * 0.42, z), (0.06, 0.2, 0.16), TAIL_LAMP) for side in (-1, 1)]


def make_truck(rng: np.random.Generator) -> Thing:
    """Makes a delivery van, box lorry, flatbed, tipper, tanker or concrete mixer."""
    kind = str(
        rng.choice(["delivery van", "box lorry", "flatbed lorry", "tipper lorry", "tanker lorry", "concrete mixer"])
    )
    colour = str(rng.choice(BIG_COLOURS))
    if kind == "delivery van":
        return _van(rng, str(rng.choice(["white", "white", "blue", "yellow", "red", "grey"])))
    length, width = float(rng.uniform(6.5, 9.5)), float(rng.uniform(2.25, 2.5))
    tail, nose, deck = -length / 2, length / 2, 1.05
    parts = _cab(nose, width, float(rng.uniform(2.5, 2.9)), _gloss(colour))
    parts.append(box((-0.9, 0, 0.85), (length - 1.9, width * 0.7, 0.3), DARK_METAL))
    parts += _axles([nose - 1.1, tail + 1.2, tail + 2.3], width)
    parts += _rear_lamps(tail, width, 0.85)
    parts += _LOADS[kind](rng, tail, nose - 2.05, width, deck)
    return assemble(kind, article(f"{colour} {kind}"), "vehicle.truck", parts)


def _van(rng: np.random.Generator, colour: str) -> Thing:
    """A panel van."""
    length, width, height = float(rng.uniform(5.2, 6.6)), 2.0, float(rng.uniform(2.2, 2.7))
    tail, nose = -length / 2, length / 2
    body = [(tail, 0.4), (tail, height - 0.1), (nose - 1.5, height), (nose - 0.7, 1.3), (nose - 0.7, 0.4)]
    bonnet = [(nose - 0.8, 0.4), (nose - 0.8, 1.3), (nose - 0.15, 1.1), (nose, 0.85), (nose, 0.4)]
    high, low = (nose - 1.45, height - 0.12), (nose - 0.72, 1.36)
    screen = [high, low, (low[0] - 0.2, low[1]), (high[0] - 0.2, high[1])]
    parts = [
        profile(body, width, _gloss(colour)),
        profile(bonnet, width * 0.98, _gloss(colour)),
        profile([(x + 0.06, z + 0.03) for x, z in screen], width * 0.84, GLASS),
        box((nose - 1.75, 0, height * 0.66), (0.8, width + 0.02, 0.5), GLASS),
        box((tail - 0.01, 0, height * 0.72), (0.04, width * 0.7, 0.45), GLASS),
        box((nose, 0, 0.5), (0.1, width * 0.96, 0.22), DARK_METAL),
    ]
    parts += [box((nose, side * 0.75, 0.85), (0.1, 0.3, 0.16), HEADLAMP) for side in (-1, 1)]
    parts += _rear_lamps(tail, width, 1.0) + _axles([nose - 1.0, tail + 1.1], width, 0.36)
    return assemble("delivery van", article(f"{colour} delivery van"), "vehicle.truck", parts)


def _box_load(rng: np.random.Generator, tail: float, front: float, width: float, deck: float) -> list[Part]:
    paint = Paint(Material.CORRUGATED, COLOURS[str(rng.choice(CARGO_COLOURS))], scale=(0.6, 1.0))
    height = float(rng.uniform(2.1, 2.6))
    return [box(((tail + front) / 2, 0, deck + height / 2), (front - tail, width, height), paint)]


def _flat_load(rng: np.random.Generator, tail: float, front: float, width: float, deck: float) -> list[Part]:
    parts = [box(((tail + front) / 2, 0, deck), (front - tail, width, 0.15), Paint(Material.WOOD, (0.3, 0.2, 0.12)))]
    parts.append(box((front - 0.05, 0, deck + 0.5), (0.1, width, 1.0), STEEL))
    for _ in range(int(rng.integers(1, 4))):
        size = rng.uniform([0.8, 1.0, 0.5], [1.8, width * 0.9, 1.3])
        x = float(rng.uniform(tail + 1, front - 1))
        paint = Paint(Material.WOOD if rng.random() < 0.5 else Material.CONCRETE, COLOURS["beige"])
        parts.append(box((x, 0, deck + 0.07 + size[2] / 2), size.tolist(), paint))
    return parts


def _tipper_load(rng: np.random.Generator, tail: float, front: float, width: float, deck: float) -> list[Part]:
    paint = Paint(Material.CORRUGATED, COLOURS[str(rng.choice(["orange", "grey", "yellow"]))], scale=(0.9, 1.0))
    middle, length = (tail + front) / 2, front - tail
    tub = box((middle, 0, deck + 0.65), (length * 0.9, width * 0.85, 1.3), paint, top=(1.1, 1.15))
    heap = box(
        (middle, 0, deck + 1.45),
        (length * 0.85, width * 0.85, 0.4),
        Paint(Material.BARK, (0.3, 0.22, 0.14)),
        top=(0.4, 0.3),
    )
    return [tub, heap]


def _tank_load(rng: np.random.Generator, tail: float, front: float, width: float, deck: float) -> list[Part]:
    tank = Paint(Material.METAL, COLOURS[str(rng.choice(["silver", "white"]))])
    radius = width * 0.46
    z = deck + radius
    parts = [rod((tail + 0.2, 0, z), (front - 0.1, 0, z), radius, tank, sides=16)]
    parts += [box((x, 0, z + radius), (0.5, 0.5, 0.2), STEEL) for x in np.linspace(tail + 1, front - 1, 3)]
    return parts


def _mixer_load(rng: np.random.Generator, tail: float, front: float, width: float, deck: float) -> list[Part]:
    drum = Paint(Material.BANDS, COLOURS["white"], COLOURS[str(rng.choice(["red", "blue", "green"]))], (0.9, 1.0))
    middle = (tail + front) / 2
    return [
        rod((front - 0.2, 0, deck + 0.9), (middle, 0, deck + 1.25), 0.75, drum, tip=1.15, sides=14),
        rod((middle, 0, deck + 1.25), (tail + 0.3, 0, deck + 1.75), 1.15, drum, tip=0.5, sides=14),
        box((tail + 0.2, 0, deck + 1.3), (0.4, 0.8, 1.4), STEEL),
    ]


_LOADS: dict[str, Callable[[np.random.Generator, float, float, float, float], list[Part]]] = {
    "box lorry": _box_load,
    "flatbed lorry": _flat_load,
    "tipper lorry": _tipper_load,
    "tanker lorry": _tank_load,
    "concrete mixer": _mixer_load,
}


def make_bus(rng: np.random.Generator) -> Thing:
    """Makes a city bus, a double-decker, a minibus or an articulated bus."""
    kind = str(rng.choice(["city bus", "double-decker bus", "minibus", "articulated bus"], p=[0.45, 0.2, 0.2, 0.15]))
    colour = str(rng.choice(["red", "blue", "green", "yellow", "white", "orange"]))
    length, height = {
        "city bus": (11.5, 3.1),
        "double-decker bus": (10.5, 4.3),
        "minibus": (7.0, 2.8),
        "articulated bus": (17.0, 3.1),
    }[kind]
    length *= float(rng.uniform(0.94, 1.05))
    paint, tail, nose = _gloss(colour), -length / 2, length / 2
    glazed = Paint(Material.COACH, COLOURS[colour], (0.03, 0.04, 0.05), (1.45, height - 1.35 if height < 4 else 1.5))
    front_end = tail if kind != "articulated bus" else tail + 7.0
    parts = _coach(front_end, nose, height, paint, glazed)
    if kind == "articulated bus":
        parts += _coach(tail, front_end - 0.9, height, paint, glazed)
        parts.append(
            box(
                (front_end - 0.45, 0, height / 2 + 0.1),
                (0.9, 2.3, height - 0.5),
                Paint(Material.CORRUGATED, (0.06,) * 3),
            )
        )
    parts += _axles([nose - 2.4, front_end + 2.3, *([tail + 2.0] if front_end > tail else [])], 2.55)
    sign = Paint(Material.LAMP, (0.9, 0.5, 0.05), scale=(0.4, 1.0))
    parts += [
        box((nose + 0.01, 0, height * (0.55 if height < 4 else 0.32) + 0.1), (0.05, 2.3, 1.1), GLASS),
        box((nose + 0.02, 0, height - 0.25), (0.05, 1.6, 0.26), sign),
        *[box((nose + 0.02, side * 0.95, 0.75), (0.06, 0.34, 0.18), HEADLAMP) for side in (-1, 1)],
        *_rear_lamps(tail, 2.5, 1.0),
    ]
    category = "vehicle.bus.bendy" if kind == "articulated bus" else "vehicle.bus.rigid"
    return assemble(kind, article(f"{colour} {kind}"), category, parts)


def _coach(tail: float, nose: float, height: float, paint: Paint, glazed: Paint) -> list[Part]:
    """One glazed bus body: skirt, window bands (two when tall) and roof."""
    middle, length = (tail + nose) / 2, nose - tail
    bands = [(1.25, height - 0.35)] if height < 4 else [(1.25, 2.05), (2.55, height - 0.35)]
    parts = [box((middle, 0, height / 2 + 0.16), (length, 2.5, height - 0.32), paint)]
    for low, high in bands:
        parts.append(box((middle, 0, (low + high) / 2), (length * 0.985, 2.54, high - low), glazed))
    parts.append(
        box((middle - 0.2, 0, height + 0.05), (length * 0.5, 1.5, 0.2), Paint(Material.MATTE, (0.5, 0.5, 0.5)))
    )
    return parts


def make_trailer(rng: np.random.Generator) -> Thing:
    """Makes a semi-trailer, a caravan, a boat trailer or a car trailer."""
    kind = str(rng.choice(["semi-trailer", "caravan", "cargo trailer"], p=[0.5, 0.25, 0.25]))
    colour = str(rng.choice(["white", "blue", "red", "grey", "green", "orange"]))
    if kind == "semi-trailer":
        length, height = float(rng.uniform(9.5, 13.0)), 2.7
        paint = Paint(Material.CORRUGATED, COLOURS[colour], scale=(0.7, 1.0))
        tail = -length / 2
        parts = [
            box((0, 0, 1.25 + height / 2), (length, 2.5, height), paint),
            box((0, 0, 1.1), (length, 1.6, 0.3), DARK_METAL),
            *[box((length * 0.28, side * 0.7, 0.5), (0.15, 0.15, 1.0), STEEL) for side in (-1, 1)],
            *_axles([tail + 1.2, tail + 2.4, tail + 3.6], 2.5),
            *_rear_lamps(tail, 2.5, 1.0),
        ]
    elif kind == "caravan":
        colour, tail = "white", -2.6
        outline = [(tail, 0.5), (tail - 0.1, 1.3), (tail + 0.25, 2.45), (2.0, 2.5), (2.55, 1.4), (2.4, 0.5)]
        parts = [
            profile(outline, 2.2, Paint(Material.PAINT, COLOURS["white"])),
            box((0.9, 0, 1.65), (1.1, 2.23, 0.6), GLASS),
            box((-1.4, 0, 1.65), (0.9, 2.23, 0.5), GLASS),
            box(
                (0, 0, 0.95),
                (4.9, 2.22, 0.14),
                Paint(Material.PAINT, COLOURS[str(rng.choice(["blue", "brown", "green"]))]),
            ),
            rod((2.4, 0, 0.55), (3.5, 0, 0.5), 0.06, DARK_METAL),
            *_axles([-0.3], 2.2, 0.34),
        ]
    else:
        paint = Paint(Material.WOOD if rng.random() < 0.5 else Material.CORRUGATED, COLOURS[colour], scale=(0.5, 1.0))
        parts = [
            box((0, 0, 0.8), (2.8, 1.5, 0.7), paint),
            rod((1.4, 0, 0.5), (2.5, 0, 0.45), 0.05, DARK_METAL),
            *_axles([-0.2], 1.8, 0.32),
            *_rear_lamps(-1.4, 1.4, 0.6),
        ]
    return assemble(kind, article(f"{colour} {kind}"), "vehicle.trailer", parts)


def make_construction_vehicle(rng: np.random.Generator) -> Thing:
    """Makes an excavator, bulldozer, wheel loader, road roller or forklift."""
    kind = str(rng.choice(["excavator", "bulldozer", "wheel loader", "road roller", "forklift"]))
    colour = str(rng.choice(["yellow", "yellow", "orange", "red"]))
    return assemble(kind, article(f"{colour} {kind}"), "vehicle.construction", _MACHINES[kind](rng, _gloss(colour)))


def _tracks(length: float, width: float) -> list[Part]:
    end, flat = length / 2, length / 2 - 0.3
    outline = [(-end, 0.45), (-flat, 0.0), (flat, 0.0), (end, 0.45), (flat, 0.85), (-flat, 0.85)]
    return [profile(outline, 0.55, TYRE, y=side * (width / 2 - 0.28)) for side in (-1, 1)]


def _cage(x: float, y: float, z: float, size: tuple[float, float, float], paint: Paint) -> list[Part]:
    """A driver's cab: glass box under a painted roof."""
    return [
        box((x, y, z + size[2] / 2), size, GLASS),
        box((x, y, z + size[2]), (size[0] + 0.15, size[1] + 0.15, 0.12), paint),
        box((x, y, z + 0.2), (size[0] + 0.04, size[1] + 0.04, 0.4), paint),
    ]


def _excavator(rng: np.random.Generator, paint: Paint) -> list[Part]:
    lift, reach = float(rng.uniform(3.3, 4.6)), float(rng.uniform(3.0, 4.0))
    tip = (reach + 1.8, 0, float(rng.uniform(0.9, 2.2)))
    elbow = (reach, 0, lift)
    bucket = [(tip[0] - 0.2, y, tip[2] + 0.2) for y in (-0.5, 0.5)] + [
        (tip[0] + dx, y, tip[2] + dz) for y in (-0.5, 0.5) for dx, dz in ((0.5, -0.2), (-0.1, -0.8), (-0.6, -0.6))
    ]
    return [
        *_tracks(3.6, 2.7),
        box((-0.4, 0, 1.45), (3.2, 2.4, 1.0), paint),
        box((-1.7, 0, 1.6), (0.9, 2.5, 1.1), Paint(Material.METAL, (0.12, 0.12, 0.13))),
        *_cage(0.6, 0.7, 1.3, (1.3, 0.95, 1.6), paint),
        rod((0.9, -0.2, 1.7), elbow, 0.24, paint, tip=0.2, sides=6),
        rod(elbow, tip, 0.2, paint, tip=0.14, sides=6),
        rod((1.6, -0.2, 1.6), (reach * 0.7, 0, lift * 0.75), 0.08, STEEL, sides=6),
        hull(bucket, DARK_METAL),
    ]


def _bulldozer(rng: np.random.Generator, paint: Paint) -> list[Part]:
    raised = float(rng.uniform(0.0, 0.3))
    blade = [(2.3, y, z + raised) for y in (-1.6, 1.6) for z in (0.05, 1.2)] + [
        (2.1, y, 0.6 + raised) for y in (-1.6, 1.6)
    ]
    return [
        *_tracks(3.8, 2.5),
        box((0.7, 0, 1.35), (1.9, 1.2, 1.0), paint),
        *_cage(-0.7, 0, 1.1, (1.3, 1.4, 1.7), paint),
        hull(blade, Paint(Material.METAL, (0.5, 0.45, 0.2))),
        *[rod((0.2, side * 1.2, 0.7), (2.2, side * 1.2, 0.5 + raised), 0.09, paint, sides=6) for side in (-1, 1)],
        rod((1.1, 0.4, 1.8), (1.1, 0.4, 2.6), 0.07, DARK_METAL, sides=6),
    ]


def _wheel_loader(rng: np.random.Generator, paint: Paint) -> list[Part]:
    z = float(rng.uniform(0.3, 2.0))
    scoop = [(2.6, y, z + dz) for y in (-1.2, 1.2) for dz in (0.0, 1.0)] + [(3.4, y, z - 0.1) for y in (-1.2, 1.2)]
    return [
        box((-1.4, 0, 1.5), (2.2, 1.6, 1.1), paint),
        box((0.6, 0, 1.1), (1.8, 1.1, 0.7), paint),
        *_cage(-0.2, 0, 1.6, (1.2, 1.4, 1.6), paint),
        *_axles([-1.5, 1.2], 2.4, 0.72),
        *[rod((0.5, side * 0.5, 1.6), (2.6, side * 0.5, z + 0.4), 0.13, paint, sides=6) for side in (-1, 1)],
        hull(scoop, DARK_METAL),
    ]


def _roller(rng: np.random.Generator, paint: Paint) -> list[Part]:
    drum = Paint(Material.METAL, (0.4, 0.4, 0.42))
    return [
        wheel((1.5, 0, 0.7), 0.7, 1.9, drum, sides=20),
        box((1.4, 0, 1.35), (1.2, 2.1, 0.25), paint),
        box((-1.0, 0, 1.2), (2.0, 1.6, 0.9), paint),
        *_cage(-0.1, 0, 1.2, (1.2, 1.4, 1.5), paint),
        *_axles([-1.2], 2.0, 0.68),
    ]


def _forklift(rng: np.random.Generator, paint: Paint) -> list[Part]:
    z = float(rng.uniform(0.1, 1.5))
    return [
        box((-0.5, 0, 0.75), (1.9, 1.1, 0.8), paint),
        *_cage(-0.3, 0, 1.1, (1.1, 1.0, 1.1), paint),
        *[box((0.75, side * 0.35, 1.3), (0.1, 0.12, 2.5), DARK_METAL) for side in (-1, 1)],
        box((0.82, 0, z + 0.4), (0.06, 0.9, 0.7), DARK_METAL),
        *[box((1.4, side * 0.28, z), (1.2, 0.14, 0.06), STEEL) for side in (-1, 1)],
        *_axles([-1.0, 0.35], 1.25, 0.32),
    ]


_MACHINES: dict[str, Callable[[np.random.Generator, Paint], list[Part]]] = {
    "excavator": _excavator,
    "bulldozer": _bulldozer,
    "wheel loader": _wheel_loader,
    "road roller": _roller,
    "forklift": _forklift,
}
