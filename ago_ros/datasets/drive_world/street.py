"""What stands beside a road: buildings, fences, lamps, signs, shelters, trees and hedges."""

from __future__ import annotations

import numpy as np

from ago_ros.datasets.procedural.materials import CHROME, COLOURS, DARK_METAL, GLASS, STEEL, Colour, Material, Paint
from ago_ros.datasets.procedural.shapes import Part, ball, box, hull, rod
from ago_ros.datasets.procedural.thing import Thing, article, assemble

Rng = np.random.Generator
WALLS: dict[str, tuple[Material, tuple[Colour, ...]]] = {
    "brick": (Material.BRICK, ((0.38, 0.13, 0.08), (0.45, 0.22, 0.13), (0.30, 0.12, 0.10), (0.50, 0.36, 0.24))),
    "plaster": (
        Material.PLASTER,
        ((0.72, 0.66, 0.52), (0.75, 0.74, 0.70), (0.66, 0.46, 0.32), (0.55, 0.62, 0.64), (0.70, 0.56, 0.36)),
    ),
    "glass": (Material.CURTAIN_WALL, ((0.22, 0.32, 0.38), (0.18, 0.26, 0.28), (0.30, 0.34, 0.36))),
}


def make_building(rng: Rng, width: float, depth: float, storeys: int) -> Thing:
    """Makes a building whose front looks along -y: `width` along x, `depth` along y, metres.

    Args:
        rng: source of its look.
        width: length of its front, metres.
        depth: metres.
        storeys: floors above ground.
    """
    kind = str(rng.choice(list(WALLS), p=[0.42, 0.43, 0.15] if storeys < 6 else [0.25, 0.35, 0.40]))
    material, tones = WALLS[kind]
    tone = tones[int(rng.integers(len(tones)))]
    floor = float(rng.uniform(2.9, 3.4))
    height = storeys * floor + 0.4
    pitch = float(rng.uniform(1.8, 3.0))
    wall = Paint(material, tone, (0.09, 0.11, 0.13), (width / max(round(width / pitch), 1), floor), float(rng.random()))
    parts = [box((0, 0, height / 2), (width, depth, height), wall)]
    trim = Paint(Material.CONCRETE, (0.55, 0.53, 0.49))
    if storeys <= 3 and kind != "glass" and rng.random() < 0.7:
        tiles = Paint(
            Material.TILES,
            ((0.36, 0.14, 0.08), (0.16, 0.15, 0.15), (0.28, 0.18, 0.12))[int(rng.integers(3))],
            scale=(0.3, 0.35),
        )
        parts.append(_gable(width + 0.6, depth + 0.6, height, float(rng.uniform(0.3, 0.5)) * depth, tiles))
        parts.append(
            box(
                (width * 0.3, 0, height + depth * 0.3),
                (0.7, 0.7, depth * 0.5),
                Paint(Material.BRICK_WALL, (0.4, 0.2, 0.14)),
            )
        )
    else:
        parts.append(box((0, 0, height + 0.25), (width + 0.3, depth + 0.3, 0.5), trim))
        roof_box = rng.uniform([2, 2, 1.5], [max(width * 0.4, 2.5), max(depth * 0.5, 2.5), 3.0])
        parts.append(box((0, depth * 0.1, height + 0.5 + roof_box[2] / 2), roof_box.tolist(), trim))
    front = -depth / 2
    parts += _doors(rng, width, front)
    if storeys > 1 and kind != "glass" and rng.random() < 0.5:
        parts += _balconies(rng, width, front, storeys, floor)
    return assemble(f"{kind} building", article(f"{kind} building"), "building", parts)


def _gable(width: float, depth: float, base: float, rise: float, paint: Paint) -> Part:
    eaves = [(x, y, base) for x in (-width / 2, width / 2) for y in (-depth / 2, depth / 2)]
    return hull([*eaves, (-width / 2, 0, base + rise), (width / 2, 0, base + rise)], paint)


