"""What is known of one frame: where it is in its parent, over time or for good."""

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from tf2_py.exceptions import ExtrapolationException
from tf2_py.rotations import Motion, interpolate


class Entry(NamedTuple):
    """Where a frame is in its parent."""

    stamp: int  # nanoseconds
    motion: Motion  # takes points of the frame to its parent; metres
    parent: str


def seconds(stamp: int) -> str:
    """Writes nanoseconds as seconds, with six decimals."""
    return f"{stamp / 1e9:.6f}"


class TimeCache:
    """A moving frame: its entries of the last seconds, by stamp. A stamp of 0 asks for the newest."""

    def __init__(self, duration: int) -> None:
        """Makes an empty cache.

        Args:
            duration: how far entries may lie behind the newest; nanoseconds.
        """
        self._duration = duration
        self._stamps: list[int] = []
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def newest(self) -> int:
        """Returns the newest stamp, or 0 where there is none; nanoseconds."""
        return self._stamps[-1] if self._stamps else 0

    @property
    def oldest(self) -> int:
        """Returns the oldest stamp, or 0 where there is none; nanoseconds."""
        return self._stamps[0] if self._stamps else 0

    @property
    def parent(self) -> str | None:
        """Returns the parent in the newest entry."""
        return self._entries[-1].parent if self._entries else None

    def clear(self) -> None:
        """Forgets every entry."""
        self._stamps.clear()
        self._entries.clear()

    def insert(self, entry: Entry) -> bool:
        """Adds an entry, unless it is there already, and forgets those that are too old.

        Returns:
            False where the entry itself is too old.
        """
        limit = self.newest - self._duration
        expired = bisect_left(self._stamps, limit)
        del self._stamps[:expired], self._entries[:expired]
        if self._stamps and entry.stamp < limit:
            return False
        end = bisect_right(self._stamps, entry.stamp)
        if entry not in self._entries[bisect_left(self._stamps, entry.stamp, hi=end) : end]:
            self._stamps.insert(end, entry.stamp)
            self._entries.insert(end, entry)
        return True

    def find(self, stamp: int) -> Entry:
        """Returns the entry at a stamp, interpolated between its neighbours where these have the same parent.

        Raises:
            ExtrapolationException: the stamp lies outside of the entries.
        """
        stamps, entries = self._stamps, self._entries
        if not stamps:
            raise ExtrapolationException("No transform is stored")
        if stamp in (0, stamps[-1]):
            return entries[-1]
        if stamp == stamps[0]:
            return entries[0]
        if not stamps[0] < stamp < stamps[-1]:
            self._raise_outside(stamp)
        index = bisect_right(stamps, stamp)
        older, newer = entries[index - 1], entries[index]
        if older.stamp == stamp or older.parent != newer.parent:
            return older
        ratio = (stamp - older.stamp) / (newer.stamp - older.stamp)
        return Entry(stamp, interpolate(older.motion, newer.motion, ratio), older.parent)

    def _raise_outside(self, stamp: int) -> None:
        first, last = self._stamps[0], self._stamps[-1]
        if first == last:
            known = f"at time {seconds(stamp)}: the only one stored is of {seconds(last)}"
        elif stamp > last:
            known = f"into the future, to time {seconds(stamp)}: the newest stored is of {seconds(last)}"
        else:
            known = f"into the past, to time {seconds(stamp)}: the oldest stored is of {seconds(first)}"
        raise ExtrapolationException(f"Lookup would require extrapolation {known}")


class StaticCache:
    """A frame that does not move: one entry that holds at every time."""

    newest = 0
    oldest = 0

    def __init__(self) -> None:
        self._entry: Entry | None = None

    def __len__(self) -> int:
        return 1

    @property
    def parent(self) -> str | None:
        """Returns the parent."""
        return self._entry.parent if self._entry else None

    def clear(self) -> None:
        """Keeps the entry: what is static stays when time starts anew."""

    def insert(self, entry: Entry) -> bool:
        """Replaces the entry."""
        self._entry = entry
        return True

    def find(self, stamp: int) -> Entry:
        """Returns the entry, whatever the stamp."""
        assert self._entry is not None
        return self._entry
