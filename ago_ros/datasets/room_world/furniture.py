"""Shapes of furniture and fixtures. Each builder fills the kit's length, width and height."""

from __future__ import annotations

import numpy as np

from ago_ros.datasets.procedural.shapes import Part, ball, box, rod
from ago_ros.datasets.room_world.finishes import Finish
from ago_ros.datasets.room_world.pieces import (
    DARK,
    GLASS,
    GLOW,
    GREEN,
    SOIL,
    STEEL,
    TIMBER,
    WHITE,
    Kit,
    Model,
    Support,
    arc,
    disc,
    legs,
    plain,
    turned,
    vessel,
)


def sofa(k: Kit) -> Model:
    """A sofa with arms, back and seat cushions."""
    seats = 3 if k.w > 1.6 else 2 if k.w > 1.1 else 1
    arm = 0.16
    inner = k.w - 2 * arm
    parts = [
        box((0, 0, 0.21), (k.l, k.w, 0.26), k.main),
        box((-k.l / 2 + 0.12, 0, k.h / 2 + 0.04), (0.24, k.w, k.h - 0.08), k.main, top=(0.7, 1.0), lean=(-0.03, 0)),
        *legs(k.l * 0.9, k.w * 0.95, 0.08, 0.06, k.trim),
    ]
    for side in (-1, 1):
        y = side * (k.w / 2 - arm / 2)
        parts.append(box((0.02, y, 0.36), (k.l - 0.06, arm, 0.46), k.main))
        parts.append(rod((-k.l / 2 + 0.1, y, 0.59), (k.l / 2 - 0.02, y, 0.59), arm / 2, k.main, sides=10))
    for i in range(seats):
        y = -inner / 2 + (i + 0.5) * inner / seats
        parts.append(box((0.10, y, 0.40), (k.l - 0.26, inner / seats - 0.02, 0.13), k.main, top=(0.94, 0.94)))
        parts.append(ball((-k.l / 2 + 0.28, y, k.h - 0.22), (0.09, inner / seats * 0.49, 0.2), k.main))
    return Model(parts, (Support(0.08, 0, 0.47, k.l - 0.35, inner - 0.06, 0.4),))


def bed(k: Kit) -> Model:
    """A bed with headboard, mattress, blanket and pillow."""
    sheet = plain(Finish.FABRIC, (0.80, 0.79, 0.76))
    parts = [
        box((0, 0, 0.2), (k.l, k.w, 0.18), k.trim if k.trim.material == Finish.WOOD else TIMBER),
        box((-k.l / 2 + 0.03, 0, k.h / 2), (0.06, k.w, k.h), TIMBER),
        box((0.02, 0, 0.37), (k.l - 0.06, k.w - 0.04, 0.18), sheet, top=(0.98, 0.97)),
        box((0.24, 0, 0.42), (k.l - 0.5, k.w + 0.01, 0.13), k.main, top=(0.98, 0.96)),
        *legs(k.l, k.w, 0.14, 0.08, TIMBER),
    ]
    for y in (-k.w / 4, k.w / 4) if k.w > 1.2 else (0.0,):
        parts.append(ball((-k.l / 2 + 0.3, y, 0.51), (0.19, 0.28, 0.08), sheet))
    return Model(parts, (Support(0.25, 0, 0.485, k.l - 0.7, k.w - 0.2, 0.5),))


def table(k: Kit) -> Model:
    """A table with four legs; round ones have a central foot."""
    top = Support(0, 0, k.h, k.l * 0.94, k.w * 0.94, 0.6)
    if abs(k.l - k.w) < 0.12 and k.coin(0.7):
        r = k.l / 2
        parts = [disc(0, 0, k.h - 0.035, k.h, r, k.main, sides=24), disc(0, 0, 0.03, k.h - 0.03, 0.045, k.trim)]
        parts.append(disc(0, 0, 0, 0.04, r * 0.55, k.trim, tip=r * 0.4))
        return Model(parts, (Support(0, 0, k.h, r * 1.35, r * 1.35, 0.6),))
    parts = [
        box((0, 0, k.h - 0.018), (k.l, k.w, 0.036), k.main),
        box((0, 0, k.h - 0.07), (k.l * 0.9, k.w * 0.9, 0.07), k.main),
    ]
    return Model([*parts, *legs(k.l * 0.95, k.w * 0.95, k.h - 0.03, 0.06, k.main, round_=k.coin(0.4))], (top,))


