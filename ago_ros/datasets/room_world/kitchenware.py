"""Shapes of tableware, kitchen machines and food."""

from __future__ import annotations

import numpy as np

from ago_ros.datasets.procedural.shapes import ball, box, rod
from ago_ros.datasets.room_world.finishes import Finish
from ago_ros.datasets.room_world.pieces import (
    DARK,
    GLASS,
    STEEL,
    TIMBER,
    WHITE,
    Kit,
    Model,
    Support,
    arc,
    disc,
    plain,
    turned,
    vessel,
)

STALK = plain(Finish.FOOD, (0.10, 0.20, 0.05))


def mug(k: Kit) -> Model:
    """A mug with one handle; it has something in it."""
    r = k.w / 2
    parts = vessel([(r * 0.94, 0), (r, k.h)], r * 0.13, k.main)
    parts += arc(
        (r * 0.95, 0, k.h * 0.52), k.h * 0.27, r * 0.13, k.main, start=-np.pi / 2, end=np.pi / 2, steps=6, squash=1.15
    )
    return Model([*parts, disc(0, 0, k.h * 0.7, k.h * 0.75, r * 0.88, plain(Finish.GLASS, (0.10, 0.05, 0.02)))])


def teacup(k: Kit) -> Model:
    """A flared cup with a handle on a saucer."""
    r = k.w * 0.34
    parts = [disc(0, 0, 0, k.h * 0.12, k.w * 0.3, k.main, tip=k.w * 0.5)]
    parts += vessel([(r * 0.55, k.h * 0.1), (r * 0.9, k.h * 0.5), (r, k.h)], r * 0.12, k.main)
    return Model(
        [*parts, *arc((r * 0.92, 0, k.h * 0.6), k.h * 0.22, r * 0.1, k.main, start=-np.pi / 2, end=np.pi / 2, steps=5)]
    )


def plate(k: Kit) -> Model:
    """A shallow plate with a rim."""
    r = k.l / 2
    return Model(
        [disc(0, 0, 0, k.h * 0.4, r * 0.6, k.main), *vessel([(r * 0.6, 0), (r, k.h)], r * 0.25, k.main, sides=16)],
        (Support(0, 0, k.h * 0.5, r, r, 0.2),),
    )


def bowl(k: Kit) -> Model:
    """A round bowl."""
    r = k.l / 2
    parts = vessel([(r * 0.45, 0), (r * 0.82, k.h * 0.45), (r, k.h)], r * 0.1, k.main, sides=14)
    return Model(parts, (Support(0, 0, k.h * 0.2, r * 0.9, r * 0.9, k.h * 1.3, "in"),), "open")


def drinking_glass(k: Kit) -> Model:
    """A tumbler with some water."""
    r = k.l / 2
    return Model(
        [
            *vessel([(r * 0.78, 0), (r, k.h)], r * 0.1, GLASS),
            disc(0, 0, 0.01, k.h * 0.6, r * 0.75, plain(Finish.GLASS, (0.45, 0.6, 0.7))),
        ]
    )


def bottle(k: Kit) -> Model:
    """A bottle with a label and a cap."""
    r, h = k.l / 2, k.h
    label = plain(Finish.LABEL, (0.82, 0.80, 0.72), k.main.second, scale=h)
    parts = turned([(r, 0), (r, h * 0.58), (r * 0.38, h * 0.76), (r * 0.34, h * 0.94)], k.main)
    return Model([*parts, disc(0, 0, h * 0.93, h, r * 0.42, k.trim), disc(0, 0, h * 0.15, h * 0.48, r * 1.02, label)])


