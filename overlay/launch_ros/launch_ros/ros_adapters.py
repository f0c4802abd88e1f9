"""Launch's own ROS node, made when an action first needs it."""

from __future__ import annotations

import os
import threading

import rclpy
from launch.event_handlers import OnShutdown
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from launch import LaunchContext


class ROSAdapter:
    """A node that spins in a thread of its own, in its own rclpy context."""

    def __init__(self) -> None:
        self.ros_context = rclpy.Context()
        rclpy.init(args=[], context=self.ros_context)
        self.ros_node: Node = rclpy.create_node(f"launch_ros_{os.getpid()}", context=self.ros_context)
        self.ros_executor = SingleThreadedExecutor(context=self.ros_context)
        self.ros_executor.add_node(self.ros_node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        try:
            self.ros_executor.spin()
        except ExternalShutdownException:
            return

    def shutdown(self) -> None:
        """Stops the thread and destroys the node."""
        self.ros_executor.shutdown()
        self._thread.join()
        self.ros_node.destroy_node()
        rclpy.shutdown(context=self.ros_context)


def get_ros_adapter(context: LaunchContext) -> ROSAdapter:
    """Returns the adapter of this launch, making it the first time."""
    adapter = context.get_locals_as_dict().get("ros_adapter")
    if adapter is None:
        adapter = ROSAdapter()
        context.extend_globals({"ros_adapter": adapter})
        context.register_event_handler(OnShutdown(on_shutdown=lambda event, context: adapter.shutdown()))
    return adapter


def get_ros_node(context: LaunchContext) -> Node:
    """Returns launch's own node, making it the first time."""
    return get_ros_adapter(context).ros_node
