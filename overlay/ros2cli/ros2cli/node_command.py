"""`ros2 node`: list and info."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from rclpy import action

from .node import (
    NAMED_TIMEOUT_S,
    absolute_name,
    add_node_arguments,
    discovered_graph,
    is_hidden,
    node_names,
    split_name,
    wait_for,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's verbs."""
    verbs = parser.add_subparsers(metavar="verb")
    listing = verbs.add_parser("list", help="list nodes")
    add_node_arguments(listing)
    listing.add_argument("-a", "--all", action="store_true", help="hidden nodes too")
    listing.add_argument("-c", "--count-nodes", action="store_true", help="show only how many there are")
    listing.set_defaults(main=list_nodes)
    info = verbs.add_parser("info", help="show a node's topics, services and actions")
    add_node_arguments(info)
    info.add_argument("node_name", help="the node")
    info.add_argument("--include-hidden", action="store_true", help="hidden names too")
    info.set_defaults(main=show_info)


def list_nodes(arguments: argparse.Namespace) -> None:
    """Lists the nodes."""
    with discovered_graph(arguments) as node:
        names = sorted(node_names(node, include_hidden=arguments.all))
    if arguments.count_nodes:
        print(len(names))
        return
    if len(set(names)) < len(names):
        print(
            "WARNING: Be aware that there are nodes in the graph that share an exact name, which can have unintended "
            "side effects.",
            file=sys.stderr,
        )
    for name in names:
        print(name)


def show_info(arguments: argparse.Namespace) -> str | None:
    """Shows what a node publishes, subscribes to, offers and uses."""
    full_name = absolute_name(arguments.node_name)
    name, namespace = split_name(full_name)
    with discovered_graph(arguments) as node:
        if not wait_for(node, lambda: full_name in node_names(node, include_hidden=True), NAMED_TIMEOUT_S):
            return f"Unable to find node '{arguments.node_name}'"

        def section(title: str, query: Callable[[str, str], list[tuple[str, list[str]]]]) -> None:
            print(f"  {title}:")
            lines = [
                f"    {item}: {', '.join(types)}"
                for item, types in query(name, namespace)
                if arguments.include_hidden or not is_hidden(item)
            ]
            print("\n".join(lines))

        print(arguments.node_name)
        section("Subscribers", node.get_subscriber_names_and_types_by_node)
        section("Publishers", node.get_publisher_names_and_types_by_node)
        section("Service Servers", node.get_service_names_and_types_by_node)
        section("Service Clients", node.get_client_names_and_types_by_node)
        section("Action Servers", lambda *who: action.get_action_server_names_and_types_by_node(node, *who))
        section("Action Clients", lambda *who: action.get_action_client_names_and_types_by_node(node, *who))
    return None