def wine_bottle(k: Kit) -> Model:
    """A dark bottle with sloping shoulders, a foil and a paper label."""
    r, h = k.l / 2, k.h
    parts = turned(
        [(r, 0), (r, h * 0.6), (r * 0.8, h * 0.68), (r * 0.36, h * 0.78), (r * 0.36, h * 0.88)],
        plain(Finish.GLASS, (0.02, 0.07, 0.03)),
    )
    return Model(
        [
            *parts,
            disc(0, 0, h * 0.84, h, r * 0.4, k.main),
            disc(0, 0, h * 0.16, h * 0.45, r * 1.02, plain(Finish.LABEL, (0.8, 0.76, 0.64), k.main.colour, h)),
        ]
    )


def teapot(k: Kit) -> Model:
    """A round pot with a spout, a handle and a knob."""
    r, z = k.w * 0.47, k.h * 0.42
    parts = [
        ball((0, 0, z), (r, r, z), k.main, rings=8),
        disc(0, 0, 0, 0.01, r * 0.6, k.main),
        ball((0, 0, k.h * 0.92), (0.014, 0.014, k.h * 0.08), k.main, rings=4),
        disc(0, 0, k.h * 0.78, k.h * 0.86, r * 0.5, k.main, tip=r * 0.2),
    ]
    parts += [rod((r * 0.75, 0, z * 0.8), (r * 1.55, 0, k.h * 0.8), r * 0.24, k.main, tip=r * 0.11)]
    return Model([*parts, *arc((-r * 0.9, 0, z), k.h * 0.27, 0.008, k.main, start=np.pi / 2, end=np.pi * 1.5, steps=7)])


def kettle(k: Kit) -> Model:
    """An electric kettle with a spout, an upright handle and a base."""
    r, h = k.w * 0.5, k.h
    parts = [
        disc(0, 0, 0, h * 0.08, r, DARK),
        *turned([(r * 0.95, h * 0.08), (r * 0.7, h * 0.85), (r * 0.4, h * 0.92)], k.main),
        disc(0, 0, h * 0.91, h * 0.97, r * 0.25, DARK),
    ]
    parts += [rod((r * 0.5, 0, h * 0.7), (r * 1.15, 0, h * 0.87), r * 0.3, k.main, tip=r * 0.12)]
    return Model(
        [
            *parts,
            rod((-r * 0.6, 0, h * 0.85), (-r * 1.2, 0, h * 0.78), 0.012, DARK),
            rod((-r * 1.2, 0, h * 0.8), (-r * 1.1, 0, h * 0.25), 0.014, DARK),
            rod((-r * 1.1, 0, h * 0.27), (-r * 0.8, 0, h * 0.22), 0.011, DARK),
        ]
    )


def saucepan(k: Kit) -> Model:
    """A pan with a straight handle."""
    r = k.w / 2
    parts = [
        *vessel([(r * 0.95, 0), (r, k.h)], r * 0.06, k.main),
        rod((r * 0.95, 0, k.h * 0.8), (r + k.l * 0.5, 0, k.h * 0.95), 0.013, DARK, sides=6),
    ]
    return Model(parts, (Support(0, 0, 0.01, r, r, k.h, "in"),), "open")


def pot(k: Kit) -> Model:
    """A cooking pot with two grips, with or without its lid."""
    r = k.w / 2
    parts = vessel([(r, 0), (r, k.h * 0.8)], r * 0.06, k.main, sides=14)
    parts += [
        p
        for side in (-1, 1)
        for p in arc(
            (0, side * r, k.h * 0.68),
            0.03,
            0.008,
            DARK,
            plane="xy",
            start=0 if side > 0 else np.pi,
            end=np.pi if side > 0 else 2 * np.pi,
            steps=4,
        )
    ]
    if k.coin(0.6):
        return Model(
            [
                *parts,
                disc(0, 0, k.h * 0.8, k.h * 0.9, r * 1.02, k.main, tip=r * 0.3),
                ball((0, 0, k.h * 0.95), (0.02, 0.02, 0.018), DARK, rings=4),
            ],
            (Support(0, 0, 0.01, r, r, k.h * 0.7, "in"),),
            "closed",
        )
    return Model(parts, (Support(0, 0, 0.01, r, r, k.h, "in"),), "open")


