"""People, and the two-wheelers that they ride."""

from __future__ import annotations

import itertools

import numpy as np

from ago_ros.datasets.procedural.materials import (
    CHROME,
    COLOURS,
    DARK_METAL,
    HEADLAMP,
    SKIN_TONES,
    TAIL_LAMP,
    TYRE,
    Material,
    Paint,
)
from ago_ros.datasets.procedural.shapes import Part, ball, box, rod, wheel
from ago_ros.datasets.procedural.thing import Thing, article, assemble, moved

CLOTH_COLOURS = (
    "white",
    "black",
    "grey",
    "red",
    "blue",
    "green",
    "yellow",
    "orange",
    "brown",
    "purple",
    "pink",
    "turquoise",
)
TROUSER_COLOURS = ("black", "blue", "grey", "brown", "beige")
HAIR = ((0.03, 0.02, 0.02), (0.16, 0.09, 0.04), (0.55, 0.40, 0.18), (0.35, 0.35, 0.35))


def _cloth(colour: str, pattern: float = 0.0) -> Paint:
    return Paint(Material.CLOTH, COLOURS[colour], (0.9, 0.9, 0.9), (0.12, pattern))


def make_pedestrian(rng: np.random.Generator, kind: str | None = None) -> Thing:
    """Makes an adult, a child, a construction worker or a police officer, walking or standing."""
    kind = kind or str(
        rng.choice(["adult", "child", "construction_worker", "police_officer"], p=[0.72, 0.14, 0.08, 0.06])
    )
    height = float(rng.uniform(1.0, 1.4) if kind == "child" else rng.uniform(1.55, 1.92))
    noun = {
        "adult": str(rng.choice(["man", "woman"])),
        "child": "child",
        "construction_worker": "construction worker",
    }.get(kind, "police officer")
    top = {"construction_worker": "orange", "police_officer": "blue"}.get(kind, str(rng.choice(CLOTH_COLOURS)))
    stride = float(rng.uniform(0.0, 0.35))
    parts = _figure(rng, height, top, stride, hi_vis=kind == "construction_worker")
    if kind == "construction_worker":
        parts.append(
            ball((0, 0, height * 0.96), (0.14, 0.13, 0.11), Paint(Material.PLASTIC, COLOURS["yellow"]), rings=4)
        )
    if kind == "police_officer":
        parts.append(rod((0, 0, height * 0.96), (0, 0, height * 1.02), 0.13, _cloth("black")))
    caption = f"{article(noun)} in {article(top)} jacket"
    if kind == "adult" and rng.random() < 0.25:
        extra, part = _carried(rng, height)
        parts.append(part)
        caption += f" with {extra}"
    return assemble(noun, caption, f"human.pedestrian.{kind}", parts)


def _carried(rng: np.random.Generator, height: float) -> tuple[str, Part]:
    colour = str(rng.choice(["red", "black", "blue", "green", "yellow"]))
    if rng.random() < 0.5:
        return "a backpack", box((-0.22, 0, height * 0.70), (0.18, 0.32, 0.45), _cloth(colour))
    canopy = rod((0.05, 0, height + 0.15), (0.05, 0, height + 0.4), 0.55, _cloth(colour), tip=0.02, sides=10)
    return "an umbrella", canopy


