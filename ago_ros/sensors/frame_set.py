"""What the assembler hands out: one sweep and the images that belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Datum(NamedTuple):
    """One datum of a frame: its own stamp, nanoseconds, and what the sensor sent."""

    stamp_ns: int
    payload: Any


@dataclass(frozen=True)
class FrameSet:
    """One sweep and the images that belong to it.

    Attributes:
        stamp_ns: Stamp of the sweep, nanoseconds.
        data: Each sensor's datum, by sensor name; the anchor is always there.
        missing: Cameras without an image.
    """

    stamp_ns: int
    data: Mapping[str, Datum]
    missing: frozenset[str]