def frying_pan(k: Kit) -> Model:
    """A flat pan with a long handle."""
    r = k.w / 2
    parts = vessel([(r * 0.8, 0), (r, k.h)], r * 0.08, k.main, sides=14)
    return Model(
        [*parts, rod((r * 0.95, 0, k.h * 0.8), (k.l - r, 0, k.h * 1.3), 0.013, DARK, sides=6)],
        (Support(0, 0, 0.01, r, r, 0.15),),
    )


def toaster(k: Kit) -> Model:
    """A toaster with two slots, bread in them, and a lever."""
    parts = [
        box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main, top=(0.86, 0.94)),
        box((k.l / 2, 0, k.h * 0.5), (0.03, 0.04, 0.02), DARK),
    ]
    bread = plain(Finish.FOOD, (0.45, 0.26, 0.10))
    for x in (-k.l * 0.17, k.l * 0.17):
        parts += [
            box((x, 0, k.h), (k.l * 0.14, k.w * 0.75, 0.006), DARK),
            box((x, 0, k.h + 0.015), (0.018, k.w * 0.5, 0.04), bread),
        ]
    return Model(
        [*parts, rod((k.l / 2 - 0.01, k.w * 0.3, k.h * 0.3), (k.l / 2 + 0.012, k.w * 0.3, k.h * 0.3), 0.016, STEEL)]
    )


def coffee_machine(k: Kit) -> Model:
    """A coffee machine with a jug below its spout."""
    parts = [
        box((0, 0, 0.02), (k.l, k.w, 0.04), k.main),
        box((-k.l * 0.32, 0, k.h / 2), (k.l * 0.36, k.w, k.h), k.main),
        box((0, 0, k.h * 0.87), (k.l, k.w, k.h * 0.26), k.main),
        disc(k.l * 0.18, 0, k.h * 0.68, k.h * 0.76, 0.03, DARK),
    ]
    jug = plain(Finish.GLASS, (0.08, 0.05, 0.04))
    return Model(
        [
            *parts,
            *turned([(k.w * 0.32, 0.04), (k.w * 0.36, k.h * 0.3), (k.w * 0.25, k.h * 0.55)], jug, x=k.l * 0.18),
            box((k.l * 0.5, 0, k.h * 0.9), (0.01, k.w * 0.5, k.h * 0.1), plain(Finish.SCREEN, (0.1, 0.3, 0.6))),
        ]
    )


def blender(k: Kit) -> Model:
    """A blender: a jug of glass on a motor."""
    r = k.l / 2
    return Model(
        [
            disc(0, 0, 0, k.h * 0.35, r, k.main, tip=r * 0.75),
            disc(0, 0, k.h * 0.35, k.h * 0.92, r * 0.6, GLASS, tip=r * 0.85),
            disc(0, 0, k.h * 0.9, k.h, r * 0.88, DARK),
            rod((r * 0.9, 0, 0.05), (r * 1.02, 0, 0.05), 0.02, STEEL),
            *arc((r * 0.75, 0, k.h * 0.63), k.h * 0.17, 0.01, GLASS, start=-np.pi / 2, end=np.pi / 2, steps=5),
        ]
    )


def knife(k: Kit) -> Model:
    """A kitchen knife that lies flat."""
    return Model(
        [
            box((k.l * 0.18, 0, k.h / 2), (k.l * 0.62, k.w, 0.006), STEEL),
            box((-k.l * 0.32, 0, k.h / 2), (k.l * 0.36, k.w * 0.75, k.h), k.main),
        ]
    )


def spoon(k: Kit) -> Model:
    """A cooking spoon that lies flat."""
    return Model(
        [
            rod((-k.l / 2, 0, k.h / 2), (k.l * 0.3, 0, k.h / 2), k.h * 0.4, k.main, sides=6),
            ball((k.l * 0.38, 0, k.h / 2), (k.l * 0.13, k.w / 2, k.h / 2), k.main),
        ]
    )


