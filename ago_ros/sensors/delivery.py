"""Hands finished frames to a callback: in order, one at a time, and never under the lock."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from ago_ros.sensors.frame_set import FrameSet
from ago_ros.sensors.ledger import Ledger, Reason

_LOG = logging.getLogger(__name__)


class Delivery:
    """A short queue of finished frames, emptied by whichever thread claims it.

    Args:
        on_frame: Takes each frame. What it raises is logged and counted.
        ledger: The books.
        lock: Guards the books and this queue. `put`, `claim`, `clear` and `frames` want it held; `run` takes it.
        limit: The most frames that wait; the oldest goes first.
    """

    def __init__(self, on_frame: Callable[[FrameSet], None], ledger: Ledger, lock: threading.Lock, limit: int) -> None:
        self._on_frame = on_frame
        self._ledger = ledger
        self._lock = lock
        self._limit = limit
        self.frames: deque[FrameSet] = deque()
        self._claimed = False

    def put(self, frame: FrameSet) -> None:
        """Queue a frame."""
        self.frames.append(frame)
        if len(self.frames) > self._limit:
            self._drop(self.frames.popleft(), Reason.UNDELIVERED)

    def clear(self) -> None:
        """Drop the frames that wait."""
        while self.frames:
            self._drop(self.frames.popleft(), Reason.RESET)

    def claim(self) -> bool:
        """Return whether the caller has to `run`: something waits, and nobody else is at it."""
        if self._claimed or not self.frames:
            return False
        self._claimed = True
        return True

    def run(self) -> None:
        """Hand out frames until none is left; for the thread that claimed the queue."""
        try:
            while (frame := self._next()) is not None:
                self._call(frame)
        except BaseException:
            with self._lock:
                self._claimed = False
            raise

    def _next(self) -> FrameSet | None:
        with self._lock:
            if not self.frames:
                self._claimed = False
                return None
            frame = self.frames.popleft()
            self._ledger.used.update(frame.data.keys())
            if frame.missing:
                self._ledger.frames_incomplete += 1
            else:
                self._ledger.frames_complete += 1
            return frame

    def _call(self, frame: FrameSet) -> None:
        try:
            self._on_frame(frame)
        except Exception:
            _LOG.exception("the callback failed on the frame of %d ns", frame.stamp_ns)
            with self._lock:
                self._ledger.callback_errors += 1

    def _drop(self, frame: FrameSet, reason: Reason) -> None:
        for sensor in frame.data:
            self._ledger.drop(sensor, reason)
