"""`ros2 lifecycle`: get, set, list and nodes."""

from __future__ import annotations

import argparse
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState
from rclpy.node import Node

from .node import (
    NAMED_TIMEOUT_S,
    add_node_arguments,
    call_service,
    direct_node,
    discovered_graph,
    node_names,
    require_node,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's verbs."""
    verbs = parser.add_subparsers(metavar="verb")
    for name, purpose, main, node_count in (
        ("get", "print a node's state", print_state, "?"),
        ("list", "list the transitions that a node can make", list_transitions, None),
        ("set", "have a node make a transition", make_transition, None),
    ):
        verb = verbs.add_parser(name, help=purpose)
        add_node_arguments(verb)
        verb.add_argument("node_name", nargs=node_count, help="the node")
        verb.add_argument("--include-hidden-nodes", action="store_true", help="hidden nodes too")
        if name == "list":
            verb.add_argument("-a", "--all", action="store_true", help="every transition, from every state")
        if name == "set":
            verb.add_argument("transition", help="the transition's label or number")
        verb.set_defaults(main=main)
    nodes = verbs.add_parser("nodes", help="list managed nodes")
    add_node_arguments(nodes)
    nodes.add_argument("-a", "--all", action="store_true", help="hidden nodes too")
    nodes.add_argument("-c", "--count-nodes", action="store_true", help="show only how many there are")
    nodes.set_defaults(main=list_nodes)


def _managed_nodes(node: Node, include_hidden: bool) -> list[str]:
    services = {name for name, _ in node.get_service_names_and_types()}
    names = node_names(node, include_hidden=include_hidden)
    return sorted(name for name in names if f"{name}/get_state" in services)


def list_nodes(arguments: argparse.Namespace) -> None:
    """Lists the managed nodes."""
    with discovered_graph(arguments) as node:
        names = _managed_nodes(node, arguments.all)
    print(len(names) if arguments.count_nodes else "\n".join(names))


def print_state(arguments: argparse.Namespace) -> None:
    """Prints the state of one node, or of all."""
    if arguments.node_name:
        with direct_node(arguments) as node:
            print(_state(node, require_node(node, arguments.node_name, arguments.spin_time + NAMED_TIMEOUT_S)))
        return
    with discovered_graph(arguments) as node:
        for name in _managed_nodes(node, arguments.include_hidden_nodes):
            print(f"{name}: {_state(node, name)}")


def _state(node: Node, name: str) -> str:
    response: Any = call_service(node, GetState, f"{name}/get_state", GetState.Request())
    return f"{response.current_state.label} [{response.current_state.id}]"


def _transitions(node: Node, name: str, service: str = "get_available_transitions") -> list[Any]:
    request = GetAvailableTransitions.Request()
    response: Any = call_service(node, GetAvailableTransitions, f"{name}/{service}", request)
    return response.available_transitions


def list_transitions(arguments: argparse.Namespace) -> None:
    """Lists the transitions that a node can make now, or all it knows."""
    service = "get_transition_graph" if arguments.all else "get_available_transitions"
    with direct_node(arguments) as node:
        name = require_node(node, arguments.node_name, arguments.spin_time + NAMED_TIMEOUT_S)
        for item in _transitions(node, name, service):
            print(
                f"- {item.transition.label} [{item.transition.id}]\n"
                f"\tStart: {item.start_state.label}\n\tGoal: {item.goal_state.label}"
            )


def make_transition(arguments: argparse.Namespace) -> str | None:
    """Has a node make a transition."""
    with direct_node(arguments) as node:
        name = require_node(node, arguments.node_name, arguments.spin_time + NAMED_TIMEOUT_S)
        available = [item.transition for item in _transitions(node, name)]
        chosen = [item for item in available if arguments.transition in (item.label, str(item.id))]
        if not chosen:
            known = "".join(f"\n- {item.label} [{item.id}]" for item in available)
            return f"Unknown transition requested, available ones are:{known}"
        request = ChangeState.Request(transition=Transition(id=chosen[0].id, label=chosen[0].label))
        response: Any = call_service(node, ChangeState, f"{name}/change_state", request, timeout_s=600.0)
    if not response.success:
        return "Transitioning failed"
    print("Transitioning successful")
    return None
