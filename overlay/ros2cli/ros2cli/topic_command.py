"""`ros2 topic`: list, info, echo and hz."""

from __future__ import annotations

import argparse
import functools
from typing import Any

import rclpy
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.expand_topic_name import expand_topic_name
from rclpy.node import Node
from rclpy.qos import QoSPresetProfiles

from .messages import DEFAULT_TRUNCATE_LENGTH, get_interface, message_to_csv, message_to_yaml
from .node import NAMED_TIMEOUT_S, add_node_arguments, direct_node, discovered_graph, is_hidden, wait_for
from .qos import add_qos_arguments, compatible_with_publishers, subscription_qos
from .rate import RateMeter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's verbs."""
    verbs = parser.add_subparsers(metavar="verb")
    _add_list(verbs.add_parser("list", help="list topics"))
    _add_info(verbs.add_parser("info", help="show a topic's publishers and subscriptions"))
    _add_echo(verbs.add_parser("echo", help="print messages"))
    _add_hz(verbs.add_parser("hz", help="print the rate of messages"))


def _add_list(parser: argparse.ArgumentParser) -> None:
    add_node_arguments(parser)
    parser.add_argument("-t", "--show-types", action="store_true", help="show types too")
    parser.add_argument("-c", "--count-topics", action="store_true", help="show only how many there are")
    parser.add_argument("--include-hidden-topics", action="store_true", help="hidden topics too")
    parser.add_argument("-v", "--verbose", action="store_true", help="show types and numbers of endpoints")
    parser.set_defaults(main=list_topics)


def list_topics(arguments: argparse.Namespace) -> None:
    """Lists the topics."""
    with discovered_graph(arguments) as node:
        topics = [
            (name, ", ".join(types))
            for name, types in node.get_topic_names_and_types()
            if arguments.include_hidden_topics or not is_hidden(name)
        ]
        if arguments.count_topics:
            print(len(topics))
        elif arguments.verbose and topics:
            _print_endpoints("Published", "publisher", [(*topic, node.count_publishers(topic[0])) for topic in topics])
            _print_endpoints(
                "Subscribed", "subscriber", [(*topic, node.count_subscribers(topic[0])) for topic in topics]
            )
        else:
            for name, types in topics:
                print(f"{name} [{types}]" if arguments.show_types else name)


def _print_endpoints(title: str, kind: str, topics: list[tuple[str, str, int]]) -> None:
    print(f"{title} topics:")
    for name, types, count in topics:
        if count:
            print(f" * {name} [{types}] {count} {kind}{'s' if count > 1 else ''}")
    print()


def _add_info(parser: argparse.ArgumentParser) -> None:
    add_node_arguments(parser)
    parser.add_argument("topic_name", help="the topic")
    parser.add_argument("-v", "--verbose", action="store_true", help="show every endpoint with its QoS")
    parser.set_defaults(main=show_info)


def show_info(arguments: argparse.Namespace) -> str | None:
    """Shows a topic's type and endpoints."""
    topic = arguments.topic_name
    with discovered_graph(arguments) as node:
        wait_for(node, lambda: topic in dict(node.get_topic_names_and_types()), NAMED_TIMEOUT_S)
        types = dict(node.get_topic_names_and_types()).get(topic)
        if types is None:
            return f"Unknown topic '{topic}'"
        end = "\n\n" if arguments.verbose else "\n"
        print(f"Type: {types[0] if len(types) == 1 else types}", end=end)
        print(f"Publisher count: {node.count_publishers(topic)}", end=end)
        if arguments.verbose:
            for info in node.get_publishers_info_by_topic(topic):
                print(info, end=end)
        print(f"Subscription count: {node.count_subscribers(topic)}", end=end)
        if arguments.verbose:
            for info in node.get_subscriptions_info_by_topic(topic):
                print(info, end=end)
    return None


def _find_type(node: Node, topic: str, timeout_s: float) -> type:
    name = expand_topic_name(topic, node.get_name(), node.get_namespace())
    wait_for(node, lambda: name in dict(node.get_topic_names_and_types()), timeout_s + NAMED_TIMEOUT_S)
    types = dict(node.get_topic_names_and_types()).get(name, [])
    if not types:
        print(f"WARNING: topic [{topic}] does not appear to be published yet")
        raise RuntimeError("Could not determine the type for the passed topic")
    if len(types) > 1:
        raise RuntimeError(f"Cannot echo topic '{topic}', as it contains more than one type: [{', '.join(types)}]")
    return _get_message(types[0])


def _get_message(name: str) -> type:
    try:
        return get_interface(name, "msg")
    except ValueError as error:
        raise RuntimeError(f"The message type '{name}' is invalid: {error}") from error