def _figure(
    rng: np.random.Generator, height: float, top: str, stride: float, *, hi_vis: bool = False, seated: bool = False
) -> list[Part]:
    """A clothed body facing +x; `stride` is how far the feet are apart as a share of the height."""
    skin = Paint(Material.SKIN, SKIN_TONES[int(rng.integers(len(SKIN_TONES)))])
    jacket = (
        Paint(Material.BANDS, COLOURS["orange"], COLOURS["yellow"], (0.16, 1.0))
        if hi_vis
        else _cloth(top, float(rng.random() < 0.3))
    )
    trousers = _cloth(str(rng.choice(TROUSER_COLOURS)))
    hair = Paint(Material.FUR, HAIR[int(rng.integers(len(HAIR)))])
    bulk = float(rng.uniform(0.9, 1.2))
    hip, shoulder = 0.50 * height, 0.82 * height
    shoe = Paint(Material.RUBBER, (0.05, 0.04, 0.04))
    parts = [
        box((0, 0, (hip + shoulder) / 2), (0.21 * bulk, 0.36 * bulk, shoulder - hip + 0.06), jacket, top=(0.9, 1.1)),
        ball((0, 0, hip), (0.13 * bulk, 0.17 * bulk, 0.13), trousers, rings=4),
        rod((0, 0, shoulder), (0.01, 0, shoulder + 0.09), 0.055, skin, sides=6),
        ball((0.02, 0, 0.92 * height), (0.10, 0.085, 0.125), skin, rings=5),
        ball((-0.015, 0, 0.945 * height), (0.105, 0.095, 0.105), hair, rings=5),
    ]
    for side in (-1, 1):
        swing = side * stride
        knee = (0.25 * swing + 0.03, side * 0.09, 0.27 * height)
        foot = (0.5 * swing * height, side * 0.09, 0.05)
        if seated:
            knee, foot = (0.42, side * 0.12, hip - 0.05), (0.40, side * 0.12, hip - 0.45)
        parts.append(rod((0, side * 0.09, hip), knee, 0.085 * bulk, trousers, tip=0.065, sides=6))
        parts.append(rod(knee, foot, 0.065, trousers, tip=0.05, sides=6))
        parts.append(box((foot[0] + 0.05, foot[1], foot[2]), (0.26, 0.09, 0.09), shoe))
        hand = (-0.55 * swing * height * 0.6 + 0.05, side * 0.25 * bulk, hip - 0.02)
        if seated:
            hand = (0.45, side * 0.24, hip + 0.28)
        parts.append(rod((0, side * 0.21 * bulk, shoulder - 0.03), hand, 0.055 * bulk, jacket, tip=0.045, sides=6))
        parts.append(ball(hand, (0.05, 0.04, 0.06), skin, rings=3))
    return parts


def seated_figure(rng: np.random.Generator, top: str, seat: float) -> list[Part]:
    """A person who sits on something `seat` metres high, facing +x."""
    shift = seat - 0.50 * 1.7 + 0.1
    return [moved(part, np.array([0.0, 0.0, shift])) for part in _figure(rng, 1.7, top, 0.0, seated=True)]


def make_bicycle(rng: np.random.Generator, *, rider: bool) -> Thing:
    """Makes a bicycle, parked or ridden."""
    colour = str(rng.choice(["red", "blue", "green", "yellow", "black", "white", "orange", "pink"]))
    frame = Paint(Material.PAINT, COLOURS[colour])
    kind = str(rng.choice(["bicycle", "city bicycle", "mountain bike"]))
    r, axle_f, axle_b = 0.34, 0.52, -0.50
    seat, head = (-0.18, 0, 0.92), (0.36, 0, 0.90)
    parts = [
        *_spoked_wheel(axle_f, r),
        *_spoked_wheel(axle_b, r),
        *[
            rod(a, b, 0.028, frame, sides=5)
            for a, b in (
                ((axle_b, 0, r), (-0.05, 0, 0.30)),
                ((axle_b, 0, r), (-0.15, 0, 0.80)),
                ((-0.05, 0, 0.30), (-0.16, 0, 0.85)),
                ((-0.05, 0, 0.30), (0.34, 0, 0.75)),
                ((-0.15, 0, 0.78), (0.34, 0, 0.82)),
                ((0.34, 0, 0.95), (axle_f, 0, r)),
            )
        ],
        rod((head[0], -0.28, 1.0), (head[0], 0.28, 1.0), 0.022, DARK_METAL, sides=5),
        box(seat, (0.26, 0.14, 0.06), TYRE),
    ]
    if kind == "city bicycle":
        parts.append(box((0.55, 0, 0.85), (0.3, 0.36, 0.24), Paint(Material.WOOD, COLOURS["brown"])))
    caption = article(f"{colour} {kind}")
    if rider:
        top = str(rng.choice(CLOTH_COLOURS))
        parts += seated_figure(rng, top, 0.92)
        parts.append(ball((0.02, 0, 0.92 + 0.85), (0.15, 0.12, 0.1), Paint(Material.PLASTIC, COLOURS[colour]), rings=4))
        caption = f"a cyclist in {article(top)} jacket on {caption}"
    return assemble(kind, caption, "vehicle.bicycle", parts)


