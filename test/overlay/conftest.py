"""Fixtures of the overlay's tests."""

from collections.abc import Iterator

import pytest
import rclpy
from rclpy.node import Node


@pytest.fixture
def ros_node() -> Iterator[Node]:
    """A node of its own, in the domain that ROS_DOMAIN_ID names."""
    rclpy.init()
    node = Node("overlay_test")
    yield node
    node.destroy_node()
    rclpy.try_shutdown()
