"""Bags of nuScenes scenes: what is in them, told by other readers, against the JSON tables."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from bag_readings import READINGS, Logged, by_mcap
from mcap.reader import make_reader
from rosbags.rosbag2 import Reader
from scipy.spatial.transform import Rotation

from ago_ros.datasets.bag import write_nuscenes_bag
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader

SCENES = {"tiny": "scene-0001", "real": "scene-0061"}


class Source:
    """A nuScenes root as JSON rows, read here once more."""

    def __init__(self, root: Path, scene: str) -> None:
        self.root, self.scene = root, scene
        folder = next(root.glob("v1.0-*"))
        self.tables = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
        self.by = {name: {row["token"]: row for row in rows} for name, rows in self.tables.items()}
        token = next(row["token"] for row in self.tables["scene"] if row["name"] == scene)
        self.samples = {row["token"]: row for row in self.tables["sample"] if row["scene_token"] == token}
        self.data: dict[str, dict[int, dict]] = defaultdict(dict)
        for row in self.tables["sample_data"]:
            sensor = self.by["sensor"][self.mount(row)["sensor_token"]]["channel"].lower()
            if row["sample_token"] in self.samples and not sensor.startswith("radar"):
                self.data[sensor][row["timestamp"] * 1000] = row

    def mount(self, row: dict) -> dict:
        return self.by["calibrated_sensor"][row["calibrated_sensor_token"]]

    def pose(self, row: dict) -> dict:
        return self.by["ego_pose"][row["ego_pose_token"]]

    def keyframe(self, sensor: str, sample_token: str) -> dict:
        rows = self.data[sensor].values()
        return next(row for row in rows if row["is_key_frame"] and row["sample_token"] == sample_token)

    def bytes(self, row: dict) -> bytes:
        return (self.root / row["filename"]).read_bytes()


def matrix(row: dict) -> np.ndarray:
    out = np.eye(4)
    out[:3, :3] = Rotation.from_quat(np.roll(row["rotation"], -1)).as_matrix()
    out[:3, 3] = row["translation"]
    return out


def transform(t: Any) -> np.ndarray:
    out = np.eye(4)
    out[:3, :3] = Rotation.from_quat([t.rotation.x, t.rotation.y, t.rotation.z, t.rotation.w]).as_matrix()
    out[:3, 3] = [t.translation.x, t.translation.y, t.translation.z]
    return out


def stamp(message: Any) -> int:
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


@pytest.fixture(scope="module", params=SCENES)
def source(request: pytest.FixtureRequest) -> Source:
    root = request.getfixturevalue("tiny_nuscenes" if request.param == "tiny" else "nuscenes_root")
    return Source(root, SCENES[request.param])


@pytest.fixture(scope="module", params=READINGS)
def logged(request: pytest.FixtureRequest, source: Source, tmp_path_factory: pytest.TempPathFactory) -> list[Logged]:
    storage, read = READINGS[request.param]
    bag = tmp_path_factory.mktemp("bags") / "bag"
    write_nuscenes_bag(NuScenesReader(source.root), source.scene, bag, storage=storage)
    return list(read(bag))


def of(logged: list[Logged], topic: str) -> list[Logged]:
    return [entry for entry in logged if entry.topic == topic]


def test_everything_is_logged_at_its_stamp_in_order(source: Source, logged: list[Logged]) -> None:
    assert [entry.log_ns for entry in logged] == sorted(entry.log_ns for entry in logged)
    for entry in logged:
        stamped = entry.message.transforms[0] if entry.topic.startswith("/tf") else entry.message
        assert stamp(stamped) == entry.log_ns
    assert logged[0].topic == "/tf_static"
    cameras = [name for name in source.data if name != "lidar_top"]
    assert len(cameras) == 6
    expected = {"/tf_static": 1, "/tf": len({t for data in source.data.values() for t in data})}
    expected |= {"/lidar_top": len(source.data["lidar_top"]), "/ground_truth/boxes": len(source.samples)}
    for name in cameras:
        expected |= {f"/{name}/camera_info": len(source.data[name])}
        expected |= {f"/{name}/image_rect/compressed": len(source.data[name])}
    assert Counter(entry.topic for entry in logged) == expected


def test_images_are_the_files(source: Source, logged: list[Logged]) -> None:
    for name in source.data.keys() - {"lidar_top"}:
        images = of(logged, f"/{name}/image_rect/compressed")
        assert [entry.log_ns for entry in images] == sorted(source.data[name])
        for entry in images:
            assert bytes(entry.message.data) == source.bytes(source.data[name][entry.log_ns])
            assert entry.message.format == "jpeg" and entry.message.header.frame_id == name


def test_camera_info_is_the_calibration(source: Source, logged: list[Logged]) -> None:
    for name in source.data.keys() - {"lidar_top"}:
        infos = of(logged, f"/{name}/camera_info")
        assert [entry.log_ns for entry in infos] == sorted(source.data[name])
        for entry in infos:
            message, row = entry.message, source.data[name][entry.log_ns]
            k = np.array(source.mount(row)["camera_intrinsic"])
            np.testing.assert_array_equal(np.array(message.k).reshape(3, 3), k)
            np.testing.assert_array_equal(np.array(message.p).reshape(3, 4), np.c_[k, np.zeros(3)])
            np.testing.assert_array_equal(np.array(message.r).reshape(3, 3), np.eye(3))
            assert message.distortion_model == "plumb_bob" and list(message.d) == [0.0] * 5
            assert (message.width, message.height) == (row["width"], row["height"])
            assert message.header.frame_id == name


def cloud_rows(message: Any) -> np.ndarray:
    layout = {7: "<f4", 4: "<u2"}
    dtype = np.dtype(
        {
            "names": [field.name for field in message.fields],
            "formats": [layout[field.datatype] for field in message.fields],
            "offsets": [field.offset for field in message.fields],
            "itemsize": message.point_step,
        }
    )
    assert message.row_step == message.width * message.point_step == len(message.data)
    assert message.height == 1 and not message.is_bigendian and message.is_dense
    return np.frombuffer(bytes(message.data), dtype)


def test_clouds_are_the_points(source: Source, logged: list[Logged]) -> None:
    clouds = of(logged, "/lidar_top")
    assert [entry.log_ns for entry in clouds] == sorted(source.data["lidar_top"])
    for entry in clouds:
        rows = cloud_rows(entry.message)
        assert rows.dtype.names == ("x", "y", "z", "intensity", "ring") and rows.itemsize == 18
        file = np.frombuffer(source.bytes(source.data["lidar_top"][entry.log_ns]), "<f4").reshape(-1, 5)
        for column, field in enumerate(rows.dtype.names):
            np.testing.assert_array_equal(rows[field], file[:, column])
        assert entry.message.header.frame_id == "lidar_top"


def test_transforms_take_points_to_the_same_pixels(source: Source, logged: list[Logged]) -> None:
    """LiDAR → image through the bag's transforms and calibration alone, against the same through the tables."""
    (static,) = of(logged, "/tf_static")
    assert {t.header.frame_id for t in static.message.transforms} == {"base_link"}
    mounts = {t.child_frame_id: transform(t.transform) for t in static.message.transforms}
    assert mounts.keys() == source.data.keys()
    poses = {}
    for entry in of(logged, "/tf"):
        (t,) = entry.message.transforms
        assert (t.header.frame_id, t.child_frame_id) == ("map", "base_link")
        poses[entry.log_ns] = transform(t.transform)
    for lidar_ns, lidar_row in source.data["lidar_top"].items():
        if not lidar_row["is_key_frame"]:
            continue
        cloud = next(entry for entry in of(logged, "/lidar_top") if entry.log_ns == lidar_ns)
        rows = cloud_rows(cloud.message)
        points = np.stack([rows["x"], rows["y"], rows["z"], np.ones(len(rows))]).astype(float)
        for name in source.data.keys() - {"lidar_top"}:
            row = next(
                r
                for r in source.data[name].values()
                if r["is_key_frame"] and r["sample_token"] == lidar_row["sample_token"]
            )
            camera_ns = row["timestamp"] * 1000
            info = next(e.message for e in of(logged, f"/{name}/camera_info") if e.log_ns == camera_ns)
            world_from_camera = poses[camera_ns] @ mounts[name]
            seen = np.linalg.inv(world_from_camera) @ poses[lidar_ns] @ mounts["lidar_top"] @ points
            by_bag = np.array(info.p).reshape(3, 4) @ seen
            told = np.linalg.inv(matrix(source.pose(row)) @ matrix(source.mount(row)))
            told = told @ matrix(source.pose(lidar_row)) @ matrix(source.mount(lidar_row)) @ points
            by_tables = np.array(source.mount(row)["camera_intrinsic"]) @ told[:3]
            ahead = by_tables[2] > 1
            assert ahead.sum() > 100
            np.testing.assert_allclose(
                (by_bag[:2] / by_bag[2])[:, ahead], (by_tables[:2] / by_tables[2])[:, ahead], atol=1e-6
            )


