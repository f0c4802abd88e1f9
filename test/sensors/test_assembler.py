import logging
import threading
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ago_ros.evaluation.streams import StreamConfig, complete_ticks, simulate
from ago_ros.sensors.assembler import FrameAssembler
from ago_ros.sensors.assembler_config import NUSCENES_CAMERAS, NUSCENES_OFFSETS_NS, AssemblerConfig
from ago_ros.sensors.ledger import Reason

MS = 1_000_000
SECOND = 1_000_000_000
BASE = 1_532_402_927 * SECOND
CONFIGURED = AssemblerConfig(offsets_ns=NUSCENES_OFFSETS_NS)

JITTER = {"image_jitter_ns": 2 * MS, "sweep_jitter_ns": MS // 2}
DELAYS = {"delays_ns": (20 * MS, 110 * MS), "delay_spread_ns": 15 * MS}
UNORDERED = {"delays_ns": (20 * MS, 110 * MS), "in_order": False}
LOOPED = {"duration_s": 15.0, "loops": 3}
SCENARIOS = {
    "nominal": {},
    "jitter": JITTER,
    "delays": DELAYS,
    "unordered": UNORDERED,
    "loss": {"loss": 0.02},
    "dead": {"dead": {"cam_front": 0.4}},
    "looped": LOOPED,
    "all": {**JITTER, **DELAYS, **LOOPED, "loss": 0.02, "dead": {"cam_back": 0.6}},
    "all unordered": {**JITTER, **UNORDERED, **LOOPED, "loss": 0.02, "dead": {"cam_back": 0.6}},
    "every sweep": {"gaps": (1,), **DELAYS},
    "every other sweep": {"gaps": (2,), **JITTER},
    "ten a second": {"period_ns": 100 * MS, "gaps": (1,), "loss": 0.02},
}


class Sink:
    """An assembler and the frames that came out of it."""

    def __init__(self, config=CONFIGURED):
        self.frames = []
        self.assembler = FrameAssembler(config, self.frames.append)

    def feed(self, stream):
        for arrival in stream:
            self.assembler.add(arrival.sensor, arrival.stamp_ns, arrival.tick, arrival.arrival_ns)

    def sweep(self, at, arrival=None, payload=None):
        self.assembler.add("lidar_top", at, payload, arrival)

    def image(self, camera, sweep_at, arrival=None, payload=None, off=0):
        self.assembler.add(camera, sweep_at + NUSCENES_OFFSETS_NS[camera] + off, payload, arrival)

    def round(self, at, arrival=None, cameras=NUSCENES_CAMERAS):
        for camera in cameras:
            self.image(camera, at, arrival)
        self.sweep(at, arrival)

    @property
    def dropped(self):
        return self.assembler.counters.dropped_by_reason()


def assert_balanced(assembler):
    counters = assembler.counters
    assert not any(counters.unaccounted().values()), counters
    assert min([0, *counters.pending.values()]) >= 0


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", SCENARIOS)
def test_sets_never_mix_ticks_and_complete_ticks_come_out(name, seed):
    config = replace(StreamConfig(duration_s=30.0), **SCENARIOS[name])
    stream = simulate(config, seed)
    sink = Sink(AssemblerConfig())
    sink.feed(stream)
    sink.assembler.poll(stream[-1].arrival_ns + SECOND)

    assert all(len({datum.payload for datum in frame.data.values()}) == 1 for frame in sink.frames)
    out = [frame.data["lidar_top"].payload for frame in sink.frames if not frame.missing]
    whole = complete_ticks(stream, config)
    assert len(whole) > 100
    assert len(whole & set(out)) >= 0.99 * len(whole)
    ticks = [frame.data["lidar_top"].payload for frame in sink.frames]
    assert ticks == sorted(set(ticks)), "frames came out of order"
    assert sink.assembler.counters.frames_complete == len(out)
    assert_balanced(sink.assembler)
    assert sum(sink.assembler.counters.pending.values()) == 0


@pytest.mark.parametrize("dead", NUSCENES_CAMERAS)
def test_a_camera_that_never_lives_does_not_mislead_the_learning(dead):
    stream = simulate(replace(StreamConfig(duration_s=10.0), **JITTER, dead={dead: 0.0}), seed=3)
    sink = Sink(AssemblerConfig())
    sink.feed(stream)
    with_images = [frame for frame in sink.frames if len(frame.data) > 1]
    assert len(with_images) > 100
    assert {frame.missing for frame in with_images} == {frozenset({dead})}
    assert all(len({datum.payload for datum in frame.data.values()}) == 1 for frame in sink.frames)


def test_learned_offsets_are_the_rigs_and_nothing_goes_out_before():
    stream = simulate(StreamConfig(duration_s=5.0), seed=0)
    sink = Sink(AssemblerConfig())
    for arrival in stream:
        before = len(sink.assembler.offsets_ns)
        sink.assembler.add(arrival.sensor, arrival.stamp_ns, arrival.tick, arrival.arrival_ns)
        assert not sink.frames or before == 6 or len(sink.assembler.offsets_ns) == 6
    learned = sink.assembler.offsets_ns
    assert learned.keys() == NUSCENES_OFFSETS_NS.keys()
    assert all(abs(learned[c] - NUSCENES_OFFSETS_NS[c]) < MS // 2 for c in learned)
    assert sink.assembler.period_ns == 50 * MS
    assert sink.frames[0].data["lidar_top"].payload == (0, 0)


def test_configured_offsets_make_the_very_first_set_complete_at_once():
    sink = Sink()
    for camera in NUSCENES_CAMERAS:
        sink.image(camera, BASE, arrival=0, payload=camera.upper())
    assert not sink.frames
    sink.sweep(BASE, arrival=1, payload="cloud")
    (frame,) = sink.frames
    assert frame.stamp_ns == BASE
    assert frame.missing == frozenset()
    assert frame.data["lidar_top"] == (BASE, "cloud")
    assert frame.data["cam_back"] == (BASE + NUSCENES_OFFSETS_NS["cam_back"], "CAM_BACK")


def test_a_missing_camera_is_masked_at_the_deadline_and_not_before():
    sink = Sink()
    sink.round(BASE, arrival=0, cameras=NUSCENES_CAMERAS[1:])
    sink.assembler.poll(CONFIGURED.deadline_ns - 1)
    assert not sink.frames
    sink.assembler.poll(CONFIGURED.deadline_ns)
    assert [frame.missing for frame in sink.frames] == [{NUSCENES_CAMERAS[0]}]


def test_the_next_arrival_also_advances_the_deadline():
    sink = Sink()
    sink.sweep(BASE, arrival=0)
    sink.sweep(BASE + 50 * MS, arrival=CONFIGURED.deadline_ns)
    assert [(frame.stamp_ns, len(frame.missing)) for frame in sink.frames] == [(BASE, 6)]


def test_a_dead_camera_is_waited_for_at_most_the_deadline_then_not_at_all_and_is_taken_back():
    sink = Sink()
    waits = {}
    alive = NUSCENES_CAMERAS[1:]
    for k in range(60):
        now = k * 50 * MS
        sink.round(BASE + now, arrival=now, cameras=NUSCENES_CAMERAS if k < 5 or k >= 45 else alive)
        for frame in sink.frames:
            waits.setdefault(frame.stamp_ns, now - (frame.stamp_ns - BASE))
    assert sink.assembler.counters.frames_incomplete == 40
    assert sink.assembler.counters.frames_complete == 20
    assert {frame.missing for frame in sink.frames} == {frozenset(), frozenset({NUSCENES_CAMERAS[0]})}
    assert max(waits.values()) <= CONFIGURED.deadline_ns
    assert all(waits[BASE + k * 50 * MS] == 0 for k in range(30, 45)), "a silent camera was waited for"


def test_a_camera_that_has_passed_a_sweep_ends_the_wait_for_it():
    sink = Sink()
    sink.round(BASE, arrival=0, cameras=NUSCENES_CAMERAS[1:])
    sink.image(NUSCENES_CAMERAS[0], BASE + 50 * MS, arrival=MS)
    assert [frame.stamp_ns for frame in sink.frames] == [BASE]


def test_an_out_of_order_camera_is_given_time_once_it_has_shown_itself():
    sink = Sink()
    camera, others = NUSCENES_CAMERAS[0], NUSCENES_CAMERAS[1:]
    sink.round(BASE, arrival=0, cameras=others)
    sink.image(camera, BASE + 50 * MS, arrival=MS)
    sink.image(camera, BASE, arrival=2 * MS)
    assert sink.dropped == {Reason.LATE: 1}
    sink.round(BASE + 50 * MS, arrival=3 * MS, cameras=others)
    sink.round(BASE + 100 * MS, arrival=4 * MS, cameras=others)
    sink.image(camera, BASE + 150 * MS, arrival=5 * MS)
    sink.image(camera, BASE + 100 * MS, arrival=6 * MS)
    assert [(f.stamp_ns - BASE, len(f.missing)) for f in sink.frames] == [(0, 1), (50 * MS, 0), (100 * MS, 0)]


def test_one_very_old_image_does_not_make_its_camera_count_as_out_of_order():
    sink = Sink()
    for k in range(20):
        sink.round(BASE + k * 50 * MS, arrival=k)
    sink.image("cam_front_left", BASE, arrival=20, off=MS)
    assert sink.dropped == {Reason.LATE: 1}
    sink.round(BASE + SECOND, arrival=21, cameras=NUSCENES_CAMERAS[1:])
    sink.image("cam_front_left", BASE + SECOND + 50 * MS, arrival=22)
    assert sink.frames[-1].stamp_ns == BASE + SECOND


def test_a_lidar_that_has_delivered_out_of_order_is_given_time_for_the_sweep_before():
    sink = Sink()
    order = [*range(12), 13, 12, 14, 16, 15, 17]
    for k in order:
        sink.round(BASE + k * 50 * MS, arrival=k)
    assert sink.dropped == {Reason.OUT_OF_ORDER: 1, Reason.LATE: 6}, "the first is not to be foreseen"
    assert [(frame.stamp_ns - BASE) // (50 * MS) for frame in sink.frames] == [k for k in range(18) if k != 12]


@pytest.mark.parametrize("seed", range(2))
def test_a_window_wider_than_the_sweeps_allow_is_narrowed(seed):
    stream = simulate(replace(StreamConfig(duration_s=20.0), loss=0.05, **JITTER), seed)
    sink = Sink(AssemblerConfig(window_ns=100 * MS))
    sink.feed(stream)
    assert all(len({datum.payload for datum in frame.data.values()}) == 1 for frame in sink.frames)
    assert sink.assembler.counters.frames_complete > 100


@pytest.mark.parametrize("jump", [-30 * SECOND, 30 * SECOND])
@pytest.mark.parametrize("with_arrivals", [True, False])
def test_a_time_jump_starts_over(jump, with_arrivals):
    sink = Sink()
    for k in range(20):
        offset = jump if k >= 10 else 0
        sink.round(BASE + k * 50 * MS + offset, k * 50 * MS if with_arrivals else None)
    assert sink.assembler.counters.resets == {"jump_back" if jump < 0 else "jump_forward": 1}
    assert [frame.stamp_ns for frame in sink.frames if not frame.missing] == [
        BASE + k * 50 * MS + (jump if k >= 10 else 0) for k in range(20)
    ]
    assert_balanced(sink.assembler)


@pytest.mark.parametrize("jump", [-30 * SECOND, 30 * SECOND])
def test_the_first_sweep_after_a_jump_of_the_stamps_clock_still_waits_for_its_images(jump):
    sink = Sink()
    sink.round(BASE)
    sink.round(BASE + jump, cameras=NUSCENES_CAMERAS[:-1])
    sink.sweep(BASE + jump + 50 * MS)
    sink.image(NUSCENES_CAMERAS[-1], BASE + jump)
    assert [(frame.stamp_ns, len(frame.missing)) for frame in sink.frames] == [(BASE, 0), (BASE + jump, 0)]


def test_what_straggles_in_from_before_a_jump_is_dropped_and_harms_nothing():
    sink = Sink()
    for k in range(10):
        sink.round(BASE + k * 50 * MS, arrival=k * 50 * MS)
    for k in range(10):
        now = (10 + k) * 50 * MS
        sink.round(BASE - 30 * SECOND + k * 50 * MS, arrival=now)
        sink.image("cam_back", BASE + (10 + k) * 50 * MS, arrival=now + MS)
    sink.assembler.poll(2 * SECOND)
    assert sink.assembler.counters.frames_complete == 20
    assert sink.assembler.counters.resets == {"jump_back": 1}
    assert sum(sink.dropped.values()) == 10
    assert_balanced(sink.assembler)


@pytest.mark.parametrize("stray", [0, BASE + 3600 * SECOND, BASE - SECOND // 2])
def test_one_sweep_with_a_wrong_stamp_does_not_reset(stray):
    sink = Sink()
    for k in range(10):
        sink.round(BASE + k * 50 * MS, arrival=k * 50 * MS)
        if k == 5:
            sink.sweep(stray, arrival=k * 50 * MS)
    assert sink.assembler.counters.frames_complete == 10
    assert sink.assembler.counters.resets == {}
    assert sink.dropped == {Reason.OUT_OF_ORDER: 1}


@pytest.mark.parametrize("with_arrivals", [True, False])
@pytest.mark.parametrize("wrong", [0, BASE + 3600 * SECOND])
def test_a_camera_with_a_wrong_clock_harms_only_itself(wrong, with_arrivals):
    sink = Sink()
    for k in range(60):
        now = k * 50 * MS if with_arrivals else None
        sink.assembler.add("cam_back", wrong + k * 50 * MS, None, now)
        sink.round(BASE + k * 50 * MS, now, cameras=[c for c in NUSCENES_CAMERAS if c != "cam_back"])
    assert sink.assembler.counters.resets == {}
    assert len(sink.frames) >= 55
    assert {frame.missing for frame in sink.frames} == {frozenset({"cam_back"})}
    assert_balanced(sink.assembler)


def test_reset_drops_what_is_held_and_keeps_the_offsets():
    sink = Sink()
    sink.round(BASE, arrival=0, cameras=NUSCENES_CAMERAS[:3])
    sink.image("cam_back", BASE + 50 * MS, arrival=0)
    sink.assembler.reset("deactivated")
    assert sink.dropped == {Reason.RESET: 5}
    assert sink.assembler.counters.resets == {"deactivated": 1}
    assert sum(sink.assembler.counters.pending.values()) == 0
    sink.round(BASE - SECOND, arrival=5 * SECOND)
    assert [frame.missing for frame in sink.frames] == [frozenset()]


def test_reset_before_the_first_datum_changes_nothing():
    sink = Sink()
    sink.assembler.reset("configured")
    sink.round(BASE, arrival=10**18)
    assert len(sink.frames) == 1


def test_every_drop_has_its_reason():
    sink = Sink()
    sink.round(BASE, arrival=0)
    sink.image("cam_back", BASE, arrival=MS)
    assert sink.dropped == {Reason.DUPLICATE: 1}
    sink.image("cam_back", BASE, arrival=MS, off=MS)
    assert sink.dropped[Reason.LATE] == 1
    sink.sweep(BASE, arrival=MS)
    assert sink.dropped[Reason.DUPLICATE] == 2
    sink.sweep(BASE - 50 * MS, arrival=MS)
    assert sink.dropped[Reason.OUT_OF_ORDER] == 1
    sink.image("cam_back", BASE + 100 * MS, arrival=2 * MS)
    sink.image("cam_back", BASE + 200 * MS, arrival=3 * MS, off=9 * MS)
    sink.image("cam_back", BASE + 200 * MS, arrival=3 * MS, off=-5 * MS)
    sink.sweep(BASE + 200 * MS, arrival=4 * MS)
    assert sink.dropped[Reason.SUPERSEDED] == 1
    assert sink.dropped[Reason.NO_ANCHOR] == 1
    sink.assembler.poll(SECOND)
    assert sink.frames[-1].data["cam_back"].stamp_ns == BASE + 195 * MS + NUSCENES_OFFSETS_NS["cam_back"]
    assert_balanced(sink.assembler)


def test_images_without_a_sweep_expire_and_never_pile_up():
    sink = Sink(replace(CONFIGURED, queue_size=4))
    for k in range(100):
        sink.image("cam_front", BASE + k * 50 * MS, arrival=k)
        assert sink.assembler.counters.pending["cam_front"] <= 4
    assert sink.dropped == {Reason.OVERFLOW: 96}
    sink.assembler.poll(SECOND)
    assert sink.dropped == {Reason.OVERFLOW: 96, Reason.NO_ANCHOR: 4}


def test_sweeps_never_pile_up():
    sink = Sink(replace(CONFIGURED, queue_size=4))
    for k in range(10):
        sink.sweep(BASE + k * 50 * MS, arrival=k)
    assert sink.assembler.counters.pending["lidar_top"] == 4
    assert len(sink.frames) == 6


def test_a_camera_that_runs_free_is_named_once_and_the_others_go_on(caplog):
    sink = Sink(AssemblerConfig(cameras=("cam_front", "free")))
    with caplog.at_level(logging.WARNING):
        for k in range(300):
            now = k * 50 * MS
            sink.image("cam_front", BASE + now, arrival=now)
            sink.assembler.add("free", BASE + k * 37 * MS + k % 7 * 5 * MS, None, now)
            sink.sweep(BASE + now, arrival=now)
    assert [r.message for r in caplog.records if "no fixed phase" in r.message] == [
        "no fixed phase relative to the sweeps: free; set offsets_ns and window_ns for them"
    ]
    assert sum("cam_front" in frame.data for frame in sink.frames) > 290
    assert sink.dropped[Reason.LEARNING] + sink.dropped.get(Reason.OVERFLOW, 0) > 200
    assert_balanced(sink.assembler)


def test_a_lidar_that_stops_while_offsets_are_learned_does_not_hold_its_sweeps_for_ever():
    sink = Sink(AssemblerConfig())
    sink.sweep(BASE, arrival=0)
    sink.assembler.poll(500 * MS)
    assert not sink.frames
    sink.assembler.poll(1100 * MS)
    assert [len(frame.missing) for frame in sink.frames] == [6]


def test_an_exception_in_the_callback_is_logged_and_counted_and_stops_nothing(caplog):
    frames = []

    def on_frame(frame):
        frames.append(frame)
        if len(frames) % 2:
            raise RuntimeError("inference failed")

    assembler = FrameAssembler(AssemblerConfig(cameras=()), on_frame)
    for k in range(6):
        assembler.add("lidar_top", BASE + k * 50 * MS, None, k * 50 * MS)
    assert len(frames) == 6
    assert assembler.counters.callback_errors == 3
    assert assembler.counters.used == {"lidar_top": 6}
    assert sum("inference failed" in str(r.exc_info[1]) for r in caplog.records if r.exc_info) == 3
    assert_balanced(assembler)


def test_an_interrupt_in_the_callback_passes_through_and_leaves_the_assembler_usable():
    frames = []

    def on_frame(frame):
        frames.append(frame)
        if len(frames) == 1:
            raise KeyboardInterrupt

    assembler = FrameAssembler(AssemblerConfig(cameras=()), on_frame)
    with pytest.raises(KeyboardInterrupt):
        assembler.add("lidar_top", BASE, None, 0)
    assembler.add("lidar_top", BASE + 50 * MS, None, 1)
    assert len(frames) == 2


def test_the_callback_may_feed_the_assembler_and_read_its_books():
    stamps = []

    def on_frame(frame):
        stamps.append((frame.stamp_ns, assembler.counters.frames_complete))
        if len(stamps) < 5:
            assembler.add("lidar_top", frame.stamp_ns + 50 * MS, None)

    assembler = FrameAssembler(AssemblerConfig(cameras=()), on_frame)
    assembler.add("lidar_top", BASE, None)
    assert stamps == [(BASE + k * 50 * MS, k + 1) for k in range(5)]


def test_a_slow_callback_blocks_no_other_thread_and_loses_the_oldest_frames():
    entered, leave = threading.Event(), threading.Event()
    frames = []

    def on_frame(frame):
        frames.append(frame.stamp_ns - BASE)
        entered.set()
        assert leave.wait(10)

    assembler = FrameAssembler(AssemblerConfig(cameras=(), queue_size=3), on_frame)
    slow = threading.Thread(target=assembler.add, args=("lidar_top", BASE, None, 0))
    slow.start()
    assert entered.wait(10)
    for k in range(1, 9):
        assembler.add("lidar_top", BASE + k * 50 * MS, None, k)
    assert assembler.counters.pending["lidar_top"] == 3
    assert assembler.counters.dropped == {("lidar_top", Reason.UNDELIVERED): 5}
    leave.set()
    slow.join()
    assert frames == [0, 300 * MS, 350 * MS, 400 * MS]
    assert_balanced(assembler)


def test_one_thread_for_each_sensor():
    stream = simulate(StreamConfig(duration_s=20.0), seed=0)
    busy = threading.Lock()
    frames = []

    def on_frame(frame):
        assert busy.acquire(blocking=False), "two callbacks at once"
        frames.append(frame)
        busy.release()

    assembler = FrameAssembler(replace(CONFIGURED, queue_size=10_000), on_frame)
    by_sensor = {}
    for arrival in stream:
        by_sensor.setdefault(arrival.sensor, []).append(arrival)
    start = threading.Barrier(len(by_sensor))

    def feed(arrivals):
        start.wait()
        for arrival in arrivals:
            assembler.add(arrival.sensor, arrival.stamp_ns, arrival.tick, arrival.arrival_ns)

    threads = [threading.Thread(target=feed, args=(arrivals,)) for arrivals in by_sensor.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assembler.poll(stream[-1].arrival_ns + SECOND)
    assert assembler.counters.callback_errors == 0
    assert all(len({datum.payload for datum in frame.data.values()}) == 1 for frame in frames)
    assert [f.stamp_ns for f in frames] == sorted(f.stamp_ns for f in frames)
    assert sum(assembler.counters.received.values()) == len(stream)
    assert_balanced(assembler)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"cameras": ("a", "a")}, "names must differ"),
        ({"cameras": ("lidar_top",)}, "names must differ"),
        ({"offsets_ns": {"elsewhere": 0}}, "elsewhere"),
        ({"window_ns": 0}, "window_ns"),
        ({"deadline_ns": -1}, "deadline_ns"),
        ({"queue_size": 1}, "queue_size"),
        ({"stamped_at": "noon"}, "stamped_at"),
    ],
)
def test_wrong_settings_are_refused(settings_, message):
    with pytest.raises(ValueError, match=message):
        AssemblerConfig(**settings_)


def test_an_unknown_sensor_is_refused():
    with pytest.raises(ValueError, match=r"no sensor 'radar'.*cam_front"):
        Sink().assembler.add("radar", 0, None)


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["lidar", "a", "b"]),
            st.integers(-2, 12).map(lambda k: k * 50 * MS) | st.integers(-3000, 3000).map(lambda ms: ms * MS),
            st.integers(-12, 12).map(lambda ms: ms * MS),
            st.integers(0, 120).map(lambda ms: ms * MS) | st.none(),
        ),
        st.just("poll"),
        st.just("reset"),
    ),
    max_size=120,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, learn=st.booleans(), queue_size=st.integers(2, 6))
