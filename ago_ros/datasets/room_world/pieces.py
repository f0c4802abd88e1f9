"""Bricks of household things, from convex parts: vessels, turned solids, open boxes, legs, rings."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ago_ros.datasets.procedural.materials import Colour, Paint
from ago_ros.datasets.procedural.shapes import Part, box, hull, rod
from ago_ros.datasets.room_world.finishes import Finish

Outline = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Support:
    """A place where things can stand.

    Attributes:
        x: middle, metres, in the thing's frame.
        y: middle, metres.
        z: height of the surface, metres.
        length: extent along x, metres.
        width: extent along y, metres.
        clear: free height above, metres.
        relation: "on" or "in".
    """

    x: float
    y: float
    z: float
    length: float
    width: float
    clear: float
    relation: str = "on"


@dataclass(frozen=True, eq=False)
class Model:
    """The shape of a thing: it stands on z = 0, faces +x, and is centred on the origin.

    Attributes:
        parts: convex parts, metres.
        supports: where things can stand on it or in it.
        state: "open" or "closed" for a receptacle with a door or lid; otherwise "".
    """

    parts: list[Part]
    supports: tuple[Support, ...] = ()
    state: str = ""


@dataclass(frozen=True)
class Kit:
    """What a builder gets.

    Attributes:
        rng: source of chance.
        l: length along x, metres.
        w: width along y, metres.
        h: height, metres.
        main: paint of the body.
        trim: paint of fittings.
    """

    rng: np.random.Generator
    l: float  # noqa: E741
    w: float
    h: float
    main: Paint
    trim: Paint

    def coin(self, share: float = 0.5) -> bool:
        """Tosses a coin."""
        return bool(self.rng.random() < share)


def plain(finish: Finish, colour: Colour, second: Colour = (0.1, 0.1, 0.1), scale: float = 1.0) -> Paint:
    """A paint that does not depend on the look."""
    return Paint(finish, colour, second, (scale, 1.0))


DARK = plain(Finish.PLASTIC, (0.03, 0.03, 0.035))
STEEL = plain(Finish.METAL, (0.55, 0.56, 0.58))
WHITE = plain(Finish.PLASTIC, (0.80, 0.80, 0.78))
GLASS = plain(Finish.GLASS, (0.55, 0.66, 0.70))
GREEN = plain(Finish.FOLIAGE, (0.08, 0.28, 0.06))
SOIL = plain(Finish.FOOD, (0.06, 0.04, 0.03))
GLOW = plain(Finish.LAMP, (0.95, 0.86, 0.62))
SCREEN = plain(Finish.SCREEN, (0.02, 0.03, 0.05))
PAGES = plain(Finish.PAGES, (0.80, 0.77, 0.68))
TIMBER = plain(Finish.WOOD, (0.38, 0.22, 0.11))


def disc(
    x: float,
    y: float,
    low: float,
    high: float,
    radius: float,
    paint: Paint,
    *,
    sides: int = 16,
    tip: float | None = None,
) -> Part:
    """An upright cylinder or cone."""
    return rod((x, y, low), (x, y, high), radius, paint, tip=tip, sides=sides)


def turned(outline: Outline, paint: Paint, *, x: float = 0.0, y: float = 0.0, sides: int = 14) -> list[Part]:
    """A solid of revolution from (radius, height) pairs, upwards."""
    return [
        disc(x, y, z0, z1, max(r0, 1e-3), paint, tip=r1, sides=sides)
        for (r0, z0), (r1, z1) in itertools.pairwise(outline)
        if z1 > z0
    ]


def vessel(outline: Outline, wall: float, paint: Paint, *, sides: int = 12, base: float | None = None) -> list[Part]:
    """A hollow vessel from (outer radius, height) pairs, upwards, with a floor; its wall is made of staves."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    c, s = np.cos(angle), np.sin(angle)
    parts = []
    for (r0, z0), (r1, z1) in itertools.pairwise(outline):
        for i in range(sides):
            corners = [
                (r * f[i + k], r * g[i + k], z)
                for z, outer in ((z0, r0), (z1, r1))
                for r in (outer, max(outer - wall, 1e-3))
                for k in (0, 1)
                for f, g in ((c, s),)
            ]
            parts.append(hull(corners, paint))
    r0, z0 = outline[0]
    parts.append(disc(0, 0, z0, z0 + (base or wall), r0 * 0.995, paint, sides=sides))
    return parts


