import threading
import time
from dataclasses import replace

import pytest
import rclpy
import rclpy.executors
from builtin_interfaces.msg import Time
from message_filters import ApproximateTimeSynchronizer, SimpleFilter, Subscriber
from sensor_msgs.msg import CompressedImage, PointCloud2
from std_msgs.msg import Header

from ago_ros.evaluation.streams import StreamConfig, complete_ticks, simulate
from ago_ros.nodes.frame_filter import FrameFilter
from ago_ros.sensors.assembler_config import NUSCENES_CAMERAS, NUSCENES_OFFSETS_NS, AssemblerConfig

MS = 1_000_000
BASE = 1_532_402_927_647_951_000
SENSORS = ("lidar_top", *NUSCENES_CAMERAS)
CONFIG = AssemblerConfig(offsets_ns=NUSCENES_OFFSETS_NS)


def header(stamp_ns):
    return Header(stamp=Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9))


def message(sensor, stamp_ns):
    kind = PointCloud2 if sensor == "lidar_top" else CompressedImage
    return kind(header=header(stamp_ns))


class Inputs:
    """One plain filter for each sensor, to feed by hand."""

    def __init__(self):
        self.filters = {sensor: SimpleFilter() for sensor in SENSORS}

    def send(self, sensor, stamp_ns):
        sent = message(sensor, stamp_ns)
        self.filters[sensor].signalMessage(sent)
        return sent

    def send_round(self, sweep_at, without=()):
        return [
            self.send(sensor, sweep_at + NUSCENES_OFFSETS_NS.get(sensor, 0))
            for sensor in reversed(SENSORS)
            if sensor not in without
        ]


@pytest.fixture
def inputs():
    return Inputs()


def test_callbacks_get_one_message_per_input_in_their_order_and_their_own_arguments(inputs):
    synchronizer = FrameFilter(inputs.filters, CONFIG)
    calls = []
    assert synchronizer.registerCallback(lambda *args: calls.append(args), "extra", 7) == 0
    sent = inputs.send_round(BASE)
    (call,) = calls
    assert all(a is b for a, b in zip(call, reversed(sent)))
    assert call[7:] == ("extra", 7)


def test_the_order_is_that_of_the_mapping(inputs):
    order = sorted(SENSORS)
    synchronizer = FrameFilter({name: inputs.filters[name] for name in order}, CONFIG)
    calls = []
    synchronizer.registerCallback(lambda *args: calls.append(args))
    inputs.send_round(BASE)
    stamps = [m.header.stamp for m in calls[0]]
    assert stamps == [header(BASE + NUSCENES_OFFSETS_NS.get(name, 0)).stamp for name in order]


def test_none_stands_for_a_missing_camera(inputs):
    synchronizer = FrameFilter(inputs.filters, replace(CONFIG, deadline_ns=20 * MS))
    calls = []
    synchronizer.registerCallback(lambda *args: calls.append(args))
    inputs.send_round(BASE, without=["cam_back"])
    assert not calls
    time.sleep(0.03)
    synchronizer.poll()
    assert [name for name, got in zip(SENSORS, calls[0]) if got is None] == ["cam_back"]
    assert synchronizer.counters.frames_incomplete == 1


@pytest.mark.parametrize("wrong", [{}, {"lidar_top"}, {*SENSORS, "radar"}])
def test_the_inputs_have_to_be_the_configs_sensors(wrong):
    with pytest.raises(ValueError, match="cam_back_left"):
        FrameFilter({name: SimpleFilter() for name in wrong}, CONFIG)


def mixing(make, stream):
    """Feed a stream to a synchroniser; return its sets as lists of ticks, without the missing cameras."""
    filters = {sensor: SimpleFilter() for sensor in SENSORS}
    ticks, sets = {}, []
    make(filters).registerCallback(lambda *got: sets.append([ticks[id(m)] for m in got if m is not None]))
    kept = []
    for arrival in stream:
        sent = message(arrival.sensor, arrival.stamp_ns)
        ticks[id(sent)] = arrival.tick
        kept.append(sent)
        filters[arrival.sensor].signalMessage(sent)
    return sets