def test_boxes_are_the_annotations(source: Source, logged: list[Logged]) -> None:
    entries = of(logged, "/ground_truth/boxes")
    assert [entry.log_ns for entry in entries] == sorted(row["timestamp"] * 1000 for row in source.samples.values())
    for entry in entries:
        sample = next(row for row in source.samples.values() if row["timestamp"] * 1000 == entry.log_ns)
        rows = [row for row in source.tables["sample_annotation"] if row["sample_token"] == sample["token"]]
        assert entry.message.header.frame_id == "map" and len(entry.message.detections) == len(rows) > 0
        for detection, row in zip(entry.message.detections, rows, strict=True):
            width, length, height = row["size"]
            size, place, turn = detection.bbox.size, detection.bbox.center.position, detection.bbox.center.orientation
            np.testing.assert_allclose([size.x, size.y, size.z], [length, width, height])
            np.testing.assert_allclose([place.x, place.y, place.z], row["translation"])
            heading = Rotation.from_quat([turn.x, turn.y, turn.z, turn.w]).as_matrix()[:, 0]
            told = Rotation.from_quat(np.roll(row["rotation"], -1)).as_matrix()[:2, 0]
            np.testing.assert_allclose(heading, [*(told / np.linalg.norm(told)), 0], atol=1e-9)
            (result,) = detection.results
            category = source.by["category"][source.by["instance"][row["instance_token"]]["category_token"]]
            assert (result.hypothesis.class_id, result.hypothesis.score) == (category["name"], 1.0)
            assert detection.id == row["instance_token"] and stamp(detection) == entry.log_ns


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_metadata_is_what_rosbag2_wants(tiny_nuscenes: Path, tmp_path: Path, storage: str) -> None:
    counts = write_nuscenes_bag(NuScenesReader(tiny_nuscenes), "scene-0002", tmp_path / "bag", storage=storage)
    info = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert info["version"] == 9 and info["storage_identifier"] == storage
    assert [(tmp_path / "bag" / name).is_file() for name in info["relative_file_paths"]] == [True]
    assert info["custom_data"] == {"source": "nuScenes v1.0-tiny scene-0002", "repeat": "1"}
    topics = {t["topic_metadata"]["name"]: t for t in info["topics_with_message_count"]}
    assert {name: t["message_count"] for name, t in topics.items()} == counts
    for name, topic in topics.items():
        (qos,) = topic["topic_metadata"]["offered_qos_profiles"]
        assert qos["reliability"] == "reliable" and qos["history"] == "keep_last"
        assert qos["durability"] == ("transient_local" if name == "/tf_static" else "volatile")


