"""Packs drive-world scenes into shards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.nuscenes_writer import EPOCH_US, MAP_OFFSET_M, SCENE_GAP_US
from ago_ros.datasets.drive_world.recording import Turn, duration_of, record
from ago_ros.datasets.drive_world.regions import regions
from ago_ros.datasets.drive_world.rig import CAMERAS
from ago_ros.datasets.drive_world.scene import Scene, draw_scene
from ago_ros.datasets.drive_world.shards import SHARD_VERSION, pack_grid
from ago_ros.datasets.drive_world.write import DriveWorldConfig
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.procedural.jobs import Progress, run_jobs

JPEG_QUALITY = 66


def write_drive_shards(
    out: str | Path, config: DriveWorldConfig, *, workers: int | None = None, progress: Progress | None = None
) -> list[Path]:
    """Writes one shard for each scene.

    Args:
        out: folder to write to; it must not hold shards yet.
        config: what to draw; `sweeps` is passed over, shards hold keyframes.
        workers: processes; None takes one for each processor.
        progress: told how many keyframes are done, and how many there are.

    Returns:
        The shards' paths.

    Raises:
        DatasetError: the folder holds shards.
    """
    folder = Path(out)
    if any(folder.glob("drive-*.npz")):
        raise DatasetError(f"{folder}: there are shards already; name another folder or remove them")
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(str(folder), config, number) for number in range(config.scenes)]
    return run_jobs(_write_shard, jobs, config.scenes * config.keyframes, workers, progress)


def _write_shard(out: str, config: DriveWorldConfig, number: int, tick: Callable[[], None]) -> Path:
    """Draws, records and packs one scene."""
    scene = draw_scene(config.seed + number, duration_of(config.keyframes), style=config.style, weather=config.weather)
    packer = _Packer(scene, EPOCH_US + number * SCENE_GAP_US)
    for turn in record(scene, config.keyframes, config.size, sweeps=False):
        packer.add(turn)
        tick()
    path = Path(out) / f"{config.scene_name(number)}.npz"
    np.savez_compressed(path, **packer.arrays(config.size))
    return path


class _Packer:
    """Gathers the arrays of one shard."""

    def __init__(self, scene: Scene, start_us: int) -> None:
        self._scene, self._start_us = scene, start_us
        self._jpegs: list[bytes] = []
        self._grids: list[bytes] = []
        self._stamps: list[int] = []
        self._camera_stamps: list[list[int]] = []
        self._poses: list[NDArray[np.float64]] = []
        self._camera_poses: list[list[NDArray[np.float64]]] = []
        self._boxes: list[list[float]] = []
        self._box_rows: list[tuple[int, int]] = []
        self._regions: list[tuple[int, ...]] = []

    def _stamp_ns(self, time: float) -> int:
        return (self._start_us + round(time * 1e6)) * 1000

    def _map_from_ego(self, time: float) -> NDArray[np.float64]:
        pose = self._scene.ego_pose(time)
        pose[:3, 3] += MAP_OFFSET_M
        return pose

    def add(self, turn: Turn) -> None:
        """Adds a keyframe."""
        keyframe = len(self._stamps)
        assert turn.labels is not None and turn.visible is not None
        self._stamps.append(self._stamp_ns(turn.time))
        self._poses.append(self._map_from_ego(turn.time))
        shots = sorted(turn.shots, key=lambda shot: CAMERAS.index(shot.mount))
        self._camera_stamps.append([self._stamp_ns(shot.time) for shot in shots])
        self._camera_poses.append([self._map_from_ego(shot.time) for shot in shots])
        for camera, shot in enumerate(shots):
            options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
            self._jpegs.append(cv2.imencode(".jpg", shot.picture.image[..., ::-1], options)[1].tobytes())
            for found in regions(shot.picture.thing, self._scene):
                self._regions.append((keyframe, camera, found.thing - 1, *found.box, found.pixels))
        self._grids.append(pack_grid(turn.labels.semantics.numpy(), turn.labels.mask_camera.numpy()))
        for i, placed in enumerate(self._scene.things):
            if placed.thing.annotated and turn.visible[i + 1] > 0:
                x, y, z, yaw = placed.pose(turn.time)
                center = np.array([x, y, z + placed.thing.size[2] / 2]) + MAP_OFFSET_M
                self._boxes.append([*center.tolist(), *placed.thing.size, yaw])
                self._box_rows.append((i, keyframe))

    def arrays(self, size: tuple[int, int]) -> dict[str, Any]:
        """The shard's arrays by name."""
        things = [placed.thing for placed in self._scene.things]
        rows = np.array(self._box_rows, dtype=np.int32).reshape(-1, 2)
        return {
            "version": np.array(SHARD_VERSION),
            "cameras": np.array([mount.channel.lower() for mount in CAMERAS]),
            "size": np.array(size),
            "stamps_ns": np.array(self._stamps),
            "map_from_ego": np.array(self._poses),
            "camera_stamps_ns": np.array(self._camera_stamps),
            "map_from_ego_at_camera": np.array(self._camera_poses),
            "ego_from_camera": np.array([mount.ego_from_camera() for mount in CAMERAS]),
            "intrinsics": np.array([mount.intrinsics(*size) for mount in CAMERAS]),
            "jpeg": np.frombuffer(b"".join(self._jpegs), dtype=np.uint8),
            "jpeg_ends": np.cumsum([len(data) for data in self._jpegs]),
            "labels": np.frombuffer(b"".join(self._grids), dtype=np.uint8),
            "label_ends": np.cumsum([len(data) for data in self._grids]),
            "boxes": np.array(self._boxes, dtype=np.float64).reshape(-1, 7),
            "box_thing": rows[:, 0],
            "box_keyframe": rows[:, 1],
            "regions": np.array(self._regions, dtype=np.int32).reshape(-1, 8),
            "names": np.array([thing.name for thing in things]),
            "captions": np.array([thing.caption for thing in things]),
            "categories": np.array([thing.category for thing in things]),
            "thing_labels": np.array([thing.label for thing in things], dtype=np.uint8),
        }