def desk(k: Kit) -> Model:
    """A desk with a block of drawers on one side."""
    side = 1 if k.coin() else -1
    y = side * (k.w / 2 - 0.2)
    parts = [
        box((0, 0, k.h - 0.018), (k.l, k.w, 0.036), k.main),
        box((0, y, k.h / 2 - 0.02), (k.l * 0.92, 0.38, k.h - 0.04), k.main),
    ]
    for i in range(3):
        z = (i + 0.5) * (k.h - 0.06) / 3 + 0.02
        parts.append(box((k.l * 0.46 + 0.008, y, z), (0.016, 0.34, (k.h - 0.1) / 3), k.main))
        parts.append(box((k.l * 0.46 + 0.03, y, z + 0.04), (0.02, 0.12, 0.015), k.trim))
    parts.append(box((0, -side * (k.w / 2 - 0.02), k.h / 2), (k.l * 0.9, 0.03, k.h - 0.04), k.main))
    return Model(parts, (Support(0, 0, k.h, k.l * 0.94, k.w * 0.94, 0.6),))


def chair(k: Kit) -> Model:
    """A chair with a slatted or solid back."""
    seat = 0.45 * k.h / 0.88
    parts = [box((0, 0, seat), (k.l, k.w, 0.04), k.main, top=(1, 1)), *legs(k.l, k.w, seat, 0.04, k.main)]
    for side in (-1, 1):
        y = side * (k.w / 2 - 0.02)
        parts.append(rod((-k.l / 2 + 0.02, y, seat), (-k.l / 2 - 0.03, y, k.h), 0.019, k.main, sides=6))
    if k.coin():
        for share in (0.45, 0.70, 0.95):
            z = seat + share * (k.h - seat)
            parts.append(box((-k.l / 2 - 0.05 * share + 0.02, 0, z), (0.02, k.w - 0.03, 0.07), k.main))
    else:
        parts.append(
            box(
                (-k.l / 2 - 0.01, 0, seat + 0.62 * (k.h - seat)),
                (0.025, k.w - 0.02, (k.h - seat) * 0.75),
                k.main,
                pitch=-0.08,
            )
        )
    return Model(parts, (Support(0.02, 0, seat + 0.02, k.l * 0.8, k.w * 0.8, 0.4),))


def office_chair(k: Kit) -> Model:
    """A chair on a star of castors with a padded seat."""
    seat = 0.47
    parts = [
        disc(0, 0, 0.08, seat - 0.03, 0.03, STEEL),
        box((0, 0, seat), (k.l * 0.8, k.w * 0.8, 0.08), k.main, top=(0.9, 0.9)),
        box((-k.l * 0.36, 0, seat + 0.33), (0.06, k.w * 0.72, k.h - seat - 0.1), k.main, pitch=-0.12, top=(1, 0.8)),
        box((-k.l * 0.37, 0, seat + 0.08), (0.04, 0.07, 0.2), DARK),
    ]
    for i in range(5):
        a = i * 2 * np.pi / 5
        x, y = float(np.cos(a)) * k.l * 0.44, float(np.sin(a)) * k.l * 0.44
        parts += [
            rod((0, 0, 0.1), (x, y, 0.07), 0.02, DARK, sides=5),
            ball((x, y, 0.035), (0.035, 0.035, 0.035), DARK, rings=4),
        ]
    for side in (-1, 1):
        y = side * k.w * 0.42
        parts += [
            box((0, y, seat + 0.22), (0.26, 0.05, 0.03), DARK),
            box((0, y, seat + 0.09), (0.04, 0.03, 0.24), DARK),
        ]
    return Model(parts)


