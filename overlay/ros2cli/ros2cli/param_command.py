"""`ros2 param`: list, get, set, describe and dump."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

import yaml
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import get_parameter_value, parameter_value_to_python

from .node import add_node_arguments, call_service, direct_node, discovered_graph, node_names, require_node

LABELS = {
    ParameterType.PARAMETER_NOT_SET: ("not set", "Parameter not set."),
    ParameterType.PARAMETER_BOOL: ("boolean", "Boolean value is:"),
    ParameterType.PARAMETER_INTEGER: ("integer", "Integer value is:"),
    ParameterType.PARAMETER_DOUBLE: ("double", "Double value is:"),
    ParameterType.PARAMETER_STRING: ("string", "String value is:"),
    ParameterType.PARAMETER_BYTE_ARRAY: ("byte array", "Byte values are:"),
    ParameterType.PARAMETER_BOOL_ARRAY: ("boolean array", "Boolean values are:"),
    ParameterType.PARAMETER_INTEGER_ARRAY: ("integer array", "Integer values are:"),
    ParameterType.PARAMETER_DOUBLE_ARRAY: ("double array", "Double values are:"),
    ParameterType.PARAMETER_STRING_ARRAY: ("string array", "String values are:"),
}
"""From types to their names and to the words before a value."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's verbs."""
    verbs = parser.add_subparsers(metavar="verb")
    listing = _verb(verbs, "list", "list parameters", list_parameters, node_optional=True)
    listing.add_argument("--filter", help="only names that the regular expression matches")
    listing.add_argument("--param-prefixes", nargs="+", default=[], help="only names with these prefixes")
    listing.add_argument("--param-type", action="store_true", help="show types too")
    get = _verb(verbs, "get", "print a parameter's value", get_parameter)
    get.add_argument("parameter_name", help="the parameter")
    get.add_argument("--hide-type", action="store_true", help="print the value alone")
    put = _verb(verbs, "set", "set a parameter", set_parameter)
    put.add_argument("parameter_name", help="the parameter")
    put.add_argument("value", help="its value, in YAML")
    describe = _verb(verbs, "describe", "show what parameters are for", describe_parameters)
    describe.add_argument("parameter_names", nargs="+", help="the parameters")
    _verb(verbs, "dump", "print all of a node's parameters as a YAML file", dump_parameters)


def _verb(verbs: Any, name: str, purpose: str, main: Any, *, node_optional: bool = False) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=purpose)
    add_node_arguments(parser)
    parser.add_argument("node_name", nargs="?" if node_optional else None, help="the node")
    parser.add_argument("--include-hidden-nodes", action="store_true", help="hidden nodes too")
    parser.add_argument("--timeout", metavar="N", type=float, default=5.0, help="seconds to wait for the node")
    parser.set_defaults(main=main)
    return parser


def _list_names(node: Node, target: str, prefixes: list[str]) -> list[str]:
    request = ListParameters.Request(prefixes=prefixes)
    response = call_service(node, ListParameters, f"{target}/list_parameters", request)
    return sorted(response.result.names)  # type: ignore[attr-defined]


def _get_values(node: Node, target: str, names: list[str]) -> list[ParameterValue]:
    response = call_service(node, GetParameters, f"{target}/get_parameters", GetParameters.Request(names=names))
    return response.values  # type: ignore[attr-defined]


def _describe(node: Node, target: str, names: list[str]) -> list[Any]:
    request = DescribeParameters.Request(names=names)
    response = call_service(node, DescribeParameters, f"{target}/describe_parameters", request)
    return response.descriptors  # type: ignore[attr-defined]


def list_parameters(arguments: argparse.Namespace) -> None:
    """Lists the parameters of one node or of all."""
    if arguments.node_name:
        with direct_node(arguments) as node:
            target = require_node(node, arguments.node_name, arguments.timeout)
            _print_names(node, target, arguments)
        return
    with discovered_graph(arguments) as node:
        for target in sorted(node_names(node, include_hidden=arguments.include_hidden_nodes)):
            try:
                _print_names(node, target, arguments, title=f"{target}:")
            except RuntimeError as error:
                print(error, file=sys.stderr)


def _print_names(node: Node, target: str, arguments: argparse.Namespace, title: str | None = None) -> None:
    names = _list_names(node, target, arguments.param_prefixes)
    if arguments.filter is not None:
        names = [name for name in names if re.match(arguments.filter, name)]
    if title and names:
        print(title)
    types = {}
    if arguments.param_type:
        types = {item.name: f" (type: {LABELS[item.type][0]})" for item in _describe(node, target, names)}
    for name in names:
        print(f"  {name}{types.get(name, '')}")


def get_parameter(arguments: argparse.Namespace) -> str | None:
    """Prints a parameter's value."""
    with direct_node(arguments) as node:
        target = require_node(node, arguments.node_name, arguments.timeout)
        values = _get_values(node, target, [arguments.parameter_name])
    if not values:
        return "Parameter not set"
    value = _to_python(values[0])
    label = LABELS[values[0].type][1]
    if arguments.hide_type:
        print(value)
    else:
        print(label if value is None else f"{label} {value}")
    return None


def _to_python(value: ParameterValue) -> Any:
    python = parameter_value_to_python(value)
    return python.tolist() if hasattr(python, "tolist") else python


def set_parameter(arguments: argparse.Namespace) -> int | None:
    """Sets a parameter."""
    with direct_node(arguments) as node:
        target = require_node(node, arguments.node_name, arguments.timeout)
        parameter = Parameter(name=arguments.parameter_name, value=get_parameter_value(arguments.value))
        request = SetParameters.Request(parameters=[parameter])
        response = call_service(node, SetParameters, f"{target}/set_parameters", request)
    result = response.results[0]  # type: ignore[attr-defined]
    reason = f": {result.reason}" if result.reason else ""
    if not result.successful:
        print(f"Setting parameter failed{reason}", file=sys.stderr)
        return 1
    print(f"Set parameter successful{reason}")
    return None


def describe_parameters(arguments: argparse.Namespace) -> None:
    """Shows type, description and constraints of parameters."""
    with direct_node(arguments) as node:
        target = require_node(node, arguments.node_name, arguments.timeout)
        descriptors = _describe(node, target, arguments.parameter_names)
    for item in descriptors:
        print(f"Parameter name: {item.name}\n  Type: {LABELS[item.type][0]}")
        if item.description:
            print(f"  Description: {item.description}")
        print("  Constraints:")
        if item.read_only:
            print("    Read only: true")
        for limits in [*item.floating_point_range, *item.integer_range][:1]:
            print(f"    Min value: {limits.from_value}\n    Max value: {limits.to_value}")
            if limits.step:
                print(f"    Step: {limits.step}")
        if item.additional_constraints:
            print(f"    Additional constraints: {item.additional_constraints}")


def dump_parameters(arguments: argparse.Namespace) -> None:
    """Prints all of a node's parameters as a YAML file."""
    with direct_node(arguments) as node:
        target = require_node(node, arguments.node_name, arguments.timeout)
        names = _list_names(node, target, [])
        values = _get_values(node, target, names)
    tree: dict[str, Any] = {}
    for name, value in zip(names, values):
        branch = tree
        *parents, leaf = name.split(".")
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = _to_python(value)
    print(yaml.safe_dump({target: {"ros__parameters": tree}}, default_flow_style=False))
