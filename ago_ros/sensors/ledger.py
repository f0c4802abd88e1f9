"""The books of the assembler: what became of every datum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Reason(str, Enum):
    """Why a datum is in no frame."""

    LATE = "late"
    """Its sweep's frame had gone out already."""
    OUT_OF_ORDER = "out_of_order"
    """A sweep older than a frame that had gone out, or a lone sweep with a stamp from another time."""
    DUPLICATE = "duplicate"
    """The sensor had sent a datum with the same stamp before."""
    SUPERSEDED = "superseded"
    """Another image of the same camera lay nearer to the sweep."""
    NO_ANCHOR = "no_anchor"
    """No sweep came that it belongs to."""
    LEARNING = "learning"
    """Its camera's offset was not known in time."""
    OVERFLOW = "overflow"
    """Too many data of its sensor were waiting."""
    RESET = "reset"
    """It was waiting when time jumped, or when the owner called for a reset."""
    UNDELIVERED = "undelivered"
    """Its frame was ready, but the callback was too slow to take it."""


@dataclass(frozen=True)
class Counters:
    """A consistent snapshot of the books.

    Attributes:
        received: Data in, by sensor.
        used: Data handed to the callback in a frame, by sensor.
        dropped: Data dropped, by sensor and reason.
        pending: Data still held, by sensor.
        frames_complete: Frames handed to the callback with every camera.
        frames_incomplete: Frames handed to the callback with at least one camera missing.
        resets: Resets, by reason.
        callback_errors: Exceptions that the callback raised.
    """

    received: Mapping[str, int]
    used: Mapping[str, int]
    dropped: Mapping[tuple[str, Reason], int]
    pending: Mapping[str, int]
    frames_complete: int
    frames_incomplete: int
    resets: Mapping[str, int]
    callback_errors: int

    def dropped_by_reason(self) -> dict[Reason, int]:
        """Return the dropped data of all sensors together, by reason."""
        totals: Counter[Reason] = Counter()
        for (_, reason), count in self.dropped.items():
            totals[reason] += count
        return dict(totals)

    def unaccounted(self) -> dict[str, int]:
        """Return, for each sensor, data in minus data used, dropped or pending; all zero when the books balance."""
        rest = {
            sensor: n - self.used.get(sensor, 0) - self.pending.get(sensor, 0) for sensor, n in self.received.items()
        }
        for (sensor, _), count in self.dropped.items():
            rest[sensor] = rest.get(sensor, 0) - count
        return rest


@dataclass
class Ledger:
    """The books while they are being kept; not thread safe."""

    received: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, Reason]] = field(default_factory=Counter)
    frames_complete: int = 0
    frames_incomplete: int = 0
    resets: Counter[str] = field(default_factory=Counter)
    callback_errors: int = 0

    def drop(self, sensor: str, reason: Reason) -> None:
        """Note one datum of a sensor as dropped."""
        self.dropped[sensor, reason] += 1

    def snapshot(self, pending: Mapping[str, int]) -> Counters:
        """Copy the books.

        Args:
            pending: Data held at this moment, by sensor.
        """
        return Counters(
            dict(self.received),
            dict(self.used),
            dict(self.dropped),
            dict(pending),
            self.frames_complete,
            self.frames_incomplete,
            dict(self.resets),
            self.callback_errors,
        )