def _doors(rng: Rng, width: float, front: float) -> list[Part]:
    """A door with a step, and in some houses a shop window under an awning."""
    colour = COLOURS[str(rng.choice(["red", "blue", "green", "brown", "black", "white"]))]
    at = float(rng.uniform(-width * 0.3, width * 0.3))
    parts = [
        box((at, front - 0.02, 1.1), (1.15, 0.12, 2.2), Paint(Material.WOOD, colour)),
        box((at, front - 0.3, 0.08), (1.6, 0.6, 0.16), Paint(Material.CONCRETE, (0.5, 0.5, 0.48))),
    ]
    if width > 9 and rng.random() < 0.45:
        awning = Paint(
            Material.BANDS, COLOURS[str(rng.choice(["red", "green", "blue", "orange"]))], COLOURS["white"], (0.5, 2.0)
        )
        x, span = (width * 0.25 if at < 0 else -width * 0.25), width * 0.36
        parts.append(box((x, front - 0.03, 1.35), (span, 0.1, 1.9), GLASS))
        points = [
            (x + side * span * 0.55, front - out, z)
            for side in (-1, 1)
            for out, z in ((0.0, 2.9), (1.3, 2.4), (1.3, 2.3), (0.0, 2.6))
        ]
        parts.append(hull(points, awning))
    return parts


def _balconies(rng: Rng, width: float, front: float, storeys: int, floor: float) -> list[Part]:
    rail = Paint(Material.LATTICE, (0.1, 0.1, 0.11), scale=(0.12, 0.0))
    parts = []
    for x in np.arange(-width / 2 + 2.5, width / 2 - 2, float(rng.uniform(4, 6))):
        for level in range(1, min(storeys, 6)):
            z = level * floor
            parts.append(box((x, front - 0.5, z), (2.2, 1.0, 0.15), Paint(Material.CONCRETE, (0.6, 0.6, 0.58))))
            parts.append(box((x, front - 1.0, z + 0.5), (2.2, 0.05, 0.9), rail))
    return parts


def make_fence(rng: Rng, length: float) -> Thing:
    """Makes a wooden fence, a railing, a garden wall or a hedge along x."""
    kind = str(rng.choice(["wooden fence", "railing", "brick wall", "hedge"]))
    height = float(rng.uniform(0.9, 1.7))
    if kind == "wooden fence":
        tone = ((0.32, 0.20, 0.11), (0.45, 0.42, 0.38), (0.75, 0.74, 0.72))[int(rng.integers(3))]
        wood = Paint(Material.WOOD, tone, scale=(0.14, 1.0))
        parts = [box((0, 0, height / 2 + 0.05), (length, 0.05, height - 0.1), wood)]
        parts += [
            box((x, 0, height / 2), (0.11, 0.11, height + 0.1), wood)
            for x in np.arange(-length / 2, length / 2 + 0.1, 2.0)
        ]
    elif kind == "railing":
        parts = [rod((-length / 2, 0, z), (length / 2, 0, z), 0.03, DARK_METAL, sides=5) for z in (0.15, height)]
        parts += [
            rod((x, 0, 0), (x, 0, height + 0.05), 0.018, DARK_METAL, sides=4)
            for x in np.arange(-length / 2, length / 2, 0.35)
        ]
    elif kind == "brick wall":
        parts = [
            box((0, 0, height / 2), (length, 0.25, height), Paint(Material.BRICK_WALL, (0.42, 0.17, 0.11))),
            box((0, 0, height + 0.04), (length, 0.34, 0.08), Paint(Material.CONCRETE, (0.55, 0.53, 0.5))),
        ]
    else:
        leaves = Paint(Material.FOLIAGE, (0.08, 0.20, 0.05), seed=float(rng.random()))
        parts = [box((0, 0, height / 2), (length, 0.8, height), leaves, top=(0.98, 0.8))]
    return assemble(kind, article(kind), "vegetation" if kind == "hedge" else "street", parts)


