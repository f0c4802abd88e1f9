"""The last messages of a stream, to look back at."""

from typing import Any

from rclpy.time import Time

from message_filters.simple_filter import SimpleFilter
from message_filters.stamps import message_time


class Cache(SimpleFilter):
    """Keeps the last messages in their order of arrival, and passes each one on.

    The method names are upstream's, its `getLastestTime` included.
    """

    def __init__(self, f: SimpleFilter, cache_size: int = 1, allow_headerless: bool = False) -> None:
        """Connects to a filter.

        Args:
            f: where the messages come from.
            cache_size: how many are kept.
            allow_headerless: keep messages without a header too, under the ROS time of their arrival.
        """
        super().__init__()
        self.cache_size = cache_size
        self.cache_msgs: list[Any] = []
        self.cache_times: list[Time] = []
        self.allow_headerless = allow_headerless
        self.connectInput(f)

    def connectInput(self, f: SimpleFilter) -> None:  # noqa: N802
        """Takes the messages of `f`."""
        self.incoming_connection = f.registerCallback(self.add)

    def add(self, msg: Any) -> None:
        """Keeps a message, forgets the one that came first where there are too many, and passes `msg` on."""
        stamp = message_time(msg, self.allow_headerless, "message_filters_cache")
        if stamp is None:
            return
        self.cache_times.append(stamp)
        self.cache_msgs.append(msg)
        if len(self.cache_msgs) > self.cache_size:
            del self.cache_msgs[0]
            del self.cache_times[0]
        self.signalMessage(msg)

    def getInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:  # noqa: N802
        """Returns the messages from `from_stamp` to `to_stamp`, both included."""
        assert from_stamp <= to_stamp, "the interval ends before it begins"
        return [msg for msg, time in zip(self.cache_msgs, self.cache_times) if from_stamp <= time <= to_stamp]

    def getElemAfterTime(self, stamp: Time) -> Any:  # noqa: N802
        """Returns the first message that arrived with a stamp at or after `stamp`, or None."""
        return next((msg for msg, time in zip(self.cache_msgs, self.cache_times) if time >= stamp), None)

    def getElemBeforeTime(self, stamp: Time) -> Any:  # noqa: N802
        """Returns the last message that arrived with a stamp at or before `stamp`, or None."""
        newest_first = zip(reversed(self.cache_msgs), reversed(self.cache_times))
        return next((msg for msg, time in newest_first if time <= stamp), None)

    def getLastestTime(self) -> Time | None:  # noqa: N802
        """Returns the stamp of the message that arrived last, or None."""
        return self.cache_times[-1] if self.cache_times else None

    def getOldestTime(self) -> Time | None:  # noqa: N802
        """Returns the stamp of the message that arrived first among those kept, or None."""
        return self.cache_times[0] if self.cache_times else None

    def getLast(self) -> Any:  # noqa: N802
        """Returns the first message that has at least the stamp of the one that arrived last, or None."""
        latest = self.getLastestTime()
        return None if latest is None else self.getElemAfterTime(latest)
