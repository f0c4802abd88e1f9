"""Reads SensorFrames from a rosbag2, offline. Knows nothing of how our own bags are written."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.rosbag2 import ReaderError
from torch import Tensor

from ago_ros.datasets.bag import types
from ago_ros.datasets.bag.messages import read_camera, read_cloud, read_transform, stamp_of
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.images import decode_image
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.sensors.assembler import FrameAssembler
from ago_ros.sensors.assembler_config import NUSCENES_OFFSETS_NS, AssemblerConfig
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame
from ago_ros.sensors.frame_set import FrameSet


def read_bag_frames(bag: str | Path, config: AssemblerConfig | None = None) -> Iterator[SensorFrame]:
    """Reads the frames of a bag in order of time, grouped by the same `FrameAssembler` that the node runs.

    Ego poses are interpolated from /tf at each datum's own stamp; sensor mounts are chained from /tf_static.

    Args:
        bag: its folder.
        config: names of the sensors (each camera's images are on /NAME/image_rect/compressed, the anchor's clouds on
            /NAME) and how they are grouped. None takes nuScenes' LiDAR, the cameras of nuScenes that the bag has, and
            their offsets.

    Yields:
        One frame for each sweep.

    Raises:
        DatasetError: the bag or a topic is missing, a message is damaged, or a transform is missing.
    """
    path = Path(bag)
    try:
        with AnyReader([path], default_typestore=types.typestore()) as reader:
            yield from _BagFrames(path, reader, config).frames()
    except (AnyReaderError, ReaderError, OSError) as error:
        raise DatasetError(f"{path}: not a rosbag2 that can be read ({error})") from error


class _BagFrames:
    """One reading of an open bag: first all transforms and calibrations, then the data."""

    def __init__(self, path: Path, reader: AnyReader, config: AssemblerConfig | None) -> None:
        self._path = path
        self._reader = reader
        self._config = config or self._nuscenes_config()
        self._poses = _PoseTrack(path)
        self._mounts: dict[str, tuple[str, Tensor]] = {}
        self._infos: dict[str, list[tuple[int, PinholeCamera]]] = {name: [] for name in self._config.cameras}
        self._read_transforms()
        self._read_calibrations()

    def frames(self) -> Iterator[SensorFrame]:
        config = self._config
        sensors = {self._topic(types.cloud_topic(config.anchor), types.CLOUD): config.anchor}
        sensors |= {self._topic(types.image_topic(name), types.IMAGE): name for name in config.cameras}
        ready: list[FrameSet] = []
        assembler = FrameAssembler(config, ready.append)
        last_ns = 0
        for message, sensor in self._messages(sensors):
            last_ns = stamp_of(message.header)
            assembler.add(sensor, last_ns, message)
            while ready:
                yield self._frame(ready.pop(0))
        assembler.poll(last_ns + config.deadline_ns + config.silence_ns + 10**10)
        while ready:
            yield self._frame(ready.pop(0))

    def _nuscenes_config(self) -> AssemblerConfig:
        topics = self._reader.topics
        cameras = tuple(name for name in NUSCENES_OFFSETS_NS if types.image_topic(name) in topics)
        return AssemblerConfig(cameras=cameras, offsets_ns={name: NUSCENES_OFFSETS_NS[name] for name in cameras})

    def _topic(self, topic: str, kind: str) -> str:
        info = self._reader.topics.get(topic)
        if info is None or info.msgtype != kind:
            there = f"it is {info.msgtype}" if info else f"there is {', '.join(sorted(self._reader.topics))}"
            raise DatasetError(f"{self._path}: no topic {topic} of {kind}; {there}")
        return topic

    def _messages(self, sensors: dict[str, str]) -> Iterator[tuple[Any, str]]:
        """Goes through the messages of some topics in order of time, each with what its topic stands for."""
        connections: list[Connection] = [c for c in self._reader.connections if c.topic in sensors]
        for connection, log_ns, data in self._reader.messages(connections):
            try:
                message = self._reader.deserialize(data, connection.msgtype)
            except (AnyReaderError, struct.error, ValueError, IndexError) as error:
                raise DatasetError(f"{self._path}: {connection.topic} logged at {log_ns}: damaged ({error})") from error
            yield message, sensors[connection.topic]

    def _read_transforms(self) -> None:
        topics = {topic: topic for topic in (types.TF_TOPIC, types.TF_STATIC_TOPIC)}
        for topic in topics:
            self._topic(topic, types.TF)
        for message, topic in self._messages(topics):
            for stamped in message.transforms:
                parent, child = stamped.header.frame_id, stamped.child_frame_id
                try:
                    transform = read_transform(stamped.transform)
                except ValueError as error:
                    raise DatasetError(f"{self._path}: {topic} {parent} to {child}: {error}") from error
                if topic == types.TF_STATIC_TOPIC:
                    self._mounts[child] = (parent, transform)
                elif (parent, child) == (types.MAP_FRAME, types.BASE_FRAME):
                    self._poses.add(stamp_of(stamped.header), transform)

    def _read_calibrations(self) -> None:
        topics = {self._topic(types.camera_info_topic(name), types.CAMERA_INFO): name for name in self._infos}
        for message, name in self._messages(topics):
            try:
                self._infos[name].append((stamp_of(message.header), read_camera(message)))
            except ValueError as error:
                raise DatasetError(f"{self._path}: {types.camera_info_topic(name)}: {error}") from error
        for infos in self._infos.values():
            infos.sort(key=lambda info: info[0])

    def _frame(self, group: FrameSet) -> SensorFrame:
        images = {name: datum for name, datum in group.data.items() if name != self._config.anchor}
        return SensorFrame(
            lidar=self._sweep(group.stamp_ns, group.data[self._config.anchor].payload),
            cameras={name: self._image(name, datum.stamp_ns, datum.payload) for name, datum in images.items()},
            missing=group.missing,
        )

    def _sweep(self, stamp_ns: int, message: Any) -> LidarSweep:
        try:
            points, intensity, ring = read_cloud(message)
        except (ValueError, KeyError) as error:
            raise DatasetError(f"{self._path}: cloud stamped {stamp_ns} is damaged ({error})") from error
        mount = self._mount(message.header.frame_id)
        return LidarSweep(stamp_ns, points, mount, self._poses.at(stamp_ns), intensity, ring)

    def _image(self, name: str, stamp_ns: int, message: Any) -> CameraImage:
        source = f"{self._path}: {types.image_topic(name)} stamped {stamp_ns}"
        image = decode_image(message.data.tobytes(), source)
        infos = self._infos[name]
        latest = bisect_right(infos, stamp_ns, key=lambda info: info[0]) - 1
        if latest < 0:
            raise DatasetError(f"{source}: no CameraInfo comes before it")
        camera = infos[latest][1]
        if image.shape[:2] != (camera.height, camera.width):
            size = f"{image.shape[1]} x {image.shape[0]}"
            raise DatasetError(f"{source}: it is {size}, its CameraInfo says {camera.width} x {camera.height}")
        return CameraImage(stamp_ns, image, camera, self._mount(message.header.frame_id), self._poses.at(stamp_ns))

    def _mount(self, frame: str) -> Tensor:
        """Chains static transforms from a sensor's frame up to the ego frame."""
        ego_from_sensor, at, seen = se3.identity(), frame, {frame}
        while at != types.BASE_FRAME:
            if at not in self._mounts or self._mounts[at][0] in seen:
                raise DatasetError(f"{self._path}: /tf_static does not lead from {frame} to {types.BASE_FRAME}")
            at, parent_from_child = self._mounts[at]
            ego_from_sensor = parent_from_child @ ego_from_sensor
            seen.add(at)
        return ego_from_sensor


class _PoseTrack:
    """Ego poses over time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._poses: dict[int, Tensor] = {}
        self._stamps: list[int] = []

    def add(self, stamp_ns: int, map_from_ego: Tensor) -> None:
        self._poses[stamp_ns] = map_from_ego
        self._stamps.clear()

    def at(self, stamp_ns: int) -> Tensor:
        """Returns map_from_ego: the pose with that stamp, or between the two around it."""
        if stamp_ns in self._poses:
            return self._poses[stamp_ns]
        if not self._stamps:
            self._stamps = sorted(self._poses)
        after = bisect_right(self._stamps, stamp_ns)
        if after in (0, len(self._stamps)):
            raise DatasetError(
                f"{self._path}: /tf has no {types.MAP_FRAME} to {types.BASE_FRAME} around the stamp {stamp_ns}"
            )
        before_ns, after_ns = self._stamps[after - 1], self._stamps[after]
        fraction = (stamp_ns - before_ns) / (after_ns - before_ns)
        return se3.interpolate(self._poses[before_ns], self._poses[after_ns], fraction)
