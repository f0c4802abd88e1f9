"""Runs a lifecycle node as a process: signals, autostart, and an executor that outlives a callback's exception."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor, TimeoutException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.logging import get_logger
from rclpy.service import Service
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Task

_THREADS = 4
_SWITCH_SEC = 0.0005
"""The worker asks for the interpreter often and briefly; with Python's 5 ms it would wait for every busy callback."""


class ServiceThreadsExecutor(SingleThreadedExecutor):
    """Runs services in threads of their own, and everything else, which is brief, in the thread that spins.

    `MultiThreadedExecutor` hands every message to another thread and builds its wait set anew before and after: at
    400 messages a second that is a third of a core, taken from the interpreter that the worker needs.
    """

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="service")

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Runs the next callback, or hands it to a thread if it is a service's.

        Args:
            timeout_sec: how long to wait for one; None: for ever.

        Raises:
            Exception: what the callback raised. What a service raises is logged.
        """
        entity: Any
        try:
            task, entity, _ = self.wait_for_ready_callbacks(timeout_sec=timeout_sec)
        except TimeoutException:
            return
        if isinstance(entity, Service):
            self._threads.submit(_run_and_log, task, entity.srv_name)
            return
        task()
        if task.exception() is not None:
            raise task.exception()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Ends the threads after the services that they work on."""
        self._threads.shutdown()
        return bool(super().shutdown(timeout_sec))


def _run_and_log(task: Task, name: str) -> None:
    task()
    if task.done() and task.exception() is not None:
        trace = "".join(traceback.format_exception(task.exception()))
        get_logger("executor").error(f"the service {name} failed:\n{trace}")


class ManagedNode(LifecycleNode):
    """A lifecycle node that can be run as a process."""

    autostart = True
    """Whether to configure and activate it at once."""

    def close(self) -> None:
        """Ends what the node holds, in whatever state it is; called before the process ends."""


def stop_on_signals() -> threading.Event:
    """Returns an event that SIGINT and SIGTERM set, however often they come: Ctrl-C reaches a launched node twice."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run(make_node: Callable[[], ManagedNode], name: str) -> None:
    """Runs a node until SIGINT or SIGTERM. The ROS context outlives the node's own clean-up.

    Args:
        make_node: makes the node; ValueError is told in one line.
        name: of the program, for that line. The exit status is then 2, as it is where autostart fails.
    """
    sys.setswitchinterval(_SWITCH_SEC)
    stop = stop_on_signals()
    try:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    try:
        node = make_node()
    except ValueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(2)
    success = TransitionCallbackReturn.SUCCESS
    if node.autostart and not (node.trigger_configure() == success == node.trigger_activate()):
        sys.exit(2)
    executor = ServiceThreadsExecutor()
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