def test_the_books_balance_whatever_comes(steps, learn, queue_size):
    offsets = {"b": -10 * MS} if learn else {"a": -30 * MS, "b": -10 * MS}
    config = AssemblerConfig("lidar", ("a", "b"), offsets, queue_size=queue_size)
    frames = []
    assembler = FrameAssembler(config, frames.append)
    now, number = 0, 0
    used = Counter()
    for step in steps:
        if step == "poll":
            assembler.poll(now)
        elif step == "reset":
            assembler.reset("test")
        else:
            sensor, sweep, off, delay = step
            number += 1
            now += delay or 0
            stamp = BASE + sweep + off + {"a": -30 * MS, "b": -10 * MS}.get(sensor, 0)
            assembler.add(sensor, stamp, (number, stamp), None if delay is None else now)
        counters = assembler.counters
        assert not any(counters.unaccounted().values())
        assert all(0 <= n <= 2 * queue_size + 2 for n in counters.pending.values())
    for frame in frames:
        assert frame.missing == {"a", "b"} - frame.data.keys()
        for sensor, datum in frame.data.items():
            used[sensor, datum.payload] += 1
            assert datum.payload[1] == datum.stamp_ns
            if sensor in offsets:
                assert abs(datum.stamp_ns - frame.stamp_ns - offsets[sensor]) <= config.window_ns
    assert max(used.values(), default=0) <= 1, "a datum was used twice"
    assert sum(used.values()) == sum(assembler.counters.used.values())