def test_neighbouring_ticks_are_not_mixed_where_the_approximate_synchroniser_mixes_them():
    config = StreamConfig(duration_s=10.0, delays_ns=(20 * MS, 110 * MS), delay_spread_ns=15 * MS)
    stream = simulate(config, seed=0)
    ours = mixing(lambda filters: FrameFilter(filters, replace(CONFIG, deadline_ns=10**10)), stream)
    theirs = mixing(lambda f: ApproximateTimeSynchronizer(list(f.values()), queue_size=10, slop=0.05), stream)
    assert any(len(set(ticks[1:])) > 1 for ticks in theirs), "the stream is too easy to show anything"
    assert all(len(set(ticks)) == 1 for ticks in ours)
    assert {ticks[0] for ticks in ours if len(ticks) == 7} == complete_ticks(stream, config)


def test_the_callback_runs_outside_the_lock(inputs):
    synchronizer = FrameFilter(inputs.filters, CONFIG)
    stamps = []

    def callback(cloud, *_):
        stamps.append(cloud.header.stamp)
        if len(stamps) < 3:
            inputs.send_round(BASE + len(stamps) * 50 * MS)

    synchronizer.registerCallback(callback)
    thread = threading.Thread(target=inputs.send_round, args=(BASE,), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive(), "the callback waits for a lock that its own thread holds"
    assert stamps == [header(BASE + k * 50 * MS).stamp for k in range(3)]


def test_an_exception_in_the_callback_leaves_the_filter_at_work(inputs, caplog):
    synchronizer = FrameFilter(inputs.filters, CONFIG)
    calls = []

    def callback(*args):
        calls.append(args)
        raise RuntimeError("inference failed")

    synchronizer.registerCallback(callback)
    for k in range(3):
        inputs.send_round(BASE + k * 50 * MS)
    assert len(calls) == 3
    assert synchronizer.counters.callback_errors == 3
    assert "inference failed" in caplog.text


def test_a_looped_bag_goes_on(inputs):
    synchronizer = FrameFilter(inputs.filters, CONFIG)
    calls = []
    synchronizer.registerCallback(lambda *args: calls.append(args))
    for _ in range(3):
        for k in range(0, 200, 10):
            inputs.send_round(BASE + k * 50 * MS)
    assert synchronizer.counters.resets == {"jump_back": 2}
    assert len(calls) == 60
    assert all(None not in call for call in calls)


def test_one_dead_camera_does_not_stop_the_others(inputs):
    synchronizer = FrameFilter(inputs.filters, CONFIG)
    calls = []
    synchronizer.registerCallback(lambda *args: calls.append(args))
    for k in range(40):
        inputs.send_round(BASE + k * 50 * MS, without=["cam_front"] if k >= 5 else [])
    assert len(calls) >= 35
    front = SENSORS.index("cam_front")
    assert [call[front] is None for call in calls] == [k >= 5 for k in range(len(calls))]
    assert all(None not in call[:front] + call[front + 1 :] for call in calls)


@pytest.mark.ros
def test_with_subscribers_over_dds_and_a_timer_for_the_deadline():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("frame_filter_test", context=context)
    executor = rclpy.executors.SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        kinds = {s: PointCloud2 if s == "lidar_top" else CompressedImage for s in SENSORS}
        publishers = {s: node.create_publisher(kind, f"frame_filter_test/{s}", 10) for s, kind in kinds.items()}
        subscribers = {s: Subscriber(node, kind, f"frame_filter_test/{s}") for s, kind in kinds.items()}
        calls = []
        synchronizer = FrameFilter(subscribers, CONFIG, node)
        synchronizer.registerCallback(lambda *args: calls.append(args))

        def spin_until(done, what):
            deadline = time.monotonic() + 20
            while not done():
                assert time.monotonic() < deadline, what
                executor.spin_once(timeout_sec=0.05)

        spin_until(
            lambda: all(p.get_subscription_count() for p in publishers.values()), "publishers and subscribers to meet"
        )
        for k in range(3):
            without = "cam_back" if k == 2 else None
            for sensor in SENSORS:
                if sensor != without:
                    stamp = BASE + k * 50 * MS + NUSCENES_OFFSETS_NS.get(sensor, 0)
                    publishers[sensor].publish(message(sensor, stamp))
        spin_until(lambda: len(calls) == 3, "three sets")
        assert [[name for name, m in zip(SENSORS, call) if m is None] for call in calls] == [[], [], ["cam_back"]]
        for k, call in enumerate(calls):
            assert call[0].header.stamp == header(BASE + k * 50 * MS).stamp
            assert isinstance(call[0], PointCloud2)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
