"""Shapes of things that hold other things: shelves, cupboards, boxes, drawers, baskets, open or closed."""

from __future__ import annotations

import numpy as np

from ago_ros.datasets.procedural.shapes import Part, box, rod
from ago_ros.datasets.room_world.finishes import Finish
from ago_ros.datasets.room_world.pieces import (
    DARK,
    GLASS,
    STEEL,
    WHITE,
    Kit,
    Model,
    Support,
    arc,
    carcass,
    disc,
    door,
    legs,
    plain,
    tub,
    vessel,
)

WALL = 0.02


def _shelves(k: Kit, count: int, low: float, high: float, relation: str) -> tuple[list[Part], list[Support]]:
    """Boards between two heights, and the room above each of them."""
    step = (high - low) / count
    boards = [box((0, 0, low + i * step), (k.l - WALL, k.w - 2 * WALL, WALL), k.main) for i in range(1, count)]
    places = [
        Support(0.0, 0, low + i * step + WALL / 2, k.l - 0.06, k.w - 0.08, step - WALL - 0.01, relation)
        for i in range(count)
    ]
    return boards, places


def bookcase(k: Kit) -> Model:
    """Open shelves with a back."""
    boards, places = _shelves(k, max(2, round(k.h / 0.36)), WALL, k.h, "on")
    top = [Support(0, 0, k.h, k.l - 0.05, k.w - 0.06, 0.4)] if k.h < 1.5 else []
    return Model([*carcass(k.l, k.w, k.h, WALL, k.main), *boards], (*places, *top))


def wall_shelf(k: Kit) -> Model:
    """A board on brackets."""
    parts = [box((0, 0, k.h - 0.015), (k.l, k.w, 0.03), k.main)]
    parts += [box((-k.l * 0.1, side * k.w * 0.35, k.h - 0.08), (k.l * 0.7, 0.02, 0.1), k.trim) for side in (-1, 1)]
    return Model(parts, (Support(0, 0, k.h, k.l * 0.9, k.w * 0.95, 0.4),))


def cupboard(k: Kit) -> Model:
    """A cupboard with two doors, open or shut."""
    opened = k.coin()
    foot = 0.06
    h = k.h - foot
    boards, places = _shelves(k, max(2, round(h / 0.4)), foot, k.h - WALL, "in")
    parts = [
        *carcass(k.l, k.w, h, WALL, k.main, z=foot),
        *boards,
        box((-0.02, 0, foot / 2), (k.l - 0.06, k.w - 0.04, foot), k.main),
    ]
    for side in (-1, 1):
        angle = float(k.rng.uniform(1.3, 2.0)) if opened else 0.0
        parts += door(side * k.w / 2, k.l / 2 + 0.01, foot + 0.01, k.w / 2 - 0.005, h - 0.02, angle, k.main, k.trim)
    top = [Support(0, 0, k.h, k.l - 0.05, k.w - 0.06, 0.5)] if k.h < 1.4 else []
    return Model(parts, (*places, *top), "open" if opened else "closed")


def fridge(k: Kit) -> Model:
    """A fridge over a freezer, its upper door open or shut."""
    opened = k.coin()
    split = k.h * 0.35
    upper = k.h - split
    _, places = _shelves(k, 3, split, k.h - 0.04, "in")
    inside = plain(Finish.PLASTIC, (0.82, 0.85, 0.88))
    parts = [
        *carcass(k.l, k.w, upper, 0.035, k.main, z=split),
        *[box((0, 0, split + upper / 3 * i), (k.l - 0.06, k.w - 0.08, 0.012), GLASS) for i in (1, 2)],
    ]
    parts += [
        box((0, 0, split / 2), (k.l, k.w, split), k.main),
        box((k.l / 2 + 0.02, 0, split / 2 + 0.01), (0.04, k.w, split - 0.04), k.main),
    ]
    parts += [
        box((-k.l / 2 + 0.04, 0, split + upper / 2), (0.01, k.w - 0.08, upper - 0.08), inside),
        box((k.l / 2 + 0.06, k.w * 0.4, split * 0.7), (0.03, 0.02, 0.16), k.trim),
    ]
    parts += door(
        -k.w / 2,
        k.l / 2 + 0.015,
        split + 0.01,
        k.w,
        upper - 0.02,
        float(k.rng.uniform(1.3, 1.9)) if opened else 0.0,
        k.main,
        k.trim,
    )
    return Model(parts, (*places[:3], Support(0, 0, k.h, k.l * 0.8, k.w * 0.8, 0.4)), "open" if opened else "closed")


