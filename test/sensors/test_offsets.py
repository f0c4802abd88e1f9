import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ago_ros.sensors.offsets import MIN_IMAGES, learn_offsets

MS = 1_000_000


def rig(offsets, period, sweeps, triggered, jitter, rng, loss=0.0):
    """Stamps of sweeps 1..n and of each camera's images in the triggered ones."""

    def stamp(ideal):
        return ideal + rng.randint(-jitter, jitter)

    images = {
        camera: [stamp(k * period + offset) for k in triggered if rng.random() >= loss]
        for camera, offset in offsets.items()
    }
    return [stamp(k * period) for k in range(1, sweeps + 1) if rng.random() >= loss], images


def skipping(sweeps, gaps=(2, 2, 1)):
    at, step, triggered = 1, 0, []
    while at <= sweeps:
        triggered.append(at)
        at += gaps[step % len(gaps)]
        step += 1
    return triggered


def learn(sweeps, images, known=None):
    return learn_offsets(sweeps, images, spread_ns=15 * MS, sweep_begin=-1.0, known=known or {})


@settings(max_examples=60, deadline=None)
@given(
    period_ms=st.integers(40, 200),
    first=st.floats(-0.98, -0.6),
    steps=st.lists(st.floats(0.03, 0.16), min_size=1, max_size=6),
    seed=st.integers(0, 10**6),
    loss=st.sampled_from([0.0, 0.05]),
)
def test_skipped_sweeps_tell_which_images_make_a_round(period_ms, first, steps, seed, loss):
    period = period_ms * MS
    shares = [first]
    for step in steps:
        if shares[-1] + step < -0.01:
            shares.append(shares[-1] + step)
    offsets = {f"camera{i}": round(share * period) for i, share in enumerate(shares)}
    jitter = period // 50
    sweeps, images = rig(offsets, period, 60, skipping(60), jitter, random.Random(seed), loss)
    learned = learn(sweeps, images)
    assert abs(learned.period_ns - period) <= 2 * jitter
    differences = {c: learned.offsets_ns[c] - offset for c, offset in offsets.items()}
    shifts = {round(d / period) for d in differences.values()}
    assert len(shifts) == 1, "cameras were assigned to different rounds"
    if max(offsets.values()) - min(offsets.values()) > 0.2 * period:
        assert shifts == {0}
    assert all(abs(d - round(d / period) * period) <= 2 * jitter for d in differences.values())


@pytest.mark.parametrize("dead", [None, "a", "b", "c", "d", "e", "f"])
def test_a_round_that_ends_on_the_sweeps_boundary_is_not_torn(dead):
    offsets = {"a": -43 * MS, "b": -36 * MS, "c": -28 * MS, "d": -20 * MS, "e": -11 * MS, "f": +MS}
    offsets.pop(dead, None)
    sweeps, images = rig(offsets, 50 * MS, 40, skipping(40), MS, random.Random(1))
    learned = learn(sweeps, images).offsets_ns
    assert all(abs(learned[c] - offset) < 2 * MS for c, offset in offsets.items())


@pytest.mark.parametrize(("begin", "expected"), [(-1.0, -20), (-0.5, -20), (0.0, 30)])
def test_without_skipped_sweeps_the_interval_that_a_sweep_covers_decides(begin, expected):
    sweeps, images = rig({"a": -20 * MS}, 50 * MS, 30, range(1, 31), 0, random.Random(0))
    learned = learn_offsets(sweeps, images, spread_ns=15 * MS, sweep_begin=begin, known={})
    assert learned.offsets_ns == {"a": expected * MS}


def test_known_offsets_stay_where_the_stamps_do_not_contradict():
    sweeps, images = rig({"a": -20 * MS}, 50 * MS, 30, range(1, 31), 0, random.Random(0))
    assert learn(sweeps, images, known={"a": 29 * MS}).offsets_ns == {"a": 30 * MS}
    assert learn(sweeps, images, known={"a": 129 * MS}).offsets_ns == {"a": 130 * MS}


def test_known_offsets_give_way_to_evidence():
    offsets = {"a": -40 * MS, "b": -10 * MS}
    sweeps, images = rig(offsets, 50 * MS, 40, skipping(40), 0, random.Random(0))
    assert learn(sweeps, images, known={"a": 10 * MS, "b": -10 * MS}).offsets_ns in (
        offsets,
        {c: o + 50 * MS for c, o in offsets.items()},
    )


def test_a_camera_that_runs_free_is_named():
    sweeps = [k * 50 * MS for k in range(60)]
    learned = learn(sweeps, {"free": [7 * MS + k * 33 * MS for k in range(60)]})
    assert learned.unsteady == {"free"}
    assert not learned.offsets_ns


def test_too_few_stamps_teach_nothing():
    sweeps = [k * 50 * MS for k in range(40)]
    assert learn(sweeps[:3], {}) is None
    assert learn(sweeps, {"a": sweeps[: MIN_IMAGES - 1]}).offsets_ns == {}