def stool(k: Kit) -> Model:
    """A round stool on three or four legs."""
    r = k.l / 2
    parts = [disc(0, 0, k.h - 0.05, k.h, r, k.main)]
    for i in range(4):
        a = (i + 0.5) * np.pi / 2
        c, s = float(np.cos(a)) * r, float(np.sin(a)) * r
        parts.append(rod((c * 0.7, s * 0.7, k.h - 0.04), (c, s, 0), 0.02, k.trim, sides=6))
    parts += arc((0, 0, k.h * 0.35), r * 0.85, 0.01, k.trim, plane="xy", steps=12)
    return Model(parts, (Support(0, 0, k.h, r * 1.3, r * 1.3, 0.4),))


def bench(k: Kit) -> Model:
    """A low bench of two planks."""
    parts = [box((side * k.l / 4, 0, k.h - 0.02), (k.l * 0.46, k.w, 0.04), k.main) for side in (-1, 1)]
    parts += [box((0, side * k.w * 0.4, k.h / 2 - 0.02), (k.l * 0.8, 0.05, k.h - 0.04), k.main) for side in (-1, 1)]
    return Model(parts, (Support(0, 0, k.h, k.l * 0.9, k.w * 0.9, 0.5),))


def bathtub(k: Kit) -> Model:
    """A bathtub: a hollow block with a tap."""
    wall = 0.07
    parts = [box((0, 0, 0.06), (k.l, k.w, 0.12), k.main)]
    parts += [box((side * (k.l - wall) / 2, 0, k.h / 2), (wall, k.w, k.h), k.main) for side in (-1, 1)]
    parts += [box((0, side * (k.w - wall) / 2, k.h / 2), (k.l, wall, k.h), k.main) for side in (-1, 1)]
    parts += [
        rod((0, k.w / 2 - 0.03, k.h), (0, k.w / 2 - 0.03, k.h + 0.14), 0.018, STEEL),
        rod((0, k.w / 2 - 0.03, k.h + 0.13), (0, k.w / 2 - 0.2, k.h + 0.11), 0.015, STEEL),
    ]
    return Model(parts, (Support(0, 0, 0.12, k.l - 0.3, k.w - 0.3, 0.4, "in"),))


def toilet(k: Kit) -> Model:
    """A toilet with bowl, lid and cistern."""
    parts: list[Part] = [
        disc(0.08, 0, 0, 0.22, 0.12, k.main, tip=0.15),
        disc(0.10, 0, 0.2, 0.38, 0.14, k.main, tip=0.19),
        ball((0.12, 0, 0.41), (0.25, 0.19, 0.035), k.main),
        box((-k.l / 2 + 0.1, 0, 0.56), (0.19, k.w, 0.38), k.main, top=(0.92, 0.96)),
        box((-k.l / 2 + 0.1, 0, 0.77), (0.21, k.w + 0.02, 0.03), k.main),
        disc(-k.l / 2 + 0.1, 0, 0.78, 0.80, 0.025, STEEL),
    ]
    return Model(parts, (Support(-k.l / 2 + 0.1, 0, 0.785, 0.16, k.w * 0.9, 0.4),))


def washbasin(k: Kit) -> Model:
    """A washbasin on a pedestal with a tap."""
    parts = vessel([(k.w * 0.30, k.h - 0.17), (k.w * 0.47, k.h)], 0.03, k.main, sides=14)
    parts += [
        box((-k.l / 2 + 0.07, 0, k.h - 0.05), (0.14, k.w, 0.1), k.main),
        disc(-0.04, 0, 0, k.h - 0.16, 0.09, k.main, tip=0.12),
        rod((-k.l / 2 + 0.07, 0, k.h), (-k.l / 2 + 0.07, 0, k.h + 0.16), 0.016, STEEL),
        rod((-k.l / 2 + 0.07, 0, k.h + 0.15), (-k.l / 2 + 0.2, 0, k.h + 0.12), 0.013, STEEL),
    ]
    return Model(parts, (Support(-k.l / 2 + 0.07, 0.17, k.h, 0.12, 0.16, 0.4),))


