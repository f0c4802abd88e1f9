"""A simulated stream of sensor data with nuScenes' timing; each datum knows the trigger round that it comes from.

A LiDAR turns steadily; its sweeps are stamped at their end. In some sweeps (nuScenes: after gaps of 2, 2, 1, ...)
each camera fires as the sweep passes it. The bag may be played in a loop. Data arrive later than their stamps.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ago_ros.sensors.assembler_config import NUSCENES_OFFSETS_NS

_MS = 1_000_000
_START_NS = 1_532_402_927_647_951_000


class Arrival(NamedTuple):
    """One datum as it arrives.

    Attributes:
        arrival_ns: When, on a steady clock, nanoseconds.
        sensor: Its sensor.
        stamp_ns: Its stamp, nanoseconds.
        tick: Its trigger round: (loop, number of the sweep).
    """

    arrival_ns: int
    sensor: str
    stamp_ns: int
    tick: tuple[int, int]


@dataclass(frozen=True)
class StreamConfig:
    """What is simulated; times in nanoseconds unless the name says otherwise.

    Attributes:
        duration_s: Length of the recording, seconds.
        loops: How often it is played.
        anchor: Name of the LiDAR.
        offsets_ns: Image stamp minus sweep stamp, by camera.
        period_ns: Time between two sweeps.
        gaps: Sweeps from one trigger round to the next, repeated; nuScenes: 2, 2, 1.
        image_jitter_ns: Standard deviation of the image stamps; cut off at three of them.
        sweep_jitter_ns: Standard deviation of the sweep stamps; cut off at three of them.
        delays_ns: Least and greatest delay from stamp to arrival.
        delay_spread_ns: Each sensor has a mean delay in that range; its data vary by up to this around it.
        in_order: Whether each sensor's data arrive in order. If not, each datum's delay is drawn by itself.
        loss: Share of the data that never arrive.
        dead: When a camera stops for good, as share of each loop, by camera.
    """

    duration_s: float = 60.0
    loops: int = 1
    anchor: str = "lidar_top"
    offsets_ns: Mapping[str, int] = field(default_factory=lambda: NUSCENES_OFFSETS_NS)
    period_ns: int = 50 * _MS
    gaps: Sequence[int] = (2, 2, 1)
    image_jitter_ns: int = 0
    sweep_jitter_ns: int = 0
    delays_ns: tuple[int, int] = (20 * _MS, 20 * _MS)
    delay_spread_ns: int = 0
    in_order: bool = True
    loss: float = 0.0
    dead: Mapping[str, float] = field(default_factory=dict)


def simulate(config: StreamConfig, seed: int) -> list[Arrival]:
    """Simulate a stream.

    Args:
        config: What to simulate.
        seed: Seed of everything random.

    Returns:
        The data that arrive, in the order of their arrival.
    """
    rng = random.Random(seed)
    low, high = config.delays_ns
    sensors = (config.anchor, *config.offsets_ns)
    mean_delay = {sensor: rng.randint(low, high) for sensor in sensors}
    last_arrival = dict.fromkeys(sensors, 0)
    arrivals: list[Arrival] = []
    played_ns = 0
    for loop in range(config.loops):
        for sensor, stamp, tick in _recording(config, random.Random(seed), loop):
            if config.in_order:
                delay = mean_delay[sensor] + rng.randint(-config.delay_spread_ns, config.delay_spread_ns)
                delay = min(max(delay, low), high)
            else:
                delay = rng.randint(low, high)
            lost = rng.random() < config.loss
            arrival = played_ns + stamp - _START_NS + delay
            if config.in_order:
                arrival = max(arrival, last_arrival[sensor] + 1)
                last_arrival[sensor] = arrival
            if not lost:
                arrivals.append(Arrival(arrival, sensor, stamp, tick))
        played_ns += round(config.duration_s * 1e9)
    return sorted(arrivals)


def complete_ticks(stream: Sequence[Arrival], config: StreamConfig) -> set[tuple[int, int]]:
    """Return the trigger rounds of which the sweep and every camera's image have arrived."""
    sensors: dict[tuple[int, int], set[str]] = {}
    for arrival in stream:
        sensors.setdefault(arrival.tick, set()).add(arrival.sensor)
    return {tick for tick, seen in sensors.items() if len(seen) == 1 + len(config.offsets_ns)}


def _recording(config: StreamConfig, rng: random.Random, loop: int) -> list[tuple[str, int, tuple[int, int]]]:
    """Sensor, stamp and tick of every datum of one loop, in the order of the stamps; the same in each loop."""
    sweeps = int(config.duration_s * 1e9 // config.period_ns)
    triggered, step, at = set(), 0, rng.randrange(max(config.gaps))
    while at < sweeps:
        triggered.add(at)
        at += config.gaps[step % len(config.gaps)]
        step += 1
    data = []
    for number in range(sweeps):
        end = _START_NS + (number + 1) * config.period_ns
        data.append((config.anchor, end + _jitter(rng, config.sweep_jitter_ns), (loop, number)))
        if number in triggered:
            for camera, offset in config.offsets_ns.items():
                if number < config.dead.get(camera, 1.0) * sweeps:
                    data.append((camera, end + offset + _jitter(rng, config.image_jitter_ns), (loop, number)))
    return sorted(data, key=lambda datum: datum[1])


def _jitter(rng: random.Random, sigma_ns: int) -> int:
    return round(min(max(rng.gauss(0.0, sigma_ns), -3.0 * sigma_ns), 3.0 * sigma_ns)) if sigma_ns else 0
