"""When a message was made."""

from typing import Any

from rclpy.clock import ROSClock
from rclpy.logging import get_logger
from rclpy.time import Time


def message_time(msg: Any, allow_headerless: bool, logger_name: str) -> Time | None:
    """Reads the stamp of a message.

    Args:
        msg: a message; its `header.stamp` may be a builtin_interfaces Time or an rclpy Time.
        allow_headerless: stamp a message that has no header with the present ROS time.
        logger_name: who warns about a message that has no header where that is not allowed.

    Returns:
        The stamp, or None where there is none.
    """
    stamp = getattr(getattr(msg, "header", None), "stamp", None)
    if stamp is not None:
        return stamp if hasattr(stamp, "nanoseconds") else Time.from_msg(stamp)
    if allow_headerless:
        return ROSClock().now()
    get_logger(logger_name).warning(
        f"dropped a {type(msg).__name__}: it has no header.stamp; allow_headerless=True would use the time of arrival"
    )
    return None
