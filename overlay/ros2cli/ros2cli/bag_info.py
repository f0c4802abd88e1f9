"""What `ros2 bag info` prints."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import yaml
from rosbags.rosbag2 import Reader

INDENT = " " * 19
STORAGES = {".mcap": "mcap", ".db3": "sqlite3"}
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def describe_bag(reader: Reader) -> str:
    """Describes an open bag in upstream's format."""
    path = Path(str(reader.path))
    storage, files, distro = _files(reader, path)
    folder = path if path.is_dir() else path.parent
    size = sum((folder / name).stat().st_size for name in files)
    count = reader.message_count
    duration_ns = max(reader.duration - 1, 0) if count else 0
    start_ns = reader.start_time if count else 0
    topics = [
        f"Topic: {item.topic} | Type: {item.msgtype} | Count: {item.msgcount} | "
        f"Serialization Format: {item.ext.serialization_format}"  # type: ignore[union-attr]
        for item in reader.connections
    ]
    return "\n".join(
        [
            "",
            f"Files:             {f'{chr(10)}{INDENT}'.join(files)}",
            f"Bag size:          {_size(size)}",
            f"Storage id:        {storage}",
            f"ROS Distro:        {distro}",
            f"Duration:          {_seconds(duration_ns)}s",
            f"Start:             {_time(start_ns)}",
            f"End:               {_time(start_ns + duration_ns)}",
            f"Messages:          {count}",
            f"Topic information: {f'{chr(10)}{INDENT}'.join(topics)}",
            "Service:           0",
            "Service information: ",
        ]
    )


def _files(reader: Reader, path: Path) -> tuple[str, list[str], str]:
    if not path.is_dir():
        return STORAGES[path.suffix], [path.name], reader.ros_distro or "unknown"
    text = (path / "metadata.yaml").read_text()
    metadata: dict[str, Any] = yaml.safe_load(text)["rosbag2_bagfile_information"]
    files = [Path(name).name for name in metadata["relative_file_paths"]]
    return metadata["storage_identifier"], files, metadata.get("ros_distro") or "unknown"


def _size(count: float) -> str:
    unit = 0
    while count >= 1024 and unit < len(UNITS) - 1:
        count /= 1024
        unit += 1
    return f"{count:.{1 if unit else 0}f} {UNITS[unit]}"


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"


def _time(nanoseconds: int) -> str:
    local = datetime.datetime.fromtimestamp(nanoseconds // 10**9)
    return f"{local:%b %e %Y %H:%M:%S}.{nanoseconds % 10**9:09d} ({_seconds(nanoseconds)})"