def test_types_are_those_of_ros(tiny_nuscenes: Path, tmp_path: Path) -> None:
    """The type hashes in the bag are those that ROS 2's generators gave the installed packages."""
    get_package_share_directory = pytest.importorskip("ament_index_python").get_package_share_directory
    write_nuscenes_bag(NuScenesReader(tiny_nuscenes), "scene-0002", tmp_path / "bag")
    with Reader(tmp_path / "bag") as reader:
        digests = {c.msgtype: c.digest for c in reader.connections}
    assert len(digests) == 5
    for kind, digest in digests.items():
        package, _, name = kind.split("/")
        description = json.loads((Path(get_package_share_directory(package)) / "msg" / f"{name}.json").read_text())
        assert digest in [h["hash_string"] for h in description["type_hashes"] if h["type_name"] == kind]


def test_zstd_holds_the_same(tiny_nuscenes: Path, tmp_path: Path) -> None:
    reader = NuScenesReader(tiny_nuscenes)
    write_nuscenes_bag(reader, "scene-0001", tmp_path / "plain")
    write_nuscenes_bag(reader, "scene-0001", tmp_path / "zstd", compression="zstd")
    plain, packed = tmp_path / "plain" / "plain.mcap", tmp_path / "zstd" / "zstd.mcap"
    assert packed.stat().st_size < 0.9 * plain.stat().st_size

    def raw(path: Path) -> list[tuple[str, int, bytes]]:
        with path.open("rb") as file:
            return [(c.topic, m.log_time, m.data) for _, c, m in make_reader(file).iter_messages()]

    assert raw(plain) == raw(packed)
    with pytest.raises(ValueError, match="zstd with mcap"):
        write_nuscenes_bag(reader, "scene-0001", tmp_path / "no", storage="sqlite3", compression="zstd")


