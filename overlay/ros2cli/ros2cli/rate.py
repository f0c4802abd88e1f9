"""RateMeter: how often something happens."""

from __future__ import annotations

import math
import time
from collections import deque

REPORT_PERIOD_S = 1.0


class RateMeter:
    """Averages the time between events over a window.

    Args:
        window_size: how many intervals to average over.
    """

    def __init__(self, window_size: int) -> None:
        self._intervals: deque[float] = deque(maxlen=window_size)
        self._last: float | None = None
        self._reported: float | None = None

    def add(self, now_s: float | None = None) -> None:
        """Notes an event, now or at a time in seconds."""
        now_s = time.monotonic() if now_s is None else now_s
        if self._last is not None:
            self._intervals.append(now_s - self._last)
        self._last = now_s

    def report(self) -> str | None:
        """Returns rate, shortest and longest interval and their deviation, once a second and when there is news."""
        if not self._intervals or self._last is None:
            return None
        if self._reported is None:
            self._reported = self._last
        if self._last < self._reported + REPORT_PERIOD_S:
            return None
        self._reported = self._last
        count = len(self._intervals)
        mean = sum(self._intervals) / count
        deviation = math.sqrt(sum((interval - mean) ** 2 for interval in self._intervals) / count)
        rate = 1.0 / mean if mean > 0 else 0.0
        return (
            f"average rate: {rate:.3f}\n\tmin: {min(self._intervals):.3f}s max: {max(self._intervals):.3f}s "
            f"std dev: {deviation:.5f}s window: {count}"
        )
