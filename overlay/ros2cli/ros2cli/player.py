"""Publishes what a bag holds, each message at its time.

A thread reads ahead; the main thread sleeps to absolute deadlines and publishes the serialized bytes as they lie in the
bag, so that no message is decoded and delays do not add up.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass

import rclpy
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rosbags.rosbag2 import Reader
from rosgraph_msgs.msg import Clock

from .messages import get_interface
from .node import shut_down
from .qos import qos_from_mapping, qos_from_offers
from .read_ahead import Message, ReadAhead

SECOND_NS = 10**9
LATE_S = 0.05
READER_SLICE_S = 0.0005
"""How long the reading thread may hold the interpreter: the most that it delays a message by."""

READ_AHEAD_BYTES = 64 * 2**20
DISCOVERY_S = 3.0
MAX_DISCOVERY_S = 6.0
SETTLE_S = 2.0
"""Two participants of a busy machine have been seen to be found 1.5 s apart."""


@dataclass(frozen=True)
class PlayOptions:
    """How to play a bag.

    Args:
        rate: speed, 1 being real time.
        loop: begins again at the end.
        clock_hz: rate of /clock; None: no clock.
        delay_s: seconds before playing, in every loop.
        start_offset_s: seconds of the bag to skip.
        duration_s: seconds of the bag to play; None: all.
        remappings: rules old:=new.
        read_ahead: how many messages to read ahead.
        drain_ms: how long the last messages may take to arrive; negative: does not wait.
        qos_overrides: from topics to QoS policies, instead of those recorded.
        is_wanted: tells whether to play a topic.
    """

    rate: float = 1.0
    loop: bool = False
    clock_hz: float | None = None
    delay_s: float = 0.0
    start_offset_s: float = 0.0
    duration_s: float | None = None
    remappings: tuple[str, ...] = ()
    read_ahead: int = 1000
    drain_ms: int = 1000
    qos_overrides: Mapping[str, Mapping] | None = None
    is_wanted: Callable[[str], bool] = lambda topic: True


class Timeline:
    """Maps the bag's time to the computer's.

    Args:
        start_ns: the bag's time that playing begins at.
        rate: speed.
    """

    def __init__(self, start_ns: int, rate: float) -> None:
        self._start_ns = start_ns
        self._rate = rate
        self._began = time.perf_counter()

    def sleep_until(self, stamp_ns: int) -> float:
        """Sleeps until the bag's time; returns how late it is, in seconds of real time."""
        deadline = self._began + (stamp_ns - self._start_ns) / (self._rate * SECOND_NS)
        rest = deadline - time.perf_counter()
        if rest > 0:
            time.sleep(rest)
        return time.perf_counter() - deadline


class ClockPublisher:
    """Publishes the bag's time on /clock.

    Args:
        node: the node.
        start_ns: the bag's time that playing begins at.
        period_ns: the bag's time between two messages.
    """

    def __init__(self, node: Node, start_ns: int, period_ns: float) -> None:
        qos = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        self._publisher = node.create_publisher(Clock, "/clock", qos)
        self._start_ns = start_ns
        self._period_ns = period_ns
        self.restart()

    def restart(self) -> None:
        """Goes back to the start."""
        self._ticks = 0

    def advance(self, timeline: Timeline, stamp_ns: int) -> None:
        """Publishes, each at its time, the ticks up to the bag's time `stamp_ns`."""
        while (tick_ns := self._start_ns + round(self._ticks * self._period_ns)) <= stamp_ns:
            timeline.sleep_until(tick_ns)
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(tick_ns, SECOND_NS)
            self._publisher.publish(message)
            self._ticks += 1


def play_bag(reader: Reader, options: PlayOptions) -> int:
    """Plays an open bag.

    Args:
        reader: the bag.
        options: how.

    Returns:
        The exit status.

    Raises:
        RuntimeError: nothing in the bag can be played.
    """
    sys.setswitchinterval(READER_SLICE_S)
    rules = [part for rule in options.remappings for part in ("--remap", rule)]
    rclpy.init(args=["--ros-args", *rules] if rules else [], signal_handler_options=SignalHandlerOptions.NO)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        node = rclpy.create_node("rosbag2_player", start_parameter_services=False)
        publishers = _make_publishers(node, reader, options)
        if not publishers:
            raise RuntimeError("[ERROR] [rosbag2_player]: no topic of the bag can be played")
        _await_subscribers(publishers.values())
        _play(node, reader, publishers, options)
        _drain(publishers.values(), options.drain_ms)
        node.destroy_node()
    finally:
        shut_down()
    return 0


