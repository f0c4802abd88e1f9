"""A node that lives for one command, and what it finds of the ROS graph."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import rclpy
from rclpy._rclpy_pybind11 import RCLError
from rclpy.node import Node
from rclpy.parameter import Parameter

DEFAULT_SPIN_TIME_S = 3.0
"""Fast DDS exchanges endpoints within 0.3 s, or else with its next heartbeats, 2.2 to 2.6 s after the start."""

NAMED_TIMEOUT_S = 3.0
"""How much longer a command waits for something that it was given by name; discovery is slow on a busy machine."""

POLL_S = 0.05
HIDDEN = "_"


def add_node_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the options of commands that ask the ROS graph."""
    parser.add_argument(
        "--spin-time",
        type=float,
        default=DEFAULT_SPIN_TIME_S,
        help="seconds for discovery (default %(default)s)",
    )
    parser.add_argument("-s", "--use-sim-time", action="store_true", help="use simulated time")
    parser.add_argument("--no-daemon", action="store_true", help="accepted; there is no daemon here")


@contextmanager
def direct_node(arguments: argparse.Namespace) -> Iterator[Node]:
    """Makes a hidden node; nothing is discovered yet."""
    rclpy.init(args=[])
    try:
        node = rclpy.create_node(
            f"_ros2cli_{os.getpid()}",
            start_parameter_services=False,
            parameter_overrides=[Parameter("use_sim_time", value=getattr(arguments, "use_sim_time", False))],
        )
        yield node
        node.destroy_node()
    finally:
        shut_down()


def shut_down() -> None:
    """Shuts rclpy down, unless the handler of a signal is just doing so."""
    with suppress(RCLError):
        rclpy.try_shutdown()


@contextmanager
def discovered_graph(arguments: argparse.Namespace) -> Iterator[Node]:
    """Makes a hidden node and gives it the whole spin time to discover the graph."""
    with direct_node(arguments) as node:
        wait_for(node, lambda: False, arguments.spin_time)
        yield node


def wait_for(node: Node, condition: Callable[[], bool], timeout_s: float) -> bool:
    """Spins until the condition holds; tells whether it did within the time."""
    end = time.monotonic() + timeout_s
    while not condition():
        rest = end - time.monotonic()
        if rest <= 0:
            return False
        rclpy.spin_once(node, timeout_sec=min(rest, POLL_S))
        time.sleep(min(max(end - time.monotonic(), 0.0), POLL_S) if not node.subscriptions else 0.0)
    return True


def is_hidden(name: str) -> bool:
    """Tells whether a topic, service or node name has a part that begins with an underscore."""
    return any(part.startswith(HIDDEN) for part in name.split("/"))


def absolute_name(name: str) -> str:
    """Returns a name with "/" in front."""
    return name if name.startswith("/") else f"/{name}"


def node_names(node: Node, *, include_hidden: bool = False) -> list[str]:
    """Lists the full names of the nodes that are known."""
    return [
        f"{namespace.rstrip('/')}/{name}"
        for name, namespace in node.get_node_names_and_namespaces()
        if include_hidden or not name.startswith(HIDDEN)
    ]


def require_node(node: Node, name: str, timeout_s: float) -> str:
    """Waits for a node and returns its full name.

    Raises:
        RuntimeError: it does not appear within the time.
    """
    full_name = absolute_name(name)
    if not wait_for(node, lambda: full_name in node_names(node, include_hidden=True), timeout_s):
        raise RuntimeError("Node not found")
    return full_name


def split_name(full_name: str) -> tuple[str, str]:
    """Splits a node's full name into name and namespace."""
    namespace, _, name = full_name.rpartition("/")
    return name, namespace or "/"


def call_service(node: Node, service_type: type, name: str, request: object, timeout_s: float = 5.0) -> object:
    """Calls a service and returns its response.

    Raises:
        RuntimeError: the service does not appear, or fails.
    """
    client = node.create_client(service_type, name)
    try:
        if not wait_for(node, client.service_is_ready, timeout_s):
            raise RuntimeError(f"Wait for service timed out: {name}")
        future = client.call_async(request)
        rclpy.spin_until_future_complete(node, future, timeout_sec=timeout_s)
        if future.result() is None:
            raise RuntimeError(f"Exception while calling service {name}: {future.exception() or 'no response'}")
        return future.result()
    finally:
        node.destroy_client(client)
