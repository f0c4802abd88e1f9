"""`ros2 launch`: runs a launch file, shows its arguments, or prints what it describes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import AnyLaunchDescriptionSource, get_launch_description_from_any_launch_file

from launch import InvalidLaunchFileError, LaunchDescription, LaunchIntrospector, LaunchService


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.usage = "ros2 launch [options] (PACKAGE FILE | PATH) [name:=value ...]"
    add = parser.add_argument
    add("-n", "--noninteractive", action="store_true", default=not sys.stdin.isatty(), help="no terminal behind it")
    add("-d", "--debug", action="store_true", help="log debug messages")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "-p",
        "--print",
        "--print-description",
        action="store_true",
        help="print the launch description only",
    )
    what.add_argument(
        "-s", "--show-args", "--show-arguments", action="store_true", help="show the launch file's arguments"
    )
    add("-a", "--show-all-subprocesses-output", action="store_true", help="output of all processes to screen and log")
    add("--launch-prefix", help="command to put before every executable")
    add("--launch-prefix-filter", help="regular expression for the executables that get the prefix")
    add("package_name", help="package that contains the launch file, or path of a launch file")
    add("launch_file_name", nargs="?", help="name of the launch file")
    add("launch_arguments", nargs="*", help="arguments of the launch file, name:=value; the last counts")
    parser.set_defaults(main=main)


def main(arguments: argparse.Namespace) -> int | None:
    """Runs the command."""
    path, launch_arguments = _find(arguments)
    if arguments.launch_prefix is None and arguments.launch_prefix_filter is not None:
        raise RuntimeError("--launch-prefix must be specified if --launch-prefix-filter is provided")
    for name in ("launch-prefix", "launch-prefix-filter"):
        value = getattr(arguments, name.replace("-", "_"))
        if value:
            launch_arguments.append(f"{name}:={value}")
    if arguments.show_all_subprocesses_output:
        os.environ["OVERRIDE_LAUNCH_PROCESS_OUTPUT"] = "both"
    if arguments.print or arguments.show_args:
        description = _load(path)
        if arguments.print:
            print(LaunchIntrospector().format_launch_description(description))
        else:
            _print_arguments(description)
        return None
    return _launch(path, launch_arguments, arguments)


def _find(arguments: argparse.Namespace) -> tuple[str, list[str]]:
    given = list(arguments.launch_arguments)
    if Path(arguments.package_name).is_file():
        first = [] if arguments.launch_file_name is None else [arguments.launch_file_name]
        return arguments.package_name, first + given
    try:
        share = get_package_share_directory(arguments.package_name)
    except (PackageNotFoundError, ValueError) as error:
        raise RuntimeError(f"Package '{arguments.package_name}' not found: {error}") from error
    name = arguments.launch_file_name
    if name is None:
        raise RuntimeError(f"No launch file of package '{arguments.package_name}' is named")
    found = [str(Path(folder, name)) for folder, _, files in os.walk(share, followlinks=True) if name in files]
    if not found:
        raise RuntimeError(
            f"file '{name}' was not found in the share directory of package '{arguments.package_name}' "
            f"which is at '{share}'"
        )
    if len(found) > 1:
        raise RuntimeError(
            f"file '{name}' was found more than once in the share directory of package "
            f"'{arguments.package_name}': {found}"
        )
    return found[0], given


def _load(path: str) -> LaunchDescription:
    try:
        return get_launch_description_from_any_launch_file(path)
    except InvalidLaunchFileError as error:
        raise RuntimeError(str(error)) from error


def _print_arguments(description: LaunchDescription) -> None:
    print("Arguments (pass arguments as '<name>:=<value>'):")
    arguments = description.get_launch_arguments()
    for argument in arguments:
        mark = "*" if argument._conditionally_included else ""
        print(f"\n    '{argument.name}':{mark}\n        {argument.description}")
        if argument.default_value is not None:
            print(f"        (default: {' + '.join(part.describe() for part in argument.default_value)})")
    if any(argument._conditionally_included for argument in arguments):
        print("\n* argument(s) which are only used if specific conditions occur")
    if not arguments:
        print("\n  No arguments.")


def parse_launch_arguments(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Splits name:=value pairs; the last of a name counts.

    Raises:
        RuntimeError: an argument is not such a pair.
    """
    parsed = {}
    for argument in arguments:
        name, separator, value = argument.partition(":=")
        if not (name and separator and value):
            raise RuntimeError(f"malformed launch argument '{argument}', expected format '<name>:=<value>'")
        parsed[name] = value
    return list(parsed.items())


def _launch(path: str, launch_arguments: list[str], arguments: argparse.Namespace) -> int:
    pairs = parse_launch_arguments(launch_arguments)
    service = LaunchService(argv=launch_arguments, noninteractive=arguments.noninteractive, debug=arguments.debug)
    include = IncludeLaunchDescription(AnyLaunchDescriptionSource(path), launch_arguments=pairs)
    service.include_launch_description(LaunchDescription([include]))
    return service.run()
