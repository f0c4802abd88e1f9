"""The entry point: finds the command, parses its arguments, and turns what it returns into an exit status."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

COMMANDS = {
    "bag": "Play and inspect bags",
    "launch": "Run a launch file",
    "lifecycle": "Lifecycle of managed nodes",
    "node": "Nodes of the ROS graph",
    "param": "Parameters of nodes",
    "run": "Run an executable of a package",
    "service": "Services of the ROS graph",
    "topic": "Topics of the ROS graph",
}
ELSEWHERE = {
    "action": "ros2action",
    "component": "ros2component",
    "control": "ros2controlcli",
    "daemon": "ros2cli",
    "doctor": "ros2doctor",
    "interface": "ros2interface",
    "multicast": "ros2multicast",
    "pkg": "ros2pkg",
    "security": "sros2",
    "test": "ros2test",
    "wtf": "ros2doctor",
}
"""Upstream's other commands, and the packages that bring them."""


class Parser(argparse.ArgumentParser):
    """Refuses what the overlay does not know in one line that names the real package; exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Prints the line and exits."""
        words = self.prog.split()
        package = f"ros2{words[1]}" if len(words) > 1 else "ros2cli"
        outside = "unrecognized arguments" in message or "invalid choice" in message
        hint = f"; what only ROS 2 has comes with its package '{package}' ({install_hint(package)})" if outside else ""
        print(f"{self.prog}: {' '.join(message.split())}{hint}", file=sys.stderr)
        sys.exit(2)


def install_hint(package: str) -> str:
    """Says how to install a ROS 2 package."""
    return f"apt install ros-jazzy-{package.replace('_', '-')}"


def make_parser(command: str) -> Parser:
    """Makes the parser of one command."""
    module = importlib.import_module(f"ros2cli.{command}_command")
    parser = Parser(prog=f"ros2 {command}", description=COMMANDS[command])
    module.add_arguments(parser)
    return parser


def _print_help() -> None:
    print("usage: ros2 <command> ...\n\nCommands:")
    for command, purpose in COMMANDS.items():
        print(f"  {command:<10} {purpose}")
    print("\n  Call `ros2 <command> -h` for more detailed usage.")


def run(argv: Sequence[str]) -> int | str | None:
    """Runs the command that the arguments name.

    Args:
        argv: the arguments after `ros2`.

    Returns:
        None or 0 on success, another exit status, or a message for standard error.
    """
    if not argv or argv[0] in ("-h", "--help"):
        _print_help()
        return 0
    command, *rest = argv
    if command not in COMMANDS:
        package = ELSEWHERE.get(command, "ros2cli")
        print(
            f"ros2: '{command}' is not part of the ago_ros overlay; install the ROS 2 package '{package}' "
            f"({install_hint(package)})",
            file=sys.stderr,
        )
        return 2
    parser = make_parser(command)
    arguments = parser.parse_args(rest)
    if not hasattr(arguments, "main"):
        parser.print_help()
        return 0
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        return arguments.main(arguments)
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except RuntimeError as error:
        return str(error)


def main() -> int | str | None:
    """Runs `ros2` with the command line's arguments."""
    return run(sys.argv[1:])
