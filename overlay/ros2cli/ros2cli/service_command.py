"""`ros2 service`: list, type and call."""

from __future__ import annotations

import argparse
import time

import rclpy
import yaml
from rclpy.node import Node

from .messages import get_interface, set_fields
from .node import absolute_name, add_node_arguments, direct_node, discovered_graph, is_hidden, wait_for


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's verbs."""
    verbs = parser.add_subparsers(metavar="verb")
    listing = verbs.add_parser("list", help="list services")
    add_node_arguments(listing)
    listing.add_argument("-t", "--show-types", action="store_true", help="show types too")
    listing.add_argument("-c", "--count-services", action="store_true", help="show only how many there are")
    listing.add_argument("--include-hidden-services", action="store_true", help="hidden services too")
    listing.set_defaults(main=list_services)
    typing = verbs.add_parser("type", help="print a service's type")
    add_node_arguments(typing)
    typing.add_argument("service_name", help="the service")
    typing.set_defaults(main=print_type)
    call = verbs.add_parser("call", help="call a service")
    add_node_arguments(call)
    call.add_argument("service_name", help="the service")
    call.add_argument("service_type", nargs="?", help="its type; may be left out, then the service itself tells")
    call.add_argument("values", nargs="?", default="{}", help="the request's fields, in YAML")
    call.add_argument("-r", "--rate", metavar="N", type=float, help="repeat the call N times a second")
    call.set_defaults(main=call_service)


def list_services(arguments: argparse.Namespace) -> None:
    """Lists the services."""
    with discovered_graph(arguments) as node:
        services = [
            (name, ", ".join(types))
            for name, types in node.get_service_names_and_types()
            if arguments.include_hidden_services or not is_hidden(name)
        ]
    if arguments.count_services:
        print(len(services))
        return
    for name, types in services:
        print(f"{name} [{types}]" if arguments.show_types else name)


def print_type(arguments: argparse.Namespace) -> int | None:
    """Prints a service's type."""
    with direct_node(arguments) as node:
        found = _discover_type(node, absolute_name(arguments.service_name), arguments.spin_time)
    if found is None:
        return 1
    print(found)
    return None


def _discover_type(node: Node, name: str, timeout_s: float) -> str | None:
    wait_for(node, lambda: name in dict(node.get_service_names_and_types()), timeout_s)
    types = dict(node.get_service_names_and_types()).get(name)
    return types[0] if types else None


def call_service(arguments: argparse.Namespace) -> str | None:
    """Calls a service, waiting for it if need be, and prints request and response."""
    if arguments.rate is not None and arguments.rate <= 0:
        raise RuntimeError("rate must be greater than zero")
    type_name, values = arguments.service_type, arguments.values
    if type_name is not None and not _is_type_name(type_name):
        type_name, values = None, type_name
    with direct_node(arguments) as node:
        if type_name is None:
            type_name = _discover_type(node, absolute_name(arguments.service_name), max(arguments.spin_time, 5.0))
            if type_name is None:
                raise RuntimeError(f"service '{arguments.service_name}' is not offered, so that its type is not known")
        try:
            service = get_interface(type_name, "srv")
        except ValueError as error:
            raise RuntimeError(f"The passed service type is invalid: {error}") from error
        request = service.Request()  # type: ignore[attr-defined]
        try:
            set_fields(request, yaml.safe_load(values) or {})
        except (ValueError, yaml.YAMLError) as error:
            return f"Failed to populate field: {error}"
        client = node.create_client(service, arguments.service_name)
        if not wait_for(node, client.service_is_ready, 0.1):
            print("waiting for service to become available...")
            client.wait_for_service()
        while True:
            began = time.monotonic()
            print(f"requester: making request: {request!r}\n")
            future = client.call_async(request)
            rclpy.spin_until_future_complete(node, future)
            if future.result() is None:
                raise RuntimeError(f"Exception while calling service: {future.exception()!r}")
            print(f"response:\n{future.result()!r}\n")
            if arguments.rate is None:
                return None
            time.sleep(max(0.0, began + 1.0 / arguments.rate - time.monotonic()))


def _is_type_name(text: str) -> bool:
    return "/" in text and not any(character in text for character in "{}: ")
