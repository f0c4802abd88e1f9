"""FrameAssembler beside message_filters' ApproximateTimeSynchronizer, on the same simulated streams.

A stream has nuScenes' timing; every datum knows the trigger round that it comes from. A set is mixed when its data
come from more than one round; "cameras" counts the sets whose images alone do. A tick is complete when its sweep and
all its images arrived; it is delivered when they come out together. The wait is from the arrival of a tick's last datum
to its delivery, without the first two seconds, in which the offsets are learned. Both sides are fed the same data in
the same order of arrival, in one process; µs are processor time. Exit status 1 when a goal is missed.
"""

from __future__ import annotations

import gc
import logging
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
from message_filters import ApproximateTimeSynchronizer, SimpleFilter

from ago_ros.evaluation.benchmark import Result, make_parser, publish
from ago_ros.evaluation.streams import Arrival, StreamConfig, complete_ticks, simulate
from ago_ros.sensors.assembler import FrameAssembler
from ago_ros.sensors.assembler_config import AssemblerConfig
from ago_ros.sensors.frame_set import FrameSet

MS = 1_000_000
POLL_NS = 25 * MS
TICK_SHARE_GOAL = 0.99
MICROSECONDS_GOAL = 50.0
QUEUE_SIZE = 10
SETTLED_NS = 2000 * MS
Tick = tuple[int, int]

