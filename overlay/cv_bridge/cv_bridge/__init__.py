"""ROS images to OpenCV images and back: the Python side of ROS 2 Jazzy's package of the same name."""

from cv_bridge.core import CvBridge, CvBridgeError
from cv_bridge.encodings import getCvType

__all__ = ["CvBridge", "CvBridgeError", "getCvType"]


def __getattr__(name: str) -> object:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise ImportError(f"{__name__}.{name} is not part of the ago_ros overlay; install the ROS 2 package 'cv_bridge'")
