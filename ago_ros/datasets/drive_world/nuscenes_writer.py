"""Writes drive-world scenes as a nuScenes root: tables, images, sweeps, and Occ3D labels beside them."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.recording import Shot, Turn
from ago_ros.datasets.drive_world.regions import regions
from ago_ros.datasets.drive_world.rig import CAMERAS, ego_from_lidar
from ago_ros.datasets.drive_world.scene import Scene
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.occ3d import labels_path, write_labels
from ago_ros.geometry import se3

VERSION = "v1.0-drive"
MAP_OFFSET_M = np.array([600.0, 1200.0, 0.0])
"""Where a world's origin lies in its map, so that coordinates are as large as nuScenes' own."""
EPOCH_US = 1_600_000_000_000_000
SCENE_GAP_US = 1_000_000_000
JPEG_QUALITY = 92
VISIBILITY = (("1", "v0-40"), ("2", "v40-60"), ("3", "v60-80"), ("4", "v80-100"))
CATEGORIES = (
    "animal", "human.pedestrian.adult", "human.pedestrian.child", "human.pedestrian.construction_worker",
    "human.pedestrian.personal_mobility", "human.pedestrian.police_officer", "human.pedestrian.stroller",
    "human.pedestrian.wheelchair", "movable_object.barrier", "movable_object.debris",
    "movable_object.pushable_pullable", "movable_object.trafficcone", "static_object.bicycle_rack", "vehicle.bicycle",
    "vehicle.bus.bendy", "vehicle.bus.rigid", "vehicle.car", "vehicle.construction", "vehicle.emergency.ambulance",
    "vehicle.emergency.police", "vehicle.motorcycle", "vehicle.trailer", "vehicle.truck",
)  # fmt: skip
ATTRIBUTES = (
    "cycle.with_rider", "cycle.without_rider", "pedestrian.moving", "pedestrian.sitting_lying_down",
    "pedestrian.standing", "vehicle.moving", "vehicle.parked", "vehicle.stopped",
)  # fmt: skip
TABLES = (
    "attribute", "calibrated_sensor", "category", "ego_pose", "instance", "log", "map", "sample", "sample_annotation",
    "sample_data", "scene", "sensor", "visibility", "description", "region",
)  # fmt: skip
"""nuScenes' thirteen tables, and the world's own two: each instance in plain words, and what is where in images."""
CHANNELS = (*(mount.channel for mount in CAMERAS), "LIDAR_TOP")
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def token_of(*names: object) -> str:
    """A token of nuScenes' form, the same for the same names."""
    return hashlib.md5("/".join(str(name) for name in names).encode(), usedforsecurity=False).hexdigest()


def open_root(root: str | Path) -> Path:
    """Makes the folders of a nuScenes root.

    Raises:
        DatasetError: there is a drive world in it.
    """
    root = Path(root)
    if (root / VERSION).exists():
        raise DatasetError(f"{root / VERSION}: there is a drive world already; name another folder or remove it")
    for channel in CHANNELS:
        for folder in ("samples", "sweeps"):
            (root / folder / channel).mkdir(parents=True, exist_ok=True)
    return root


def close_root(root: Path, scenes: Iterable[Tables]) -> None:
    """Writes the tables of a root, from the rows of its scenes, and its map."""
    tables: Tables = {name: [] for name in TABLES}
    tables["category"] = [
        {"token": token_of(name), "name": name, "description": "", "index": i + 1} for i, name in enumerate(CATEGORIES)
    ]
    tables["attribute"] = [{"token": token_of(name), "name": name, "description": ""} for name in ATTRIBUTES]
    tables["visibility"] = [{"token": token, "level": level, "description": ""} for token, level in VISIBILITY]
    tables["sensor"] = [
        {"token": token_of(channel), "channel": channel, "modality": "lidar" if channel == "LIDAR_TOP" else "camera"}
        for channel in CHANNELS
    ]
    for scene in scenes:
        for name, rows in scene.items():
            tables[name] += rows
    logs = [row["token"] for row in tables["log"]]
    tables["map"] = [
        {"token": token_of("map"), "log_tokens": logs, "category": "semantic_prior", "filename": "maps/drive.png"}
    ]
    (root / "maps").mkdir(exist_ok=True)
    cv2.imwrite(str(root / "maps" / "drive.png"), np.zeros((16, 16), dtype=np.uint8))
    folder = root / VERSION
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        lines = ",\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")