JITTER = {"image_jitter_ns": 2 * MS, "sweep_jitter_ns": MS // 2}
DELAYS = {"delays_ns": (20 * MS, 110 * MS), "delay_spread_ns": 15 * MS}
LOSS = {"loss": 0.02}
DEAD = {"dead": {"cam_back": 0.5}}
LOOPED = {"duration_s": 20.0, "loops": 3}
SCENARIOS: dict[str, dict[str, Any]] = {
    "nominal": {},
    "jitter": JITTER,
    "delays": DELAYS,
    "delays, unordered": {"delays_ns": (20 * MS, 110 * MS), "in_order": False},
    "2 % loss": LOSS,
    "dead camera": DEAD,
    "looped bag": LOOPED,
    "every sweep": {"gaps": (1,)},
    "all together": {**JITTER, **DELAYS, **LOSS, **DEAD, **LOOPED},
    "all, unordered": {**JITTER, **LOSS, **DEAD, **LOOPED, "delays_ns": (20 * MS, 110 * MS), "in_order": False},
}


@dataclass
class Outcome:
    """What one side made of the streams of one scenario."""

    sets: int = 0
    mixed: int = 0
    cameras_mixed: int = 0
    ticks: int = 0
    delivered: int = 0
    data: int = 0
    seconds: float = 0.0
    waits_ms: list[float] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take in the outcome of another stream."""
        for name in ("sets", "mixed", "cameras_mixed", "ticks", "delivered", "data", "seconds", "waits_ms"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def row(self) -> dict[str, float | int | None]:
        """The figures that are printed; None where there is nothing to measure."""
        waits = self.waits_ms
        return {
            "sets": self.sets,
            "mixed": self.mixed,
            "cameras_mixed": self.cameras_mixed,
            "complete_ticks": self.ticks,
            "delivered_percent": 100.0 * self.delivered / self.ticks if self.ticks else None,
            "wait_p50_ms": statistics.median(waits) if waits else None,
            "wait_p99_ms": statistics.quantiles(waits, n=100)[98] if len(waits) > 1 else None,
            "us_per_datum": 1e6 * self.seconds / self.data,
        }


class Message:
    """A message with nothing but a header and its tick."""

    __slots__ = ("header", "tick")

    def __init__(self, arrival: Arrival) -> None:
        self.header = Header(TimeMsg(sec=arrival.stamp_ns // 10**9, nanosec=arrival.stamp_ns % 10**9))
        self.tick = arrival.tick


class Header:
    """The stamp of a message."""

    __slots__ = ("stamp",)

    def __init__(self, stamp: TimeMsg) -> None:
        self.stamp = stamp


class Tally:
    """Collects the sets of one side and when they came out."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.sets: list[tuple[int, Tick, list[Tick]]] = []

    def take(self, anchor: Tick, cameras: list[Tick]) -> None:
        """Take the ticks of one set's data."""
        self.sets.append((self.now_ns, anchor, cameras))

    def outcome(self, stream: Sequence[Arrival], config: StreamConfig, seconds: float) -> Outcome:
        """Judge the sets."""
        whole = complete_ticks(stream, config)
        last_arrival: dict[Tick, int] = {}
        for arrival in stream:
            last_arrival[arrival.tick] = arrival.arrival_ns
        delivered: dict[Tick, float] = {}
        for now, anchor, cameras in self.sets:
            if {anchor, *cameras} == {anchor} and len(cameras) == len(config.offsets_ns):
                delivered[anchor] = (now - last_arrival[anchor]) / MS
        settled = stream[0].arrival_ns + SETTLED_NS
        return Outcome(
            sets=len(self.sets),
            mixed=sum(len({anchor, *cameras}) > 1 for _, anchor, cameras in self.sets),
            cameras_mixed=sum(len(set(cameras)) > 1 for _, _, cameras in self.sets),
            ticks=len(whole),
            delivered=len(delivered.keys() & whole),
            data=len(stream),
            seconds=seconds,
            waits_ms=[wait for tick, wait in delivered.items() if last_arrival[tick] > settled],
        )


def run_ours(stream: Sequence[Arrival], config: StreamConfig) -> Outcome:
    """Feed a stream to a FrameAssembler that learns the offsets."""
    tally = Tally()

    def on_frame(frame: FrameSet) -> None:
        cameras = [datum.payload for name, datum in frame.data.items() if name != config.anchor]
        tally.take(frame.data[config.anchor].payload, cameras)

    settings = AssemblerConfig(anchor=config.anchor, cameras=tuple(config.offsets_ns))
    assembler = FrameAssembler(settings, on_frame)

    def feed() -> None:
        next_poll = stream[0].arrival_ns + POLL_NS
        for arrival_ns, sensor, stamp_ns, tick in stream:
            while next_poll <= arrival_ns:
                tally.now_ns = next_poll
                assembler.poll(next_poll)
                next_poll += POLL_NS
            tally.now_ns = arrival_ns
            assembler.add(sensor, stamp_ns, tick, arrival_ns)
        tally.now_ns = stream[-1].arrival_ns + 10**9
        assembler.poll(tally.now_ns)

    seconds = timed(feed)
    if any(assembler.counters.unaccounted().values()):
        raise RuntimeError(f"the books do not balance: {assembler.counters}")
    return tally.outcome(stream, config, seconds)


def run_theirs(stream: Sequence[Arrival], config: StreamConfig, slop_s: float) -> Outcome:
    """Feed a stream to an ApproximateTimeSynchronizer."""
    tally = Tally()
    sources = {sensor: SimpleFilter() for sensor in (config.anchor, *config.offsets_ns)}
    synchronizer = ApproximateTimeSynchronizer(list(sources.values()), queue_size=QUEUE_SIZE, slop=slop_s)
    synchronizer.registerCallback(lambda *messages: tally.take(messages[0].tick, [m.tick for m in messages[1:]]))
    messages = [(arrival.arrival_ns, sources[arrival.sensor], Message(arrival)) for arrival in stream]

    def feed() -> None:
        for arrival_ns, source, message in messages:
            tally.now_ns = arrival_ns
            source.signalMessage(message)

    return tally.outcome(stream, config, timed(feed))


def timed(work: Callable[[], None]) -> float:
    """Return the seconds of processor time that work takes, without the garbage collector's."""
    gc.collect()
    gc.disable()
    try:
        begin = time.process_time()
        work()
        return time.process_time() - begin
    finally:
        gc.enable()


def measure(seeds: int, duration_s: float, slop_s: float) -> list[dict[str, Any]]:
    """Run every scenario on both sides."""
    rows = []
    for name, settings in SCENARIOS.items():
        base = replace(StreamConfig(duration_s=duration_s), **settings)
        ours, theirs = Outcome(), Outcome()
        for seed in range(seeds):
            stream = simulate(base, seed)
            ours.add(run_ours(stream, base))
            theirs.add(run_theirs(stream, base, slop_s))
        ratio = (theirs.seconds / theirs.data) / (ours.seconds / ours.data)
        rows.append({"scenario": name, "ours": ours.row, "theirs": theirs.row, "time_ratio": ratio})
    return rows


def cells(row: dict[str, Any], side: str) -> tuple[str, ...]:
    """One side of a scenario as it is shown."""
    figures = row[side]
    sets = max(figures["sets"], 1)
    name = {"ours": "FrameAssembler", "theirs": "approximate"}[side]
    return (
        f"{row['scenario']}: {name}",
        f"{figures['complete_ticks']}",
        number(figures["delivered_percent"], 2),
        f"{figures['sets']}",
        number(100.0 * figures["mixed"] / sets, 1),
        number(100.0 * figures["cameras_mixed"] / sets, 1),
        number(figures["wait_p50_ms"], 0),
        number(figures["wait_p99_ms"], 0),
        number(figures["us_per_datum"], 1),
    )


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def main() -> int:
    parser = make_parser("Compare FrameAssembler and ApproximateTimeSynchronizer.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--duration", type=float, default=60.0, help="seconds of each stream that is not looped")
    parser.add_argument("--slop", type=float, default=0.05, help="ApproximateTimeSynchronizer's slop in seconds")
    options = parser.parse_args()
    logging.getLogger("ago_ros").setLevel(logging.ERROR)
    found = measure(options.seeds, options.duration, options.slop)
    missed = [
        row["scenario"]
        for row in found
        if row["ours"]["mixed"]
        or row["ours"]["delivered_percent"] < 100 * TICK_SHARE_GOAL
        or row["ours"]["us_per_datum"] >= MICROSECONDS_GOAL
    ]
    title = f"FrameAssembler and ApproximateTimeSynchronizer (slop {options.slop} s), {options.seeds} seeds"
    columns = (
        "scenario: side",
        "complete ticks",
        "delivered %",
        "sets",
        "mixed %",
        "cameras %",
        "wait p50 ms",
        "wait p99 ms",
        "µs/datum",
    )
    goals = "no mixed set, 99 % of complete ticks, under 50 µs of processor time for a datum"
    verdict = f"goals ({goals}): {'missed: ' + ', '.join(missed) if missed else 'met'}"
    settings = {
        "seeds": options.seeds,
        "duration_s": options.duration,
        "slop_s": options.slop,
        "queue_size": QUEUE_SIZE,
    }
    rows = [cells(row, side) for row in found for side in ("ours", "theirs")]
    publish(Result("sync", title, columns, rows, verdict, {"settings": settings, "rows": found}), options)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
