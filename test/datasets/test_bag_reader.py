"""SensorFrames from bags: of our own, against the nuScenes reader, and of another hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation, Slerp

from ago_ros.datasets.bag import read_bag_frames, write_nuscenes_bag
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.sensors.assembler_config import AssemblerConfig
from ago_ros.sensors.frame import SensorFrame

SECOND = 1_000_000_000
SIDES = ("front", "front_left", "front_right", "back", "back_left", "back_right")


def assert_same(frame: SensorFrame, expected: SensorFrame) -> None:
    assert frame.stamp_ns == expected.stamp_ns and frame.missing == expected.missing
    assert frame.cameras.keys() == expected.cameras.keys()
    for name in ("points", "intensity", "ring"):
        assert torch.equal(getattr(frame.lidar, name), getattr(expected.lidar, name))
    pairs = [(frame.lidar.ego_from_lidar, expected.lidar.ego_from_lidar)]
    pairs.append((frame.lidar.map_from_ego, expected.lidar.map_from_ego))
    for name, image in frame.cameras.items():
        other = expected.cameras[name]
        assert image.stamp_ns == other.stamp_ns and torch.equal(image.image, other.image)
        assert torch.equal(image.camera.intrinsics, other.camera.intrinsics)
        pairs += [(image.ego_from_camera, other.ego_from_camera), (image.map_from_ego, other.map_from_ego)]
    for pose, told in pairs:
        torch.testing.assert_close(pose, told, rtol=0, atol=1e-11)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_keyframes_come_back_whole(tiny_nuscenes: Path, tmp_path: Path, storage: str) -> None:
    reader = NuScenesReader(tiny_nuscenes)
    write_nuscenes_bag(reader, "scene-0001", tmp_path / "bag", storage=storage)
    frames = {frame.stamp_ns: frame for frame in read_bag_frames(tmp_path / "bag")}
    sweeps = [r.stamp_ns for r in reader.records("scene-0001") if r.sensor == "lidar_top"]
    assert list(frames) == sweeps
    for sample in reader.samples("scene-0001"):
        assert_same(frames[sample.stamp_ns], reader.frame(sample.token))
    # twelve images a second to twenty sweeps: six of ten sweeps have all, the others none
    assert [len(frame.cameras) for frame in frames.values()] == [
        6 if k % 10 in (0, 2, 4, 5, 7, 9) else 0 for k in range(21)
    ]
    assert all(frame.missing == {f"cam_{side}" for side in SIDES} - frame.cameras.keys() for frame in frames.values())


def test_real_keyframes_come_back_whole(nuscenes_root: Path, tmp_path: Path) -> None:
    reader = NuScenesReader(nuscenes_root)
    for scene in reader.scenes:
        bag = tmp_path / scene.name
        write_nuscenes_bag(reader, scene.name, bag, repeat=2)
        first, second = read_bag_frames(bag)
        assert_same(first, reader.frame(reader.samples(scene.name)[0].token))
        assert second.stamp_ns == first.stamp_ns + SECOND // 10 and len(second.cameras) == 6
        assert torch.equal(second.lidar.points, first.lidar.points)


class ForeignBag:
    """A bag as another robot would make it: two-hop mounts, poses at 10 Hz, a padded big cloud, PNG images."""

    def __init__(self, path: Path) -> None:
        self.store = get_typestore(Stores.ROS2_JAZZY)
        self.writer = Writer(path, version=9, storage_plugin=StoragePlugin.SQLITE3)
        self.writer.open()
        self.connections: dict[str, Any] = {}

    def make(self, kind: str, *values: Any) -> Any:
        return self.store.types[kind](*values)

    def header(self, stamp_ns: int, frame: str) -> Any:
        time = self.make("builtin_interfaces/msg/Time", stamp_ns // SECOND, stamp_ns % SECOND)
        return self.make("std_msgs/msg/Header", time, frame)

    def put(self, topic: str, stamp_ns: int, message: Any) -> None:
        kind = message.__msgtype__
        if topic not in self.connections:
            self.connections[topic] = self.writer.add_connection(topic, kind, typestore=self.store)
        self.writer.write(self.connections[topic], stamp_ns, self.store.serialize_cdr(message, kind))

    def transform(self, topic: str, stamp_ns: int, parent: str, child: str, turn: Rotation, place: list[float]) -> None:
        q = self.make("geometry_msgs/msg/Quaternion", *turn.as_quat().tolist())
        t = self.make("geometry_msgs/msg/Transform", self.make("geometry_msgs/msg/Vector3", *place), q)
        stamped = self.make("geometry_msgs/msg/TransformStamped", self.header(stamp_ns, parent), child, t)
        self.put(topic, stamp_ns, self.make("tf2_msgs/msg/TFMessage", [stamped]))

    def info(self, stamp_ns: int, width: int = 20, focal: float = 15.0) -> None:
        k = np.array([focal, 0, 10, 0, focal, 6, 0, 0, 1.0])
        roi = self.make("sensor_msgs/msg/RegionOfInterest", 0, 0, 0, 0, False)
        header = self.header(stamp_ns, "camera")
        values = (12, width, "plumb_bob", np.zeros(5), k, np.eye(3).ravel(), np.zeros(12), 0, 0, roi)
        self.put("/cam/camera_info", stamp_ns, self.make("sensor_msgs/msg/CameraInfo", header, *values))

    def image(self, stamp_ns: int, pixels: np.ndarray) -> None:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, format="PNG")
        data = np.frombuffer(file.getvalue(), np.uint8)
        message = self.make(
            "sensor_msgs/msg/CompressedImage", self.header(stamp_ns, "camera"), "rgb8; png compressed", data
        )
        self.put("/cam/image_rect/compressed", stamp_ns, message)

    def cloud(self, stamp_ns: int, points: np.ndarray) -> None:
        rows = np.zeros(len(points), dtype=np.dtype([("pad", ">f8"), ("z", ">f8"), ("y", ">f8"), ("x", ">f8")]))
        rows["x"], rows["y"], rows["z"] = points.T
        fields = [self.make("sensor_msgs/msg/PointField", n, 8 * (i + 1), 8, 1) for i, n in enumerate("zyx")]
        data = np.concatenate([rows.view(np.uint8).reshape(2, -1), np.full((2, 5), 7, np.uint8)], axis=1).ravel()
        width, step = len(points) // 2, rows.itemsize
        header = self.header(stamp_ns, "scanner")
        values = (2, width, fields, True, step, step * width + 5, data, False)
        self.put("/scan", stamp_ns, self.make("sensor_msgs/msg/PointCloud2", header, *values))


START = 50 * SECOND
CONFIG = AssemblerConfig(anchor="scan", cameras=("cam",), offsets_ns={"cam": -30_000_000})
PIXELS = np.random.default_rng(1).integers(0, 255, (12, 20, 3)).astype(np.uint8)
POINTS = np.random.default_rng(2).normal(0, 10, (40, 3))
TURNS = Rotation.from_euler("zyx", [[0.1 * k, 0.02 * k, -0.03 * k] for k in range(5)])


def write_foreign(path: Path, change: Callable[[ForeignBag], None] = lambda bag: None, skip: str = "") -> None:
    bag = ForeignBag(path)
    if skip != "mount":
        bag.transform("/tf_static", START, "base_link", "mast", Rotation.from_euler("z", 0.5), [1.0, 0.0, 2.0])
    bag.transform("/tf_static", START, "mast", "camera", Rotation.from_euler("x", -1.5), [0.1, 0.2, 0.3])
    bag.transform("/tf_static", START, "mast", "scanner", Rotation.from_euler("y", 0.1), [0.0, 0.0, 0.5])
    for k in range(5 if skip != "pose" else 1):
        bag.transform("/tf", START + k * SECOND // 10, "map", "base_link", TURNS[k], [1.0 * k, 2.0, -0.5 * k])
        bag.transform("/tf", START + k * SECOND // 10, "base_link", "wheel", TURNS[k], [0.0, 0.0, 0.0])
    if skip != "info":
        bag.info(START + 10)
    bag.image(START + 137_000_000, PIXELS)
    points = POINTS.copy()
    points[5, 2] = np.nan
    bag.cloud(START + 167_000_000, points)
    change(bag)
    bag.writer.close()


def test_a_foreign_bag(tmp_path: Path) -> None:
    write_foreign(tmp_path / "bag")
    (frame,) = read_bag_frames(tmp_path / "bag", CONFIG)
    assert frame.stamp_ns == START + 167_000_000 and frame.lidar.ring is None and frame.lidar.intensity is None
    np.testing.assert_array_equal(frame.lidar.points.numpy(), np.delete(POINTS, 5, axis=0).astype(np.float32))
    image = frame.cameras["cam"]
    np.testing.assert_array_equal(image.image.numpy(), PIXELS)
    assert image.camera.intrinsics[0, 0] == 15.0 and (image.camera.width, image.camera.height) == (20, 12)
    slerp = Slerp(np.arange(5) * 0.1, TURNS)
    for pose, seconds in ((frame.lidar.map_from_ego, 0.167), (image.map_from_ego, 0.137)):
        np.testing.assert_allclose(pose[:3, :3].numpy(), slerp(seconds).as_matrix(), atol=1e-9)
        np.testing.assert_allclose(pose[:3, 3].numpy(), [10 * seconds, 2.0, -5 * seconds], atol=1e-9)
    mast = Rotation.from_euler("z", 0.5)
    np.testing.assert_allclose(
        image.ego_from_camera[:3, :3].numpy(), (mast * Rotation.from_euler("x", -1.5)).as_matrix(), atol=1e-12
    )
    np.testing.assert_allclose(image.ego_from_camera[:3, 3].numpy(), mast.apply([0.1, 0.2, 0.3]) + np.array([1, 0, 2]))


def test_latest_camera_info_counts(tmp_path: Path) -> None:
    def zoom(bag: ForeignBag) -> None:
        bag.info(START + 100_000_000, focal=18.0)
        bag.info(START + 150_000_000, focal=99.0)  # after the image

    write_foreign(tmp_path / "bag", zoom)
    (frame,) = read_bag_frames(tmp_path / "bag", CONFIG)
    assert frame.cameras["cam"].camera.intrinsics[0, 0] == 18.0


def damaged_image(bag: ForeignBag) -> None:
    bag.cloud(START + 267_000_000, POINTS)
    data = np.frombuffer(b"\x89PNG\r\n\x1a\n damaged", np.uint8)
    header = bag.header(START + 237_000_000, "camera")
    message = bag.make("sensor_msgs/msg/CompressedImage", header, "png", data)
    bag.put("/cam/image_rect/compressed", START + 237_000_000, message)


def short_cloud(bag: ForeignBag) -> None:
    header = bag.header(START + 267_000_000, "scanner")
    fields = [bag.make("sensor_msgs/msg/PointField", n, 4 * i, 7, 1) for i, n in enumerate("xyz")]
    values = (1, 100, fields, False, 12, 1200, np.zeros(500, np.uint8), True)
    bag.put("/scan", START + 267_000_000, bag.make("sensor_msgs/msg/PointCloud2", header, *values))


def cut_off_message(bag: ForeignBag) -> None:
    bag.writer.write(bag.connections["/scan"], START + 267_000_000, bytes(20))


@pytest.mark.parametrize(
    ("named", "change", "skip"),
    [
        ("/scan logged at 50267000000: damaged", cut_off_message, ""),
        ("/cam/image_rect/compressed stamped 50237000000: the image is damaged", damaged_image, ""),
        ("cloud stamped 50267000000 is damaged", short_cloud, ""),
        ("/tf_static does not lead from", None, "mount"),
        ("/tf has no map to base_link around the stamp", None, "pose"),
        ("no topic /cam/camera_info", None, "info"),
        ("it is 20 x 12, its CameraInfo says 30 x 12", lambda bag: bag.info(START + 120_000_000, width=30), ""),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, named: str, change: Callable[[ForeignBag], None] | None, skip: str
) -> None:
    write_foreign(tmp_path / "bag", change or (lambda bag: None), skip)
    with pytest.raises(DatasetError) as error:
        list(read_bag_frames(tmp_path / "bag", CONFIG))
    assert named in str(error.value) and str(tmp_path / "bag") in str(error.value)


def test_bags_that_are_none(tmp_path: Path, tiny_nuscenes: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        list(read_bag_frames(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="empty"):
        list(read_bag_frames(tmp_path / "empty"))
    write_nuscenes_bag(NuScenesReader(tiny_nuscenes), "scene-0002", tmp_path / "bag")
    with pytest.raises(DatasetError, match=r"no topic /cam/camera_info of sensor_msgs.*/lidar_top"):
        list(read_bag_frames(tmp_path / "bag", CONFIG))
    file = tmp_path / "bag" / "bag.mcap"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(DatasetError, match="bag"):
        list(read_bag_frames(tmp_path / "bag"))
