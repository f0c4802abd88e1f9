"""Ways to read a bag that share nothing with the code under test, and little with each other."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Logged(NamedTuple):
    """One message of a bag, in the order of its storage."""

    topic: str
    log_ns: int
    message: Any


def by_mcap(bag: Path) -> Iterator[Logged]:
    """The mcap library and its own ROS 2 decoder, which goes by the schemas in the file alone."""
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory

    with (bag / f"{bag.name}.mcap").open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()], validate_crcs=True)
        for _, channel, message, decoded in reader.iter_decoded_messages():
            assert message.publish_time == message.log_time
            yield Logged(channel.topic, message.log_time, decoded)


def by_sqlite(bag: Path) -> Iterator[Logged]:
    """SQLite itself, and ROS 2's own type support."""
    serialization = pytest.importorskip("rclpy.serialization")
    rows = sqlite3.connect(bag / f"{bag.name}.db3").execute(
        "SELECT t.name, m.timestamp, t.type, m.data FROM messages m JOIN topics t ON t.id = m.topic_id ORDER BY m.id"
    )
    for topic, stamp, kind, data in rows:
        yield Logged(topic, stamp, serialization.deserialize_message(data, _message_type(kind)))


def by_rosbags(bag: Path) -> Iterator[Logged]:
    """The rosbags library, going by the message definitions in the bag."""
    from rosbags.highlevel import AnyReader

    with AnyReader([bag]) as reader:
        for connection, stamp, data in reader.messages():
            yield Logged(connection.topic, stamp, reader.deserialize(data, connection.msgtype))


READINGS: dict[str, tuple[str, Callable[[Path], Iterator[Logged]]]] = {
    "mcap by mcap": ("mcap", by_mcap),
    "mcap by rosbags": ("mcap", by_rosbags),
    "sqlite3 by rclpy": ("sqlite3", by_sqlite),
    "sqlite3 by rosbags": ("sqlite3", by_rosbags),
}


def _message_type(kind: str) -> Any:
    package, _, name = kind.split("/")
    return getattr(importlib.import_module(f"{package}.msg"), name)