def _spoked_wheel(x: float, radius: float) -> list[Part]:
    """A tyre as a ring of short rods, with a hub and spokes."""
    angle = np.linspace(0, 2 * np.pi, 13)
    rim = [(x + radius * float(np.cos(a)), 0.0, radius + radius * 0.97 * float(np.sin(a))) for a in angle]
    parts = [rod(a, b, 0.025, TYRE, sides=4) for a, b in itertools.pairwise(rim)]
    parts += [rod((x, 0, radius), rim[i], 0.008, CHROME, sides=3) for i in (0, 3, 6, 9)]
    return parts


def make_motorcycle(rng: np.random.Generator, *, rider: bool) -> Thing:
    """Makes a motorcycle or a motor scooter, parked or ridden."""
    colour = str(rng.choice(["red", "blue", "green", "black", "yellow", "white", "orange", "turquoise"]))
    kind = str(rng.choice(["motorcycle", "moped"]))
    paint, r = Paint(Material.PAINT, COLOURS[colour]), 0.31
    parts = [
        wheel((0.72, 0, r), r, 0.14, TYRE),
        wheel((-0.66, 0, r), r, 0.18, TYRE),
        wheel((0.72, 0, r), r * 0.55, 0.16, CHROME, sides=8),
        wheel((-0.66, 0, r), r * 0.55, 0.20, CHROME, sides=8),
        rod((0.72, 0, r), (0.42, 0, 1.0), 0.06, CHROME, sides=6),
        rod((0.42, -0.36, 1.05), (0.42, 0.36, 1.05), 0.03, DARK_METAL, sides=5),
        ball((0.5, 0, 0.88), (0.12, 0.12, 0.12), HEADLAMP, rings=4),
        box((-0.35, 0, 0.78), (0.75, 0.28, 0.12), TYRE),
        box((-0.80, 0, 0.75), (0.06, 0.16, 0.1), TAIL_LAMP),
    ]
    if kind == "motorcycle":
        parts += [
            ball((0.15, 0, 0.80), (0.36, 0.19, 0.18), paint),
            box((0.05, 0, 0.45), (0.5, 0.34, 0.38), Paint(Material.METAL, (0.25, 0.25, 0.26))),
            rod((0.0, -0.22, 0.3), (-0.85, -0.24, 0.4), 0.06, CHROME, sides=6),
            box((-0.72, 0, 0.82), (0.3, 0.16, 0.1), paint),
        ]
    else:
        parts += [
            box((0.48, 0, 0.62), (0.1, 0.42, 0.65), paint, pitch=-0.3),
            box((0.1, 0, 0.33), (0.6, 0.34, 0.08), paint),
            box((-0.45, 0, 0.55), (0.65, 0.36, 0.42), paint, top=(0.85, 0.8)),
        ]
    caption = article(f"{colour} {kind}")
    if rider:
        top = str(rng.choice(CLOTH_COLOURS))
        parts += [*seated_figure(rng, top, 0.86)]
        parts.append(ball((0.02, 0, 0.86 + 0.84), (0.17, 0.15, 0.17), Paint(Material.PAINT, COLOURS[colour]), rings=5))
        caption = f"a rider in {article(top)} jacket on {caption}"
    return assemble(kind, caption, "vehicle.motorcycle", parts)
