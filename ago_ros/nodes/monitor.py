"""The node's books: what came in, what went out, what was dropped and why, and how long it took."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

_WINDOW_SEC = 5.0
_LATENCIES = 512


@dataclass(frozen=True)
class Snapshot:
    """The books at one moment.

    Attributes:
        rates_hz: messages per second of each input over the last seconds.
        silent_sec: time since each input's last message; infinite where none came.
        frames_in: sets of sensor data that the assembler handed over.
        frames_out: grids published.
        dropped: frames that no grid was published for, by reason; in = out + dropped + at most two in work.
        lost_images: images left out of frames, by camera and reason.
        invalid_points: LiDAR points that were not finite.
        errors: exceptions in inference.
        last_error: text of the newest one.
        error_silent_sec: time since the newest one; infinite where there was none.
        output_rate_hz: grids per second over the last seconds.
        output_silent_sec: time since the last grid; infinite where none went out.
        latency_ms: p50, p95 and p99 from sensor stamp to published grid; NaN before the first.
        compute_ms: p50 and p95 of the worker's time on a frame; NaN before the first.
        uptime_sec: time since the books were opened.
    """

    rates_hz: Mapping[str, float]
    silent_sec: Mapping[str, float]
    frames_in: int
    frames_out: int
    dropped: Mapping[str, int]
    lost_images: Mapping[tuple[str, str], int]
    invalid_points: int
    errors: int
    last_error: str
    error_silent_sec: float
    output_rate_hz: float
    output_silent_sec: float
    latency_ms: tuple[float, ...]
    compute_ms: tuple[float, ...]
    uptime_sec: float


@dataclass
class _Stream:
    """Arrival times of one stream, seconds."""

    times: deque[float] = field(default_factory=lambda: deque(maxlen=1024))

    def rate(self, now: float, since: float) -> float:
        covered = min(_WINDOW_SEC, max(now - since, 1e-9))
        return sum(1 for t in self.times if t > now - covered) / covered

    def silent(self, now: float) -> float:
        return now - self.times[-1] if self.times else float("inf")


class Monitor:
    """Keeps the books. Thread safe.

    Args:
        inputs: names of the inputs to expect.
        clock: seconds, steady.
    """

    def __init__(self, inputs: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._opened = clock()
        self._inputs = {name: _Stream() for name in inputs}
        self._output, self._error = _Stream(), _Stream()
        self._frames_in = self._frames_out = self._invalid_points = self._errors = 0
        self._dropped: Counter[str] = Counter()
        self._lost: Counter[tuple[str, str]] = Counter()
        self._last_error = ""
        self._latency_ms: deque[float] = deque(maxlen=_LATENCIES)
        self._compute_ms: deque[float] = deque(maxlen=_LATENCIES)

    def received(self, name: str) -> None:
        """Notes a message of an input."""
        with self._lock:
            self._inputs[name].times.append(self._clock())

    def frame_in(self) -> None:
        """Notes a frame from the assembler."""
        with self._lock:
            self._frames_in += 1

    def frame_out(self, latency_ms: float, compute_ms: float) -> None:
        """Notes a published grid."""
        with self._lock:
            self._frames_out += 1
            self._output.times.append(self._clock())
            self._latency_ms.append(latency_ms)
            self._compute_ms.append(compute_ms)

    def dropped(self, reason: str) -> None:
        """Notes a frame that no grid comes from."""
        with self._lock:
            self._dropped[reason] += 1

    def lost_image(self, camera: str, reason: str) -> None:
        """Notes an image left out of a frame."""
        with self._lock:
            self._lost[camera, reason] += 1

    def invalid_points(self, count: int) -> None:
        """Notes LiDAR points that were not finite."""
        with self._lock:
            self._invalid_points += count

    def error(self, text: str) -> None:
        """Notes an exception in inference."""
        with self._lock:
            self._errors += 1
            self._last_error = text
            self._error.times.append(self._clock())

    def snapshot(self) -> Snapshot:
        """Copies the books."""
        with self._lock:
            now = self._clock()
            return Snapshot(
                rates_hz={name: stream.rate(now, self._opened) for name, stream in self._inputs.items()},
                silent_sec={name: stream.silent(now) for name, stream in self._inputs.items()},
                frames_in=self._frames_in,
                frames_out=self._frames_out,
                dropped=dict(self._dropped),
                lost_images=dict(self._lost),
                invalid_points=self._invalid_points,
                errors=self._errors,
                last_error=self._last_error,
                error_silent_sec=self._error.silent(now),
                output_rate_hz=self._output.rate(now, self._opened),
                output_silent_sec=self._output.silent(now),
                latency_ms=_percentiles(self._latency_ms, (50, 95, 99)),
                compute_ms=_percentiles(self._compute_ms, (50, 95)),
                uptime_sec=now - self._opened,
            )


def _percentiles(values: deque[float], which: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(np.percentile(list(values), which).tolist()) if values else (float("nan"),) * len(which)
