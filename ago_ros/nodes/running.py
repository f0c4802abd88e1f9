"""Runs a lifecycle node as a process: signals, autostart, and an executor that outlives a callback's exception."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable

import rclpy
from rclpy.executors import MultiThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions

_THREADS = 4
_SWITCH_SEC = 0.0005
"""The worker asks for the interpreter often and briefly; with Python's 5 ms it would wait for every busy callback."""


class ManagedNode(LifecycleNode):
    """A lifecycle node that can be run as a process."""

    autostart = True
    """Whether to configure and activate it at once."""

    def close(self) -> None:
        """Ends what the node holds, in whatever state it is; called before the process ends."""


def run(make_node: Callable[[], ManagedNode], name: str) -> None:
    """Runs a node until SIGINT or SIGTERM. The ROS context outlives the node's own clean-up.

    Args:
        make_node: makes the node; ValueError is told in one line.
        name: of the program, for that line. The exit status is then 2, as it is where autostart fails.
    """
    sys.setswitchinterval(_SWITCH_SEC)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make_node()
    except ValueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(2)
    success = TransitionCallbackReturn.SUCCESS
    if node.autostart and not (node.trigger_configure() == success == node.trigger_activate()):
        sys.exit(2)
    executor = MultiThreadedExecutor(_THREADS)
    executor.add_node(node)
    while not stop.is_set():
        try:
            executor.spin_once(timeout_sec=0.2)
        except Exception:
            node.get_logger().error(f"a callback failed:\n{traceback.format_exc()}")
    node.close()
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown()
