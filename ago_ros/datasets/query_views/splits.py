"""The splits that query views are drawn, trained and scored on: rooms, and drives beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Drives:
    """A split of the drive world.

    Attributes:
        first_seed: of its first drive; the image tower `ago-tiny` is trained on none of these.
        asks: the split of the room world whose rules its questions follow: what may be asked, and what is scored.
    """

    first_seed: int
    asks: str


OUTDOOR = "outdoor"
"""The test split of drives."""
DRIVES = {
    "train_outdoor": Drives(40_000, "train"),
    "validation_outdoor": Drives(50_000, "validation"),
    OUTDOOR: Drives(60_000, "novel_rooms"),
}
TRAIN_SPLITS = ("train", "train_outdoor")
VALIDATION_SPLITS = ("validation", "validation_outdoor")
TEST_SPLITS = ("novel_rooms", "novel_visual", "novel_synonyms", "novel_classes", OUTDOOR)
