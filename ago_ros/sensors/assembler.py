"""Builds one synchronised set of sensor data per LiDAR sweep from streams."""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from ago_ros.sensors.assembler_config import AssemblerConfig
from ago_ros.sensors.delivery import Delivery
from ago_ros.sensors.frame_set import Datum, FrameSet
from ago_ros.sensors.ledger import Counters, Ledger, Reason
from ago_ros.sensors.rhythm import Rhythm
from ago_ros.sensors.sources import Held, Source, Sweep, stamp_of

_LOG = logging.getLogger(__name__)
_SWEEP_HISTORY = 256
_IMAGE_HISTORY = 24


class FrameAssembler:
    """Builds one `FrameSet` per LiDAR sweep.

    An image belongs to the sweep whose stamp plus the camera's offset is within a window of the image's stamp. The
    window is narrower than half a sweep period, so that a set cannot mix trigger rounds. Frames go out in the order of
    their sweeps, each as soon as no sensor can still add to it: when it is complete, when each missing camera has
    delivered past it or has fallen silent, and at the latest at its deadline.

    Offsets that are not configured are learned from the first stamps (about eight images of each camera). Until then
    data are held and nothing goes out; then what was held goes out in order. Offsets are kept when time jumps.

    Thread safe. The callback runs on the thread that finished the frame or, when another thread is in the callback,
    on that one; never twice at once and never under the lock. What it raises is logged and counted.
    Source: ours.

    Args:
        config: The settings.
        on_frame: Takes each frame.
    """

    def __init__(self, config: AssemblerConfig, on_frame: Callable[[FrameSet], None]) -> None:
        self.config = config
        self._lock = threading.Lock()
        self._ledger = Ledger()
        self._delivery = Delivery(on_frame, self._ledger, self._lock, config.queue_size)
        self._rhythm = Rhythm(config)
        self._anchor = Source(config.anchor, deque(maxlen=_SWEEP_HISTORY), config.deadline_ns)
        self._cameras = {
            name: Source(name, deque(maxlen=_IMAGE_HISTORY), config.deadline_ns, config.offsets_ns.get(name))
            for name in config.cameras
        }
        self._sources = {config.anchor: self._anchor, **self._cameras}
        self._sweeps: list[Sweep] = []
        self._suspect: Held | None = None
        self._holding = len(config.offsets_ns) < len(config.cameras)
        self._released_ns: int | None = None
        self._clock_ns: int | None = None
        self._first_ns: int | None = None

    def add(self, sensor: str, stamp_ns: int, payload: Any, arrival_ns: int | None = None) -> None:
        """Take one datum.

        Args:
            sensor: Name of the anchor or of a camera.
            stamp_ns: The datum's own stamp, nanoseconds.
            payload: What the sensor sent; it is handed on as it is.
            arrival_ns: When it arrived, on any steady clock, nanoseconds. Without it the stamps are the clock.

        Raises:
            ValueError: There is no such sensor.
        """
        source = self._sources.get(sensor)
        if source is None:
            raise ValueError(f"no sensor {sensor!r}; the assembler knows {', '.join(self._sources)}")
        with self._lock:
            clock = stamp_ns if arrival_ns is None else arrival_ns
            if arrival_ns is not None or self._near(stamp_ns):
                self._advance_clock(clock)
            self._ledger.received[sensor] += 1
            held = Held(stamp_ns, payload, self._now())
            if source is self._anchor:
                self._take_sweep(held, clock)
            else:
                self._take_image(source, held)
            self._release_settled()
            deliver = self._delivery.claim()
        if deliver:
            self._delivery.run()

    def poll(self, now_ns: int) -> None:
        """Let time pass: deadlines up to now take effect.

        Args:
            now_ns: The time on the arrival clock, nanoseconds.
        """
        with self._lock:
            self._advance_clock(now_ns)
            if self._holding and self._sweeps and now_ns - self._sweeps[-1].held.arrival_ns > self._rhythm.silence_ns:
                self._end_holding()
            self._expire_all()
            self._release_settled()
            deliver = self._delivery.claim()
        if deliver:
            self._delivery.run()

    def reset(self, reason: str) -> None:
        """Drop all that is held and start a new timeline; offsets are kept.

        Args:
            reason: Goes into the counters.
        """
        with self._lock:
            self._ledger.resets[reason] += 1
            self._delivery.clear()
            if self._suspect is not None:
                self._ledger.drop(self._anchor.name, Reason.RESET)
                self._suspect = None
            self._begin_timeline(None, self._now())

    @property
    def counters(self) -> Counters:
        """A consistent snapshot of the books."""
        with self._lock:
            pending = Counter({name: len(source.waiting) for name, source in self._sources.items()})
            pending[self._anchor.name] += len(self._sweeps) + (self._suspect is not None)
            for sweep in self._sweeps:
                pending.update(sweep.images.keys())
            for frame in self._delivery.frames:
                pending.update(frame.data.keys())
            return self._ledger.snapshot(pending)

    @property
    def offsets_ns(self) -> dict[str, int]:
        """The offsets in use, configured and learned: image stamp minus sweep stamp, nanoseconds, by camera."""
        with self._lock:
            return {name: s.offset_ns for name, s in self._cameras.items() if s.offset_ns is not None}

    @property
    def period_ns(self) -> int | None:
        """The sweep period, nanoseconds; None until learned."""
        with self._lock:
            return self._rhythm.period_ns

    def _now(self) -> int:
        return 0 if self._clock_ns is None else self._clock_ns

    def _advance_clock(self, now_ns: int) -> None:
        if self._clock_ns is None or now_ns > self._clock_ns:
            self._clock_ns = now_ns

    def _near(self, stamp_ns: int) -> bool:
        """Whether a stamp can belong to the present timeline."""
        newest = self._anchor.newest_ns
        return newest is None or abs(stamp_ns - newest) <= self._rhythm.reach_ns

    def _take_sweep(self, held: Held, clock_ns: int) -> None:
        """Take a sweep; one from another time has to be borne out by the next before it starts a timeline."""
        newest, suspect = self._anchor.newest_ns, self._suspect
        self._suspect = None
        if newest is None:
            self._begin_timeline(held, clock_ns)
        elif not newest - self.config.deadline_ns <= held.stamp_ns <= newest + self._rhythm.reach_ns:
            if suspect is None or abs(held.stamp_ns - suspect.stamp_ns) > self._rhythm.reach_ns:
                self._suspect = held
            else:
                self._ledger.resets["jump_back" if held.stamp_ns < newest else "jump_forward"] += 1
                _LOG.warning("sweep stamps jumped by %.3f s: starting over", (held.stamp_ns - newest) / 1e9)
                self._begin_timeline(held, clock_ns)
                suspect.arrival_ns = held.arrival_ns = clock_ns
                self._place_sweep(suspect)
                suspect = None
        if suspect is not None:
            self._ledger.drop(self._anchor.name, Reason.OUT_OF_ORDER)
        if self._suspect is None:
            self._place_sweep(held)

    def _place_sweep(self, held: Held) -> None:
        if held.stamp_ns in self._anchor.history:
            self._ledger.drop(self._anchor.name, Reason.DUPLICATE)
            return
        self._anchor.note(held.stamp_ns)
        if self._released_ns is not None and held.stamp_ns < self._released_ns:
            self._ledger.drop(self._anchor.name, Reason.OUT_OF_ORDER)
            return
        sweep = Sweep(held, held.stamp_ns)
        insort(self._sweeps, sweep, key=stamp_of)
        if not self._holding:
            self._match_waiting(sweep)
        self._rhythm.count_sweep(self._anchor, self._cameras, eager=self._holding)
        if self._holding and (self._learned() or len(self._sweeps) >= self.config.queue_size):
            self._end_holding()
        if len(self._sweeps) > self.config.queue_size:
            self._release_first()
        self._expire_all()

    def _take_image(self, camera: Source, held: Held) -> None:
        near = self._near(held.stamp_ns)
        if (near and held.stamp_ns in camera.history) or camera.is_waiting(held.stamp_ns):
            self._ledger.drop(camera.name, Reason.DUPLICATE)
            return
        if near:
            camera.note(held.stamp_ns)
        if near and camera.offset_ns is not None and not self._holding:
            target = held.stamp_ns - camera.offset_ns
            if self._released_ns is not None and target <= self._released_ns + self._rhythm.window_ns:
                self._ledger.drop(camera.name, Reason.LATE)
                return
            sweep = self._sweep_at(target)
            if sweep is not None:
                self._give(sweep, camera, held, camera.offset_ns)
                return
        camera.wait(held)
        if len(camera.waiting) > self.config.queue_size:
            del camera.waiting[0]
            self._ledger.drop(camera.name, Reason.OVERFLOW)
        self._expire(camera)

    def _sweep_at(self, target_ns: int) -> Sweep | None:
        """Return the pending sweep within the window of a stamp; the window is too narrow for two."""
        at = bisect_left(self._sweeps, target_ns - self._rhythm.window_ns, key=stamp_of)
        if at < len(self._sweeps) and self._sweeps[at].stamp_ns <= target_ns + self._rhythm.window_ns:
            return self._sweeps[at]
        return None

    def _give(self, sweep: Sweep, camera: Source, image: Held, offset_ns: int) -> None:
        if sweep.give(camera.name, image, sweep.stamp_ns + offset_ns):
            self._ledger.drop(camera.name, Reason.SUPERSEDED)

    def _match_waiting(self, sweep: Sweep) -> None:
        """Give a sweep the images that were waiting for it."""
        window = self._rhythm.window_ns
        for camera in self._cameras.values():
            if camera.offset_ns is not None and camera.waiting:
                expected = sweep.stamp_ns + camera.offset_ns
                for image in camera.take(expected - window, expected + window):
                    self._give(sweep, camera, image, camera.offset_ns)

    def _release_settled(self) -> None:
        while self._sweeps and not self._holding and self._settled(self._sweeps[0]):
            self._release_first()

    def _settled(self, sweep: Sweep) -> bool:
        """Whether nothing can be added any more to the oldest pending sweep, nor come before it."""
        if sweep.held.arrival_ns + self.config.deadline_ns <= self._now():
            return True
        if self._predecessor_may_come(sweep):
            return False
        if len(sweep.images) == len(self._cameras):
            return True
        return all(name in sweep.images or self._given_up(camera, sweep) for name, camera in self._cameras.items())

    def _predecessor_may_come(self, sweep: Sweep) -> bool:
        """Whether a sweep is missing before this one, from a LiDAR that has delivered out of order."""
        newest, released, period = self._anchor.newest_ns, self._released_ns, self._rhythm.period_ns
        if self._anchor.depth_ns == 0 or newest is None or released is None or period is None:
            return False
        missing = sweep.stamp_ns - released > 1.5 * period
        return missing and newest < sweep.stamp_ns - period + self._anchor.depth_ns + self._rhythm.window_ns

    def _given_up(self, camera: Source, sweep: Sweep) -> bool:
        """Whether no image of a camera is to be expected any more for a sweep."""
        if camera.offset_ns is None or self._silent(camera):
            return True
        if camera.newest_ns is None:
            return False
        return camera.newest_ns - camera.offset_ns > sweep.stamp_ns + self._rhythm.window_ns + camera.depth_ns

    def _silent(self, camera: Source) -> bool:
        """Whether a camera has sent nothing for so long, by the sweeps' stamps, that it is not waited for."""
        last = self._first_ns if camera.newest_ns is None else camera.newest_ns
        newest = self._anchor.newest_ns
        return last is not None and newest is not None and newest - last > self._rhythm.silence_ns

    def _release_first(self) -> None:
        """Make the oldest pending sweep a frame, as it is."""
        sweep = self._sweeps.pop(0)
        self._released_ns = sweep.stamp_ns
        data = {self._anchor.name: Datum(sweep.stamp_ns, sweep.held.payload)}
        for name, image in sweep.images.items():
            data[name] = Datum(image.stamp_ns, image.payload)
        self._delivery.put(FrameSet(sweep.stamp_ns, data, frozenset(self._cameras.keys() - data.keys())))

    def _expire_all(self) -> None:
        for camera in self._cameras.values():
            self._expire(camera)

    def _expire(self, camera: Source) -> None:
        """Drop the images that no sweep will come for."""
        if self._holding or not camera.waiting:
            return
        reason = Reason.LEARNING if camera.offset_ns is None else Reason.NO_ANCHOR
        kept = [held for held in camera.waiting if not self._hopeless(camera, held)]
        for _ in range(len(camera.waiting) - len(kept)):
            self._ledger.drop(camera.name, reason)
        camera.waiting = kept

    def _hopeless(self, camera: Source, held: Held) -> bool:
        if held.arrival_ns + self.config.deadline_ns <= self._now():
            return True
        newest = self._anchor.newest_ns
        if camera.offset_ns is None or newest is None or not self._near(held.stamp_ns):
            return False
        return held.stamp_ns - camera.offset_ns + self._rhythm.window_ns < newest - self._anchor.depth_ns

    def _begin_timeline(self, first: Held | None, clock_ns: int) -> None:
        """Forget the streams' past; keep only the images near the new timeline's first sweep."""
        for sweep in self._sweeps:
            for sensor in (self._anchor.name, *sweep.images):
                self._ledger.drop(sensor, Reason.RESET)
        self._sweeps.clear()
        self._released_ns = None
        self._clock_ns = clock_ns
        self._first_ns = None if first is None else first.stamp_ns
        for source in self._sources.values():
            reach = self._rhythm.reach_ns
            kept = [h for h in source.waiting if first and abs(h.stamp_ns - first.stamp_ns) <= reach]
            for _ in range(len(source.waiting) - len(kept)):
                self._ledger.drop(source.name, Reason.RESET)
            source.waiting = kept
            source.begin_timeline(clock_ns)

    def _learned(self) -> bool:
        """Whether each camera's offset is known, or the camera has never sent anything and is taken for dead."""
        cameras = self._cameras.values()
        return any(c.offset_ns is not None for c in cameras) and all(
            c.offset_ns is not None or (c.newest_ns is None and self._silent(c)) for c in cameras
        )

    def _end_holding(self) -> None:
        self._holding = False
        for sweep in self._sweeps:
            self._match_waiting(sweep)
