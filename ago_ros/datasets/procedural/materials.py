"""What surfaces are made of: how they are textured, how they shine, and what a LiDAR gets back from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Material(IntEnum):
    """Names of the procedural textures."""

    MATTE = 0
    PAINT = 1
    GLASS = 2
    RUBBER = 3
    METAL = 4
    BRICK = 5
    PLASTER = 6
    CURTAIN_WALL = 7
    CONCRETE = 8
    WOOD = 9
    FOLIAGE = 10
    BARK = 11
    CLOTH = 12
    SKIN = 13
    PLASTIC = 14
    LAMP = 15
    BANDS = 16
    TILES = 17
    CHEVRONS = 18
    FUR = 19
    CABIN = 20
    COACH = 21
    LATTICE = 22
    SIGN = 23
    BRICK_WALL = 24
    GROUND = 25
    CORRUGATED = 26


REFLECTIVITY: NDArray[np.float32] = np.array(
    [30, 45, 6, 8, 55, 28, 32, 10, 30, 30, 22, 18, 28, 26, 40, 40, 90, 26, 150, 24, 14, 24, 40, 220, 28, 16, 50],
    dtype=np.float32,
)
"""LiDAR return at normal incidence, by material, 0..255 (ours)."""

Colour = tuple[float, float, float]

COLOURS: dict[str, Colour] = {
    "white": (0.86, 0.86, 0.85),
    "black": (0.04, 0.04, 0.045),
    "grey": (0.35, 0.36, 0.37),
    "silver": (0.62, 0.63, 0.65),
    "red": (0.62, 0.05, 0.05),
    "blue": (0.05, 0.16, 0.52),
    "green": (0.07, 0.36, 0.13),
    "yellow": (0.88, 0.68, 0.05),
    "orange": (0.88, 0.33, 0.03),
    "brown": (0.25, 0.14, 0.07),
    "beige": (0.70, 0.62, 0.47),
    "purple": (0.30, 0.10, 0.42),
    "pink": (0.82, 0.42, 0.52),
    "turquoise": (0.08, 0.52, 0.52),
}
"""Linear RGB reflectance of the colours that captions name."""

SKIN_TONES: tuple[Colour, ...] = ((0.66, 0.44, 0.33), (0.48, 0.29, 0.19), (0.25, 0.14, 0.09), (0.75, 0.55, 0.43))


@dataclass(frozen=True)
class Paint:
    """The look of one part.

    Attributes:
        material: which procedural texture; a `Material`, or a member of another world's own enumeration.
        colour: linear RGB of the ground tone.
        second: linear RGB of the texture's other tone (windows, stripes, joints), where it has one.
        scale: the texture's two lengths in metres (a window's pitch and a floor's height; a stripe's width).
        seed: varies the texture between parts of the same paint.
    """

    material: IntEnum = Material.MATTE
    colour: Colour = (0.5, 0.5, 0.5)
    second: Colour = (0.1, 0.1, 0.1)
    scale: tuple[float, float] = (1.0, 1.0)
    seed: float = 0.0


TYRE = Paint(Material.RUBBER, (0.03, 0.03, 0.03))
GLASS = Paint(Material.GLASS, (0.05, 0.07, 0.08))
CHROME = Paint(Material.METAL, (0.6, 0.6, 0.62))
DARK_METAL = Paint(Material.METAL, (0.08, 0.08, 0.09))
STEEL = Paint(Material.METAL, (0.38, 0.39, 0.40))
HEADLAMP = Paint(Material.LAMP, (0.95, 0.95, 0.85), scale=(0.35, 1.0))
TAIL_LAMP = Paint(Material.LAMP, (0.75, 0.02, 0.02), scale=(0.35, 1.0))
