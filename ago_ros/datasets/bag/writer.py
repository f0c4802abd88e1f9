"""Writes a nuScenes scene as a rosbag2."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from ago_ros.datasets.bag import types
from ago_ros.datasets.bag.messages import make_boxes, make_camera_info, make_cloud, make_image, make_transforms
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.images import inspect_image
from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import Sample, SensorRecord, read_file, read_sweep

Storage = Literal["mcap", "sqlite3"]
Compression = Literal["none", "zstd"]
Progress = Callable[[int, int], None]

_METADATA_VERSION: Literal[9] = 9  # what rosbag2 of ROS 2 Jazzy writes
_STORAGE = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}


@dataclass(frozen=True)
class _Timeline:
    """A scene's data in order of time, and how far the copies of it are shifted."""

    records: list[SensorRecord]
    samples: list[Sample]
    shifts_ns: list[int]

    @property
    def start_ns(self) -> int:
        return min(record.stamp_ns for record in self.records)

    def __len__(self) -> int:
        return len(self.shifts_ns) * (len(self.records) + len(self.samples))

    def __iter__(self) -> Iterator[tuple[int, SensorRecord | Sample]]:
        """Goes through the stamps as written, and what is to be written at each; a keyframe after its data."""
        data: list[SensorRecord | Sample] = [*self.records, *self.samples]
        data.sort(key=lambda datum: datum.stamp_ns)
        for shift_ns in self.shifts_ns:
            for datum in data:
                yield datum.stamp_ns + shift_ns, datum


