"""Damaged data: one error of one line that names the file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_nuscenes import write_tiny_nuscenes

from ago_ros.datasets.bag import write_nuscenes_bag
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader

TABLES = Path("v1.0-tiny")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tiny_nuscenes(tmp_path / "root", keyframes=1, scenes=1)


def read_all(root: Path) -> None:
    reader = NuScenesReader(root)
    for sample in reader.samples("scene-0001"):
        reader.frame(sample.token)
        reader.annotations(sample.token)


def sensor_file(root: Path, channel: str) -> Path:
    return next((root / "samples" / channel).iterdir())


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


def edit(path: Path, change: Callable[[list], None]) -> None:
    rows = json.loads(path.read_text())
    change(rows)
    path.write_text(json.dumps(rows))


def assert_one_line(error: pytest.ExceptionInfo[DatasetError], name: str) -> None:
    message = str(error.value)
    assert name in message and "\n" not in message and len(message) < 500


DAMAGE = {
    "image cut off": ("CAM_FRONT__", lambda root: cut(sensor_file(root, "CAM_FRONT"), 1200)),
    "image no image": ("CAM_BACK__", lambda root: sensor_file(root, "CAM_BACK").write_bytes(b"not an image" * 99)),
    "image empty": ("CAM_BACK__", lambda root: sensor_file(root, "CAM_BACK").write_bytes(b"")),
    "image missing": ("CAM_FRONT__", lambda root: sensor_file(root, "CAM_FRONT").unlink()),
    "image is a folder": (
        "CAM_FRONT__",
        lambda root: (lambda p: (p.unlink(), p.mkdir()))(sensor_file(root, "CAM_FRONT")),
    ),
    "lidar cut off": ("LIDAR_TOP__", lambda root: cut(sensor_file(root, "LIDAR_TOP"), 20 * 100 + 7)),
    "lidar empty": ("LIDAR_TOP__", lambda root: cut(sensor_file(root, "LIDAR_TOP"), 0)),
    "lidar missing": ("LIDAR_TOP__", lambda root: sensor_file(root, "LIDAR_TOP").unlink()),
    "bad camera matrix": (
        "calibrated_sensor.json",
        lambda root: edit(
            root / TABLES / "calibrated_sensor.json", lambda rows: [r.update(camera_intrinsic=[]) for r in rows]
        ),
    ),
    "no rotation": (
        "ego_pose.json",
        lambda root: edit(
            root / TABLES / "ego_pose.json", lambda rows: [r.update(rotation=[0, 0, 0, 0]) for r in rows]
        ),
    ),
    "dangling token": (
        "ego_pose.json",
        lambda root: edit(root / TABLES / "ego_pose.json", lambda rows: [r.update(token="x") for r in rows]),
    ),
    "field missing": (
        "sample_data.json",
        lambda root: edit(root / TABLES / "sample_data.json", lambda rows: rows[0].pop("filename")),
    ),
    "image of another size": (
        "sample_data.json says 100 x 64",
        lambda root: edit(
            root / TABLES / "sample_data.json", lambda rows: [r.update(width=100) for r in rows if r["width"]]
        ),
    ),
    "no lidar": (
        "sample_data.json",
        lambda root: edit(
            root / TABLES / "sample_data.json",
            lambda rows: [rows.remove(r) for r in list(rows) if "LIDAR" in r["filename"]],
        ),
    ),
    "table is no list": ("scene.json", lambda root: (root / TABLES / "scene.json").write_text("{}")),
    "table is cut off": ("sample.json", lambda root: cut(root / TABLES / "sample.json", 40)),
    "table is binary": ("sample.json", lambda root: (root / TABLES / "sample.json").write_bytes(b"\xff\xfe\xfa\x00")),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_reader_names_what_is_damaged(root: Path, case: str) -> None:
    read_all(root)
    named, damage = DAMAGE[case]
    damage(root)
    with pytest.raises(DatasetError) as error:
        read_all(root)
    assert_one_line(error, named)


BAG_CASES = [case for case in DAMAGE if case not in ("no lidar",)]


@pytest.mark.parametrize("case", BAG_CASES)
def test_writer_names_what_is_damaged_and_leaves_nothing(root: Path, tmp_path: Path, case: str) -> None:
    named, damage = DAMAGE[case]
    damage(root)
    with pytest.raises(DatasetError) as error:
        write_nuscenes_bag(NuScenesReader(root), "scene-0001", tmp_path / "bags" / "bag")
    assert_one_line(error, named)
    assert list((tmp_path / "bags").glob("*")) == [] if (tmp_path / "bags").exists() else True


@pytest.mark.parametrize("table", ["scene", "sample", "sample_data", "ego_pose", "calibrated_sensor", "sensor", "log"])
def test_missing_table(root: Path, table: str) -> None:
    (root / TABLES / f"{table}.json").unlink()
    with pytest.raises(DatasetError, match=re.escape(f"{TABLES / table}.json: the table is missing")):
        read_all(root)


def test_unknown_names(root: Path) -> None:
    reader = NuScenesReader(root)
    with pytest.raises(DatasetError, match=r"scene\.json: no scene is named 'scene-9'; .* scene-0001"):
        reader.records("scene-9")
    with pytest.raises(DatasetError, match=r"sample\.json: no row has the token 'x'"):
        reader.frame("x")
    with pytest.raises(DatasetError, match=r"v1\.0-none: no such version folder; there is: v1\.0-tiny"):
        NuScenesReader(root, "v1.0-none")


def test_roots_that_are_none(root: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        NuScenesReader(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="no nuScenes tables"):
        NuScenesReader(root / "samples")
    with pytest.raises(DatasetError, match="name the folder above"):
        NuScenesReader(root / TABLES)


def test_two_versions_must_be_told_apart(root: Path) -> None:
    (root / "v1.0-test").mkdir()
    (root / "v1.0-test" / "scene.json").write_text("[]")
    with pytest.raises(DatasetError, match=r"several versions \(v1\.0-test, v1\.0-tiny\): name one"):
        NuScenesReader(root)
    assert NuScenesReader(root, "v1.0-tiny").scene("scene-0001").name == "scene-0001"
