"""`ros2 bag`: play and info."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import yaml
from rosbags.rosbag2 import Reader, ReaderError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's verbs."""
    verbs = parser.add_subparsers(metavar="verb")
    _add_play(verbs.add_parser("play", help="publish what a bag holds"))
    info = verbs.add_parser("info", help="show what a bag holds")
    _add_bag(info)
    info.add_argument("-t", "--topic-name", action="store_true", help="show only the topics' names")
    info.set_defaults(main=show_info)


def _add_bag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bag_path", help="the bag's folder, or an .mcap or .db3 file")
    parser.add_argument("-s", "--storage", choices=["mcap", "sqlite3"], help="accepted: the bag itself tells")


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return value


def _add_play(parser: argparse.ArgumentParser) -> None:
    _add_bag(parser)
    add = parser.add_argument
    add("--read-ahead-queue-size", type=int, default=1000, help="messages to read ahead (default %(default)s)")
    add("-r", "--rate", type=_positive, default=1.0, help="speed (default %(default)s)")
    add("--topics", nargs="+", default=[], metavar="topic", help="play only these topics")
    add("-e", "--regex", default="", help="play only topics that the regular expression matches")
    add("--exclude-topics", nargs="+", default=[], metavar="topic", help="topics not to play")
    add("-x", "--exclude-regex", default="", help="topics not to play, by regular expression")
    add("--qos-profile-overrides-path", metavar="FILE", help="YAML file with QoS profiles for topics")
    add("-l", "--loop", action="store_true", help="begin again at the end")
    add("-m", "--remap", nargs="+", default=[], metavar="old:=new", help="rename topics")
    add("--clock", type=_positive, nargs="?", const=40.0, metavar="HZ", help="publish /clock (40 Hz unless given)")
    add("-d", "--delay", type=_not_negative, default=0.0, help="seconds to wait before playing, in every loop")
    add("--start-offset", type=_not_negative, default=0.0, help="seconds of the bag to skip")
    add("--playback-duration", type=float, default=-1.0, help="seconds of the bag to play; negative: all")
    add("--wait-for-all-acked", type=int, default=1000, metavar="MS", help="time for the last messages to arrive")
    add("--disable-keyboard-controls", action="store_true", help="accepted: there are none here")
    add("--disable-loan-message", action="store_true", help="accepted: messages are not loaned here")
    parser.set_defaults(main=play)


def play(arguments: argparse.Namespace) -> int | None:
    """Plays a bag."""
    from .player import PlayOptions, play_bag

    options = PlayOptions(
        rate=arguments.rate,
        loop=arguments.loop,
        clock_hz=arguments.clock,
        delay_s=arguments.delay,
        start_offset_s=arguments.start_offset,
        duration_s=arguments.playback_duration if arguments.playback_duration > 0 else None,
        remappings=tuple(arguments.remap),
        read_ahead=arguments.read_ahead_queue_size,
        drain_ms=arguments.wait_for_all_acked,
        qos_overrides=_read_overrides(arguments.qos_profile_overrides_path),
        is_wanted=lambda topic: _is_wanted(topic, arguments),
    )
    with _open(arguments.bag_path) as reader:
        return play_bag(reader, options)


def _read_overrides(path: str | None) -> Mapping[str, Mapping]:
    if path is None:
        return {}
    try:
        overrides = yaml.safe_load(Path(path).read_text())
    except (OSError, yaml.YAMLError) as error:
        raise RuntimeError(f"[ERROR] [ros2bag]: cannot read the QoS overrides: {error}") from error
    if not isinstance(overrides, Mapping):
        raise RuntimeError(f"[ERROR] [ros2bag]: '{path}' holds no QoS profiles by topic")
    return overrides


def _is_wanted(topic: str, arguments: argparse.Namespace) -> bool:
    if topic == "/clock" and arguments.clock:
        return False
    if topic in _absolute(arguments.exclude_topics):
        return False
    if arguments.exclude_regex and re.search(arguments.exclude_regex, topic):
        return False
    if not arguments.topics and not arguments.regex:
        return True
    return topic in _absolute(arguments.topics) or bool(arguments.regex and re.search(arguments.regex, topic))


def _absolute(topics: list[str]) -> list[str]:
    return [topic if topic.startswith("/") else f"/{topic}" for topic in topics]


@contextmanager
def _open(path: str) -> Iterator[Reader]:
    try:
        reader = Reader(path)
        reader.open()
    except (ReaderError, OSError) as error:
        raise RuntimeError(f"[ERROR] [ros2bag]: cannot open bag '{path}': {error}") from error
    with closing(reader):
        yield reader


def show_info(arguments: argparse.Namespace) -> None:
    """Shows a bag's files, time and topics."""
    from .bag_info import describe_bag

    with _open(arguments.bag_path) as reader:
        if arguments.topic_name:
            for connection in reader.connections:
                print(connection.topic)
        else:
            print(describe_bag(reader))