def write_nuscenes_bag(
    reader: NuScenesReader,
    scene: str,
    out: str | Path,
    *,
    storage: Storage = "mcap",
    compression: Compression = "none",
    sweeps: bool = True,
    repeat: int = 1,
    period_s: float = 0.1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Writes one scene.

    Every message bears the stamp of its datum, and is logged at that stamp: compressed images as they lie on disk,
    with a CameraInfo of the same stamp; clouds; on /tf the ego pose (map to base_link) of every datum, ahead of it; on
    /tf_static, first and latched, where the sensors sit; on /ground_truth/boxes the annotations of each keyframe, in
    the map frame, with the category as class and the instance as id. The bag appears at `out` when it is whole.

    Args:
        reader: the nuScenes root.
        scene: name of the scene.
        out: folder of the bag.
        storage: plugin that stores it.
        compression: zstd compresses the chunks of an mcap.
        sweeps: with the data between keyframes.
        repeat: writes the scene this many times over, with stamps shifted on, so that a short scene makes a long bag.
            Ego poses repeat with it: the car is back at its start each time. The bag's custom data say so.
        period_s: from the last sweep of one time to the first of the next, seconds.
        overwrite: replaces a bag that is there.
        progress: is told the number of data written and the number of all.

    Returns:
        Number of messages by topic.

    Raises:
        DatasetError: the scene is unknown, a file is missing or damaged, or `out` is there.
        ValueError: an option is out of range.
    """
    if storage not in _STORAGE:
        raise ValueError(f"storage must be mcap or sqlite3, got {storage!r}")
    if compression not in ("none", "zstd") or (compression == "zstd" and storage == "sqlite3"):
        raise ValueError(f"compression must be none, or zstd with mcap; got {compression!r} for {storage}")
    timeline = _timeline(reader, scene, sweeps, repeat, period_s)
    out = Path(out)
    _check_target(out, overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as folder:
        partial = Path(folder) / out.name
        writer = Writer(partial, version=_METADATA_VERSION, storage_plugin=_STORAGE[storage])
        if compression == "zstd":
            writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        writer.set_custom_data("source", f"nuScenes {reader.version} {scene}")
        writer.set_custom_data("repeat", str(repeat))
        with writer:
            counts = _BagStream(writer, reader).write(timeline, progress)
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    return counts


def _timeline(reader: NuScenesReader, scene: str, sweeps: bool, repeat: int, period_s: float) -> _Timeline:
    if repeat < 1:
        raise ValueError(f"repeat must be at least 1, got {repeat}")
    records = reader.records(scene, sweeps=sweeps)
    stamps = [record.stamp_ns for record in records]
    turns = [record.stamp_ns for record in records if record.sensor == LIDAR]
    if not turns:
        raise DatasetError(f"{reader.root}: {scene} has no LIDAR_TOP data; take another scene")
    cycle_ns = turns[-1] - turns[0] + round(period_s * 1e9)
    span_ns = stamps[-1] - stamps[0]
    if repeat > 1 and cycle_ns <= span_ns:
        needed = (span_ns - turns[-1] + turns[0]) * 1e-9
        raise ValueError(f"period must be more than {needed:.4f} s, or the repeated scenes overlap; got {period_s} s")
    return _Timeline(records, reader.samples(scene), [k * cycle_ns for k in range(repeat)])


def _check_target(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    if not overwrite:
        raise DatasetError(f"{out}: exists already; choose another name or overwrite it (--overwrite)")
    if not (out / "metadata.yaml").is_file():
        raise DatasetError(f"{out}: is no bag (it has no metadata.yaml), so it is not overwritten; choose another name")


class _BagStream:
    """The open bag: its connections, and how each kind of datum is written."""

    def __init__(self, writer: Writer, reader: NuScenesReader) -> None:
        self._writer = writer
        self._reader = reader
        self._connections: dict[str, Connection] = {}
        self._counts: Counter[str] = Counter()
        self._posed_ns: int | None = None

    def write(self, timeline: _Timeline, progress: Progress | None) -> dict[str, int]:
        mounts = {record.sensor: record.ego_from_sensor for record in timeline.records}
        static = make_transforms(timeline.start_ns, types.BASE_FRAME, mounts)
        self._put(types.TF_STATIC_TOPIC, static, types.TF, timeline.start_ns, depth=1, latched=True)
        for done, (stamp_ns, datum) in enumerate(timeline):
            if isinstance(datum, Sample):
                self._write_boxes(datum, stamp_ns)
            else:
                self._write_datum(datum, stamp_ns)
            if progress is not None:
                progress(done + 1, len(timeline))
        return dict(self._counts)

    def _write_datum(self, record: SensorRecord, stamp_ns: int) -> None:
        if stamp_ns != self._posed_ns:
            pose = make_transforms(stamp_ns, types.MAP_FRAME, {types.BASE_FRAME: record.map_from_ego})
            self._put(types.TF_TOPIC, pose, types.TF, stamp_ns, depth=100)
            self._posed_ns = stamp_ns
        if record.camera is None:
            cloud = make_cloud(stamp_ns, record.sensor, read_sweep(record))
            self._put(types.cloud_topic(record.sensor), cloud, types.CLOUD, stamp_ns)
            return
        data = read_file(record.path)
        kind, width, height = inspect_image(data, record.path)
        record.check_size(width, height)
        info = make_camera_info(stamp_ns, record.sensor, record.camera)
        self._put(types.camera_info_topic(record.sensor), info, types.CAMERA_INFO, stamp_ns)
        image = make_image(stamp_ns, record.sensor, data, kind)
        self._put(types.image_topic(record.sensor), image, types.IMAGE, stamp_ns)

    def _write_boxes(self, sample: Sample, stamp_ns: int) -> None:
        boxes = make_boxes(stamp_ns, types.MAP_FRAME, self._reader.annotations(sample.token))
        self._put(types.BOXES_TOPIC, boxes, types.DETECTIONS, stamp_ns)

    def _put(
        self, topic: str, message: Any, kind: str, stamp_ns: int, *, depth: int = 10, latched: bool = False
    ) -> None:
        store = types.typestore()
        if topic not in self._connections:
            qos = [types.reliable_qos(depth, latched=latched)]
            self._connections[topic] = self._writer.add_connection(
                topic, kind, typestore=store, offered_qos_profiles=qos
            )
        self._writer.write(self._connections[topic], stamp_ns, store.serialize_cdr(message, kind))
        self._counts[topic] += 1
