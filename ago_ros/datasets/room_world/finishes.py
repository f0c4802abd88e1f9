"""How things look: finishes, colours and materials with the words for them, and those that training never sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from ago_ros.datasets.procedural.materials import COLOURS as SHARED_COLOURS
from ago_ros.datasets.procedural.materials import Colour, Paint


class Finish(IntEnum):
    """Names of the procedural textures of rooms."""

    MATTE = 0
    PLASTIC = 1
    METAL = 2
    WOOD = 3
    CERAMIC = 4
    FABRIC = 5
    LEATHER = 6
    GLASS = 7
    PAPER = 8
    WICKER = 9
    MARBLE = 10
    RUBBER = 11
    FOLIAGE = 12
    LAMP = 13
    PARQUET = 14
    WALLPAPER = 15
    TILES = 16
    CARPET = 17
    SCREEN = 18
    LABEL = 19
    STRIPES = 20
    CHECKS = 21
    FUR = 22
    FOOD = 23
    PICTURE = 24
    KEYS = 25
    DIAL = 26
    SKY = 27
    PAGES = 28
    MIRROR = 29
    GLOBE = 30
    SPECKLES = 31
    BALL = 32


COLOURS: dict[str, Colour] = {
    **SHARED_COLOURS,
    "gold": (0.70, 0.48, 0.12),
    "cream": (0.82, 0.76, 0.60),
    "olive": (0.24, 0.26, 0.06),
    "maroon": (0.26, 0.02, 0.05),
}
"""Linear RGB reflectance of the colours that captions name."""

SEEN_COLOURS = ("white", "black", "grey", "red", "blue", "green", "yellow", "orange", "brown", "beige", "pink")
NOVEL_COLOURS = ("turquoise", "purple", "olive", "maroon")
"""Colours that training never sees or reads."""


@dataclass(frozen=True)
class Substance:
    """What a thing is made of.

    Attributes:
        finishes: its textures; one is drawn.
        colours: the colours it comes in; empty means any.
        novel: the substance that takes its place where looks are to be unseen.
    """

    finishes: tuple[Finish, ...]
    colours: tuple[str, ...] = ()
    novel: str = ""


SUBSTANCES: dict[str, Substance] = {
    "wooden": Substance((Finish.WOOD,), ("brown", "beige", "white", "black"), "bamboo"),
    "metal": Substance((Finish.METAL,), ("silver", "grey", "black", "white", "red", "blue"), "copper"),
    "plastic": Substance((Finish.PLASTIC,), (), "speckled"),
    "ceramic": Substance((Finish.CERAMIC,), (), "marble"),
    "fabric": Substance((Finish.FABRIC, Finish.FABRIC, Finish.STRIPES), (), "checked"),
    "leather": Substance((Finish.LEATHER,), ("black", "brown", "white", "red", "beige"), "velvet"),
    "glass": Substance((Finish.GLASS,), ("white", "green", "blue", "brown"), "crystal"),
    "paper": Substance((Finish.PAPER,), (), "patterned"),
    "cardboard": Substance((Finish.PAPER,), ("brown", "beige", "white"), "patterned"),
    "wicker": Substance((Finish.WICKER,), ("brown", "beige", "white"), "felt"),
    "rubber": Substance((Finish.RUBBER,), (), "speckled"),
    "": Substance((Finish.FOOD,)),
    "furry": Substance((Finish.FUR,), ("brown", "beige", "white", "grey", "pink"), "checked"),
    "bamboo": Substance((Finish.TILES,)),
    "copper": Substance((Finish.METAL,)),
    "speckled": Substance((Finish.SPECKLES,)),
    "marble": Substance((Finish.MARBLE,)),
    "checked": Substance((Finish.CHECKS,)),
    "velvet": Substance((Finish.CARPET,)),
    "crystal": Substance((Finish.GLASS,)),
    "patterned": Substance((Finish.WALLPAPER,)),
    "felt": Substance((Finish.CARPET,)),
}
"""By the adjective that captions use. Those without a `novel` entry, from bamboo on, are never seen in training."""

NOVEL_SUBSTANCES = frozenset(s.novel for s in SUBSTANCES.values() if s.novel)


@dataclass(frozen=True)
class Look:
    """The look of one thing.

    Attributes:
        colour: its word; "" where the class says enough.
        substance: its adjective; "" where the class says enough.
        main: paint of the body.
        trim: paint of fittings.
    """

    colour: str
    substance: str
    main: Paint
    trim: Paint


_SEEN_FINISHES = tuple(sorted({f for word, s in SUBSTANCES.items() if word and s.novel for f in s.finishes}))


def tint(colour: Colour, rng: np.random.Generator, spread: float = 0.15) -> Colour:
    """Varies a colour a little."""
    factor = rng.uniform(1 - spread, 1 + spread) * rng.uniform(1 - spread / 3, 1 + spread / 3, 3)
    r, g, b = (float(np.clip(c * f, 0.01, 0.95)) for c, f in zip(colour, factor))
    return r, g, b


def draw_look(
    rng: np.random.Generator, substances: tuple[str, ...], colours: tuple[str, ...], *, novel: bool = False
) -> Look:
    """Draws a look from what a class comes in.

    Args:
        rng: source of chance.
        substances: adjectives that the class may have.
        colours: colours that the class may have; empty leaves it to the substance.
        novel: unseen colours and substances in place of the seen ones, where the class leaves a choice.
    """
    word = substances[int(rng.integers(len(substances)))]
    substance = SUBSTANCES[word]
    choice = colours or substance.colours or SEEN_COLOURS
    if novel and word:
        word = substance.novel
        substance = SUBSTANCES[word]
        choice = colours if len(colours) == 1 else NOVEL_COLOURS
    colour = choice[int(rng.integers(len(choice)))]
    finish = substance.finishes[int(rng.integers(len(substance.finishes)))]
    second = tint(
        COLOURS[NOVEL_COLOURS[int(rng.integers(4))] if novel else str(rng.choice(["white", "grey", "beige"]))], rng
    )
    main = Paint(finish, tint(COLOURS[colour], rng), second, (float(rng.uniform(0.7, 1.4)), 1.0), float(rng.random()))
    trim_colour = COLOURS["silver"] if rng.random() < 0.6 else COLOURS["black"]
    trim = Paint(Finish.METAL, tint(trim_colour, rng), seed=float(rng.random()))
    return Look(colour, word, main, trim)


def disguise(look: Look, rng: np.random.Generator) -> Look:
    """Gives a look any of the seen finishes and colours; what has no choice of substance, like food, keeps its own."""
    if not look.substance:
        return look
    finish = _SEEN_FINISHES[int(rng.integers(len(_SEEN_FINISHES)))]
    colours = [tint(COLOURS[str(rng.choice(SEEN_COLOURS))], rng, 0.3) for _ in range(3)]
    main = Paint(finish, colours[0], colours[1], (float(rng.uniform(0.7, 1.4)), 1.0), float(rng.random()))
    trim = Paint(Finish.METAL, colours[2], seed=float(rng.random())) if rng.random() < 0.5 else look.trim
    return replace(look, main=main, trim=trim)
