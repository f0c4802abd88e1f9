"""Writes a tiny nuScenes root: a made street, seen by the sensors and timed as nuScenes has it.

Everything is computed here from formulas, without the code under test, so that it can be held against it: each LiDAR
point and each pixel is a ray cast from its sensor at its own stamp, and carries the colour of what it hits.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial.transform import Rotation

START_US = 1_600_000_000_000_000
SWEEP_US = 50_000
SWEEPS_PER_KEYFRAME = 10
VERSION = "v1.0-tiny"
IMAGE_SIZE = (96, 64)
FOCAL = 60.0
CAMERAS = {
    "CAM_FRONT": (0.0, -35_491),
    "CAM_FRONT_RIGHT": (-55.0, -27_612),
    "CAM_BACK_RIGHT": (-110.0, -20_058),
    "CAM_BACK": (180.0, -10_426),
    "CAM_BACK_LEFT": (110.0, -528),
    "CAM_FRONT_LEFT": (55.0, -43_107),
}
"""Where each camera looks, degrees from ahead, and how long before the end of a sweep it fires, microseconds."""
CAMERA_SWEEPS = (0, 2, 4, 5, 7, 9)
"""Of ten sweeps, those that the cameras fire in: 12 times a second against the LiDAR's 20."""

GROUND, SKY = (90, 90, 90), (120, 180, 230)


@dataclass(frozen=True)
class Thing:
    """A box on the street: size along its own x, y, z, metres; place at `START_US` and speed in the map frame."""

    category: str
    size: tuple[float, float, float]
    position: tuple[float, float, float]
    yaw: float
    colour: tuple[int, int, int]
    speed: tuple[float, float] = (0.0, 0.0)


THINGS = (
    Thing("vehicle.car", (4.5, 1.9, 1.6), (112.0, 203.5, 0.8), 0.3, (220, 30, 30)),
    Thing("vehicle.truck", (8.0, 2.6, 3.2), (108.0, 191.0, 1.6), -0.1, (30, 60, 220)),
    Thing("human.pedestrian.adult", (0.7, 0.7, 1.8), (107.0, 201.5, 0.9), 1.2, (240, 220, 20), (0.0, 1.2)),
    Thing("movable_object.barrier", (0.5, 2.5, 1.0), (91.0, 202.0, 0.5), 0.0, (20, 200, 60)),
)


