"""Things outside nuScenes' ten detection classes, for open-set work, and the cones and barriers of road works."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from ago_ros.datasets.drive_world.people import CLOTH_COLOURS, make_pedestrian, seated_figure
from ago_ros.datasets.procedural.materials import CHROME, COLOURS, DARK_METAL, STEEL, TYRE, Colour, Material, Paint
from ago_ros.datasets.procedural.shapes import Part, ball, box, hull, rod, wheel
from ago_ros.datasets.procedural.thing import Thing, article, assemble, moved

Rng = np.random.Generator
FUR_COLOURS: dict[str, Colour] = {
    "brown": (0.26, 0.15, 0.08),
    "black": (0.04, 0.035, 0.03),
    "white": (0.80, 0.78, 0.74),
    "grey": (0.36, 0.34, 0.32),
    "ginger": (0.60, 0.28, 0.08),
}


def _pick(rng: Rng, *names: str) -> str:
    return str(rng.choice(list(names)))


def make_cone(rng: Rng) -> Thing:
    """Makes a traffic cone or a channelling drum."""
    if rng.random() < 0.8:
        height = float(rng.uniform(0.5, 0.95))
        paint = Paint(Material.BANDS, COLOURS["orange"], COLOURS["white"], (height * 0.3, 0.0))
        parts = [
            box((0, 0, 0.025), (height * 0.55, height * 0.55, 0.05), Paint(Material.PLASTIC, (0.1, 0.1, 0.1))),
            rod((0, 0, 0.04), (0, 0, height), height * 0.2, paint, tip=0.03, sides=12),
        ]
        return assemble("traffic cone", "an orange traffic cone", "movable_object.trafficcone", parts)
    paint = Paint(Material.BANDS, COLOURS["orange"], COLOURS["white"], (0.3, 0.0))
    parts = [rod((0, 0, 0), (0, 0, 1.0), 0.28, paint, tip=0.24, sides=14), rod((0, 0, 0), (0, 0, 0.08), 0.36, TYRE)]
    return assemble("traffic drum", "an orange traffic drum", "movable_object.trafficcone", parts)


def make_barrier(rng: Rng) -> Thing:
    """Makes a concrete barrier, a plastic one, a crowd barrier or a barricade with chevrons."""
    kind = _pick(rng, "concrete barrier", "plastic barrier", "crowd barrier", "barricade")
    colour = {"concrete barrier": "grey", "crowd barrier": "silver"}.get(kind, _pick(rng, "red", "orange", "yellow"))
    length = float(rng.uniform(1.8, 2.6))
    if kind == "concrete barrier":
        paint = Paint(Material.CONCRETE, (0.5, 0.49, 0.46))
        parts = [
            box((0, 0, 0.15), (length, 0.6, 0.3), paint, top=(1, 0.6)),
            box((0, 0, 0.6), (length, 0.36, 0.6), paint, top=(1, 0.55)),
        ]
    elif kind == "plastic barrier":
        paint = Paint(Material.PLASTIC, COLOURS[colour])
        parts = [
            box((0, 0, 0.25), (length, 0.45, 0.5), paint, top=(1, 0.7)),
            box((0, 0, 0.72), (length * 0.95, 0.28, 0.45), Paint(Material.PLASTIC, COLOURS["white"])),
        ]
    elif kind == "crowd barrier":
        tube = STEEL
        parts = [rod((-length / 2, 0, z), (length / 2, 0, z), 0.025, tube, sides=5) for z in (0.2, 1.08)]
        parts += [
            rod((x, 0, 0.2), (x, 0, 1.08), 0.014, tube, sides=4) for x in np.linspace(-length / 2, length / 2, 13)
        ]
        parts += [box((side * length * 0.35, 0, 0.1), (0.06, 0.55, 0.2), tube) for side in (-1, 1)]
    else:
        board = Paint(Material.CHEVRONS, COLOURS[colour], COLOURS["white"], (0.25, 0.0))
        parts = [box((0, 0, z), (length, 0.05, 0.28), board) for z in (0.5, 0.95)]
        parts += [box((side * length * 0.4, 0, 0.55), (0.08, 0.1, 1.1), STEEL) for side in (-1, 1)]
        parts += [box((side * length * 0.4, 0, 0.04), (0.12, 0.6, 0.08), TYRE) for side in (-1, 1)]
    return assemble(kind, article(f"{colour} {kind}"), "movable_object.barrier", parts)


def _quadruped(
    length: float, height: float, girth: float, head: float, coat: Paint, *, neck: float, pitch: float
) -> list[Part]:
    """A four-legged body facing +x."""
    back = height * 0.78
    hx, hz = length * 0.62 + neck * np.cos(pitch), back + neck * np.sin(pitch)
    legs = [(x, y) for x in (-0.36 * length, 0.36 * length) for y in (-girth * 0.55, girth * 0.55)]
    parts = [
        ball((0, 0, back), (length * 0.55, girth, girth * 1.15), coat),
        rod((length * 0.42, 0, back), (hx, 0, hz), girth * 0.55, coat, tip=girth * 0.4, sides=7),
        ball((hx + head * 0.3, 0, hz + 0.02), (head * 0.62, head * 0.34, head * 0.36), coat, rings=4),
        rod(
            (-length * 0.52, 0, back + girth * 0.3),
            (-length * 0.75, 0, back - girth * 0.2),
            girth * 0.16,
            coat,
            sides=5,
        ),
    ]
    parts += [rod((x, y, back), (x + 0.02, y, 0), girth * 0.3, coat, tip=girth * 0.18, sides=6) for x, y in legs]
    for side in (-1, 1):
        ear = (hx + head * 0.1, side * head * 0.24, hz + head * 0.3)
        parts.append(
            rod(ear, (ear[0] - 0.02, ear[1] * 1.4, ear[2] + head * 0.35), head * 0.12, coat, tip=0.01, sides=4)
        )
    return parts


def _animal(rng: Rng) -> Thing:
    kind = _pick(rng, "dog", "horse", "cow", "deer", "sheep", "cat")
    tone = {"cow": _pick(rng, "black", "white", "brown"), "deer": "brown", "sheep": "white"}.get(
        kind, _pick(rng, *FUR_COLOURS)
    )
    patch = (
        FUR_COLOURS["white"]
        if kind == "cow" and tone != "white"
        else FUR_COLOURS["black"]
        if kind == "cow"
        else FUR_COLOURS[tone]
    )
    coat = Paint(Material.FUR, FUR_COLOURS[tone], patch, (0.35, 0.0), float(rng.random()))
    length, height, girth, head, neck, pitch = {
        "dog": (0.75, 0.62, 0.13, 0.26, 0.16, 0.8),
        "cat": (0.45, 0.32, 0.08, 0.16, 0.06, 0.6),
        "sheep": (0.95, 0.80, 0.28, 0.28, 0.18, 0.4),
        "deer": (1.35, 1.30, 0.22, 0.32, 0.60, 1.1),
        "cow": (1.9, 1.45, 0.38, 0.50, 0.40, 0.2),
        "horse": (1.9, 1.65, 0.33, 0.55, 0.75, 0.9),
    }[kind]
    parts = _quadruped(length, height, girth, head, coat, neck=neck, pitch=pitch)
    if kind == "deer":
        x, z = length * 0.62 + neck * np.cos(pitch), height * 0.78 + neck * np.sin(pitch) + 0.15
        horn = Paint(Material.WOOD, (0.5, 0.4, 0.28))
        for side in (-1, 1):
            parts.append(rod((x, side * 0.06, z), (x - 0.15, side * 0.3, z + 0.5), 0.03, horn, tip=0.01, sides=5))
            parts.append(rod((x - 0.07, side * 0.18, z + 0.25), (x + 0.15, side * 0.3, z + 0.45), 0.02, horn, sides=4))
    return assemble(kind, article(f"{tone} {kind}"), "animal", parts)


def _stroller(rng: Rng) -> Thing:
    colour = _pick(rng, "red", "blue", "grey", "green", "purple", "black")
    cloth = Paint(Material.CLOTH, COLOURS[colour], scale=(0.12, 0.0))
    parts = [
        box((0, 0, 0.62), (0.75, 0.42, 0.26), cloth, top=(1.1, 1.1)),
        ball((-0.2, 0, 0.85), (0.26, 0.24, 0.28), cloth, rings=5),
        *[wheel((x, side * 0.27, 0.13), 0.13, 0.05, TYRE, sides=10) for x in (-0.34, 0.34) for side in (-1, 1)],
    ]
    for side in (-1, 1):
        parts.append(rod((-0.34, side * 0.24, 0.13), (0.15, side * 0.24, 0.6), 0.02, STEEL, sides=5))
        parts.append(rod((0.34, side * 0.24, 0.13), (-0.62, side * 0.24, 1.02), 0.02, STEEL, sides=5))
    parts.append(rod((-0.62, -0.24, 1.02), (-0.62, 0.24, 1.02), 0.025, TYRE, sides=5))
    return assemble("pushchair", article(f"{colour} pushchair"), "human.pedestrian.stroller", parts)


def _wheelchair(rng: Rng) -> Thing:
    top = _pick(rng, *CLOTH_COLOURS)
    parts = [
        *[moved(part, np.array([-0.05, 0, -0.1])) for part in seated_figure(rng, top, 0.55)],
        box((-0.02, 0, 0.48), (0.46, 0.46, 0.08), DARK_METAL),
        box((-0.26, 0, 0.78), (0.06, 0.44, 0.55), DARK_METAL),
    ]
    for side in (-1, 1):
        parts.append(wheel((-0.1, side * 0.31, 0.31), 0.31, 0.04, TYRE))
        parts.append(wheel((-0.1, side * 0.335, 0.31), 0.22, 0.02, CHROME, sides=10))
        parts.append(wheel((0.40, side * 0.22, 0.09), 0.09, 0.04, TYRE, sides=8))
        parts.append(rod((-0.25, side * 0.24, 0.95), (-0.45, side * 0.24, 0.98), 0.02, TYRE, sides=5))
    return assemble(
        "wheelchair", f"a person in {article(top)} jacket in a wheelchair", "human.pedestrian.wheelchair", parts
    )


def _scooter(rng: Rng) -> Thing:
    rider = make_pedestrian(rng, "adult")
    colour = _pick(rng, "black", "green", "white", "orange")
    paint = Paint(Material.PAINT, COLOURS[colour])
    parts = [moved(part, np.array([-0.1, 0.0, 0.16])) for part in rider.parts]
    parts += [
        box((0.05, 0, 0.13), (0.75, 0.15, 0.06), paint),
        wheel((0.5, 0, 0.11), 0.11, 0.06, TYRE, sides=10),
        wheel((-0.4, 0, 0.11), 0.11, 0.06, TYRE, sides=10),
        rod((0.5, 0, 0.12), (0.38, 0, 1.12), 0.03, paint, sides=6),
        rod((0.38, -0.25, 1.12), (0.38, 0.25, 1.12), 0.02, TYRE, sides=5),
    ]
    return assemble(
        "kick scooter", f"a person on {article(colour)} kick scooter", "human.pedestrian.personal_mobility", parts
    )


def _skip(rng: Rng) -> Thing:
    colour = _pick(rng, "yellow", "blue", "green", "red", "grey")
    steel = Paint(Material.CORRUGATED, COLOURS[colour], scale=(0.7, 1.0))
    rubble = Paint(Material.BARK, (0.4, 0.36, 0.32))
    parts = [box((0, 0, 0.7), (2.2, 1.7, 1.3), steel, top=(1.65, 1.1))]
    parts.append(box((0, 0, 1.4), (3.0, 1.5, 0.35), rubble, top=(0.5, 0.4)))
    parts += [rod((-0.7, side * 0.93, 0.95), (0.7, side * 0.93, 0.95), 0.06, DARK_METAL, sides=6) for side in (-1, 1)]
    return assemble("skip", article(f"{colour} skip"), "movable_object.debris", parts)


def _fallen_tree(rng: Rng) -> Thing:
    bark = Paint(Material.BARK, (0.22, 0.14, 0.08), seed=float(rng.random()))
    leaves = Paint(Material.FOLIAGE, (0.13, 0.25, 0.05), seed=float(rng.random()))
    length = float(rng.uniform(4.0, 6.5))
    parts = [rod((-length / 2, 0, 0.28), (length / 2, 0, 0.30), 0.27, bark, tip=0.12, sides=9)]
    for i in range(5):
        x, side = length * (0.05 + 0.1 * i), (-1) ** i
        tip = (x + 0.6, side * float(rng.uniform(0.6, 1.3)), float(rng.uniform(0.4, 1.3)))
        parts.append(rod((x, 0, 0.3), tip, 0.08, bark, tip=0.03, sides=5))
        parts.append(ball(tip, rng.uniform(0.35, 0.6, 3).tolist(), leaves, rings=5))
    return assemble("fallen tree", "a fallen tree", "movable_object.debris", parts)


def _wheelie_bin(rng: Rng) -> Thing:
    colour = _pick(rng, "green", "blue", "black", "brown", "grey")
    paint = Paint(Material.PLASTIC, COLOURS[colour])
    parts = [
        box((0, 0, 0.52), (0.5, 0.46, 0.95), paint, top=(1.25, 1.2)),
        box((0.02, 0, 1.03), (0.70, 0.60, 0.09), paint, pitch=0.08),
        *[wheel((-0.26, side * 0.24, 0.1), 0.1, 0.06, TYRE, sides=10) for side in (-1, 1)],
    ]
    return assemble("wheelie bin", article(f"{colour} wheelie bin"), "movable_object.pushable_pullable", parts)


def _trolley(rng: Rng) -> Thing:
    parts = [
        box(
            (0.05, 0, 0.68),
            (0.75, 0.48, 0.45),
            Paint(Material.LATTICE, COLOURS["silver"], scale=(0.06, 0.0)),
            top=(1.15, 1.15),
        )
    ]
    parts += [wheel((x, side * 0.2, 0.07), 0.07, 0.04, TYRE, sides=8) for x in (-0.3, 0.4) for side in (-1, 1)]
    for side in (-1, 1):
        parts.append(rod((-0.3, side * 0.2, 0.1), (-0.35, side * 0.24, 0.95), 0.02, CHROME, sides=5))
        parts.append(rod((-0.3, side * 0.2, 0.15), (0.4, side * 0.2, 0.15), 0.02, CHROME, sides=5))
    parts.append(rod((-0.42, -0.25, 0.98), (-0.42, 0.25, 0.98), 0.03, Paint(Material.PLASTIC, COLOURS["red"]), sides=6))
    return assemble("shopping trolley", "a silver shopping trolley", "movable_object.pushable_pullable", parts)


def _boxes(rng: Rng) -> Thing:
    parts, z = [], 0.0
    for _ in range(int(rng.integers(2, 5))):
        size = rng.uniform([0.35, 0.3, 0.25], [0.8, 0.6, 0.55])
        at = (float(rng.uniform(-0.25, 0.25)), float(rng.uniform(-0.2, 0.2)), z + size[2] / 2)
        card = Paint(Material.WOOD, (0.52, 0.36, 0.20), seed=float(rng.random()))
        parts.append(box(at, size.tolist(), card, yaw=float(rng.uniform(-0.5, 0.5))))
        z += float(size[2])
    return assemble("cardboard boxes", "a pile of cardboard boxes", "movable_object.debris", parts)


def _sofa(rng: Rng) -> Thing:
    colour = _pick(rng, "red", "brown", "grey", "green", "blue", "beige")
    cloth = Paint(Material.CLOTH, COLOURS[colour], scale=(0.12, 0.0))
    parts = [
        box((0, 0, 0.25), (0.85, 1.9, 0.4), cloth),
        box((-0.35, 0, 0.55), (0.22, 1.9, 0.75), cloth, pitch=-0.12),
        *[box((0.02, side * 0.88, 0.38), (0.85, 0.2, 0.6), cloth) for side in (-1, 1)],
        *[box((0.08, side * 0.4, 0.5), (0.65, 0.76, 0.14), cloth) for side in (-1, 1)],
    ]
    return assemble("sofa", article(f"{colour} sofa"), "movable_object.debris", parts)


def _tyres(rng: Rng) -> Thing:
    parts = []
    for x, y, count in ((0, 0, int(rng.integers(3, 6))), (0.66, 0.1, int(rng.integers(1, 4)))):
        parts += [rod((x, y, 0.22 * i), (x, y, 0.22 * i + 0.2), 0.32, TYRE, sides=14) for i in range(count)]
    return assemble("pile of tyres", "a pile of black tyres", "movable_object.debris", parts)


def _rack(rng: Rng) -> Thing:
    parts = []
    for x in np.arange(4) * 0.8:
        posts = [(x, -0.35, 0.0), (x, -0.35, 0.8), (x, 0.35, 0.8), (x, 0.35, 0.0)]
        parts += [rod(a, b, 0.03, CHROME, sides=6) for a, b in itertools.pairwise(posts)]
    parts.append(box((1.2, 0, 0.02), (3.0, 0.9, 0.04), STEEL))
    return assemble("bicycle rack", "a steel bicycle rack", "static_object.bicycle_rack", parts)


def _boulder(rng: Rng) -> Thing:
    stone = Paint(Material.CONCRETE, (0.36, 0.34, 0.31), seed=float(rng.random()))
    directions = rng.normal(size=(24, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    points = directions * rng.uniform(0.75, 1.0, (24, 1)) * rng.uniform([0.5, 0.4, 0.35], [1.0, 0.8, 0.7])
    return assemble("boulder", "a grey boulder", "movable_object.debris", [hull(points, stone)])


OUTSIDERS: dict[str, Callable[[Rng], Thing]] = {
    "animal": _animal,
    "pushchair": _stroller,
    "wheelchair": _wheelchair,
    "kick scooter": _scooter,
    "skip": _skip,
    "fallen tree": _fallen_tree,
    "wheelie bin": _wheelie_bin,
    "shopping trolley": _trolley,
    "cardboard boxes": _boxes,
    "sofa": _sofa,
    "pile of tyres": _tyres,
    "bicycle rack": _rack,
    "boulder": _boulder,
}
"""Makers of things outside the ten classes, by kind."""