def cutting_board(k: Kit) -> Model:
    """A board with a grip hole's rim."""
    return Model(
        [
            box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main),
            box((-k.l * 0.42, 0, k.h / 2), (0.02, k.w * 0.3, k.h * 1.05), DARK),
        ],
        (Support(0.03, 0, k.h, k.l * 0.7, k.w * 0.85, 0.2),),
    )


def jar(k: Kit) -> Model:
    """A jar of preserves with a screw lid and a label."""
    r = k.l / 2
    return Model(
        [
            disc(0, 0, 0, k.h * 0.8, r, k.main),
            disc(0, 0, k.h * 0.8, k.h, r * 0.92, k.trim),
            disc(0, 0, k.h * 0.2, k.h * 0.6, r * 1.02, plain(Finish.LABEL, (0.85, 0.82, 0.7), k.main.colour, k.h)),
        ]
    )


def tin_can(k: Kit) -> Model:
    """A tin with a paper band."""
    r = k.l / 2
    return Model(
        [
            disc(0, 0, 0, k.h, r, STEEL),
            disc(0, 0, k.h * 0.08, k.h * 0.92, r * 1.02, plain(Finish.LABEL, k.main.colour, k.main.second, k.h)),
        ]
    )


def carton(k: Kit) -> Model:
    """A milk carton with a gabled top."""
    label = plain(Finish.LABEL, (0.82, 0.83, 0.84), k.main.colour, k.h)
    return Model(
        [
            box((0, 0, k.h * 0.39), (k.l, k.w, k.h * 0.78), label),
            box((0, 0, k.h * 0.86), (k.l, k.w, k.h * 0.16), k.main, top=(0.05, 1)),
            box((0, 0, k.h * 0.96), (0.006, k.w, k.h * 0.08), WHITE),
        ]
    )


def cereal_box(k: Kit) -> Model:
    """A tall packet with a printed front."""
    return Model(
        [
            box((0, 0, k.h / 2), (k.l, k.w, k.h), plain(Finish.LABEL, k.main.colour, k.main.second, k.h)),
            box(
                (k.l / 2, 0, k.h * 0.32),
                (0.003, k.w * 0.7, k.h * 0.4),
                plain(Finish.PICTURE, k.main.second, k.main.colour),
            ),
        ]
    )


def apple(k: Kit) -> Model:
    """An apple with a stalk."""
    r = k.l / 2
    return Model(
        [
            ball((0, 0, r * 0.92), (r, r, r * 0.92), k.main, rings=7),
            rod((0, 0, r * 1.7), (0.004, 0, r * 2.2), 0.003, TIMBER, sides=4),
        ]
    )


def citrus(k: Kit) -> Model:
    """An orange or a lemon."""
    r = k.h / 2
    return Model(
        [
            ball((0, 0, r), (k.l / 2, k.w / 2, r), k.main, rings=7),
            ball((k.l / 2 - 0.002, 0, r), (0.006, 0.006, 0.006), STALK, rings=3),
        ]
    )


def tomato(k: Kit) -> Model:
    """A tomato with a green star."""
    r = k.l / 2
    parts = [ball((0, 0, k.h / 2), (r, r, k.h / 2), k.main, rings=7)]
    return Model(
        [
            *parts,
            *[
                rod(
                    (0, 0, k.h * 0.97),
                    (float(np.cos(a)) * r * 0.5, float(np.sin(a)) * r * 0.5, k.h * 0.95),
                    0.004,
                    STALK,
                    sides=4,
                )
                for a in np.arange(5) * 1.257
            ],
        ]
    )


