"""The assembler's view of its streams: what waits, and how each sensor delivers."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

stamp_of = attrgetter("stamp_ns")


@dataclass(slots=True)
class Held:
    """A datum that waits, and when it arrived."""

    stamp_ns: int
    payload: Any
    arrival_ns: int


@dataclass(slots=True)
class Sweep:
    """A sweep that waits for its images."""

    held: Held
    stamp_ns: int
    images: dict[str, Held] = field(default_factory=dict)

    def give(self, camera: str, image: Held, expected_ns: int) -> bool:
        """Take an image; of two images of one camera the nearer to the expected stamp stays.

        Args:
            camera: Name of the camera.
            image: The image.
            expected_ns: Stamp that the camera's image of this sweep should have, nanoseconds.

        Returns:
            Whether one of two images had to go.
        """
        other = self.images.get(camera)
        if other is None or abs(image.stamp_ns - expected_ns) < abs(other.stamp_ns - expected_ns):
            self.images[camera] = image
        return other is not None


@dataclass(slots=True)
class Source:
    """One sensor: its stream in the present timeline, and (cameras) its offset and waiting images.

    Attributes:
        name: Name of the sensor.
        history: Its latest stamps, nanoseconds, in order of arrival.
        depth_limit_ns: A datum further behind than this tells nothing about the order of delivery.
        offset_ns: Image stamp minus sweep stamp, nanoseconds; None for the anchor, and until learned.
        newest_ns: Newest stamp in this timeline.
        depth_ns: How far behind its newest stamp the sensor has delivered; zero while it delivers in order.
        waiting: Images without a sweep, by stamp.
    """

    name: str
    history: deque[int]
    depth_limit_ns: int
    offset_ns: int | None = None
    newest_ns: int | None = None
    depth_ns: int = 0
    waiting: list[Held] = field(default_factory=list)

    def note(self, stamp_ns: int) -> None:
        """Take a stamp of this timeline into the history."""
        self.history.append(stamp_ns)
        if self.newest_ns is None or stamp_ns > self.newest_ns:
            self.newest_ns = stamp_ns
        elif self.newest_ns - stamp_ns <= self.depth_limit_ns:
            self.depth_ns = max(self.depth_ns, self.newest_ns - stamp_ns)

    def wait(self, held: Held) -> None:
        """Let an image wait for its sweep."""
        insort(self.waiting, held, key=stamp_of)

    def is_waiting(self, stamp_ns: int) -> bool:
        """Whether an image with this very stamp waits."""
        at = bisect_left(self.waiting, stamp_ns, key=stamp_of)
        return at < len(self.waiting) and self.waiting[at].stamp_ns == stamp_ns

    def take(self, low_ns: int, high_ns: int) -> list[Held]:
        """Remove and return the waiting images with stamps in [low_ns, high_ns]."""
        low = bisect_left(self.waiting, low_ns, key=stamp_of)
        high = bisect_left(self.waiting, high_ns + 1, key=stamp_of)
        taken = self.waiting[low:high]
        del self.waiting[low:high]
        return taken

    def begin_timeline(self, clock_ns: int) -> None:
        """Forget the stream's past except for what still waits.

        Args:
            clock_ns: The arrival clock, which may have jumped; waiting counts from there.
        """
        self.history.clear()
        self.newest_ns = None
        for held in self.waiting:
            held.arrival_ns = clock_ns
            self.note(held.stamp_ns)
