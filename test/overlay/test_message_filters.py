"""message_filters: what comes out of the filters for what goes in."""

import itertools
import time
from types import SimpleNamespace

import message_filters
import pytest
import rclpy
from builtin_interfaces.msg import Time as TimeMsg
from hypothesis import given
from hypothesis import strategies as st
from rclpy.clock import ClockType
from rclpy.time import Time
from std_msgs.msg import Header

MS = 1_000_000


def message(stamp_ms: float, name: str = "") -> SimpleNamespace:
    stamp = round(stamp_ms * MS)
    return SimpleNamespace(name=name, header=Header(stamp=TimeMsg(sec=stamp // 10**9, nanosec=stamp % 10**9)))


def stamp_of(msg: SimpleNamespace) -> int:
    return Time.from_msg(msg.header.stamp).nanoseconds


def collect(source: message_filters.SimpleFilter) -> list:
    out: list = []
    source.registerCallback(lambda *msgs: out.append(msgs))
    return out


def test_callbacks_get_the_messages_and_then_their_own_arguments():
    source = message_filters.SimpleFilter()
    calls = []
    assert source.registerCallback(lambda *args: calls.append(("first", args)), "a", 1) == 0
    assert source.registerCallback(lambda *args: calls.append(("second", args))) == 1
    source.signalMessage("m", "n")
    assert calls == [("first", ("m", "n", "a", 1)), ("second", ("m", "n"))]


streams = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=80)


@given(streams, st.integers(1, 40))
def test_exact_sets_have_one_stamp_and_each_message_comes_out_once(stream, queue_size):
    sources = [message_filters.SimpleFilter() for _ in range(3)]
    out = collect(message_filters.TimeSynchronizer(sources, queue_size))
    for source, stamp in stream:
        sources[source].signalMessage(message(stamp))
    used = [id(msg) for msgs in out for msg in msgs]
    assert len(used) == len(set(used))
    assert all(len({stamp_of(msg) for msg in msgs}) == 1 for msgs in out)


@given(st.permutations([(source, stamp) for source in range(3) for stamp in (5, 6, 7, 8)]))
def test_exact_sets_are_complete_in_any_order_of_arrival(stream):
    sources = [message_filters.SimpleFilter() for _ in range(3)]
    out = collect(message_filters.TimeSynchronizer(sources, 4))
    for source, stamp in stream:
        sources[source].signalMessage(message(stamp, f"{source}"))
    assert sorted(stamp_of(msgs[0]) for msgs in out) == [5 * MS, 6 * MS, 7 * MS, 8 * MS]
    assert all([msg.name for msg in msgs] == ["0", "1", "2"] for msgs in out)


def test_the_oldest_stamp_is_dropped_from_a_full_queue():
    left, right = message_filters.SimpleFilter(), message_filters.SimpleFilter()
    out = collect(message_filters.TimeSynchronizer([left, right], 2))
    for stamp in (3, 1, 2):
        left.signalMessage(message(stamp))
    for stamp in (1, 2, 3):
        right.signalMessage(message(stamp))
    assert [stamp_of(msgs[0]) // MS for msgs in out] == [2, 3]


@given(streams, st.integers(1, 20), st.integers(1, 8))
def test_approximate_sets_are_close_and_none_that_fits_the_new_message_is_left(stream, queue_size, slop_ms):
    sources = [message_filters.SimpleFilter() for _ in range(3)]
    synchroniser = message_filters.ApproximateTimeSynchronizer(sources, queue_size, slop_ms / 1000)
    out = collect(synchroniser)
    for index, stamp in stream:
        new, before = message(stamp), len(out)
        sources[index].signalMessage(new)
        assert len(out) <= before + 1
        if len(out) == before:
            waiting = [
                [stamp * MS] * (stamp * MS in queue) if i == index else queue
                for i, queue in enumerate(synchroniser.queues)
            ]
            assert all(max(stamps) - min(stamps) >= slop_ms * MS for stamps in itertools.product(*waiting))
        else:
            assert out[-1][index] is new
    for msgs in out:
        stamps = [stamp_of(msg) for msg in msgs]
        assert max(stamps) - min(stamps) < slop_ms * MS
    used = [id(msg) for msgs in out for msg in msgs]
    assert len(used) == len(set(used))


def test_approximate_matching_takes_what_is_nearest_to_the_message_that_completes_the_set():
    sources = [message_filters.SimpleFilter() for _ in range(3)]
    out = collect(message_filters.ApproximateTimeSynchronizer(sources, 10, 0.05))
    for stamp in (100, 130):
        sources[0].signalMessage(message(stamp))
    sources[2].signalMessage(message(90))
    sources[1].signalMessage(message(120))
    assert [[stamp_of(msg) // MS for msg in msgs] for msgs in out] == [[130, 120, 90]]


def test_messages_without_a_header_are_dropped_unless_they_are_allowed():
    for allowed in (False, True):
        sources = [message_filters.SimpleFilter() for _ in range(2)]
        out = collect(message_filters.ApproximateTimeSynchronizer(sources, 10, 1.0, allow_headerless=allowed))
        kept = collect(message_filters.Cache(sources[0], 5, allow_headerless=allowed))
        for source in sources:
            source.signalMessage("no header")
        assert out == [("no header", "no header")] * allowed
        assert kept == [("no header",)] * allowed


def test_an_exception_in_a_callback_does_not_block_the_next_message():
    sources = [message_filters.SimpleFilter()]
    synchroniser = message_filters.ApproximateTimeSynchronizer(sources, 10, 0.1)
    seen = []

    def fail_once(msg):
        seen.append(msg)
        if len(seen) == 1:
            raise RuntimeError("once")

    synchroniser.registerCallback(fail_once)
    with pytest.raises(RuntimeError, match="once"):
        sources[0].signalMessage(message(1))
    assert not synchroniser.lock.locked()
    sources[0].signalMessage(message(2000))
    assert stamp_of(seen[-1]) == 2000 * MS


def test_the_cache_answers_for_times():
    source = message_filters.SimpleFilter()
    cache = message_filters.Cache(source, cache_size=3)
    out = collect(cache)
    assert cache.getLast() is None
    assert cache.getLastestTime() is None
    messages = [message(stamp) for stamp in (1, 2, 3, 4)]
    for msg in messages:
        source.signalMessage(msg)

    def at(stamp_ms: float) -> Time:
        return Time(nanoseconds=round(stamp_ms * MS), clock_type=ClockType.ROS_TIME)

    assert [msgs[0] for msgs in out] == messages
    assert cache.getInterval(at(1), at(3)) == messages[1:3]
    assert cache.getElemAfterTime(at(2.5)) is messages[2]
    assert cache.getElemAfterTime(at(5)) is None
    assert cache.getElemBeforeTime(at(3.5)) is messages[2]
    assert cache.getElemBeforeTime(at(1.5)) is None
    assert (cache.getOldestTime(), cache.getLastestTime()) == (at(2), at(4))
    assert cache.getLast() is messages[3]


@pytest.mark.ros
def test_subscribers_feed_a_synchroniser_over_dds(ros_node):
    subscribers = [message_filters.Subscriber(ros_node, Header, name) for name in ("left", "right")]
    assert subscribers[0].getTopic() == "left"
    assert subscribers[0].topic_name == "/left"
    out = collect(message_filters.ApproximateTimeSynchronizer(subscribers, 10, 0.1, allow_headerless=True))
    publishers = [ros_node.create_publisher(Header, name, 10) for name in ("left", "right")]
    deadline = time.monotonic() + 20
    while not out and time.monotonic() < deadline:
        for publisher in publishers:
            publisher.publish(Header(frame_id=publisher.topic_name))
        rclpy.spin_once(ros_node, timeout_sec=0.05)
    assert [msg.frame_id for msg in out[0]] == ["/left", "/right"]
