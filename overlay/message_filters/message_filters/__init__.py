"""Message filters: small objects that take messages in and pass some of them, or sets of them, on.

A filter has callbacks (`registerCallback`) and calls them with what it lets through (`signalMessage`). Filters are
chained by giving one to the next. This is the Python side of ROS 2 Jazzy's package of the same name.
"""

from message_filters.cache import Cache
from message_filters.simple_filter import SimpleFilter
from message_filters.subscriber import Subscriber
from message_filters.synchronizers import ApproximateTimeSynchronizer, TimeSynchronizer

__all__ = ["ApproximateTimeSynchronizer", "Cache", "SimpleFilter", "Subscriber", "TimeSynchronizer"]


def __getattr__(name: str) -> object:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(
        f"{__name__}.{name} is not part of the ago_ros overlay; install the ROS 2 package 'message_filters'"
    )