def floor_lamp(k: Kit) -> Model:
    """A lamp on a tall stand."""
    r = k.l / 2
    parts = [disc(0, 0, 0, 0.03, r * 0.75, k.trim), disc(0, 0, 0.02, k.h - 0.2, 0.014, k.trim, sides=8)]
    parts.append(disc(0, 0, k.h - 0.28, k.h, r, plain(Finish.LAMP, k.main.colour), tip=r * 0.62))
    return Model(parts)


def table_lamp(k: Kit) -> Model:
    """A lamp with a turned foot and a conical shade."""
    r, h = k.l / 2, k.h
    parts = turned(
        [
            (r * 0.6, 0),
            (r * 0.6, 0.02 * h),
            (r * 0.25, 0.08 * h),
            (r * 0.5, 0.28 * h),
            (r * 0.15, 0.5 * h),
            (r * 0.1, 0.6 * h),
        ],
        k.main,
    )
    parts.append(disc(0, 0, 0.55 * h, h, r, GLOW, tip=r * 0.6))
    return Model(parts)


def desk_lamp(k: Kit) -> Model:
    """A jointed lamp that leans over the desk."""
    h = k.h
    elbow, head = (-0.06, 0.0, h * 0.6), (k.l * 0.3, 0.0, h * 0.92)
    parts = [
        disc(-0.04, 0, 0, 0.025, k.l * 0.28, k.main),
        rod((-0.04, 0, 0.02), elbow, 0.01, k.main, sides=6),
        rod(elbow, head, 0.01, k.main, sides=6),
    ]
    tip = (head[0] + 0.07, 0.0, head[2] - 0.1)
    parts += [
        rod(head, tip, 0.025, k.main, tip=0.075, sides=12),
        ball((tip[0] - 0.005, 0, tip[2] + 0.005), (0.04, 0.04, 0.04), GLOW, rings=4),
    ]
    return Model(parts)


def house_plant(k: Kit) -> Model:
    """A plant with arching leaves in a pot."""
    pot = min(0.36 * k.h, 0.32)
    r = k.l * 0.27
    parts = vessel([(r * 0.72, 0), (r, pot)], r * 0.12, k.main)
    parts.append(disc(0, 0, 0.02, pot * 0.88, r * 0.85, SOIL))
    count = int(k.rng.integers(9, 15))
    for i in range(count):
        a = i * 2.4 + float(k.rng.uniform(0, 0.6))
        reach, top = k.l * float(k.rng.uniform(0.2, 0.5)), k.h * float(k.rng.uniform(0.75, 1.0))
        c, s = float(np.cos(a)), float(np.sin(a))
        mid = (c * reach * 0.35, s * reach * 0.35, pot + (top - pot) * 0.6)
        end = (c * reach, s * reach, top - reach * 0.25)
        parts.append(rod((0, 0, pot * 0.85), mid, 0.008, GREEN, sides=4))
        parts.append(rod(mid, end, k.l * 0.075, GREEN, tip=0.002, sides=5))
        parts.append(rod((mid[0], mid[1], mid[2] - k.l * 0.1), mid, 0.004, GREEN, tip=k.l * 0.075, sides=5))
    return Model(parts)


