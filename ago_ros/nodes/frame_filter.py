"""The FrameAssembler as a message filter, to put in ApproximateTimeSynchronizer's place."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from message_filters import SimpleFilter
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from ago_ros.sensors.assembler import FrameAssembler
from ago_ros.sensors.assembler_config import AssemblerConfig
from ago_ros.sensors.frame_set import FrameSet
from ago_ros.sensors.ledger import Counters

_POLLS_PER_DEADLINE = 8


class FrameFilter(SimpleFilter):
    """Passes on one message of each input for every LiDAR sweep; None stands for a camera without an image.

    The callbacks get one positional message per input, in the order of `filters`, then the arguments that they were
    registered with, as those of `message_filters.ApproximateTimeSynchronizer` do. They run outside any lock, on the
    thread of the message that finished the set; what they raise is logged and counted. Stamps come from the headers,
    deadlines count on the steady clock, so that neither a looped bag nor simulated time disturbs them.

    Args:
        filters: The inputs, usually `message_filters.Subscriber`s, by sensor name: the config's anchor and cameras.
        config: The assembler's settings.
        node: Takes a timer that lets deadlines pass while nothing arrives. Without a node they pass with the next
            message, or when `poll` is called.

    Raises:
        ValueError: The names in `filters` are not the anchor and the cameras of `config`.
    """

    def __init__(self, filters: Mapping[str, SimpleFilter], config: AssemblerConfig, node: Node | None = None) -> None:
        super().__init__()
        self.assembler = FrameAssembler(config, self._on_frame)
        self.connectInput(filters)
        self._timer = None
        if node is not None:
            seconds = config.deadline_ns / 1e9 / _POLLS_PER_DEADLINE
            self._timer = node.create_timer(seconds, self.poll, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def connectInput(self, filters: Mapping[str, SimpleFilter]) -> None:  # noqa: N802
        """Take the messages of the filters.

        Args:
            filters: The inputs by sensor name; their order is the order of the callbacks' arguments.

        Raises:
            ValueError: The names are not the anchor and the cameras of the config.
        """
        config = self.assembler.config
        expected = {config.anchor, *config.cameras}
        if filters.keys() != expected:
            raise ValueError(f"filters: expected {', '.join(sorted(expected))}; got {', '.join(sorted(filters))}")
        self._order = tuple(filters)
        self.input_connections = [source.registerCallback(self.add, name) for name, source in filters.items()]

    def add(self, msg: Any, sensor: str) -> None:
        """Take one message.

        Args:
            msg: A message with a header.
            sensor: Name of the input that it comes from.
        """
        stamp = msg.header.stamp
        self.assembler.add(sensor, stamp.sec * 1_000_000_000 + stamp.nanosec, msg, time.monotonic_ns())

    def poll(self) -> None:
        """Let deadlines up to now take effect."""
        self.assembler.poll(time.monotonic_ns())

    @property
    def counters(self) -> Counters:
        """The assembler's books."""
        return self.assembler.counters

    def _on_frame(self, frame: FrameSet) -> None:
        data = frame.data
        self.signalMessage(*(data[name].payload if name in data else None for name in self._order))
