"""Learns by how much each camera's images lag the stamp of the sweep that they belong to."""

from __future__ import annotations

import itertools
import math
import statistics
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MIN_IMAGES = 8
_MIN_SWEEPS = 4
_STEADY_SHARE = 0.8
_TIE = 1.2


@dataclass(frozen=True)
class LearnedOffsets:
    """What the stamps say about a rig.

    Attributes:
        period_ns: Time between two sweeps, nanoseconds.
        offsets_ns: For each camera with a steady phase, image stamp minus sweep stamp, nanoseconds.
        unsteady: Cameras with enough images, but without a fixed phase relative to the sweeps.
    """

    period_ns: int
    offsets_ns: dict[str, int]
    unsteady: frozenset[str]


@dataclass(frozen=True)
class _Phase:
    """One camera's phase in [-period/2, period/2), and the index of the sweep nearest to each image under it."""

    phase_ns: float
    indices: tuple[int, ...]


def learn_offsets(
    sweeps: Sequence[int],
    images: Mapping[str, Sequence[int]],
    *,
    spread_ns: int,
    sweep_begin: float,
    known: Mapping[str, int],
) -> LearnedOffsets | None:
    """Learn the sweep period and each camera's offset from stamps alone.

    Stamps fix a camera's offset only up to whole periods. The cameras fire one after another within less than a
    period, so that what is left to find is where, around the circle of phases, a trigger round begins. Where cameras
    skip sweeps the right cut is the one with which the images fall into the fewest rounds. Where they skip none, every
    cut explains the stamps equally well; the known offsets decide then, or else the interval that a sweep covers.
    Source: ours.

    Args:
        sweeps: Sweep stamps, nanoseconds, in any order.
        images: Image stamps of each camera, nanoseconds, in any order.
        spread_ns: An image further than this from its camera's phase counts as unsteady.
        sweep_begin: Where a sweep begins relative to its stamp, in periods: -1 stamped at its end, 0 at its start.
        known: Offsets already in use, nanoseconds; kept where the stamps do not contradict them.

    Returns:
        The period and the offsets of the cameras with at least `MIN_IMAGES` images; None with too few sweeps.
    """
    stamps = sorted(sweeps)
    if len(stamps) < _MIN_SWEEPS:
        return None
    gaps = [b - a for a, b in itertools.pairwise(stamps)]
    period = statistics.median_low(gaps)
    numbers = [0]
    for gap in gaps:
        numbers.append(numbers[-1] + round(gap / period))
    phases: dict[str, _Phase] = {}
    unsteady = set()
    for camera, camera_stamps in images.items():
        covered = [t for t in camera_stamps if stamps[0] - period <= t <= stamps[-1] + period]
        if len(covered) < MIN_IMAGES:
            continue
        phase = _phase(covered, stamps, numbers, period, spread_ns)
        if phase is None:
            unsteady.add(camera)
        else:
            phases[camera] = phase
    offsets = _cut(phases, period, sweep_begin, known) if phases else {}
    return LearnedOffsets(period, {c: round(o) for c, o in offsets.items()}, frozenset(unsteady))


def _phase(
    images: Sequence[int], stamps: Sequence[int], numbers: Sequence[int], period: int, spread_ns: int
) -> _Phase | None:
    """Phase of one camera by circular mean, refined by the median; None when the images do not keep to it."""
    nearest = [_nearest(stamps, t) for t in images]
    lags = [t - stamps[j] for t, j in zip(images, nearest)]
    turn = 2.0 * math.pi / period
    mean = math.atan2(sum(math.sin(turn * d) for d in lags), sum(math.cos(turn * d) for d in lags)) / turn
    residuals = [math.remainder(d - mean, period) for d in lags]
    steady = [r for r in residuals if abs(r) <= spread_ns]
    if len(steady) < _STEADY_SHARE * len(residuals):
        return None
    phase = math.remainder(mean + statistics.median(steady), period)
    return _Phase(phase, tuple(numbers[j] + round((d - phase) / period) for j, d in zip(nearest, lags)))


def _nearest(stamps: Sequence[int], stamp: int) -> int:
    after = bisect_left(stamps, stamp)
    if after == 0:
        return 0
    if after == len(stamps) or stamp - stamps[after - 1] <= stamps[after] - stamp:
        return after - 1
    return after


def _cut(phases: Mapping[str, _Phase], period: int, sweep_begin: float, known: Mapping[str, int]) -> dict[str, float]:
    """Choose where a round begins among the camera phases, and which sweep it belongs to."""
    begin = sweep_begin * period
    order = sorted(phases, key=lambda c: (phases[c].phase_ns - begin) % period)
    base = {c: begin + (phases[c].phase_ns - begin) % period for c in order}
    candidates: list[tuple[int, dict[str, float]]] = []
    for moved in range(len(order)):
        later = {c: base[c] + (period if i < moved else 0) for i, c in enumerate(order)}
        rounds = _rounds(phases, later, period)
        shifts = {-1, 0} | {round((known[c] - o) / period) for c, o in later.items() if c in known}
        candidates.extend((rounds, {c: o + shift * period for c, o in later.items()}) for shift in sorted(shifts))
    fewest = min(rounds for rounds, _ in candidates)

    def preference(offsets: Mapping[str, float]) -> tuple[int, float, float]:
        changes = sum(abs(round((offsets[c] - known[c]) / period)) for c in offsets if c in known)
        outside = sum(max(begin - o, o - begin - period, 0.0) for o in offsets.values())
        return changes, outside, max(offsets.values()) - min(offsets.values())

    return min((offsets for rounds, offsets in candidates if rounds <= _TIE * fewest), key=preference)


def _rounds(phases: Mapping[str, _Phase], offsets: Mapping[str, float], period: int) -> int:
    """Count the distinct sweeps that images fall to, over the time that all cameras cover."""
    sweeps = {
        c: [k - round((offsets[c] - phase.phase_ns) / period) for k in phase.indices] for c, phase in phases.items()
    }
    first = max(min(indices) for indices in sweeps.values())
    return len({k for indices in sweeps.values() for k in indices if k >= first})