def television(k: Kit) -> Model:
    """A flat screen on a foot."""
    parts = [
        box((0, 0, k.h / 2 + 0.03), (0.04, k.w, k.h - 0.06), DARK),
        box((0.021, 0, k.h / 2 + 0.03), (0.004, k.w * 0.96, (k.h - 0.06) * 0.93), plain(Finish.SCREEN, k.main.colour)),
        box((0, 0, 0.05), (0.03, 0.1, 0.1), DARK),
        box((0, 0, 0.008), (k.l, k.w * 0.4, 0.016), DARK),
    ]
    return Model(parts)


def piano(k: Kit) -> Model:
    """An upright piano."""
    keys = plain(Finish.KEYS, (0.85, 0.84, 0.80), (0.02, 0.02, 0.02))
    parts = [
        box((-k.l * 0.2, 0, k.h / 2), (k.l * 0.6, k.w, k.h), k.main),
        box((k.l * 0.25, 0, k.h * 0.55), (k.l * 0.5, k.w, 0.1), k.main),
        box((k.l * 0.28, 0, k.h * 0.55 + 0.055), (k.l * 0.32, k.w * 0.9, 0.02), keys),
        box((k.l * 0.13, 0, k.h * 0.78), (0.02, k.w * 0.4, 0.22), k.main, pitch=-0.2),
    ]
    for side in (-1, 1):
        parts.append(box((k.l * 0.42, side * k.w * 0.45, k.h * 0.26), (0.07, 0.07, k.h * 0.52), k.main))
    return Model(parts, (Support(-k.l * 0.2, 0, k.h, k.l * 0.5, k.w * 0.9, 0.5),))


def rug(k: Kit) -> Model:
    """A flat rug, oblong or round."""
    if abs(k.l - k.w) < 0.3:
        return Model([disc(0, 0, 0, 0.012, k.l / 2, k.main, sides=28)])
    border = plain(Finish.CARPET, k.main.second)
    return Model(
        [box((0, 0, 0.005), (k.l, k.w, 0.01), border), box((0, 0, 0.008), (k.l * 0.88, k.w * 0.84, 0.012), k.main)]
    )


def radiator(k: Kit) -> Model:
    """A radiator of upright ribs."""
    count = max(4, int(k.w / 0.08))
    parts = [
        box((0, -k.w / 2 + (i + 0.5) * k.w / count, k.h / 2 + 0.05), (k.l, k.w / count * 0.7, k.h - 0.1), k.main)
        for i in range(count)
    ]
    return Model(
        [
            *parts,
            rod((0, -k.w / 2, k.h - 0.08), (0, k.w / 2, k.h - 0.08), 0.02, k.main),
            rod((0, -k.w / 2, 0.14), (0, k.w / 2, 0.14), 0.02, k.main),
        ]
    )


def ladder(k: Kit) -> Model:
    """A step ladder that stands open."""
    parts = []
    for side in (-1, 1):
        y = side * k.w / 2
        parts.append(rod((k.l / 2, y, 0), (0.03, y * 0.8, k.h), 0.022, k.main, sides=5))
        parts.append(rod((-k.l / 2, y, 0), (-0.03, y * 0.8, k.h), 0.018, k.trim, sides=5))
    for i in range(1, 5):
        s = i / 5
        parts.append(box((k.l / 2 * (1 - s) + 0.02, 0, s * k.h), (0.09, k.w * (1 - 0.2 * s), 0.025), k.main))
    return Model(
        [*parts, box((0, 0, k.h), (0.2, k.w * 0.85, 0.03), k.main)], (Support(0, 0, k.h + 0.015, 0.16, k.w * 0.7, 0.4),)
    )


def picture(k: Kit) -> Model:
    """A framed picture for a wall, its back at -x."""
    return Model(
        [
            box((0, 0, k.h / 2), (k.l, k.w, k.h), k.trim),
            box(
                (0.006, 0, k.h / 2), (k.l, k.w * 0.86, k.h * 0.86), plain(Finish.PICTURE, k.main.colour, k.main.second)
            ),
        ]
    )