def _make_publishers(node: Node, reader: Reader, options: PlayOptions) -> dict[int, Publisher]:
    publishers: dict[int, Publisher] = {}
    overrides = options.qos_overrides or {}
    for connection in reader.connections:
        if not options.is_wanted(connection.topic):
            continue
        try:
            message_type = get_interface(connection.msgtype, "msg")
        except ValueError as error:
            print(f"[WARN] [rosbag2_player]: ignoring topic '{connection.topic}': {error}", file=sys.stderr)
            continue
        if connection.topic in overrides:
            qos = _override(connection.topic, overrides[connection.topic])
        else:
            qos = qos_from_offers(connection.ext.offered_qos_profiles)  # type: ignore[union-attr]
        publishers[connection.id] = node.create_publisher(message_type, connection.topic, qos)
    return publishers


def _override(topic: str, policies: Mapping) -> QoSProfile:
    try:
        return qos_from_mapping(policies)
    except (ValueError, TypeError, AttributeError) as error:
        raise RuntimeError(f"[ERROR] [ros2bag]: QoS override of topic '{topic}': {error}") from error


def _await_subscribers(publishers: Collection[Publisher]) -> None:
    """Waits until discovery has settled, so that the first messages are not lost; less long if nobody listens."""
    began = changed = time.monotonic()
    counts: list[int] = []
    while True:
        now = time.monotonic()
        present = [publisher.get_subscription_count() for publisher in publishers]
        if present != counts:
            counts, changed = present, now
        if now - began > (MAX_DISCOVERY_S if any(counts) else DISCOVERY_S) or (
            any(counts) and now - changed > SETTLE_S
        ):
            return
        time.sleep(0.02)


def _play(node: Node, reader: Reader, publishers: dict[int, Publisher], options: PlayOptions) -> None:
    start_ns = reader.start_time + round(options.start_offset_s * SECOND_NS)
    end_ns = reader.end_time
    if options.duration_s is not None:
        end_ns = min(end_ns, start_ns + round(options.duration_s * SECOND_NS) + 1)
    if start_ns >= end_ns:
        raise RuntimeError(f"[ERROR] [rosbag2_player]: the bag ends before the offset {options.start_offset_s} s")
    clock = None
    if options.clock_hz is not None:
        clock = ClockPublisher(node, start_ns, options.rate * SECOND_NS / options.clock_hz)
    while True:
        time.sleep(options.delay_s)
        recorded = _messages(reader, publishers, start_ns, end_ns)
        with ReadAhead(recorded, options.read_ahead, READ_AHEAD_BYTES) as messages:
            messages.wait_until_full()
            late = _publish(messages, publishers, Timeline(start_ns, options.rate), clock)
        if late[0]:
            print(
                f"[WARN] [rosbag2_player]: {late[0]} messages left more than {LATE_S * 1000:.0f} ms late, "
                f"the worst by {late[1] * 1000:.0f} ms",
                file=sys.stderr,
            )
        if not options.loop:
            return
        if clock is not None:
            clock.restart()


def _publish(
    messages: Iterable[Message], publishers: dict[int, Publisher], timeline: Timeline, clock: ClockPublisher | None
) -> tuple[int, float]:
    late_count, worst_s = 0, 0.0
    for topic, stamp_ns, data in messages:
        if clock is not None:
            clock.advance(timeline, stamp_ns)
        late_s = timeline.sleep_until(stamp_ns)
        publishers[topic].publish(data)
        if late_s > LATE_S:
            late_count += 1
            worst_s = max(worst_s, late_s)
    return late_count, worst_s


def _messages(reader: Reader, topics: Container[int], start_ns: int, end_ns: int) -> Iterator[Message]:
    connections = [connection for connection in reader.connections if connection.id in topics]
    try:
        for connection, stamp_ns, data in reader.messages(connections, start=start_ns, stop=end_ns):
            yield connection.id, stamp_ns, bytes(data)
    except Exception as error:
        raise RuntimeError(f"[ERROR] [rosbag2_player]: the bag cannot be read: {error}") from error


def _drain(publishers: Iterable[Publisher], drain_ms: int) -> None:
    if drain_ms < 0:
        return
    end = time.monotonic() + (drain_ms / 1000 if drain_ms else float("inf"))
    for publisher in publishers:
        rest = end - time.monotonic()
        publisher.wait_for_all_acked(Duration(seconds=max(rest, 0.0)) if drain_ms else Duration(seconds=-1))
