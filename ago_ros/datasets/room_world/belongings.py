"""Shapes of electronics, tools, toys, clothes and decoration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ago_ros.datasets.procedural.shapes import Part, ball, box, rod
from ago_ros.datasets.room_world.finishes import Finish
from ago_ros.datasets.room_world.pieces import (
    DARK,
    GLASS,
    GLOW,
    GREEN,
    PAGES,
    SCREEN,
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


def laptop(k: Kit) -> Model:
    """An open laptop."""
    keys = plain(Finish.KEYS, (0.05, 0.05, 0.06), (0.3, 0.3, 0.3))
    parts = [
        box((0, 0, 0.01), (k.l, k.w, 0.02), k.main),
        box((k.l * -0.05, 0, 0.021), (k.l * 0.5, k.w * 0.88, 0.003), keys),
        box((k.l * 0.33, 0, 0.021), (k.l * 0.2, k.w * 0.28, 0.002), k.trim),
    ]
    parts.append(box((-k.l * 0.56, 0, k.h / 2), (0.012, k.w, k.h), k.main, pitch=-0.25))
    return Model(
        [
            *parts,
            box(
                (-k.l * 0.56 + 0.007, 0, k.h / 2 + 0.001),
                (0.003, k.w * 0.92, k.h * 0.86),
                plain(Finish.SCREEN, k.main.second),
                pitch=-0.25,
            ),
        ]
    )


def monitor(k: Kit) -> Model:
    """A computer monitor on a stand."""
    parts = [
        disc(0, 0, 0, 0.015, k.l / 2, k.main),
        box((-0.02, 0, k.h * 0.3), (0.03, 0.05, k.h * 0.5), k.main),
        box((0.01, 0, k.h * 0.62), (0.035, k.w, k.h * 0.74), k.main),
    ]
    return Model(
        [*parts, box((0.03, 0, k.h * 0.64), (0.006, k.w * 0.94, k.h * 0.64), plain(Finish.SCREEN, k.main.second))]
    )


def keyboard(k: Kit) -> Model:
    """A computer keyboard."""
    light = plain(Finish.KEYS, k.main.colour, (0.5, 0.5, 0.5) if max(k.main.colour) < 0.3 else (0.15, 0.15, 0.15))
    return Model(
        [
            box((0, 0, k.h * 0.3), (k.l, k.w, k.h * 0.6), k.main),
            box((0, 0, k.h * 0.75), (k.l * 0.88, k.w * 0.96, k.h * 0.5), light),
        ]
    )


def computer_mouse(k: Kit) -> Model:
    """A computer mouse with a wheel."""
    return Model(
        [
            ball((0, 0, k.h * 0.35), (k.l / 2, k.w / 2, k.h * 0.65), k.main),
            box((0, 0, 0.005), (k.l * 0.9, k.w * 0.8, 0.01), k.main),
            rod((k.l * 0.25, -0.006, k.h * 0.75), (k.l * 0.25, 0.006, k.h * 0.75), 0.009, DARK),
        ]
    )


def remote_control(k: Kit) -> Model:
    """A remote control with buttons."""
    return Model(
        [
            box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main, top=(0.96, 0.85)),
            box((0, 0, k.h), (k.l * 0.8, k.w * 0.7, 0.004), plain(Finish.KEYS, (0.5, 0.5, 0.5), (0.03, 0.03, 0.03))),
        ]
    )


def mobile_phone(k: Kit) -> Model:
    """A mobile phone, screen up."""
    return Model(
        [box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main), box((0, 0, k.h), (k.l * 0.94, k.w * 0.9, 0.002), SCREEN)]
    )


def speaker(k: Kit) -> Model:
    """A loudspeaker with two cones."""
    parts = [box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main)]
    for z, r in ((0.33, 0.36), (0.76, 0.2)):
        parts += [
            rod((k.l / 2, 0, k.h * z), (k.l / 2 + 0.006, 0, k.h * z), k.w * r, DARK, sides=16),
            rod((k.l / 2 + 0.004, 0, k.h * z), (k.l / 2 + 0.012, 0, k.h * z), k.w * r * 0.4, STEEL),
        ]
    return Model(parts)


def headphones(k: Kit) -> Model:
    """Headphones that lie on their cups."""
    r = k.w / 2
    parts = arc(
        (0, 0, k.h * 0.35),
        r * 0.95,
        0.012,
        k.main,
        plane="yz",
        start=0,
        end=np.pi,
        steps=9,
        squash=k.h * 0.62 / (r * 0.95),
    )
    return Model(
        [
            *parts,
            *[
                rod((0, side * r, k.h * 0.3), (0, side * (r - 0.035), k.h * 0.3), k.h * 0.28, p, sides=12)
                for side in (-1, 1)
                for p in (DARK,)
            ],
        ]
    )


def camera(k: Kit) -> Model:
    """A camera with a lens."""
    z = k.h * 0.42
    return Model(
        [
            box((-k.l * 0.2, 0, z), (k.l * 0.5, k.w, k.h * 0.84), k.main),
            box((-k.l * 0.2, 0, k.h * 0.9), (k.l * 0.4, k.w * 0.35, k.h * 0.2), k.main),
            rod((0, 0, z), (k.l * 0.5, 0, z), k.h * 0.36, DARK, sides=14),
            rod((k.l * 0.48, 0, z), (k.l * 0.51, 0, z), k.h * 0.26, GLASS, sides=14),
        ]
    )


def printer(k: Kit) -> Model:
    """A printer with paper behind and in its tray."""
    return Model(
        [
            box((0, 0, k.h * 0.38), (k.l, k.w, k.h * 0.76), k.main, top=(0.9, 0.95)),
            box((k.l * 0.48, 0, k.h * 0.25), (0.05, k.w * 0.7, k.h * 0.22), DARK),
            box((k.l * 0.55, 0, k.h * 0.18), (0.16, k.w * 0.55, 0.008), plain(Finish.PAPER, (0.88, 0.88, 0.86))),
            box(
                (-k.l * 0.38, 0, k.h * 0.85),
                (0.02, k.w * 0.55, k.h * 0.4),
                plain(Finish.PAPER, (0.88, 0.88, 0.86)),
                pitch=-0.35,
            ),
        ],
        (Support(0, 0, k.h * 0.76, k.l * 0.5, k.w * 0.8, 0.2),),
    )


def alarm_clock(k: Kit) -> Model:
    """A clock on two feet with two bells."""
    r = k.w * 0.46
    z = r + 0.012
    parts = [
        rod((-k.l * 0.4, 0, z), (k.l * 0.4, 0, z), r, k.main, sides=18),
        rod((k.l * 0.38, 0, z), (k.l * 0.44, 0, z), r * 0.86, plain(Finish.DIAL, (0.85, 0.84, 0.8), scale=r), sides=18),
    ]
    for side in (-1, 1):
        parts += [
            rod((0, side * r * 0.6, z), (0, side * r * 0.85, 0), 0.006, STEEL, sides=5),
            ball((0, side * r * 0.6, z + r * 0.95), (r * 0.33, r * 0.33, r * 0.28), STEEL, rings=4),
        ]
    return Model(parts)


def book(k: Kit) -> Model:
    """A book: lying, or upright with its spine to the front."""
    if k.coin(0.4):
        k = replace(k, l=k.h, w=k.l, h=k.w)
        return Model(
            [
                box((0, 0, k.h / 2), (k.l * 0.97, k.w * 0.95, k.h * 0.8), PAGES),
                box((0, 0, k.h * 0.06), (k.l, k.w, k.h * 0.12), k.main),
                box((0, 0, k.h * 0.94), (k.l, k.w, k.h * 0.12), k.main),
                box((0, -k.w / 2, k.h / 2), (k.l, 0.006, k.h), k.main),
            ],
            (Support(0, 0, k.h, k.l * 0.9, k.w * 0.9, 0.2),),
        )
    parts = [
        box((-0.004, 0, k.h / 2), (k.l * 0.95, k.w * 0.75, k.h * 0.96), PAGES),
        box((k.l / 2, 0, k.h / 2), (0.008, k.w, k.h), k.main),
        box(
            (k.l / 2 + 0.003, 0, k.h * 0.7),
            (0.004, k.w * 0.7, k.h * 0.22),
            plain(Finish.LABEL, (0.8, 0.75, 0.6), k.main.colour),
        ),
    ]
    return Model([*parts, *[box((0, side * k.w * 0.44, k.h / 2), (k.l, k.w * 0.12, k.h), k.main) for side in (-1, 1)]])


def notebook(k: Kit) -> Model:
    """A spiral notebook that lies closed."""
    parts = [box((0, 0, k.h / 2), (k.l, k.w, k.h), PAGES), box((0, 0, k.h), (k.l, k.w, 0.003), k.main)]
    return Model(
        [
            *parts,
            *[
                p
                for i in range(8)
                for p in [
                    rod(
                        (k.l * (i / 7.5 - 0.47), -k.w / 2 - 0.004, k.h * 0.6),
                        (k.l * (i / 7.5 - 0.47), -k.w / 2 + 0.012, k.h + 0.004),
                        0.004,
                        STEEL,
                        sides=4,
                    )
                ]
            ],
        ]
    )


def vase(k: Kit) -> Model:
    """A bellied vase with flowers."""
    r, h = k.l / 2, k.h * 0.58
    parts = turned([(r * 0.5, 0), (r * 0.95, h * 0.4), (r * 0.8, h * 0.65), (r * 0.4, h * 0.86), (r * 0.55, h)], k.main)
    for i in range(6):
        a = i * 2.4
        end = (float(np.cos(a)) * r * 0.85, float(np.sin(a)) * r * 0.85, k.h * (0.84 + 0.03 * (i % 4)))
        petals = plain(Finish.MATTE, (0.75, 0.10, 0.15) if i % 2 else (0.85, 0.70, 0.12))
        parts += [
            rod((0, 0, h * 0.95), end, 0.004, GREEN, sides=4),
            ball(end, (r * 0.35, r * 0.35, r * 0.25), petals, rings=4),
        ]
    return Model(parts)


def candle(k: Kit) -> Model:
    """A candle on a saucer with a flame."""
    r = k.l / 2
    return Model(
        [
            disc(0, 0, 0, 0.012, r, k.trim),
            disc(0, 0, 0.01, k.h * 0.85, r * 0.55, k.main),
            rod((0, 0, k.h * 0.84), (0, 0, k.h * 0.9), 0.003, DARK, sides=4),
            ball((0, 0, k.h * 0.95), (0.008, 0.008, k.h * 0.06), GLOW, rings=4),
        ]
    )


def picture_frame(k: Kit) -> Model:
    """A small framed photograph that leans on its stand."""
    return Model(
        [
            box((0, 0, k.h / 2), (0.02, k.w, k.h), k.main, pitch=-0.2),
            box(
                (0.011, 0, k.h / 2),
                (0.006, k.w * 0.8, k.h * 0.8),
                plain(Finish.PICTURE, k.main.second, k.main.colour),
                pitch=-0.2,
            ),
            rod((-0.01, 0, k.h * 0.6), (-k.l * 0.7, 0, 0), 0.006, DARK, sides=4),
        ]
    )


def teddy_bear(k: Kit) -> Model:
    """A teddy bear that sits."""
    w, h = k.w, k.h
    muzzle = plain(Finish.FUR, (0.70, 0.55, 0.38))
    parts = [
        ball((0, 0, h * 0.30), (w * 0.30, w * 0.33, h * 0.30), k.main),
        ball((0.01, 0, h * 0.72), (w * 0.28, w * 0.30, h * 0.21), k.main, rings=7),
        ball((w * 0.25, 0, h * 0.67), (w * 0.12, w * 0.13, h * 0.08), muzzle, rings=4),
        ball((w * 0.36, 0, h * 0.70), (0.012, 0.014, 0.01), DARK, rings=3),
    ]
    for s in (-1, 1):
        parts += [
            ball((0, s * w * 0.25, h * 0.92), (w * 0.06, w * 0.11, h * 0.09), k.main, rings=4),
            ball((w * 0.25, s * w * 0.1, h * 0.77), (0.01, 0.01, 0.01), DARK, rings=3),
            ball((w * 0.32, s * w * 0.26, h * 0.1), (w * 0.28, w * 0.13, h * 0.1), k.main, rings=5),
            ball((w * 0.56, s * w * 0.27, h * 0.12), (w * 0.05, w * 0.1, h * 0.1), muzzle, rings=4),
            ball((w * 0.1, s * w * 0.38, h * 0.40), (w * 0.11, w * 0.11, h * 0.17), k.main, rings=5),
        ]
    return Model(parts)


def sphere_toy(k: Kit) -> Model:
    """A football of patches, or a basketball with seams."""
    r = k.h / 2
    return Model([ball((0, 0, r), (r, r, r), k.main, rings=10)])


def football(k: Kit) -> Model:
    """A white football with dark patches."""
    r = k.h / 2
    return Model(
        [ball((0, 0, r), (r, r, r), plain(Finish.SPECKLES, (0.82, 0.82, 0.80), (0.03, 0.03, 0.03), 4.2), rings=10)]
    )


def basketball(k: Kit) -> Model:
    """An orange ball with dark seams."""
    r = k.h / 2
    return Model([ball((0, 0, r), (r, r, r), plain(Finish.BALL, (0.72, 0.26, 0.05), (0.03, 0.02, 0.02), r), rings=10)])


def globe(k: Kit) -> Model:
    """A globe on a stand with an arc."""
    r = k.w * 0.46
    z = k.h - r
    return Model(
        [
            disc(0, 0, 0, 0.02, r * 0.7, k.trim, tip=r * 0.5),
            disc(0, 0, 0.02, z - r * 0.95, 0.012, k.trim),
            ball((0, 0, z), (r, r, r), plain(Finish.GLOBE, (0.05, 0.2, 0.5), (0.15, 0.35, 0.1), r), rings=9),
            *arc((0, 0, z), r * 1.07, 0.008, k.trim, plane="yz", start=-np.pi / 2, end=np.pi / 2, steps=8),
        ]
    )


def toy_car(k: Kit) -> Model:
    """A toy car with four wheels and a cabin."""
    parts = [
        box((0, 0, k.h * 0.42), (k.l, k.w, k.h * 0.4), k.main, top=(0.94, 0.95)),
        box(
            (-k.l * 0.05, 0, k.h * 0.8),
            (k.l * 0.5, k.w * 0.85, k.h * 0.4),
            plain(Finish.GLASS, (0.1, 0.14, 0.18)),
            top=(0.7, 0.85),
        ),
        box((-k.l * 0.05, 0, k.h), (k.l * 0.34, k.w * 0.72, 0.006), k.main),
    ]
    return Model(
        [
            *parts,
            *[
                rod((x, s * k.w * 0.52, k.h * 0.22), (x, s * k.w * 0.38, k.h * 0.22), k.h * 0.22, DARK, sides=10)
                for x in (-k.l * 0.3, k.l * 0.3)
                for s in (-1, 1)
            ],
        ]
    )


def building_blocks(k: Kit) -> Model:
    """A small tower of coloured cubes."""
    s = k.h / 2
    colours = [(0.65, 0.05, 0.05), (0.05, 0.2, 0.6), (0.85, 0.65, 0.05), (0.08, 0.4, 0.12)]
    places = [(-s * 0.6, -s * 0.6, 0), (-s * 0.5, s * 0.7, 0), (s * 0.65, 0.0, 0), (-s * 0.3, 0.0, 1)]
    return Model(
        [
            box((x, y, s * (z + 0.5)), (s, s, s), plain(Finish.PLASTIC, c), yaw=0.3 * i)
            for i, ((x, y, z), c) in enumerate(zip(places, colours))
        ]
    )


def rubber_duck(k: Kit) -> Model:
    """A yellow duck with an orange beak."""
    return Model(
        [
            ball((0, 0, k.h * 0.33), (k.l * 0.5, k.w * 0.5, k.h * 0.33), k.main),
            ball((k.l * 0.22, 0, k.h * 0.75), (k.l * 0.26, k.w * 0.34, k.h * 0.25), k.main),
            rod(
                (k.l * 0.4, 0, k.h * 0.72),
                (k.l * 0.62, 0, k.h * 0.70),
                k.h * 0.09,
                plain(Finish.PLASTIC, (0.9, 0.3, 0.03)),
                tip=0.004,
            ),
            rod((-k.l * 0.35, 0, k.h * 0.4), (-k.l * 0.55, 0, k.h * 0.62), k.h * 0.14, k.main, tip=0.006),
        ]
    )


def hat(k: Kit) -> Model:
    """A brimmed hat with a band."""
    r = k.l / 2
    return Model(
        [
            disc(0, 0, 0, 0.012, r, k.main, sides=20),
            disc(0, 0, 0.01, k.h, r * 0.6, k.main, tip=r * 0.5),
            disc(0, 0, 0.012, k.h * 0.3, r * 0.61, DARK, tip=r * 0.59),
        ]
    )


def shoe(k: Kit) -> Model:
    """A pair of shoes."""
    parts: list[Part] = []
    for s in (-1, 1):
        y, w = s * k.w * 0.27, k.w * 0.42
        parts += [
            box((0, y, 0.012), (k.l, w, 0.024), WHITE),
            ball((k.l * 0.2, y, k.h * 0.28), (k.l * 0.3, w * 0.48, k.h * 0.36), k.main),
            box(
                (-k.l * 0.22, y, k.h * 0.5), (k.l * 0.48, w * 0.85, k.h * 0.9), k.main, top=(0.7, 0.8), lean=(-0.01, 0)
            ),
            box((-k.l * 0.24, y, k.h * 0.96), (k.l * 0.26, w * 0.5, 0.01), DARK),
        ]
    return Model(parts)


def handbag(k: Kit) -> Model:
    """A handbag with a strap and a clasp."""
    body = k.h * 0.62
    return Model(
        [
            box((0, 0, body / 2), (k.l, k.w, body), k.main, top=(0.6, 0.85)),
            box((k.l * 0.4, 0, body * 0.72), (0.015, 0.04, 0.03), k.trim),
            *arc(
                (0, 0, body * 0.95),
                k.w * 0.33,
                0.011,
                k.main,
                plane="yz",
                start=0,
                end=np.pi,
                steps=8,
                squash=k.h * 0.38 / (k.w * 0.33),
            ),
        ]
    )


def backpack(k: Kit) -> Model:
    """A backpack with a pocket, straps and a loop."""
    return Model(
        [
            box((-k.l * 0.1, 0, k.h * 0.45), (k.l * 0.7, k.w, k.h * 0.9), k.main, top=(0.8, 0.8)),
            ball((-k.l * 0.1, 0, k.h * 0.86), (k.l * 0.3, k.w * 0.4, k.h * 0.12), k.main),
            box((k.l * 0.33, 0, k.h * 0.28), (k.l * 0.28, k.w * 0.75, k.h * 0.42), k.main, top=(0.75, 0.9)),
            box((k.l * 0.45, 0, k.h * 0.42), (0.015, k.w * 0.6, 0.012), k.trim),
            *arc((-k.l * 0.1, 0, k.h * 0.94), 0.04, 0.008, DARK, plane="yz", start=0, end=np.pi, steps=5),
            *[box((-k.l * 0.48, s * k.w * 0.25, k.h * 0.45), (0.02, 0.05, k.h * 0.7), DARK) for s in (-1, 1)],
        ]
    )


def umbrella(k: Kit) -> Model:
    """A furled umbrella that lies, with a crook."""
    z = k.h / 2
    return Model(
        [
            rod((-k.l * 0.25, 0, z), (k.l * 0.42, 0, z), z, k.main, tip=0.012),
            rod((k.l * 0.4, 0, z), (k.l / 2, 0, z), 0.005, STEEL, sides=5),
            rod((-k.l * 0.4, 0, z), (-k.l * 0.25, 0, z), 0.009, TIMBER, sides=6),
            *arc((-k.l * 0.4, 0.04, z), 0.04, 0.01, TIMBER, plane="xy", start=np.pi / 2, end=np.pi * 1.5, steps=6),
        ]
    )


def pillow(k: Kit) -> Model:
    """A plump square cushion."""
    return Model(
        [
            ball((0, 0, k.h / 2), (k.l * 0.5, k.w * 0.5, k.h * 0.5), k.main, rings=8),
            box((0, 0, k.h / 2), (k.l * 0.94, k.w * 0.94, k.h * 0.35), k.main),
            box((0, 0, k.h * 0.62), (k.l * 0.82, k.w * 0.82, k.h * 0.3), k.main, top=(0.8, 0.8)),
        ]
    )


def towel(k: Kit) -> Model:
    """A towel, folded in three."""
    return Model(
        [
            box((0, 0, k.h * (i + 0.5) / 3), (k.l * (1 - 0.01 * i), k.w, k.h / 3 - 0.004), k.main, top=(0.98, 0.98))
            for i in range(3)
        ]
    )


def soap_bottle(k: Kit) -> Model:
    """A soap dispenser with a pump."""
    r = k.l / 2
    return Model(
        [
            *turned([(r, 0), (r, k.h * 0.6), (r * 0.45, k.h * 0.72)], k.main),
            disc(0, 0, k.h * 0.72, k.h * 0.95, r * 0.18, k.trim),
            rod((0, 0, k.h * 0.95), (r * 1.1, 0, k.h * 0.93), r * 0.2, k.trim, sides=6),
        ]
    )


def toilet_roll(k: Kit) -> Model:
    """A roll of toilet paper that stands."""
    r = k.l / 2
    return Model(
        [
            disc(0, 0, 0, k.h, r, plain(Finish.PAPER, (0.88, 0.87, 0.85)), sides=18),
            disc(0, 0, k.h - 0.002, k.h + 0.002, r * 0.4, plain(Finish.PAPER, (0.35, 0.25, 0.15))),
        ]
    )


def tissue_box(k: Kit) -> Model:
    """A box with a tissue that sticks out."""
    return Model(
        [
            box((0, 0, k.h * 0.37), (k.l, k.w, k.h * 0.74), k.main),
            rod((0, 0, k.h * 0.7), (0.01, 0, k.h), 0.02, plain(Finish.PAPER, (0.9, 0.9, 0.9)), tip=0.05, sides=5),
        ]
    )


def hammer(k: Kit) -> Model:
    """A hammer that lies."""
    z = k.h / 2
    return Model(
        [
            rod((-k.l / 2, 0, z), (k.l * 0.42, 0, z), 0.014, k.main, sides=8),
            box((k.l * 0.44, 0, z), (0.035, k.w, k.h), STEEL),
            rod((k.l * 0.44, k.w * 0.5, z), (k.l * 0.44, k.w * 0.3, z), 0.02, STEEL),
        ]
    )


def screwdriver(k: Kit) -> Model:
    """A screwdriver that lies."""
    z = k.h / 2
    return Model(
        [
            rod((-k.l / 2, 0, z), (-k.l * 0.08, 0, z), z, k.main, tip=z * 0.8),
            rod((-k.l * 0.08, 0, z), (k.l / 2, 0, z), 0.005, STEEL, sides=6),
        ]
    )


def drill(k: Kit) -> Model:
    """A cordless drill that stands on its battery."""
    z = k.h * 0.82
    return Model(
        [
            box((-k.l * 0.15, 0, 0.025), (k.l * 0.42, k.w, 0.05), DARK),
            box((-k.l * 0.18, 0, k.h * 0.4), (0.045, k.w * 0.55, k.h * 0.7), k.main, lean=(-0.01, 0)),
            rod((-k.l * 0.4, 0, z), (k.l * 0.15, 0, z), k.w * 0.48, k.main),
            rod((k.l * 0.15, 0, z), (k.l * 0.3, 0, z), k.w * 0.35, DARK, tip=k.w * 0.2),
            rod((k.l * 0.3, 0, z), (k.l * 0.52, 0, z), 0.004, STEEL, sides=5),
        ]
    )


def dumbbell(k: Kit) -> Model:
    """A dumbbell with round weights."""
    r = k.h / 2
    parts = [rod((0, -k.w / 2, r), (0, k.w / 2, r), 0.015, STEEL)]
    return Model([*parts, *[rod((0, s * k.w * 0.28, r), (0, s * k.w * 0.46, r), r, k.main, sides=12) for s in (-1, 1)]])


def skateboard(k: Kit) -> Model:
    """A skateboard with wheels and turned-up ends."""
    z = k.h * 0.75
    parts = [box((0, 0, z), (k.l * 0.72, k.w, 0.014), k.main)]
    for s in (-1, 1):
        parts.append(box((s * k.l * 0.42, 0, z + 0.022), (k.l * 0.17, k.w * 0.9, 0.014), k.main, pitch=-s * 0.35))
        parts += [
            rod(
                (s * k.l * 0.28, t * k.w * 0.45, k.h * 0.3),
                (s * k.l * 0.28, t * k.w * 0.25, k.h * 0.3),
                k.h * 0.3,
                WHITE,
                sides=10,
            )
            for t in (-1, 1)
        ]
        parts.append(box((s * k.l * 0.28, 0, k.h * 0.45), (0.05, k.w * 0.6, k.h * 0.4), STEEL))
    return Model(parts)


def baseball_bat(k: Kit) -> Model:
    """A baseball bat that lies."""
    z = k.h / 2
    return Model(
        [
            rod((-k.l / 2, 0, z), (-k.l * 0.47, 0, z), z * 0.7, k.main),
            rod((-k.l * 0.47, 0, z), (0, 0, z), z * 0.4, k.main, tip=z * 0.7),
            rod((0, 0, z), (k.l / 2, 0, z), z * 0.7, k.main, tip=z, sides=12),
        ]
    )


def guitar(k: Kit) -> Model:
    """A guitar that stands on a rack, its face to the front."""
    w, h = k.w, k.h
    body = [
        rod((-0.04, 0, z), (0.05, 0, z), r, k.main, sides=18) for z, r in ((w * 0.5, w * 0.5), (w * 1.05, w * 0.37))
    ]
    return Model(
        [
            *body,
            box((0.0, 0, w * 0.8), (0.088, w * 0.55, w * 0.4), k.main),
            rod((0.045, 0, w * 0.85), (0.054, 0, w * 0.85), w * 0.13, DARK, sides=14),
            box((0.045, 0, w * 1.0 + (h - w) * 0.42), (0.025, 0.045, h - w * 1.2), TIMBER),
            box((0.035, 0, h * 0.96), (0.02, 0.07, h * 0.09), TIMBER),
            box((0.056, 0, w * 0.4), (0.012, w * 0.3, 0.025), DARK),
        ]
    )


def vacuum_cleaner(k: Kit) -> Model:
    """A canister vacuum cleaner with hose and wheels."""
    r = k.w * 0.48
    parts = [
        ball((-k.l * 0.2, 0, k.h * 0.16), (k.l * 0.28, r, k.h * 0.16), k.main),
        *[rod((-k.l * 0.3, s * r, 0.07), (-k.l * 0.3, s * r * 0.8, 0.07), 0.07, DARK, sides=12) for s in (-1, 1)],
    ]
    return Model(
        [
            *parts,
            *arc((0, 0, k.h * 0.3), k.l * 0.2, 0.022, DARK, start=np.pi, end=0.3, steps=7, squash=1.2),
            rod((k.l * 0.2, 0, k.h * 0.9), (k.l * 0.4, 0, 0.05), 0.016, STEEL, sides=6),
            rod((k.l * 0.19, 0, k.h * 0.35), (k.l * 0.2, 0, k.h), 0.02, DARK, sides=6),
            box((k.l * 0.43, 0, 0.025), (0.09, k.w * 0.9, 0.05), k.main),
        ]
    )


def watering_can(k: Kit) -> Model:
    """A watering can with a long spout and a handle."""
    r = k.w * 0.48
    h = k.h * 0.75
    return Model(
        [
            *vessel([(r, 0), (r * 0.85, h)], 0.006, k.main),
            rod((r * 0.85, 0, h * 0.2), (k.l * 0.62, 0, k.h * 0.95), 0.018, k.main, tip=0.012),
            rod((k.l * 0.6, 0, k.h * 0.92), (k.l * 0.66, 0, k.h), 0.012, k.main, tip=0.04),
            *arc((-r * 0.3, 0, h * 0.85), h * 0.5, 0.01, k.main, start=0.3, end=np.pi * 1.25, steps=7),
        ]
    )


def pencil_holder(k: Kit) -> Model:
    """A holder with pencils in it."""
    r, h = k.l / 2, k.h * 0.55
    parts = vessel([(r, 0), (r, h)], 0.006, k.main)
    colours = [(0.8, 0.6, 0.05), (0.6, 0.05, 0.05), (0.05, 0.15, 0.5), (0.05, 0.35, 0.1), (0.03, 0.03, 0.03)]
    for i, colour in enumerate(colours):
        c, s = float(np.cos(i * 1.26)), float(np.sin(i * 1.26))
        parts.append(
            rod(
                (-c * r * 0.4, -s * r * 0.4, 0.01),
                (c * r * 0.75, s * r * 0.75, k.h * (0.85 + 0.04 * (i % 4))),
                0.005,
                plain(Finish.PLASTIC, colour),
                sides=5,
            )
        )
    return Model(parts)


def scissors(k: Kit) -> Model:
    """Scissors that lie half open."""
    z = k.h / 2
    parts: list[Part] = []
    for s in (-1, 1):
        parts += [
            box((k.l * 0.2, s * 0.012, z), (k.l * 0.55, 0.014, k.h * 0.5), STEEL, yaw=s * 0.08),
            *arc((-k.l * 0.32, s * k.w * 0.26, z), k.w * 0.22, 0.006, k.main, plane="xy", steps=8),
            rod((-k.l * 0.2, s * k.w * 0.16, z), (0, 0, z), 0.007, k.main, sides=5),
        ]
    return Model(parts)


def iron(k: Kit) -> Model:
    """A clothes iron."""
    z = k.h * 0.2
    return Model(
        [
            box((-k.l * 0.08, 0, z * 0.5), (k.l * 0.8, k.w, 0.02), STEEL),
            box((-k.l * 0.1, 0, z + 0.02), (k.l * 0.75, k.w * 0.9, k.h * 0.4), k.main, top=(0.7, 0.5)),
            rod((k.l * 0.2, 0, z), (k.l / 2, 0, 0.012), k.w * 0.3, k.main, tip=0.01),
            rod((k.l * 0.18, 0, k.h * 0.5), (k.l * 0.12, 0, k.h * 0.9), 0.016, k.main),
            rod((k.l * 0.14, 0, k.h * 0.92), (-k.l * 0.42, 0, k.h * 0.92), 0.02, DARK),
            rod((-k.l * 0.4, 0, k.h * 0.9), (-k.l * 0.4, 0, k.h * 0.4), 0.016, k.main),
        ]
    )


def trophy(k: Kit) -> Model:
    """A cup of gold on a plinth, with two handles."""
    r, h = k.w * 0.32, k.h
    parts = [
        box((0, 0, h * 0.1), (r * 1.8, r * 1.8, h * 0.2), DARK),
        *turned([(r * 0.7, h * 0.2), (r * 0.2, h * 0.32), (r * 0.2, h * 0.45), (r * 0.8, h * 0.6), (r, h)], k.main),
    ]
    for s in (-1, 1):
        parts += arc(
            (0, s * r * 0.9, h * 0.78),
            h * 0.13,
            0.007,
            k.main,
            plane="yz",
            start=-np.pi / 2 if s > 0 else np.pi / 2,
            end=np.pi / 2 if s > 0 else np.pi * 1.5,
            steps=5,
        )
    return Model(parts)


def doll(k: Kit) -> Model:
    """A doll in a dress, sitting or standing."""
    h, w = k.h, k.w
    skin, hair = plain(Finish.PLASTIC, (0.70, 0.45, 0.33)), plain(Finish.FUR, (0.25, 0.13, 0.05))
    parts = [
        disc(0, 0, h * 0.22, h * 0.68, w * 0.45, k.main, tip=w * 0.18),
        ball((0, 0, h * 0.83), (w * 0.26, w * 0.26, h * 0.15), skin, rings=7),
        ball((-w * 0.06, 0, h * 0.88), (w * 0.27, w * 0.3, h * 0.13), hair, rings=6),
    ]
    for s in (-1, 1):
        parts += [
            rod((0, s * w * 0.16, 0), (0, s * w * 0.14, h * 0.25), w * 0.09, skin),
            rod((0, s * w * 0.18, h * 0.63), (w * 0.1, s * w * 0.5, h * 0.4), w * 0.08, skin),
            ball((w * 0.23, s * w * 0.1, h * 0.84), (0.006, 0.007, 0.007), DARK, rings=3),
        ]
    return Model(parts)