def mirror(k: Kit) -> Model:
    """A mirror in a frame."""
    return Model(
        [
            box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main),
            box((0.006, 0, k.h / 2), (k.l, k.w * 0.9, k.h * 0.92), plain(Finish.MIRROR, (0.5, 0.53, 0.55))),
        ]
    )


def window(k: Kit) -> Model:
    """A window with panes that show the sky."""
    parts = [box((-0.01, 0, k.h / 2), (k.l * 0.5, k.w, k.h), plain(Finish.SKY, (0.55, 0.70, 0.9)))]
    for side in (-1, 0, 1):
        parts.append(box((0.01, side * (k.w / 2 - 0.03), k.h / 2), (k.l, 0.06 if side else 0.04, k.h), k.main))
    for z in (0.03, k.h * 0.6, k.h - 0.03):
        parts.append(box((0.01, 0, z), (k.l, k.w, 0.05), k.main))
    return Model([*parts, box((0.06, 0, 0.0), (0.18, k.w + 0.1, 0.03), k.main)])


def door_fixture(k: Kit) -> Model:
    """A door in its frame, with panels and a handle."""
    parts = [
        box((0, 0, k.h / 2), (k.l, k.w, k.h), WHITE),
        box((0.015, 0, k.h / 2 - 0.02), (k.l, k.w - 0.14, k.h - 0.06), k.main),
    ]
    for z, size in ((0.28, 0.36), (0.73, 0.4)):
        parts.append(box((0.028, 0, k.h * z), (k.l, k.w * 0.55, k.h * size), k.main, top=(1, 1)))
    return Model([*parts, rod((0.05, k.w * 0.36, k.h * 0.5), (0.05, k.w * 0.24, k.h * 0.5), 0.014, STEEL)])


def curtain(k: Kit) -> Model:
    """A curtain of upright folds on a rail."""
    count = max(3, int(k.w / 0.09))
    step = k.w / count
    parts = [
        rod(
            (0.01 * (-1) ** i, -k.w / 2 + (i + 0.5) * step, 0),
            (0.01 * (-1) ** i, -k.w / 2 + (i + 0.5) * step, k.h - 0.03),
            step * 0.62,
            k.main,
            sides=8,
        )
        for i in range(count)
    ]
    return Model([*parts, rod((0, -k.w / 2 - 0.05, k.h), (0, k.w / 2 + 0.05, k.h), 0.015, k.trim)])


def wall_clock(k: Kit) -> Model:
    """A round clock for a wall."""
    r = k.h / 2
    face = plain(Finish.DIAL, (0.85, 0.84, 0.80), scale=r)
    return Model(
        [
            rod((-k.l / 2, 0, r), (k.l / 2, 0, r), r, k.main, sides=20),
            rod((k.l / 2 - 0.005, 0, r), (k.l / 2 + 0.004, 0, r), r * 0.88, face, sides=20),
        ]
    )


def fan(k: Kit) -> Model:
    """A table fan with blades in a cage."""
    r = k.w / 2
    z = k.h - r
    parts = [
        disc(0, 0, 0, 0.03, r * 0.7, k.main),
        disc(-0.02, 0, 0, z, 0.02, k.main, sides=8),
        rod((-0.09, 0, z), (0.02, 0, z), 0.05, k.main),
    ]
    parts += arc((0.03, 0, z), r * 0.97, 0.008, STEEL, plane="yz", steps=14)
    for i in range(3):
        a = i * 2 * np.pi / 3 + 0.3
        parts.append(
            box(
                (0.03, float(np.cos(a)) * r * 0.5, z + float(np.sin(a)) * r * 0.5),
                (0.012, r * 0.85, r * 0.42),
                GLASS,
                roll=float(a),
            )
        )
    parts += [
        rod((0.05, r * 0.95 * float(np.cos(a)), z + r * 0.95 * float(np.sin(a))), (0.05, 0, z), 0.004, STEEL, sides=3)
        for a in np.arange(0, 6.28, 0.63)
    ]
    return Model(parts)