def _add_echo(parser: argparse.ArgumentParser) -> None:
    add_node_arguments(parser)
    add = parser.add_argument
    add("topic_name", help="the topic")
    add("message_type", nargs="?", help="its type; else the one it is published with")
    add_qos_arguments(parser, "sensor_data")
    add("--csv", action="store_true", help="print the fields separated by commas")
    add("--field", help="print one field, such as pose.position")
    add("-f", "--full-length", action="store_true", help="print all of long arrays and texts")
    add("-l", "--truncate-length", type=int, default=DEFAULT_TRUNCATE_LENGTH, help="cut at (default %(default)s)")
    add("--no-arr", action="store_true", help="do not print arrays")
    add("--no-str", action="store_true", help="do not print texts")
    add("--flow-style", action="store_true", help="print each list in one line")
    add("--no-lost-messages", action="store_true", help="do not tell of lost messages")
    add("--raw", action="store_true", help="print the serialized message")
    add("--filter", dest="filter_expr", help="print the messages m for which the Python expression holds")
    add("--once", action="store_true", help="end after the first message")
    add("--timeout", metavar="N", type=float, help="end after N seconds")
    parser.set_defaults(main=echo)


def echo(arguments: argparse.Namespace) -> str | None:
    """Prints messages until interrupted, or as the options say."""
    fields = [] if arguments.field is None else [part for part in arguments.field.split(".") if part]
    if arguments.field is not None and not fields:
        raise RuntimeError(f"Invalid field value '{arguments.field}'")
    accepts = eval(f"lambda m: {arguments.filter_expr}") if arguments.filter_expr else None
    with direct_node(arguments) as node:
        if arguments.message_type is None:
            message_type = _find_type(node, arguments.topic_name, arguments.spin_time)
        else:
            message_type = _get_message(arguments.message_type)
        wait_for(node, lambda: node.count_publishers(arguments.topic_name) > 0, arguments.spin_time)
        qos = subscription_qos(node, arguments.topic_name, arguments)
        done = rclpy.Future()

        def receive(message: Any) -> None:
            message = functools.reduce(getattr, fields, message)
            if (accepts is None or accepts(message)) and not done.done():
                print(_format(message, arguments))
                if arguments.once:
                    done.set_result(True)

        lost = None if arguments.no_lost_messages else _report_lost
        node.create_subscription(
            message_type,
            arguments.topic_name,
            receive,
            qos,
            event_callbacks=SubscriptionEventCallbacks(message_lost=lost),
            raw=arguments.raw,
        )
        try:
            rclpy.spin_until_future_complete(node, done, timeout_sec=arguments.timeout)
        except AttributeError as error:
            return f"Invalid field '{arguments.field}': {error}"
    return None


def _format(message: Any, arguments: argparse.Namespace) -> str:
    length = None if arguments.full_length else arguments.truncate_length
    limits = {"truncate_length": length, "no_arr": arguments.no_arr, "no_str": arguments.no_str}
    if not hasattr(message, "get_fields_and_field_types"):
        return f"{message}\n---"
    if arguments.csv:
        return message_to_csv(message, **limits)
    return message_to_yaml(message, flow_style=arguments.flow_style, **limits) + "---"


def _report_lost(status: Any) -> None:
    print(
        f"A message was lost!!!\n\ttotal count change:{status.total_count_change}\n\ttotal count: {status.total_count}",
        end="---\n",
    )


def _add_hz(parser: argparse.ArgumentParser) -> None:
    add_node_arguments(parser)
    parser.add_argument("topic_name", help="the topic")
    parser.add_argument("-w", "--window", dest="window_size", type=int, default=10000, help="messages to average over")
    parser.add_argument("--filter", dest="filter_expr", help="count the messages m for which the expression holds")
    parser.add_argument("--wall-time", dest="use_wtime", action="store_true", help="accepted: time is always real time")
    parser.set_defaults(main=measure_rate)


def measure_rate(arguments: argparse.Namespace) -> None:
    """Prints the rate about once a second until interrupted."""
    accepts = eval(f"lambda m: {arguments.filter_expr}") if arguments.filter_expr else None
    with direct_node(arguments) as node:
        name = expand_topic_name(arguments.topic_name, node.get_name(), node.get_namespace())
        if not wait_for(node, lambda: name in dict(node.get_topic_names_and_types()), arguments.spin_time):
            print(f"WARNING: topic [{arguments.topic_name}] does not appear to be published yet")
            wait_for(node, lambda: name in dict(node.get_topic_names_and_types()), float("inf"))
        meter = RateMeter(arguments.window_size)
        message_type = _find_type(node, arguments.topic_name, 0.0)

        def receive(message: Any) -> None:
            if accepts is None or accepts(message):
                meter.add()

        qos = compatible_with_publishers(node, name, QoSPresetProfiles.get_from_short_key("sensor_data"))
        node.create_subscription(message_type, arguments.topic_name, receive, qos, raw=accepts is None)
        while rclpy.ok():
            rclpy.spin_once(node, timeout_sec=0.2)
            report = meter.report()
            if report is not None:
                print(report)
