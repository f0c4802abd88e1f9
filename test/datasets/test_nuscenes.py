"""The nuScenes reader against the made street's formulas, and against the raw tables of real keyframes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.spatial.transform import Rotation
from tiny_nuscenes import (
    CAMERAS,
    FOCAL,
    START_US,
    SWEEP_US,
    THINGS,
    picture,
    sweep_points,
    thing_pose,
    write_tiny_nuscenes,
)

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.nuscenes_records import read_sweep
from ago_ros.geometry import se3

KEYFRAME_NS = 10 * SWEEP_US * 1000


@pytest.fixture(scope="module")
def reader(tiny_nuscenes: Path) -> NuScenesReader:
    return NuScenesReader(tiny_nuscenes)


def test_scenes_and_samples(reader: NuScenesReader) -> None:
    assert reader.version == "v1.0-tiny"
    assert [(scene.name, scene.location) for scene in reader.scenes] == [
        ("scene-0001", "made-street"),
        ("scene-0002", "made-street"),
    ]
    stamps = [sample.stamp_ns for sample in reader.samples("scene-0001")]
    assert stamps == [START_US * 1000 + k * KEYFRAME_NS for k in range(3)]
    assert [sample.scene for sample in reader.samples("scene-0002")] == ["scene-0002"]


def test_records_are_all_cameras_and_lidar_in_order_of_time(reader: NuScenesReader) -> None:
    records = reader.records("scene-0001")
    assert [r.stamp_ns for r in records] == sorted(r.stamp_ns for r in records)
    count = {name: sum(r.sensor == name for r in records) for name in {r.sensor for r in records}}
    assert count == {"lidar_top": 21, **{channel.lower(): 13 for channel in CAMERAS}}
    keyframes = reader.records("scene-0001", sweeps=False)
    assert len(keyframes) == 3 * 7 and all(r.is_keyframe for r in keyframes)
    assert set(reader.cameras("scene-0001")) == {channel.lower() for channel in CAMERAS}


def test_frame_holds_what_the_sensors_saw(reader: NuScenesReader) -> None:
    frame = reader.frame(reader.samples("scene-0001")[1].token)
    street_us = START_US + 10 * SWEEP_US
    columns, _ = sweep_points(street_us)
    lidar = frame.lidar
    assert frame.stamp_ns == street_us * 1000 and not frame.missing
    np.testing.assert_array_equal(lidar.points.numpy(), columns[:, :3])
    assert lidar.intensity is not None and lidar.ring is not None
    np.testing.assert_array_equal(lidar.intensity.numpy(), columns[:, 3])
    np.testing.assert_array_equal(lidar.ring.numpy(), columns[:, 4].astype(int))
    for channel, (_, offset) in CAMERAS.items():
        image = frame.cameras[channel.lower()]
        assert image.stamp_ns == (street_us + offset) * 1000
        drawn = picture(channel, street_us + offset).astype(int)
        assert np.median(np.abs(image.image.numpy().astype(int) - drawn)) <= 2
        assert image.camera.intrinsics[0, 0] == FOCAL


def test_points_lie_on_the_street_in_the_map(reader: NuScenesReader) -> None:
    """Poses and mounts are right to a millimetre: the ground is at height 0, the hits on a thing are on its faces."""
    record = next(r for r in reader.records("scene-0001") if r.sensor == "lidar_top" and not r.is_keyframe)
    _, hit = sweep_points(record.stamp_ns // 1000)
    points = se3.transform_points(record.map_from_ego @ record.ego_from_sensor, read_sweep(record).points.double())
    assert points[torch.from_numpy(hit == -1), 2].abs().max() < 1e-3
    for index, thing in enumerate(THINGS):
        rotation, translation = thing_pose(thing, record.stamp_ns // 1000)
        local = (points[torch.from_numpy(hit == index)].numpy() - translation) @ rotation
        assert len(local) > 5
        outside = np.abs(local) - np.array(thing.size) / 2
        np.testing.assert_allclose(outside.max(axis=1), 0, atol=1e-3)


def test_points_land_on_the_pixels_of_their_thing(reader: NuScenesReader) -> None:
    """LiDAR → ego(t_lidar) → map → ego(t_camera) → camera → pixel has the colour of the thing."""
    for sample in reader.samples("scene-0001"):
        frame = reader.frame(sample.token)
        _, hit = sweep_points(sample.stamp_ns // 1000)
        right = total = 0
        for image in frame.cameras.values():
            camera_from_lidar = (
                se3.invert(image.map_from_ego @ image.ego_from_camera)
                @ frame.lidar.map_from_ego
                @ frame.lidar.ego_from_lidar
            )
            pixels, _, visible = image.camera.project(se3.transform_points(camera_from_lidar, frame.lidar.points))
            for index, thing in enumerate(THINGS):
                chosen = visible & torch.from_numpy(hit == index)
                u, v = pixels[chosen].long().T
                colour = image.image[v, u].int() - torch.tensor(thing.colour)
                right += int((colour.abs().amax(dim=1) < 60).sum())
                total += int(chosen.sum())
        assert total > 200 and right / total > 0.93, (right, total)


def test_annotations_follow_the_house_conventions(reader: NuScenesReader) -> None:
    samples = reader.samples("scene-0001")
    annotations = reader.annotations(samples[1].token)
    assert [(a.name, a.label) for a in annotations] == [
        ("vehicle.car", 4),
        ("vehicle.truck", 10),
        ("human.pedestrian.adult", 7),
        ("movable_object.barrier", 1),
    ]
    for annotation, thing in zip(annotations, THINGS, strict=True):
        _, place = thing_pose(thing, START_US + 10 * SWEEP_US)
        np.testing.assert_allclose(annotation.box.numpy(), [*place, *thing.size, thing.yaw], atol=1e-9)
        np.testing.assert_allclose(annotation.velocity.numpy(), [*thing.speed, 0.0], atol=1e-9)
        assert annotation.stamp_ns == samples[1].stamp_ns and annotation.visibility == "v80-100"
        assert annotation.attributes == (("pedestrian.moving",) if any(thing.speed) else ())
        assert annotation.num_lidar_points == (sweep_points(START_US + 10 * SWEEP_US)[1] == THINGS.index(thing)).sum()
    assert all(math.isnan(a.velocity[0]) for a in reader.annotations(reader.samples("scene-0002")[0].token))


def test_instances_are_tracks(reader: NuScenesReader) -> None:
    tracks = reader.instances("scene-0001")
    assert len(tracks) == len(THINGS)
    for track in tracks.values():
        assert [a.stamp_ns for a in track] == [s.stamp_ns for s in reader.samples("scene-0001")]
        assert len({a.name for a in track}) == 1
        # one-sided at the ends, central between them; the motion is uniform, so all agree
        torch.testing.assert_close(track[0].velocity, track[1].velocity)
        torch.testing.assert_close(track[2].velocity, track[1].velocity)


def test_camera_without_a_datum_is_missing(tmp_path: Path) -> None:
    root = write_tiny_nuscenes(tmp_path / "root", keyframes=1, scenes=2)
    table = root / "v1.0-tiny" / "sample_data.json"
    rows = json.loads(table.read_text())
    first = NuScenesReader(root).samples("scene-0001")[0].token
    # gone from the keyframe, though a sweep of the scene shows that the camera is there
    for row in rows:
        if row["sample_token"] == first and "CAM_BACK/" in row["filename"]:
            row["is_key_frame"] = False
    table.write_text(json.dumps(rows))
    frame = NuScenesReader(root).frame(first)
    assert frame.missing == {"cam_back"} and len(frame.cameras) == 5
    assert set(NuScenesReader(root).frame(first, cameras=["cam_front"]).cameras) == {"cam_front"}


def test_points_that_are_not_finite_are_dropped(tmp_path: Path) -> None:
    root = write_tiny_nuscenes(tmp_path / "root", keyframes=1, scenes=1)
    path = next((root / "samples" / "LIDAR_TOP").iterdir())
    columns = np.fromfile(path, dtype=np.float32).reshape(-1, 5)
    columns[3, 1], columns[7, 0] = np.nan, np.inf
    columns.tofile(path)
    reader = NuScenesReader(root)
    frame = reader.frame(reader.samples("scene-0001")[0].token)
    np.testing.assert_array_equal(frame.lidar.points.numpy(), np.delete(columns, [3, 7], axis=0)[:, :3])


def test_tables_are_read_only_when_asked_for(tmp_path: Path) -> None:
    root = write_tiny_nuscenes(tmp_path / "root", keyframes=1, scenes=1)
    (root / "v1.0-tiny" / "sample_annotation.json").unlink()
    reader = NuScenesReader(root)
    assert len(reader.frame(reader.samples("scene-0001")[0].token).cameras) == 6
    with pytest.raises(DatasetError, match=r"sample_annotation\.json"):
        reader.annotations(reader.samples("scene-0001")[0].token)


def test_real_projection_agrees_with_the_raw_tables(nuscenes_root: Path) -> None:
    """The whole chain against one written out here from the JSON rows with scipy."""
    tables = {p.stem: json.loads(p.read_text()) for p in (nuscenes_root / "v1.0-mini").glob("*.json")}
    by_token = {name: {row["token"]: row for row in rows} for name, rows in tables.items()}

    def matrix(row: dict) -> np.ndarray:
        out = np.eye(4)
        out[:3, :3] = Rotation.from_quat(np.roll(row["rotation"], -1)).as_matrix()
        out[:3, 3] = row["translation"]
        return out

    def chain(row: dict) -> np.ndarray:
        mount = by_token["calibrated_sensor"][row["calibrated_sensor_token"]]
        return matrix(by_token["ego_pose"][row["ego_pose_token"]]) @ matrix(mount)

    reader = NuScenesReader(nuscenes_root)
    assert len(reader.scenes) == 2
    for sample in tables["sample"]:
        frame = reader.frame(sample["token"])
        rows = {r["filename"].split("/")[1]: r for r in tables["sample_data"] if r["sample_token"] == sample["token"]}
        raw = np.fromfile(nuscenes_root / rows["LIDAR_TOP"]["filename"], dtype=np.float32).reshape(-1, 5)
        np.testing.assert_array_equal(frame.lidar.points.numpy(), raw[:, :3])
        assert frame.stamp_ns == rows["LIDAR_TOP"]["timestamp"] * 1000 and len(frame.cameras) == 6
        in_map = chain(rows["LIDAR_TOP"]) @ np.c_[raw[:, :3].astype(float), np.ones(len(raw))].T
        for name, image in frame.cameras.items():
            row = rows[name.upper()]
            in_camera = (np.linalg.inv(chain(row)) @ in_map)[:3]
            ahead = in_camera[2] > 1
            k = np.array(by_token["calibrated_sensor"][row["calibrated_sensor_token"]]["camera_intrinsic"])
            expected = (k @ in_camera)[:2] / in_camera[2]
            camera_from_lidar = (
                se3.invert(image.map_from_ego @ image.ego_from_camera)
                @ frame.lidar.map_from_ego
                @ frame.lidar.ego_from_lidar
            )
            points = se3.transform_points(camera_from_lidar, frame.lidar.points.double())
            pixels, _, _ = image.camera.project(points)
            np.testing.assert_allclose(pixels.numpy()[ahead], expected.T[ahead], atol=1e-6, rtol=1e-9)
            file = np.array(Image.open(nuscenes_root / row["filename"]))
            np.testing.assert_array_equal(image.image.numpy(), file)


def test_real_boxes_hold_the_points_that_nuscenes_counted(nuscenes_root: Path) -> None:
    """Length, width and yaw are where they belong: in another order hardly a count would fit."""
    reader = NuScenesReader(nuscenes_root)
    counted = stored = exact = boxes = 0
    for scene in reader.scenes:
        for sample in reader.samples(scene.name):
            lidar = reader.frame(sample.token, cameras=[]).lidar
            points = se3.transform_points(lidar.map_from_ego @ lidar.ego_from_lidar, lidar.points.double()).numpy()
            for annotation in reader.annotations(sample.token):
                x, y, z, length, width, height, yaw = annotation.box.tolist()
                along = (points[:, 0] - x) * math.cos(yaw) + (points[:, 1] - y) * math.sin(yaw)
                across = (points[:, 1] - y) * math.cos(yaw) - (points[:, 0] - x) * math.sin(yaw)
                near = (abs(along) <= length / 2) & (abs(across) <= width / 2) & (abs(points[:, 2] - z) <= height / 2)
                counted += int(near.sum())
                stored += annotation.num_lidar_points
                exact += int(near.sum()) == annotation.num_lidar_points
                boxes += 1
    assert boxes == 105
    assert abs(counted - stored) < 0.05 * stored and exact > 0.6 * boxes, (counted, stored, exact)
