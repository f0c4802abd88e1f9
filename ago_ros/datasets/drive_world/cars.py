"""Cars: seven body styles in many proportions and colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ago_ros.datasets.procedural.materials import (
    CHROME,
    COLOURS,
    DARK_METAL,
    GLASS,
    HEADLAMP,
    TAIL_LAMP,
    TYRE,
    Colour,
    Material,
    Paint,
)
from ago_ros.datasets.procedural.shapes import Part, box, profile, wheel
from ago_ros.datasets.procedural.thing import Thing, article, assemble

CAR_COLOURS = (
    "white",
    "black",
    "grey",
    "silver",
    "red",
    "blue",
    "green",
    "yellow",
    "orange",
    "brown",
    "beige",
    "turquoise",
)


@dataclass(frozen=True)
class BodyStyle:
    """Proportions of a car, metres and shares of its length (0 the tail, 1 the nose).

    Attributes:
        size: mean length, width and height.
        belt: height of the window line as a share of the height.
        cabin: where the cabin's foot starts and ends, and its roof starts and ends.
        nose: height of the bonnet's front as a share of the belt.
        tail: height of the boot's end as a share of the belt.
    """

    size: tuple[float, float, float]
    belt: float
    cabin: tuple[float, float, float, float]
    nose: float = 0.78
    tail: float = 0.95


BODY_STYLES: dict[str, BodyStyle] = {
    "saloon car": BodyStyle((4.7, 1.82, 1.45), 0.63, (0.14, 0.72, 0.27, 0.56)),
    "hatchback": BodyStyle((4.0, 1.75, 1.50), 0.62, (0.01, 0.74, 0.08, 0.58)),
    "estate car": BodyStyle((4.8, 1.84, 1.50), 0.62, (0.01, 0.72, 0.06, 0.57)),
    "SUV": BodyStyle((4.7, 1.93, 1.76), 0.62, (0.01, 0.74, 0.06, 0.60), nose=0.88),
    "sports car": BodyStyle((4.4, 1.88, 1.24), 0.64, (0.10, 0.68, 0.32, 0.48), nose=0.62, tail=0.98),
    "minivan": BodyStyle((4.9, 1.92, 1.90), 0.58, (0.01, 0.88, 0.04, 0.70), nose=0.80),
    "pickup truck": BodyStyle((5.3, 1.95, 1.82), 0.60, (0.38, 0.76, 0.42, 0.64), nose=0.92, tail=1.0),
}


def make_car(rng: np.random.Generator, style: str | None = None, colour: str | None = None) -> Thing:
    """Makes a car of a random or given style and colour; one in twelve saloons is a taxi or a police car."""
    name = style or str(rng.choice(list(BODY_STYLES), p=[0.22, 0.22, 0.14, 0.18, 0.06, 0.10, 0.08]))
    tone = colour or str(rng.choice(CAR_COLOURS))
    body = BODY_STYLES[name]
    length, width, height = np.asarray(body.size) * rng.uniform(0.94, 1.07, 3)
    shade: Colour = tuple(float(np.clip(c * rng.uniform(0.8, 1.2), 0.01, 0.95)) for c in COLOURS[tone])  # type: ignore[assignment]
    parts = _shell(body, length, width, height, Paint(Material.PAINT, shade, seed=float(rng.random())))
    parts += _wheels(length, width, height * rng.uniform(0.205, 0.235))
    parts += _trim(length, width, height, body)
    caption = article(f"{tone} {name}")
    if name == "saloon car" and rng.random() < 0.12:
        sign = Paint(Material.LAMP, (0.95, 0.75, 0.15), scale=(0.5, 1.0))
        parts.append(box((-0.05 * length, 0, height + 0.07), (0.25, 0.7, 0.16), sign))
        name, caption = "taxi", article(f"{tone} taxi")
    return assemble(name, caption, "vehicle.car", parts)


def _shell(body: BodyStyle, length: float, width: float, height: float, paint: Paint) -> list[Part]:
    """The painted body, the cabin with its windows, and a pickup's bed."""
    belt, floor = body.belt * height, 0.13 * height
    tail, nose = -length / 2, length / 2

    def along(share: float) -> float:
        return tail + share * length

    rear, front, roof_rear, roof_front = body.cabin
    sides = [
        (tail + 0.03, floor + 0.08),
        (tail, floor + 0.25),
        (tail + 0.02, belt * body.tail),
        (along(rear) + 0.02, belt),
        (along(front), belt),
        (nose - 0.06, belt * body.nose),
        (nose, belt * 0.5),
        (nose - 0.05, floor + 0.08),
        (nose - 0.3, floor),
        (tail + 0.3, floor),
    ]
    cabin = [(along(rear), belt), (along(roof_rear), height), (along(roof_front), height), (along(front), belt)]
    glazed = Paint(Material.CABIN, paint.colour, (0.03, 0.04, 0.05), (length * 0.16, height - belt), paint.seed)
    roof = [(along(roof_rear), height - 0.03), (along(roof_front), height - 0.03)]
    parts = [
        profile(sides, width, paint, top_width=width * 0.94),
        profile(cabin, width * 0.90, glazed, top_width=width * 0.72),
        profile([*roof, (roof[1][0], height + 0.015), (roof[0][0], height + 0.015)], width * 0.70, paint),
    ]
    if rear > 0.3:
        bed = along(rear) - tail
        parts.append(box((tail + bed / 2, 0, belt + 0.02), (bed - 0.25, width * 0.78, 0.06), DARK_METAL))
    return parts


def _wheels(length: float, width: float, radius: float) -> list[Part]:
    """Four tyres with bright hubs, proud of the body by a finger."""
    parts = []
    for x in (-0.30 * length, 0.31 * length):
        for side in (-1, 1):
            y = side * (width / 2 - 0.10)
            parts.append(wheel((x, y, radius), radius, 0.24, TYRE))
            parts.append(wheel((x, side * (width / 2 + 0.01), radius), radius * 0.6, 0.05, CHROME, sides=8))
    return parts


def _trim(length: float, width: float, height: float, body: BodyStyle) -> list[Part]:
    """Lamps, grille, plates and mirrors."""
    belt = body.belt * height
    nose, tail, lamp = length / 2, -length / 2, belt * 0.66
    plate = Paint(Material.MATTE, (0.8, 0.8, 0.72))
    parts = [
        box((nose - 0.02, 0, lamp * 0.82), (0.06, width * 0.5, 0.14), DARK_METAL),
        box((nose, 0, lamp * 0.55), (0.05, 0.5, 0.11), plate),
        box((tail, 0, lamp * 0.95), (0.05, 0.5, 0.11), plate),
        box((nose - 0.08, 0, belt * 0.30), (0.14, width * 0.96, 0.10), DARK_METAL),
        box((tail + 0.08, 0, belt * 0.30), (0.14, width * 0.96, 0.10), DARK_METAL),
    ]
    for side in (-1, 1):
        parts.append(box((nose - 0.07, side * width * 0.37, lamp), (0.16, 0.34, 0.13), HEADLAMP))
        parts.append(box((tail + 0.03, side * width * 0.39, belt * 0.78), (0.10, 0.26, 0.18), TAIL_LAMP))
        mirror = (-length / 2 + (body.cabin[1] - 0.06) * length, side * (width / 2 + 0.07), belt + 0.06)
        parts.append(box(mirror, (0.10, 0.18, 0.13), GLASS))
    return parts