def arc(
    center: tuple[float, float, float],
    radius: float,
    thick: float,
    paint: Paint,
    *,
    start: float = 0.0,
    end: float = 2 * np.pi,
    plane: str = "xz",
    steps: int = 8,
    squash: float = 1.0,
) -> list[Part]:
    """A bent rod: a handle or a ring, in the plane of two axes; angles from the first axis, radians."""
    first, second = "xyz".index(plane[0]), "xyz".index(plane[1])
    points = np.tile(np.asarray(center, dtype=np.float64), (steps + 1, 1))
    angle = np.linspace(start, end, steps + 1)
    points[:, first] += radius * np.cos(angle)
    points[:, second] += radius * squash * np.sin(angle)
    return [rod(a, b, thick, paint, sides=5) for a, b in itertools.pairwise(points)]


def tub(
    l: float,  # noqa: E741
    w: float,
    h: float,
    wall: float,
    paint: Paint,
    *,
    z: float = 0.0,
    x: float = 0.0,
    y: float = 0.0,
) -> list[Part]:
    """A box that is open at the top."""
    m = z + h / 2
    return [
        box((x, y, z + wall / 2), (l, w, wall), paint),
        box((x - l / 2 + wall / 2, y, m), (wall, w, h), paint),
        box((x + l / 2 - wall / 2, y, m), (wall, w, h), paint),
        box((x, y - w / 2 + wall / 2, m), (l, wall, h), paint),
        box((x, y + w / 2 - wall / 2, m), (l, wall, h), paint),
    ]


def carcass(l: float, w: float, h: float, wall: float, paint: Paint, *, z: float = 0.0) -> list[Part]:  # noqa: E741
    """A cupboard's body, open at the front (+x)."""
    m = z + h / 2
    return [
        box((-l / 2 + wall / 2, 0, m), (wall, w, h), paint),
        box((0, -w / 2 + wall / 2, m), (l, wall, h), paint),
        box((0, w / 2 - wall / 2, m), (l, wall, h), paint),
        box((0, 0, z + wall / 2), (l, w, wall), paint),
        box((0, 0, z + h - wall / 2), (l, w, wall), paint),
    ]


def legs(l: float, w: float, h: float, thick: float, paint: Paint, *, round_: bool = False) -> list[Part]:  # noqa: E741
    """Four legs below a rectangle."""
    places = [(a * (l - thick) / 2, b * (w - thick) / 2) for a in (-1, 1) for b in (-1, 1)]
    if round_:
        return [rod((x, y, h), (x * 1.05, y * 1.05, 0), thick / 2, paint, tip=thick / 3) for x, y in places]
    return [box((x, y, h / 2), (thick, thick, h), paint) for x, y in places]


def door(
    hinge_y: float, x: float, z: float, width: float, h: float, angle: float, paint: Paint, trim: Paint
) -> list[Part]:
    """A door leaf with a handle; `angle` 0 is shut (in the plane of the front), positive opens it outwards."""
    side = -1.0 if hinge_y > 0 else 1.0
    turn = -side * angle
    c, s = np.cos(turn), np.sin(turn)
    mid = (-s * side * width / 2, c * side * width / 2)
    grip = (-s * side * width * 0.88 + 0.022 * c, c * side * width * 0.88 + 0.022 * s)
    return [
        box((x + mid[0], hinge_y + mid[1], z + h / 2), (0.02, width, h), paint, yaw=float(turn)),
        box((x + grip[0], hinge_y + grip[1], z + h / 2), (0.025, 0.02, min(0.22, h * 0.35)), trim, yaw=float(turn)),
    ]