def make_lamp(rng: Rng) -> Thing:
    """Makes a street lamp whose arm reaches along +x."""
    height, arm = float(rng.uniform(6.0, 8.5)), float(rng.uniform(1.0, 2.2))
    light = Paint(Material.LAMP, (1.0, 0.85, 0.55), scale=(0.15, 1.0))
    parts = [
        rod((0, 0, 0), (0, 0, height), 0.10, STEEL, tip=0.06),
        rod((0, 0, height), (arm, 0, height + 0.25), 0.05, STEEL, sides=6),
        box((arm + 0.2, 0, height + 0.22), (0.65, 0.24, 0.12), STEEL),
        box((arm + 0.2, 0, height + 0.15), (0.5, 0.18, 0.05), light),
        rod((0, 0, 0), (0, 0, 0.5), 0.16, STEEL),
    ]
    return assemble("street lamp", "a street lamp", "street", parts)


def make_sign(rng: Rng) -> Thing:
    """Makes a traffic sign on a post, facing -x."""
    kind = int(rng.integers(4))
    colour = ("red", "blue", "yellow", "white")[kind]
    plate = Paint(Material.SIGN, COLOURS[colour], COLOURS["white" if kind < 2 else "black"], (0.6, float(kind)))
    parts = [rod((0, 0, 0), (0, 0, 2.6), 0.04, STEEL, sides=6)]
    if kind < 2:
        parts.append(rod((-0.03, 0, 2.4), (-0.06, 0, 2.4), 0.34, plate, sides=8 if kind == 0 else 18))
    else:
        parts.append(box((-0.05, 0, 2.4), (0.03, 0.65, 0.65), plate, roll=np.pi / 4 if kind == 2 else 0.0))
    return assemble("traffic sign", article(f"{colour} traffic sign"), "street", parts)


def make_traffic_light(rng: Rng) -> Thing:
    """Makes a traffic light facing -x, one of its three lamps lit."""
    black, lit = Paint(Material.PLASTIC, (0.03, 0.03, 0.03)), int(rng.integers(3))
    parts = [rod((0, 0, 0), (0, 0, 3.3), 0.08, STEEL), box((-0.05, 0, 2.9), (0.3, 0.36, 1.0), black)]
    for i, colour in enumerate(("green", "orange", "red")):
        lens = Paint(Material.LAMP, COLOURS[colour], scale=(1.6 if i == lit else 0.1, 1.0))
        parts.append(rod((-0.2, 0, 2.6 + 0.3 * i), (-0.24, 0, 2.6 + 0.3 * i), 0.11, lens, sides=10))
    return assemble("traffic light", "a traffic light", "street", parts)


def make_furniture(rng: Rng) -> Thing:
    """Makes a bench, a bollard, a hydrant, a letter box, a litter bin or a bus shelter."""
    kind = str(rng.choice(["bench", "bollard", "hydrant", "letter box", "litter bin", "bus shelter"]))
    wood, red = Paint(Material.WOOD, (0.36, 0.22, 0.12), scale=(0.1, 1.0)), Paint(Material.PAINT, COLOURS["red"])
    parts = {
        "bench": [
            box((0, 0, 0.45), (1.6, 0.45, 0.06), wood),
            box((0, 0.24, 0.75), (1.6, 0.05, 0.4), wood),
            *[box((side * 0.65, 0, 0.22), (0.08, 0.42, 0.44), DARK_METAL) for side in (-1, 1)],
        ],
        "bollard": [
            rod((0, 0, 0), (0, 0, 0.95), 0.09, DARK_METAL),
            ball((0, 0, 0.97), (0.1, 0.1, 0.08), CHROME, rings=4),
        ],
        "hydrant": [
            rod((0, 0, 0), (0, 0, 0.6), 0.13, red),
            ball((0, 0, 0.62), (0.14, 0.14, 0.12), red, rings=4),
            rod((0, -0.22, 0.42), (0, 0.22, 0.42), 0.06, red, sides=6),
        ],
        "letter box": [box((0, 0, 0.75), (0.5, 0.45, 1.3), red), box((0, -0.23, 1.15), (0.3, 0.04, 0.06), DARK_METAL)],
        "litter bin": [rod((0, 0, 0), (0, 0, 0.9), 0.27, Paint(Material.PLASTIC, COLOURS["green"]), tip=0.3, sides=12)],
        "bus shelter": [
            box((0, 0.7, 1.2), (3.6, 0.05, 2.1), Paint(Material.GLASS, (0.12, 0.16, 0.17))),
            box((0, 0.1, 2.4), (3.9, 1.6, 0.12), DARK_METAL),
            *[box((side * 1.8, 0.7, 1.2), (0.1, 0.1, 2.4), DARK_METAL) for side in (-1, 1)],
            box((0, 0.5, 0.5), (2.4, 0.35, 0.08), wood),
            box((0, 0.5, 0.25), (2.0, 0.1, 0.5), DARK_METAL),
        ],
    }[kind]
    return assemble(kind, article(kind), "street", parts)


