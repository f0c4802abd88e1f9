"""Reads a nuScenes root: scenes, keyframes and sweeps, calibration, poses, annotations.

Tables are read when they are first needed, so that a look at one scene costs no more than it must.
nuScenes' own conventions end here: microseconds become nanoseconds, quaternions wxyz become transforms, box sizes
(w, l, h) become boxes [x, y, z, l, w, h, yaw], and channels such as CAM_FRONT become names such as cam_front.
"""

from __future__ import annotations

import difflib
import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes_records import Annotation, Sample, Scene, SensorRecord, read_image, read_sweep
from ago_ros.datasets.nuscenes_tables import Row, Tables
from ago_ros.datasets.occ3d import class_of_category
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.sensors.frame import SensorFrame

LIDAR = "lidar_top"

_MAX_VELOCITY_GAP_NS = 1_500_000_000


class NuScenesReader:
    """A nuScenes root.

    Args:
        root: the folder that holds `v1.0-*`, `samples` and, where there are, `sweeps`.
        version: name of the version folder; None takes the only one that there is.

    Raises:
        DatasetError: there is no such root or version, or there are several versions and none is named.
            Every method raises it where a table or a file is missing or damaged.
    """

    def __init__(self, root: str | Path, version: str | None = None) -> None:
        self._tables = Tables(root, version)
        self._calibrations: dict[str, Tensor] = {}

    @property
    def root(self) -> Path:
        """The root folder."""
        return self._tables.root

    @property
    def version(self) -> str:
        """Name of the version folder."""
        return self._tables.version

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """The scenes, in the order of the table."""
        return tuple(
            Scene(row["name"], row["token"], row["description"], self._tables.row("log", row["log_token"])["location"])
            for row in self._tables.rows("scene")
        )

    def scene(self, name: str) -> Scene:
        """Returns the scene of that name.

        Raises:
            DatasetError: there is none.
        """
        for scene in self.scenes:
            if scene.name == name:
                return scene
        names = [scene.name for scene in self.scenes]
        shown = names if len(names) <= 12 else difflib.get_close_matches(name, names, n=5, cutoff=0.0)
        path = self._tables.folder / "scene.json"
        raise DatasetError(f"{path}: no scene is named '{name}'; of {len(names)} there are: {', '.join(shown)}")

    def samples(self, scene: str) -> list[Sample]:
        """Returns the keyframes of a scene, in order of time."""
        token = self.scene(scene).token
        rows = sorted(self._samples_by_scene[token], key=lambda row: row["timestamp"])
        return [Sample(row["token"], scene, _nanoseconds(row)) for row in rows]

    def cameras(self, scene: str) -> tuple[str, ...]:
        """Names the cameras of a scene, in the order of the sensor table."""
        seen = {
            self._sensor(row)["channel"]
            for sample in self._samples_by_scene[self.scene(scene).token]
            for row in self._data_by_sample[sample["token"]]
        }
        rows = self._tables.rows("sensor")
        return tuple(row["channel"].lower() for row in rows if row["modality"] == "camera" and row["channel"] in seen)

    def records(self, scene: str, sweeps: bool = True) -> list[SensorRecord]:
        """Returns all data of a scene's cameras and LiDAR, in order of time.

        Args:
            scene: its name.
            sweeps: with the data between keyframes, not only the keyframes' own.
        """
        records = [
            self._record(row)
            for sample in self._samples_by_scene[self.scene(scene).token]
            for row in self._data_by_sample[sample["token"]]
            if (sweeps or row["is_key_frame"]) and self._is_read(row)
        ]
        return sorted(records, key=lambda record: (record.stamp_ns, record.sensor))

    def keyframe(self, sample_token: str) -> dict[str, SensorRecord]:
        """Returns a keyframe's data by sensor."""
        self._tables.row("sample", sample_token)
        rows = [row for row in self._data_by_sample[sample_token] if row["is_key_frame"] and self._is_read(row)]
        records = [self._record(row) for row in rows]
        return {record.sensor: record for record in records}

    def frame(self, sample_token: str, cameras: Collection[str] | None = None) -> SensorFrame:
        """Reads a keyframe: its sweep, and the images that belong to it.

        Args:
            sample_token: the keyframe.
            cameras: names of the cameras to read; None means every camera of the scene. Those that the keyframe has
                no datum of are `missing` from the frame.

        Raises:
            DatasetError: the keyframe has no LiDAR datum, or a file is missing or damaged.
        """
        records = self.keyframe(sample_token)
        if LIDAR not in records:
            raise DatasetError(
                f"{self._tables.folder / 'sample_data.json'}: sample {sample_token} has no LIDAR_TOP datum"
            )
        wanted = self.cameras(self._scene_of(sample_token)) if cameras is None else tuple(cameras)
        return SensorFrame(
            lidar=read_sweep(records[LIDAR]),
            cameras={name: read_image(records[name]) for name in wanted if name in records},
            missing=frozenset(name for name in wanted if name not in records),
        )

    def annotations(self, sample_token: str) -> list[Annotation]:
        """Returns the annotated objects of a keyframe, in the map frame."""
        self._tables.row("sample", sample_token)
        return [self._annotation(row) for row in self._annotations_by_sample[sample_token]]

    def instances(self, scene: str) -> dict[str, list[Annotation]]:
        """Returns the track of every object of a scene: its annotations in order of time, by instance."""
        tracks: dict[str, list[Annotation]] = defaultdict(list)
        for sample in self.samples(scene):
            for annotation in self.annotations(sample.token):
                tracks[annotation.instance].append(annotation)
        return dict(tracks)

    @cached_property
    def _samples_by_scene(self) -> dict[str, list[Row]]:
        return _grouped(self._tables.rows("sample"), "scene_token")

    @cached_property
    def _data_by_sample(self) -> dict[str, list[Row]]:
        return _grouped(self._tables.rows("sample_data"), "sample_token")

    @cached_property
    def _annotations_by_sample(self) -> dict[str, list[Row]]:
        return _grouped(self._tables.rows("sample_annotation"), "sample_token")

    def _scene_of(self, sample_token: str) -> str:
        return str(self._tables.row("scene", self._tables.row("sample", sample_token)["scene_token"])["name"])

    def _sensor(self, data: Row) -> Row:
        calibration = self._tables.row("calibrated_sensor", data["calibrated_sensor_token"])
        return self._tables.row("sensor", calibration["sensor_token"])

    def _is_read(self, data: Row) -> bool:
        sensor = self._sensor(data)
        return sensor["modality"] == "camera" or sensor["channel"].lower() == LIDAR

    def _record(self, row: Row) -> SensorRecord:
        sensor = self._sensor(row)
        calibration = self._tables.row("calibrated_sensor", row["calibrated_sensor_token"])
        camera = None
        if sensor["modality"] == "camera":
            camera = self._camera(calibration, row)
        if calibration["token"] not in self._calibrations:
            self._calibrations[calibration["token"]] = self._transform("calibrated_sensor", calibration)
        return SensorRecord(
            token=row["token"],
            sample_token=row["sample_token"],
            sensor=sensor["channel"].lower(),
            stamp_ns=_nanoseconds(row),
            path=self.root / row["filename"],
            is_keyframe=row["is_key_frame"],
            ego_from_sensor=self._calibrations[calibration["token"]],
            map_from_ego=self._transform("ego_pose", self._tables.row("ego_pose", row["ego_pose_token"])),
            camera=camera,
        )

    def _camera(self, calibration: Row, data: Row) -> PinholeCamera:
        try:
            intrinsics = torch.tensor(calibration["camera_intrinsic"], dtype=torch.float64)
            return PinholeCamera(intrinsics, data["width"], data["height"])
        except (ValueError, TypeError) as error:
            path = self._tables.folder / "calibrated_sensor.json"
            raise DatasetError(
                f"{path}: row {calibration['token']} is no camera calibration ({error}); restore it"
            ) from error

    def _transform(self, table: str, row: Row) -> Tensor:
        try:
            return se3.from_quaternion(row["translation"], _xyzw(row["rotation"]))
        except (ValueError, TypeError, RuntimeError) as error:
            raise DatasetError(
                f"{self._tables.folder / table}.json: row {row['token']} is no pose ({error})"
            ) from error

    def _annotation(self, row: Row) -> Annotation:
        category = self._tables.row("category", self._tables.row("instance", row["instance_token"])["category_token"])
        width, length, height = row["size"]
        pose = self._transform("sample_annotation", row)
        box = torch.tensor([*row["translation"], length, width, height, float(se3.yaw(pose))], dtype=torch.float64)
        visibility = row["visibility_token"]
        return Annotation(
            token=row["token"],
            sample_token=row["sample_token"],
            stamp_ns=self._sample_stamp(row),
            instance=row["instance_token"],
            name=category["name"],
            label=class_of_category(category["name"]),
            box=box,
            velocity=self._velocity(row),
            num_lidar_points=row["num_lidar_pts"],
            num_radar_points=row["num_radar_pts"],
            visibility=self._tables.row("visibility", visibility)["level"] if visibility else "",
            attributes=tuple(self._tables.row("attribute", token)["name"] for token in row["attribute_tokens"]),
        )

    def _sample_stamp(self, annotation: Row) -> int:
        return _nanoseconds(self._tables.row("sample", annotation["sample_token"]))

    def _velocity(self, row: Row) -> Tensor:
        """Central difference over the neighbours, one-sided at the ends; none over a gap, as nuScenes has it."""
        first = self._tables.row("sample_annotation", row["prev"]) if row["prev"] else row
        last = self._tables.row("sample_annotation", row["next"]) if row["next"] else row
        span_ns = self._sample_stamp(last) - self._sample_stamp(first)
        gaps = bool(row["prev"]) + bool(row["next"])
        if not 0 < span_ns <= _MAX_VELOCITY_GAP_NS * gaps:
            return torch.full((3,), math.nan, dtype=torch.float64)
        start, end = (torch.tensor(r["translation"], dtype=torch.float64) for r in (first, last))
        return (end - start) / (span_ns * 1e-9)


def _grouped(rows: Sequence[Row], key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _nanoseconds(row: Row) -> int:
    return int(row["timestamp"]) * 1000


def _xyzw(quaternion_wxyz: Sequence[float]) -> list[float]:
    w, x, y, z = quaternion_wxyz
    return [x, y, z, w]