def banana(k: Kit) -> Model:
    """A bunch of bent bananas."""
    parts = []
    for i in range(3):
        y = (i - 1) * k.w * 0.28
        angle = np.linspace(0.5, np.pi - 0.5, 6)
        points = [
            (
                k.l * 0.56 * float(np.cos(a)),
                y * (0.5 + 0.5 * float(np.sin(a))),
                k.h * 1.75 - k.h * 1.45 * float(np.sin(a)) + 0.0,
            )
            for a in angle
        ]
        for j in range(5):
            parts.append(
                rod(
                    points[j],
                    points[j + 1],
                    k.w * 0.15 if 0 < j < 4 else k.w * (0.06 if j == 0 else 0.15),
                    k.main,
                    tip=k.w * (0.06 if j == 4 else 0.15),
                    sides=6,
                )
            )
    return Model([*parts, rod((-k.l * 0.48, 0, k.h), (-k.l * 0.54, 0, k.h * 1.15), k.w * 0.12, TIMBER, sides=5)])


def bread(k: Kit) -> Model:
    """A loaf with cuts."""
    parts = [
        ball((0, 0, k.h * 0.5), (k.l / 2, k.w / 2, k.h * 0.5), k.main, rings=7),
        box((0, 0, k.h * 0.3), (k.l * 0.7, k.w * 0.8, k.h * 0.5), k.main),
    ]
    return Model(
        [
            *parts,
            *[
                box((x, 0, k.h * 0.97), (0.01, k.w * 0.5, k.h * 0.08), plain(Finish.FOOD, (0.75, 0.6, 0.38)), yaw=0.5)
                for x in (-k.l * 0.2, 0.0, k.l * 0.2)
            ],
        ]
    )


def carrot(k: Kit) -> Model:
    """A carrot with its greens, lying."""
    z = k.h / 2
    return Model(
        [
            rod((-k.l * 0.2, 0, z), (k.l / 2, 0, z * 0.6), z, k.main, tip=0.003),
            *[
                rod((-k.l * 0.2, 0, z), (-k.l / 2, y, z * 1.2), 0.006, STALK, tip=0.012, sides=4)
                for y in (-0.02, 0.0, 0.02)
            ],
        ]
    )


def pineapple(k: Kit) -> Model:
    """A pineapple with a tuft."""
    body = plain(Finish.CHECKS, (0.50, 0.30, 0.06), (0.30, 0.17, 0.04), 0.35)
    parts = [ball((0, 0, k.h * 0.33), (k.l / 2, k.w / 2, k.h * 0.33), body, rings=8)]
    for i in range(9):
        a, reach = i * 2.4, k.l * (0.15 + 0.35 * (i % 3) / 2)
        parts.append(
            rod(
                (0, 0, k.h * 0.62),
                (float(np.cos(a)) * reach, float(np.sin(a)) * reach, k.h * (1.0 - 0.1 * (i % 3))),
                k.l * 0.1,
                STALK,
                tip=0.002,
                sides=4,
            )
        )
    return Model(parts)


def cake(k: Kit) -> Model:
    """A layer cake with icing and a cherry on a stand."""
    r = k.l / 2
    icing = plain(Finish.MATTE, (0.85, 0.80, 0.74))
    parts = [
        disc(0, 0, 0, k.h * 0.08, r, WHITE),
        disc(0, 0, k.h * 0.08, k.h * 0.42, r * 0.85, k.main),
        disc(0, 0, k.h * 0.42, k.h * 0.5, r * 0.87, icing),
        disc(0, 0, k.h * 0.5, k.h * 0.82, r * 0.85, k.main),
        disc(0, 0, k.h * 0.82, k.h * 0.9, r * 0.88, icing),
    ]
    return Model(
        [
            *parts,
            *[
                ball(
                    (r * 0.6 * float(np.cos(a)), r * 0.6 * float(np.sin(a)), k.h * 0.94),
                    (0.012, 0.012, 0.012),
                    plain(Finish.PLASTIC, (0.6, 0.02, 0.04)),
                    rings=4,
                )
                for a in np.arange(6) * 1.047
            ],
        ]
    )


def egg(k: Kit) -> Model:
    """An egg on its side."""
    return Model([ball((0, 0, k.h / 2), (k.l / 2, k.w / 2, k.h / 2), k.main)])