class SceneWriter:
    """Writes the turns of one scene, in order of time; `close` gives its rows.

    Args:
        root: of nuScenes, as `open_root` makes it.
        size: width and height of the images, pixels.
        name: of the scene.
        number: its place in the world, which sets its time of day.
        scene: what is recorded.
    """

    def __init__(self, root: Path, size: tuple[int, int], name: str, number: int, scene: Scene) -> None:
        self._root, self._name, self._scene = root, name, scene
        self._tables: Tables = {name: [] for name in TABLES}
        self._start_us = EPOCH_US + number * SCENE_GAP_US
        self._samples: list[Row] = []
        self._data: dict[str, list[Row]] = {}
        self._tracks: dict[int, list[Row]] = {}
        self._tables["log"].append(
            {
                "token": self._token("log"), "logfile": f"drive-{scene.seed}", "vehicle": "drive",
                "date_captured": "2020-09-13", "location": "drive-world",
            }
        )  # fmt: skip
        for mount in CAMERAS:
            matrix = mount.intrinsics(*size)
            self._calibrate(mount.channel, mount.ego_from_camera(), matrix)
        self._calibrate("LIDAR_TOP", ego_from_lidar(), None)

    def _token(self, *names: object) -> str:
        return token_of(self._name, self._scene.seed, *names)

    def _calibrate(self, channel: str, pose: NDArray[np.float64], matrix: NDArray[np.float64] | None) -> None:
        row = {"token": self._token("calibration", channel), "sensor_token": token_of(channel), **_pose(pose)}
        row["camera_intrinsic"] = [] if matrix is None else matrix.tolist()
        self._tables["calibrated_sensor"].append(row)

    def write(self, turn: Turn) -> None:
        """Writes one turn: its files, and its rows."""
        if turn.is_keyframe:
            self._open_sample(turn)
        for shot in turn.shots:
            self._write_image(turn, shot)
        columns = [turn.sweep.points, turn.sweep.intensity[:, None], turn.sweep.ring[:, None]]
        path, _ = self._add_data("LIDAR_TOP", turn.time, turn.is_keyframe, "pcd.bin", 0, 0)
        np.concatenate(columns, axis=1).astype("<f4").tofile(path)

    def _stamp(self, time: float) -> int:
        return self._start_us + round(time * 1e6)

    def _open_sample(self, turn: Turn) -> None:
        token = self._token("sample", turn.index)
        row = {
            "token": token,
            "timestamp": self._stamp(turn.time),
            "prev": "",
            "next": "",
            "scene_token": self._token("scene"),
        }
        if self._samples:
            row["prev"] = self._samples[-1]["token"]
            self._samples[-1]["next"] = token
        self._samples.append(row)
        if turn.labels is not None:
            write_labels(labels_path(self._root, self._name, token), turn.labels)
        self._annotate(turn, token)

    def _annotate(self, turn: Turn, sample_token: str) -> None:
        """Adds the boxes of what a camera or the LiDAR has any part of."""
        points = np.bincount(turn.sweep.thing, minlength=len(self._scene.things) + 1)
        assert turn.visible is not None
        for i, placed in enumerate(self._scene.things):
            thing_id = i + 1
            if not placed.thing.annotated or not (points[thing_id] or turn.visible[thing_id] > 0):
                continue
            x, y, z, yaw = placed.pose(turn.time)
            length, width, height = placed.thing.size
            center = np.array([x, y, z + height / 2]) + MAP_OFFSET_M
            level = 1 + int(np.searchsorted((0.4, 0.6, 0.8), turn.visible[thing_id], side="right"))
            attribute = placed.attribute_at(turn.time)
            row = {
                "token": self._token("annotation", turn.index, thing_id),
                "sample_token": sample_token,
                "instance_token": self._token("instance", thing_id),
                "visibility_token": str(level),
                "attribute_tokens": [token_of(attribute)] if attribute else [],
                "translation": center.tolist(),
                "size": [width, length, height],
                "rotation": [float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2))],
                "prev": "",
                "next": "",
                "num_lidar_pts": int(points[thing_id]),
                "num_radar_pts": 0,
            }
            self._tracks.setdefault(thing_id, []).append(row)

    def _write_image(self, turn: Turn, shot: Shot) -> None:
        image = shot.picture.image
        height, width = image.shape[:2]
        path, token = self._add_data(shot.mount.channel, shot.time, turn.is_keyframe, "jpg", width, height)
        encoded, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not encoded:
            raise DatasetError(f"{path}: the image could not be encoded")
        path.write_bytes(data.tobytes())
        if turn.is_keyframe:
            for region in regions(shot.picture.thing, self._scene):
                row = {
                    "token": self._token("region", token, region.thing),
                    "sample_data_token": token,
                    "caption": region.caption,
                }
                annotated = self._scene.things[region.thing - 1].thing.annotated
                row["instance_token"] = self._token("instance", region.thing) if annotated else ""
                self._tables["region"].append(row | {"bbox": list(region.box), "num_pixels": region.pixels})

    def _add_data(
        self, channel: str, time: float, keyframe: bool, suffix: str, width: int, height: int
    ) -> tuple[Path, str]:
        """Adds the rows of one datum; returns where its file goes, and its token."""
        stamp = self._stamp(time)
        token = self._token(channel, stamp)
        filename = f"{'samples' if keyframe else 'sweeps'}/{channel}/{self._name}__{channel}__{stamp}.{suffix}"
        row: Row = {
            "token": token, "sample_token": "", "ego_pose_token": token,
            "calibrated_sensor_token": self._token("calibration", channel), "timestamp": stamp,
            "fileformat": suffix.removesuffix(".bin"), "is_key_frame": keyframe, "height": height, "width": width,
            "filename": filename, "prev": "", "next": "",
        }  # fmt: skip
        chain = self._data.setdefault(channel, [])
        if chain:
            row["prev"], chain[-1]["next"] = chain[-1]["token"], token
        chain.append(row)
        pose = self._scene.ego_pose(time)
        pose[:3, 3] += MAP_OFFSET_M
        self._tables["ego_pose"].append({"token": token, "timestamp": stamp, **_pose(pose)})
        return self._root / filename, token

    def close(self) -> Tables:
        """Returns the scene's rows: log, calibration, samples, data, tracks and descriptions."""
        tables = self._tables
        stamps = np.array([row["timestamp"] for row in self._samples])
        for chain in self._data.values():
            for row in chain:
                row["sample_token"] = self._samples[int(np.abs(stamps - row["timestamp"]).argmin())]["token"]
            tables["sample_data"] += chain
        tables["sample"] += self._samples
        for thing_id, rows in self._tracks.items():
            for before, after in itertools.pairwise(rows):
                before["next"], after["prev"] = after["token"], before["token"]
            tables["sample_annotation"] += rows
            thing, token = self._scene.things[thing_id - 1].thing, self._token("instance", thing_id)
            tables["instance"].append(
                {
                    "token": token, "category_token": token_of(thing.category), "nbr_annotations": len(rows),
                    "first_annotation_token": rows[0]["token"], "last_annotation_token": rows[-1]["token"],
                }
            )  # fmt: skip
            tables["description"].append(
                {
                    "token": token_of("description", token),
                    "instance_token": token,
                    "name": thing.name,
                    "caption": thing.caption,
                }
            )
        tables["scene"].append(
            {
                "token": self._token("scene"), "log_token": self._token("log"), "nbr_samples": len(self._samples),
                "first_sample_token": self._samples[0]["token"], "last_sample_token": self._samples[-1]["token"],
                "name": self._name, "description": self._scene.describe(),
            }
        )  # fmt: skip
        return tables


def _pose(transform: NDArray[np.float64]) -> Row:
    """A (4, 4) transform as nuScenes writes it: translation, and quaternion wxyz."""
    x, y, z, w = se3.to_quaternion(torch.from_numpy(transform)).tolist()
    return {"translation": transform[:3, 3].tolist(), "rotation": [w, x, y, z]}