def test_repeat_makes_a_long_bag_of_a_short_scene(tiny_nuscenes: Path, tmp_path: Path) -> None:
    reader = NuScenesReader(tiny_nuscenes)
    write_nuscenes_bag(reader, "scene-0002", tmp_path / "once")
    write_nuscenes_bag(reader, "scene-0002", tmp_path / "bag", repeat=5, period_s=0.1)
    once, five = list(by_mcap(tmp_path / "once")), list(by_mcap(tmp_path / "bag"))
    assert [e.log_ns for e in five] == sorted(e.log_ns for e in five)
    sweeps = [e.log_ns for e in five if e.topic == "/lidar_top"]
    assert np.diff(sweeps).tolist() == [100_000_000] * 4
    body = len(once) - 1
    for k in range(5):
        copy = five[1 + k * body : 1 + (k + 1) * body]
        assert [(e.topic, e.log_ns) for e in copy] == [(e.topic, e.log_ns + k * 10**8) for e in once[1:]]
        for entry, original in zip(copy, once[1:], strict=True):
            stamped = entry.message.transforms[0] if entry.topic == "/tf" else entry.message
            assert stamp(stamped) == entry.log_ns
            if entry.topic.endswith("compressed") or entry.topic == "/lidar_top":
                assert entry.message.data == original.message.data
    info = yaml.safe_load((tmp_path / "bag" / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert info["custom_data"]["repeat"] == "5"
    for options, what in (({"repeat": 0}, "repeat"), ({"repeat": 2, "period_s": 0.01}, "overlap")):
        with pytest.raises(ValueError, match=what):
            write_nuscenes_bag(reader, "scene-0002", tmp_path / "no", **options)
    assert not (tmp_path / "no").exists()


def test_repeat_of_a_drive_keeps_its_length(tiny_nuscenes: Path, tmp_path: Path) -> None:
    write_nuscenes_bag(NuScenesReader(tiny_nuscenes), "scene-0001", tmp_path / "bag", repeat=2, period_s=0.05)
    sweeps = [e.log_ns for e in by_mcap(tmp_path / "bag") if e.topic == "/lidar_top"]
    assert np.diff(sweeps).tolist() == [50_000_000] * 41


def test_existing_bags_are_kept_unless_told(tiny_nuscenes: Path, tmp_path: Path) -> None:
    reader = NuScenesReader(tiny_nuscenes)
    bag = tmp_path / "bag"
    write_nuscenes_bag(reader, "scene-0002", bag)
    with pytest.raises(DatasetError, match="exists already"):
        write_nuscenes_bag(reader, "scene-0002", bag)
    write_nuscenes_bag(reader, "scene-0002", bag, storage="sqlite3", overwrite=True)
    assert {path.name for path in bag.iterdir()} == {"metadata.yaml", "bag.db3"}
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    with pytest.raises(DatasetError, match="is no bag"):
        write_nuscenes_bag(reader, "scene-0002", precious, overwrite=True)
    assert (precious / "file").exists() and sorted(p.name for p in tmp_path.iterdir()) == ["bag", "precious"]


def test_progress_is_told(tiny_nuscenes: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_nuscenes_bag(
        NuScenesReader(tiny_nuscenes), "scene-0002", tmp_path / "bag", progress=lambda *step: told.append(step)
    )
    assert told == [(k + 1, 8) for k in range(8)]
