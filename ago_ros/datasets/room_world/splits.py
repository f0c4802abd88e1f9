"""The splits: which rooms, looks, classes and pairs of classes training sees, and what each test changes."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache

from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES

HELD_OUT_SHARE = 0.03


@dataclass(frozen=True)
class Split:
    """How the rooms and texts of a split are drawn. Every test changes one thing against training.

    Attributes:
        name: of the split.
        first_seed: seed of its first room; rooms of different ranges share nothing.
        view_salt: makes other views of the same rooms.
        novel_looks: colours, materials and proportions that training never sees.
        novel_classes: classes that training never sees; at least one in each view.
        synonyms: whether texts use the held-out synonyms in place of the classes' names.
        novel_pairs: brings held-out pairs of classes together; elsewhere they never share a room.
        disguised: things wear any seen colour on any seen material, so that no look tells what they are; nor do texts.
    """

    name: str
    first_seed: int
    view_salt: int = 0
    novel_looks: bool = False
    novel_classes: bool = False
    synonyms: bool = False
    novel_pairs: bool = False
    disguised: bool = False


_TRAIN, _TEST = 0, 1_000_000

SPLITS: dict[str, Split] = {
    split.name: split
    for split in (
        Split("train", _TRAIN),
        Split("seen_rooms", _TRAIN, view_salt=1),
        Split("validation", 2_000_000),
        Split("novel_rooms", _TEST),
        Split("novel_visual", _TEST, novel_looks=True),
        Split("novel_synonyms", _TEST, synonyms=True),
        Split("novel_classes", 3_000_000, novel_classes=True),
        Split("novel_arrangements", 4_000_000, novel_pairs=True),
    )
}
"""Every split. Novel rooms and novel synonyms show the same pictures."""


@cache
def held_out(a: str, b: str) -> bool:
    """Whether two classes never share a room in training: a fixed 3 % of the pairs of seen classes, by hash (ours)."""
    if a == b or a not in CLASSES or b not in CLASSES or {a, b} & NOVEL_CLASSES:
        return False
    if "small" not in (CLASSES[a].place, CLASSES[b].place):
        return False
    key = "|".join(sorted((a, b))).encode()
    return zlib.crc32(key) % 10_000 < HELD_OUT_SHARE * 10_000