def make_tree(rng: Rng) -> Thing:
    """Makes a broad-leaved tree, a conifer, a slim poplar or a bare tree."""
    kind = str(rng.choice(["tree", "fir tree", "poplar", "bare tree"], p=[0.58, 0.18, 0.14, 0.10]))
    height = float(rng.uniform(4.5, 9.5))
    bark = Paint(Material.BARK, (0.20, 0.14, 0.09), seed=float(rng.random()))
    season = float(rng.random())
    green: Colour = (0.10 + 0.05 * season, 0.22 + 0.08 * season, 0.04)
    if season > 0.9:
        green = (0.48, 0.26, 0.05)
    leaves = Paint(Material.FOLIAGE, green, seed=float(rng.random()))
    trunk = float(rng.uniform(0.12, 0.24))
    if kind == "fir tree":
        dark = Paint(Material.FOLIAGE, (0.05, 0.14, 0.06), seed=leaves.seed)
        parts = [rod((0, 0, 0), (0, 0, height * 0.3), trunk, bark)]
        for i in range(4):
            low = height * (0.12 + 0.2 * i)
            parts.append(
                rod((0, 0, low), (0, 0, low + height * 0.36), height * (0.24 - 0.045 * i), dark, tip=0.02, sides=11)
            )
    elif kind == "poplar":
        parts = [rod((0, 0, 0), (0, 0, height * 0.4), trunk, bark)]
        parts.append(ball((0, 0, height * 0.58), (height * 0.12, height * 0.12, height * 0.44), leaves, rings=7))
    else:
        fork = height * 0.45
        parts = [rod((0, 0, 0), (0, 0, fork), trunk * 1.2, bark, tip=trunk * 0.8)]
        for angle in np.arange(5) * 2 * np.pi / 5 + rng.uniform(0, 1):
            reach = height * float(rng.uniform(0.14, 0.24))
            tip = (reach * np.cos(angle), reach * np.sin(angle), height * float(rng.uniform(0.62, 0.82)))
            parts.append(rod((0, 0, fork * 0.95), tip, trunk * 0.6, bark, tip=trunk * 0.2, sides=5))
            if kind == "tree":
                size = rng.uniform(0.14, 0.24, 3) * height
                parts.append(ball(tip, size.tolist(), leaves, rings=6))
            else:
                twig = (tip[0] * 1.6, tip[1] * 1.6, tip[2] + height * 0.2)
                parts.append(rod(tip, twig, trunk * 0.2, bark, tip=0.02, sides=4))
        if kind == "tree":
            parts.append(ball((0, 0, height * 0.82), (rng.uniform(0.2, 0.28, 3) * height).tolist(), leaves, rings=6))
    return assemble(kind, article(kind), "vegetation", parts)


def make_bush(rng: Rng) -> Thing:
    """Makes a bush, some with flowers."""
    flowers = bool(rng.random() < 0.3)
    second = COLOURS[str(rng.choice(["red", "yellow", "pink", "white", "purple"]))]
    leaves = Paint(Material.FOLIAGE, (0.09, 0.21, 0.05), second, (1.0, 1.0 if flowers else 0.0), float(rng.random()))
    parts = []
    for _ in range(int(rng.integers(2, 5))):
        radii = rng.uniform([0.35, 0.35, 0.3], [0.8, 0.8, 0.7])
        parts.append(ball((*rng.uniform(-0.5, 0.5, 2), radii[2] * 0.8), radii.tolist(), leaves, rings=5))
    return assemble("bush", "a flowering bush" if flowers else "a green bush", "vegetation", parts)
