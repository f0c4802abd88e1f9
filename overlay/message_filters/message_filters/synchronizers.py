"""Sets of messages that belong together by their stamps."""

import itertools
import threading
from collections.abc import Sequence
from typing import Any

from rclpy.duration import Duration
from rclpy.time import Time

from message_filters.simple_filter import SimpleFilter
from message_filters.stamps import message_time

Queue = dict[int, Any]


class TimeSynchronizer(SimpleFilter):
    """Passes on one message of each input, once all have come with the same stamp.

    The callbacks run under `lock`, as upstream's do: they must not feed the synchroniser.
    """

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int) -> None:
        """Connects to the inputs.

        Args:
            fs: the inputs; the callbacks get one message of each, in this order.
            queue_size: how many messages wait, for each input; those with the oldest stamps are dropped.
        """
        super().__init__()
        self.queue_size = queue_size
        self.lock = threading.Lock()
        self.connectInput(fs)

    def connectInput(self, fs: Sequence[SimpleFilter]) -> None:  # noqa: N802
        """Takes the messages of the filters `fs`; what waited is forgotten."""
        self.queues: list[Queue] = [{} for _ in fs]
        self.input_connections = [
            f.registerCallback(self.add, queue, index) for index, (f, queue) in enumerate(zip(fs, self.queues))
        ]

    def add(self, msg: Any, my_queue: Queue, my_queue_index: int | None = None) -> None:
        """Takes a message in, and passes on every set that it completes, oldest first.

        Args:
            msg: a message with a header.
            my_queue: the queue, among `queues`, of the input that it came from; by stamp in nanoseconds.
            my_queue_index: the place of that queue among `queues`.
        """
        with self.lock:
            self._enqueue(msg, Time.from_msg(msg.header.stamp).nanoseconds, my_queue)
            for stamp in sorted(set.intersection(*(set(queue) for queue in self.queues))):
                self._release([stamp] * len(self.queues))

    def _enqueue(self, msg: Any, stamp: int, queue: Queue) -> None:
        queue[stamp] = msg
        while len(queue) > self.queue_size:
            del queue[min(queue)]

    def _release(self, stamps: Sequence[int]) -> None:
        """Passes on the messages with these stamps, one for each queue, and forgets them."""
        self.signalMessage(*(queue[stamp] for queue, stamp in zip(self.queues, stamps)))
        for queue, stamp in zip(self.queues, stamps):
            del queue[stamp]


class ApproximateTimeSynchronizer(TimeSynchronizer):
    """Passes on one message of each input, once all have come with stamps that are close to each other.

    It matches greedily, as upstream does: the first set that fits is taken, although a better one may come later.
    """

    def __init__(
        self, fs: Sequence[SimpleFilter], queue_size: int, slop: float, allow_headerless: bool = False
    ) -> None:
        """Connects to the inputs.

        Args:
            fs: the inputs; the callbacks get one message of each, in this order.
            queue_size: how many messages wait, for each input; those with the oldest stamps are dropped.
            slop: the stamps of a set are less than this far apart; seconds.
            allow_headerless: take messages without a header too, under the ROS time of their arrival.
        """
        super().__init__(fs, queue_size)
        self.slop = Duration(seconds=slop)
        self.allow_headerless = allow_headerless

    def add(self, msg: Any, my_queue: Queue, my_queue_index: int | None = None) -> None:
        """Takes a message in, and passes on the first set that it completes.

        The candidates of the other inputs are tried in the order of their distance in time from `msg`, those of the
        last input changing fastest.

        Args:
            msg: a message.
            my_queue: the queue, among `queues`, of the input that it came from; by stamp in nanoseconds.
            my_queue_index: the place of that queue among `queues`.
        """
        time = message_time(msg, self.allow_headerless, "message_filters_approx")
        if time is None:
            return
        stamp, slop = time.nanoseconds, self.slop.nanoseconds
        with self.lock:
            self._enqueue(msg, stamp, my_queue)
            candidates = [
                [stamp]
                if index == my_queue_index
                else sorted((s for s in queue if abs(s - stamp) <= slop), key=lambda s: abs(s - stamp))
                for index, queue in enumerate(self.queues)
            ]
            for stamps in itertools.product(*candidates):
                if max(stamps) - min(stamps) < slop and all(s in q for s, q in zip(stamps, self.queues)):
                    self._release(stamps)
                    return