def drawers(k: Kit) -> Model:
    """A chest of drawers; one drawer may stand open."""
    count = max(2, round(k.h / 0.24))
    height = (k.h - 0.08) / count
    pulled = int(k.rng.integers(count // 2, count)) if k.coin() else -1
    parts = [*carcass(k.l, k.w, k.h - 0.04, WALL, k.main, z=0.04), *legs(k.l, k.w, 0.04, 0.05, k.main)]
    places = [Support(0, 0, k.h, k.l * 0.94, k.w * 0.94, 0.5)]
    for i in range(count):
        out = k.l * 0.55 if i == pulled else 0.0
        z = 0.06 + i * height
        parts += tub(k.l - 0.05, k.w - 0.06, height * 0.75, 0.012, k.main, z=z + 0.01, x=out + 0.01)
        parts.append(box((k.l / 2 + out + 0.008, 0, z + height / 2), (0.018, k.w - 0.02, height - 0.012), k.main))
        for side in (-1, 1) if k.w > 0.6 else (0,):
            parts.append(
                rod(
                    (k.l / 2 + out + 0.015, side * k.w * 0.25, z + height / 2),
                    (k.l / 2 + out + 0.04, side * k.w * 0.25, z + height / 2),
                    0.015,
                    k.trim,
                )
            )
        width = k.l * 0.45 if out else k.l - 0.1
        places.append(
            Support(
                k.l * 0.27 + 0.15 * k.l if out else 0.0,
                0,
                z + 0.025,
                width,
                k.w - 0.12,
                height * (1.0 if out else 0.7),
                "in",
            )
        )
    return Model(parts, tuple(places), "open" if pulled >= 0 else "closed")


def counter(k: Kit) -> Model:
    """A kitchen counter with shut doors and a worktop."""
    top = plain(Finish.PLASTIC, (0.30, 0.29, 0.28))
    parts = [
        box((-0.02, 0, 0.05), (k.l - 0.08, k.w, 0.1), DARK),
        box((0.01, 0, k.h - 0.02), (k.l + 0.02, k.w, 0.04), top),
    ]
    parts += carcass(k.l - 0.02, k.w, k.h - 0.14, WALL, k.main, z=0.1)
    units = max(2, round(k.w / 0.5))
    step = k.w / units
    for i in range(units):
        parts += door(-k.w / 2 + i * step, k.l / 2, 0.11, step - 0.006, k.h - 0.17, 0.0, k.main, k.trim)
    inside = Support(0, 0, 0.12, k.l - 0.1, k.w - 0.1, k.h - 0.2, "in")
    return Model(parts, (Support(0, 0, k.h, k.l * 0.92, k.w * 0.96, 0.5), inside), "closed")


def stove(k: Kit) -> Model:
    """A stove: four plates, a row of knobs, an oven with a window."""
    parts = [
        box((0, 0, k.h / 2 - 0.01), (k.l, k.w, k.h - 0.02), k.main),
        box((0, 0, k.h - 0.01), (k.l, k.w, 0.02), DARK),
    ]
    for x in (-k.l / 4, k.l / 5):
        for y in (-k.w / 4, k.w / 4):
            parts.append(disc(x, y, k.h, k.h + 0.008, 0.085, plain(Finish.METAL, (0.12, 0.12, 0.12))))
    for i in range(5):
        y = (i - 2) * k.w * 0.17
        parts.append(rod((k.l / 2, y, k.h - 0.07), (k.l / 2 + 0.03, y, k.h - 0.07), 0.02, STEEL))
    parts += [
        box((k.l / 2 + 0.005, 0, k.h * 0.45), (0.02, k.w * 0.8, k.h * 0.4), plain(Finish.GLASS, (0.03, 0.03, 0.04))),
        rod((k.l / 2 + 0.035, -k.w * 0.38, k.h * 0.72), (k.l / 2 + 0.035, k.w * 0.38, k.h * 0.72), 0.012, STEEL),
    ]
    return Model(parts, (Support(0, 0, k.h + 0.008, k.l * 0.8, k.w * 0.85, 0.5),))


def washing_machine(k: Kit) -> Model:
    """A washing machine with a round window."""
    parts = [
        box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main),
        box((k.l / 2 + 0.004, 0, k.h * 0.91), (0.01, k.w * 0.96, k.h * 0.12), WHITE),
    ]
    parts += [
        rod((k.l / 2, 0, k.h * 0.48), (k.l / 2 + 0.025, 0, k.h * 0.48), 0.2, STEEL, sides=20),
        rod(
            (k.l / 2, 0, k.h * 0.48),
            (k.l / 2 + 0.04, 0, k.h * 0.48),
            0.15,
            plain(Finish.GLASS, (0.06, 0.08, 0.10)),
            sides=20,
        ),
    ]
    parts += [
        rod((k.l / 2, k.w * 0.3, k.h * 0.91), (k.l / 2 + 0.03, k.w * 0.3, k.h * 0.91), 0.035, STEEL),
        box((k.l / 2 + 0.01, -k.w * 0.3, k.h * 0.91), (0.01, 0.15, 0.06), DARK),
    ]
    return Model(parts, (Support(0, 0, k.h, k.l * 0.9, k.w * 0.9, 0.5),))


def microwave(k: Kit) -> Model:
    """A microwave oven with a dark window and a panel."""
    parts = [
        box((0, 0, k.h / 2), (k.l, k.w, k.h), k.main),
        box(
            (k.l / 2 + 0.004, -k.w * 0.1, k.h / 2),
            (0.012, k.w * 0.68, k.h * 0.8),
            plain(Finish.GLASS, (0.02, 0.02, 0.03)),
        ),
    ]
    parts += [
        box(
            (k.l / 2 + 0.004, k.w * 0.38, k.h * 0.75),
            (0.01, k.w * 0.16, k.h * 0.2),
            plain(Finish.SCREEN, (0.1, 0.5, 0.2)),
        ),
        rod((k.l / 2, k.w * 0.38, k.h * 0.35), (k.l / 2 + 0.02, k.w * 0.38, k.h * 0.35), 0.025, k.trim),
        rod((k.l / 2 + 0.03, k.w * 0.26, k.h * 0.2), (k.l / 2 + 0.03, k.w * 0.26, k.h * 0.8), 0.01, k.trim),
    ]
    return Model(parts, (Support(0, 0, k.h, k.l * 0.85, k.w * 0.85, 0.3),))


def safe(k: Kit) -> Model:
    """A safe with a thick door, a dial and a handle."""
    opened = k.coin()
    parts = carcass(k.l, k.w, k.h, 0.05, k.main)
    parts += door(
        -k.w / 2, k.l / 2 + 0.015, 0, k.w, k.h, float(k.rng.uniform(1.2, 1.8)) if opened else 0.0, k.main, STEEL
    )
    if not opened:
        x = k.l / 2 + 0.02
        parts.append(rod((x, 0, k.h * 0.6), (x + 0.04, 0, k.h * 0.6), 0.05, STEEL, sides=14))
        parts += [
            rod((x + 0.03, -0.08, k.h * 0.35), (x + 0.03, 0.08, k.h * 0.35), 0.012, STEEL),
            rod((x + 0.03, 0, k.h * 0.35 - 0.08), (x + 0.03, 0, k.h * 0.35 + 0.08), 0.012, STEEL),
        ]
    return Model(
        parts,
        (Support(0, 0, 0.05, k.l - 0.12, k.w - 0.12, k.h - 0.12, "in"), Support(0, 0, k.h, k.l * 0.9, k.w * 0.9, 0.4)),
        "open" if opened else "closed",
    )


def cardboard_box(k: Kit) -> Model:
    """A box of card: open with four flaps, or shut with tape."""
    opened = k.coin(0.7)
    parts = tub(k.l, k.w, k.h, 0.008, k.main)
    if opened:
        flap = k.w * 0.32
        for side in (-1, 1):
            parts.append(
                box((0, side * (k.w / 2 + flap * 0.45), k.h + 0.02), (k.l, flap, 0.006), k.main, roll=-side * 0.5)
            )
            parts.append(
                box((side * (k.l / 2 + flap * 0.4), 0, k.h + 0.02), (flap, k.w, 0.006), k.main, pitch=side * 0.6)
            )
    else:
        parts += [
            box((0, 0, k.h), (k.l, k.w, 0.008), k.main),
            box((0, 0, k.h + 0.002), (k.l + 0.004, 0.05, 0.008), plain(Finish.PAPER, (0.55, 0.45, 0.28))),
        ]
    return Model(
        parts,
        (Support(0, 0, 0.01, k.l - 0.04, k.w - 0.04, k.h - 0.01 if not opened else k.h + 0.15, "in"),),
        "open" if opened else "closed",
    )


def crate(k: Kit) -> Model:
    """A crate of slats."""
    parts = [box((0, 0, 0.008), (k.l, k.w, 0.016), k.main)]
    for i in range(3):
        z = (i + 0.5) * k.h / 3
        for side in (-1, 1):
            parts.append(box((0, side * (k.w / 2 - 0.006), z), (k.l, 0.012, k.h * 0.26), k.main))
            parts.append(box((side * (k.l / 2 - 0.006), 0, z), (0.012, k.w, k.h * 0.26), k.main))
    parts += [
        box((a * (k.l / 2 - 0.02), b * (k.w / 2 - 0.02), k.h / 2), (0.025, 0.025, k.h), k.main)
        for a in (-1, 1)
        for b in (-1, 1)
    ]
    return Model(parts, (Support(0, 0, 0.016, k.l - 0.08, k.w - 0.08, k.h + 0.1, "in"),), "open")


def basket(k: Kit) -> Model:
    """A round basket with two handles."""
    r = k.l / 2
    parts = vessel([(r * 0.78, 0), (r * 0.92, k.h * 0.6), (r * 0.97, k.h)], 0.014, k.main)
    parts += arc((0, 0, k.h), r * 0.96, 0.016, k.main, plane="xy", steps=12)
    for side in (-1, 1):
        parts += arc((0, side * r * 0.93, k.h), 0.07, 0.01, k.main, start=0, end=np.pi, steps=5)
    return Model(parts, (Support(0, 0, 0.015, r * 1.05, r * 1.05, k.h + 0.1, "in"),), "open")


def bin_(k: Kit) -> Model:
    """A waste bin; some have a domed lid and a pedal."""
    r = k.l / 2
    if k.coin(0.4):
        parts = vessel([(r * 0.9, 0), (r, k.h * 0.82)], 0.01, k.main)
        parts += [
            disc(0, 0, k.h * 0.82, k.h, r * 1.02, k.trim, tip=r * 0.55),
            box((r, 0, 0.03), (0.07, 0.08, 0.015), DARK),
        ]
        return Model(parts, (Support(0, 0, 0.01, r * 1.1, r * 1.1, k.h * 0.75, "in"),), "closed")
    parts = [
        *vessel([(r * 0.75, 0), (r, k.h)], 0.01, k.main),
        *arc((0, 0, k.h), r, 0.012, k.main, plane="xy", steps=12),
    ]
    return Model(parts, (Support(0, 0, 0.01, r, r, k.h, "in"),), "open")


def bucket(k: Kit) -> Model:
    """A bucket with a bail handle."""
    r = k.l / 2
    parts = [
        *vessel([(r * 0.72, 0), (r, k.h)], 0.008, k.main),
        *arc((0, 0, k.h), r * 1.01, 0.01, k.main, plane="xy", steps=12),
    ]
    parts += arc((0.02, 0, k.h - 0.02), r, 0.006, STEEL, plane="yz", start=0, end=np.pi, steps=9, squash=0.8)
    return Model(parts, (Support(0, 0, 0.01, r, r, k.h, "in"),), "open")


def suitcase(k: Kit) -> Model:
    """A suitcase that stands on its wheels, with ribs and a pull handle."""
    parts = [box((0, 0, k.h * 0.45 + 0.03), (k.l, k.w, k.h * 0.78), k.main)]
    parts += [
        box((0, (i - 1.5) * k.w * 0.22, k.h * 0.45 + 0.03), (k.l + 0.015, 0.03, k.h * 0.76), k.main) for i in range(4)
    ]
    for side in (-1, 1):
        parts += [
            rod((-k.l * 0.3, side * k.w * 0.2, k.h * 0.8), (-k.l * 0.3, side * k.w * 0.2, k.h), 0.008, STEEL, sides=5),
            box((0, side * k.w * 0.4, 0.03), (k.l * 0.8, 0.04, 0.06), DARK),
        ]
    return Model([*parts, rod((-k.l * 0.3, -k.w * 0.22, k.h), (-k.l * 0.3, k.w * 0.22, k.h), 0.014, DARK)])


def toolbox(k: Kit) -> Model:
    """A toolbox with a lid and a handle, shut or open."""
    parts = tub(k.l, k.w, k.h * 0.7, 0.01, k.main)
    opened = k.coin(0.4)
    if not opened:
        parts.append(box((0, 0, k.h * 0.78), (k.l * 1.02, k.w * 1.02, k.h * 0.16), k.main, top=(0.75, 0.96)))
        parts += arc((0, 0, k.h * 0.82), k.w * 0.2, 0.012, DARK, plane="yz", start=0, end=np.pi, steps=6, squash=0.8)
        parts += [box((k.l / 2 + 0.005, side * k.w * 0.3, k.h * 0.66), (0.012, 0.04, 0.05), STEEL) for side in (-1, 1)]
    else:
        parts.append(box((-k.l / 2 - 0.03, 0, k.h * 0.85), (0.04, k.w, k.h * 0.4), k.main, pitch=-0.3))
    return Model(
        parts, (Support(0, 0, 0.01, k.l - 0.05, k.w - 0.05, k.h * 0.62, "in"),), "open" if opened else "closed"
    )


def tv_stand(k: Kit) -> Model:
    """A low stand with two open bays."""
    parts = [
        *carcass(k.l, k.w, k.h - 0.08, WALL, k.main, z=0.08),
        box((0, 0, k.h / 2 + 0.04), (k.l, WALL, k.h - 0.1), k.main),
        *legs(k.l, k.w, 0.08, 0.04, k.main),
    ]
    bays = tuple(Support(0, side * k.w / 4, 0.1, k.l - 0.06, k.w / 2 - 0.06, k.h - 0.14) for side in (-1, 1))
    return Model(parts, (Support(0, 0, k.h, k.l * 0.92, k.w * 0.95, 0.9), *bays))