def ego_pose(stamp_us: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the car is: (3, 3) rotation and (3,) translation of the ego frame in the map; 6 m/s along a gentle bend."""
    seconds = (stamp_us - START_US) * 1e-6
    yaw = 0.15 * seconds
    return Rotation.from_euler("z", yaw).as_matrix(), np.array([100.0 + 6.0 * seconds, 200.0 + 0.4 * seconds, 0.0])


def lidar_mount() -> tuple[np.ndarray, np.ndarray]:
    """The LiDAR in the ego frame: x right, y forward."""
    return Rotation.from_euler("z", -90, degrees=True).as_matrix(), np.array([0.94, 0.0, 1.84])


def camera_mount(channel: str) -> tuple[np.ndarray, np.ndarray]:
    """A camera's optical frame in the ego frame."""
    angle = math.radians(CAMERAS[channel][0])
    forward = np.array([math.cos(angle), math.sin(angle), 0.0])
    right = np.array([math.sin(angle), -math.cos(angle), 0.0])
    rotation = np.stack([right, [0.0, 0.0, -1.0], forward], axis=1)
    return rotation, np.array([0.6, 0.0, 1.5]) + 0.5 * forward


def intrinsics() -> list[list[float]]:
    """The matrix of every camera."""
    return [[FOCAL, 0.0, IMAGE_SIZE[0] / 2], [0.0, FOCAL, IMAGE_SIZE[1] / 2], [0.0, 0.0, 1.0]]


def thing_pose(thing: Thing, stamp_us: int) -> tuple[np.ndarray, np.ndarray]:
    """A thing's frame in the map."""
    seconds = (stamp_us - START_US) * 1e-6
    drift = np.array([*thing.speed, 0.0]) * seconds
    return Rotation.from_euler("z", thing.yaw).as_matrix(), np.array(thing.position) + drift


def cast(origin: np.ndarray, directions: np.ndarray, stamp_us: int) -> tuple[np.ndarray, np.ndarray]:
    """Casts rays in the map frame: (N,) distances in lengths of their direction, inf for the sky; (N,) index of the
    thing that is hit, -1 the ground, -2 the sky."""
    with np.errstate(divide="ignore", invalid="ignore"):
        down = np.where(directions[:, 2] < 0, -origin[2] / directions[:, 2], np.inf)
        hit = np.where(np.isfinite(down), -1, -2)
        nearest = down
        for index, thing in enumerate(THINGS):
            rotation, translation = thing_pose(thing, stamp_us)
            start, along = (origin - translation) @ rotation, directions @ rotation
            half = np.array(thing.size) / 2
            first, last = (-half - start) / along, (half - start) / along
            enter = np.minimum(first, last).max(axis=1)
            leave = np.maximum(first, last).min(axis=1)
            meets = (enter <= leave) & (enter > 0) & (enter < nearest)
            nearest, hit = np.where(meets, enter, nearest), np.where(meets, index, hit)
    return nearest, hit


def sweep_points(stamp_us: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, 5) float32 x y z intensity ring in the LiDAR frame, and (N,) what each point lies on, as `cast` has it."""
    rings = np.arange(24)
    elevation = np.radians(np.linspace(-28.0, 6.0, len(rings)))[:, None]
    azimuth = np.radians(np.arange(0.0, 360.0, 1.5))[None, :]
    directions = np.stack(
        [
            np.cos(elevation) * np.cos(azimuth),
            np.cos(elevation) * np.sin(azimuth),
            np.sin(elevation) * np.ones_like(azimuth),
        ],
        axis=-1,
    )
    directions = directions.reshape(-1, 3)
    origin, rotation = _in_map(lidar_mount(), stamp_us)
    distance, hit = cast(origin, directions @ rotation.T, stamp_us)
    seen = distance < 60.0
    ring = np.repeat(rings, azimuth.shape[1])
    columns = np.column_stack([directions * np.where(seen, distance, 0.0)[:, None], 10.0 * (hit + 2), ring])
    return columns[seen].astype(np.float32), hit[seen]


def picture(channel: str, stamp_us: int) -> np.ndarray:
    """(H, W, 3) uint8 image: each pixel has the colour of what its ray hits."""
    u, v = np.meshgrid(np.arange(IMAGE_SIZE[0]) + 0.5, np.arange(IMAGE_SIZE[1]) + 0.5)
    rays = np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1) @ np.linalg.inv(np.array(intrinsics())).T
    origin, rotation = _in_map(camera_mount(channel), stamp_us)
    _, hit = cast(origin, rays @ rotation.T, stamp_us)
    palette = np.array([thing.colour for thing in THINGS] + [SKY, GROUND], dtype=np.uint8)
    return palette[hit].reshape(IMAGE_SIZE[1], IMAGE_SIZE[0], 3)


def write_tiny_nuscenes(root: Path, *, keyframes: int = 3, scenes: int = 2, version: str = VERSION) -> Path:
    """Writes the root.

    Args:
        root: folder to write to.
        keyframes: of the first scene, scene-0001, every half second, with sweeps between them. Other scenes have one.
        scenes: how many.
        version: name of the version folder.

    Returns:
        `root`.
    """
    tables = _Tables(root)
    tables.add("log", "log", location="made-street", vehicle="tiny", logfile="tiny", date_captured="2020-09-13")
    tables.add(
        "map", "map", log_tokens=[tables.token("log", "log")], category="semantic_prior", filename="maps/map.png"
    )
    tables.add("attribute", "moving", name="pedestrian.moving", description="")
    tables.add("visibility", "4", level="v80-100", description="")
    for category in {thing.category: None for thing in THINGS}:
        tables.add("category", category, name=category, description="")
    mounts = {channel: camera_mount(channel) for channel in CAMERAS} | {"LIDAR_TOP": lidar_mount()}
    mounts["RADAR_FRONT"] = (np.eye(3), np.array([3.4, 0.0, 0.5]))
    for channel, (rotation, translation) in mounts.items():
        modality = channel.split("_")[0].lower().replace("cam", "camera")
        tables.add("sensor", channel, channel=channel, modality=modality)
        matrix = intrinsics() if channel in CAMERAS else []
        pose = {"rotation": _wxyz(rotation), "translation": list(translation)}
        tables.add(
            "calibrated_sensor", channel, sensor_token=tables.token("sensor", channel), camera_intrinsic=matrix, **pose
        )
    for number in range(scenes):
        _write_scene(tables, f"scene-{number + 1:04d}", START_US + number * 60_000_000, keyframes if number == 0 else 1)
    (root / "maps").mkdir()
    Image.new("L", (4, 4)).save(root / "maps" / "map.png")
    tables.write(root / version)
    return root


class _Tables:
    """Rows by table; a token is the hash of a readable key."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: dict[str, list[dict[str, Any]]] = {}

    @staticmethod
    def token(table: str, key: str) -> str:
        return "4" if table == "visibility" else hashlib.md5(f"{table}/{key}".encode()).hexdigest()

    def add(self, table: str, key: str, **fields: Any) -> dict[str, Any]:
        row = {"token": self.token(table, key), **fields}
        self.rows.setdefault(table, []).append(row)
        return row

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for name, rows in self.rows.items():
            (folder / f"{name}.json").write_text(json.dumps(rows, indent=0))


def _write_scene(tables: _Tables, name: str, start_us: int, keyframes: int) -> None:
    """All scenes see the same street: time in it starts with each scene."""
    shift = start_us - START_US
    samples = [f"{name}/{k}" for k in range(keyframes)]
    for k, key in enumerate(samples):
        tables.add(
            "sample",
            key,
            timestamp=start_us + k * SWEEPS_PER_KEYFRAME * SWEEP_US,
            scene_token=tables.token("scene", name),
            prev=tables.token("sample", samples[k - 1]) if k else "",
            next=tables.token("sample", samples[k + 1]) if k + 1 < keyframes else "",
        )
    tables.add(
        "scene",
        name,
        name=name,
        description="a made street",
        log_token=tables.token("log", "log"),
        nbr_samples=keyframes,
        first_sample_token=tables.token("sample", samples[0]),
        last_sample_token=tables.token("sample", samples[-1]),
    )
    channels: dict[str, list[dict[str, Any]]] = {}
    counts: dict[tuple[int, int], int] = {}
    for sweep in range((keyframes - 1) * SWEEPS_PER_KEYFRAME + 1):
        street_us = START_US + sweep * SWEEP_US
        key = sweep % SWEEPS_PER_KEYFRAME == 0
        sample = samples[round(sweep / SWEEPS_PER_KEYFRAME)]
        columns, hit = sweep_points(street_us)
        if key:
            counts |= {(sweep, index): int((hit == index).sum()) for index in range(len(THINGS))}
            _add_datum(tables, channels, "RADAR_FRONT", street_us, shift, sample, True, b"")
        _add_datum(tables, channels, "LIDAR_TOP", street_us, shift, sample, key, columns.tobytes())
        if sweep % SWEEPS_PER_KEYFRAME in CAMERA_SWEEPS:
            for channel, (_, offset) in CAMERAS.items():
                _add_datum(tables, channels, channel, street_us + offset, shift, sample, key, None)
    for rows in channels.values():
        for before, after in itertools.pairwise(rows):
            before["next"], after["prev"] = after["token"], before["token"]
    for index, thing in enumerate(THINGS):
        _add_track(tables, name, index, thing, samples, counts)


def _add_datum(
    tables: _Tables,
    channels: dict[str, list[dict[str, Any]]],
    channel: str,
    street_us: int,
    shift: int,
    sample: str,
    key: bool,
    data: bytes | None,
) -> None:
    stamp = street_us + shift
    suffix = {"LIDAR_TOP": ".pcd.bin", "RADAR_FRONT": ".pcd"}.get(channel, ".jpg")
    filename = f"{'samples' if key else 'sweeps'}/{channel}/tiny__{channel}__{stamp}{suffix}"
    path = tables.root / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    if data is None:
        Image.fromarray(picture(channel, street_us)).save(path, quality=95, subsampling=0)
    else:
        path.write_bytes(data)
    rotation, translation = ego_pose(street_us)
    identity = f"{channel}/{stamp}"
    tables.add(
        "ego_pose", identity, timestamp=stamp, rotation=_wxyz(rotation), translation=[float(x) for x in translation]
    )
    row = tables.add(
        "sample_data",
        identity,
        sample_token=tables.token("sample", sample),
        ego_pose_token=tables.token("ego_pose", identity),
        calibrated_sensor_token=tables.token("calibrated_sensor", channel),
        timestamp=stamp,
        fileformat="jpg" if data is None else "pcd",
        is_key_frame=key,
        height=IMAGE_SIZE[1] if data is None else 0,
        width=IMAGE_SIZE[0] if data is None else 0,
        filename=filename,
        prev="",
        next="",
    )
    channels.setdefault(channel, []).append(row)


def _add_track(
    tables: _Tables, scene: str, index: int, thing: Thing, samples: list[str], counts: dict[tuple[int, int], int]
) -> None:
    instance = f"{scene}/{index}"
    tables.add(
        "instance",
        instance,
        category_token=tables.token("category", thing.category),
        nbr_annotations=len(samples),
        first_annotation_token=tables.token("sample_annotation", f"{instance}/0"),
        last_annotation_token=tables.token("sample_annotation", f"{instance}/{len(samples) - 1}"),
    )
    length, width, height = thing.size
    for k, sample in enumerate(samples):
        rotation, translation = thing_pose(thing, START_US + k * SWEEPS_PER_KEYFRAME * SWEEP_US)
        tables.add(
            "sample_annotation",
            f"{instance}/{k}",
            sample_token=tables.token("sample", sample),
            instance_token=tables.token("instance", instance),
            visibility_token="4",
            attribute_tokens=[tables.token("attribute", "moving")] if any(thing.speed) else [],
            translation=[float(x) for x in translation],
            size=[width, length, height],
            rotation=_wxyz(rotation),
            prev=tables.token("sample_annotation", f"{instance}/{k - 1}") if k else "",
            next=tables.token("sample_annotation", f"{instance}/{k + 1}") if k + 1 < len(samples) else "",
            num_lidar_pts=counts[k * SWEEPS_PER_KEYFRAME, index],
            num_radar_pts=0,
        )


def _in_map(mount: tuple[np.ndarray, np.ndarray], stamp_us: int) -> tuple[np.ndarray, np.ndarray]:
    """A sensor's place and rotation in the map."""
    rotation, translation = ego_pose(stamp_us)
    return rotation @ mount[1] + translation, rotation @ mount[0]


def _wxyz(rotation: np.ndarray) -> list[float]:
    x, y, z, w = Rotation.from_matrix(rotation).as_quat()
    return [float(w), float(x), float(y), float(z)]
