"""Point clouds to numpy and back: `sensor_msgs_py.point_cloud2`, as in ROS 2 Jazzy."""

from sensor_msgs_py import point_cloud2

__all__ = ["point_cloud2"]


def __getattr__(name: str) -> object:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(
        f"{__name__}.{name} is not part of the ago_ros overlay; install the ROS 2 package 'sensor_msgs_py'"
    )
