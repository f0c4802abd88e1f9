"""What a nuScenes root holds: scenes, keyframes, sensor data and annotations, and how the sensor files are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.images import decode_image
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.sensors.frame import CameraImage, LidarSweep

_LIDAR_COLUMNS = 5


@dataclass(frozen=True)
class Scene:
    """One drive.

    Attributes:
        name: such as scene-0061.
        token: its token.
        description: what is seen, in words.
        location: where it was recorded, such as singapore-onenorth.
    """

    name: str
    token: str
    description: str
    location: str


@dataclass(frozen=True)
class Sample:
    """One keyframe of a scene.

    Attributes:
        token: its token.
        scene: name of its scene.
        stamp_ns: its time.
    """

    token: str
    scene: str
    stamp_ns: int


@dataclass(frozen=True, eq=False)
class SensorRecord:
    """One datum of one sensor, keyframe or sweep; the file itself is not read.

    Attributes:
        token: its sample_data token.
        sample_token: the keyframe that it is, or lies nearest to.
        sensor: lidar_top, cam_front, ...
        stamp_ns: its time.
        path: its file.
        is_keyframe: whether it is the datum of a keyframe.
        ego_from_sensor: (4, 4) float64.
        map_from_ego: (4, 4) float64 at `stamp_ns`.
        camera: its intrinsics; None for the LiDAR.
    """

    token: str
    sample_token: str
    sensor: str
    stamp_ns: int
    path: Path
    is_keyframe: bool
    ego_from_sensor: Tensor
    map_from_ego: Tensor
    camera: PinholeCamera | None

    def check_size(self, width: int, height: int) -> None:
        """Holds an image's size in pixels against the calibration's.

        Raises:
            DatasetError: they differ.
        """
        if self.camera is not None and (width, height) != (self.camera.width, self.camera.height):
            raise DatasetError(
                f"{self.path}: the image is {width} x {height}, sample_data.json says {self.camera.width} x "
                f"{self.camera.height}: its calibration does not fit; restore the original"
            )


@dataclass(frozen=True, eq=False)
class Annotation:
    """An annotated object at one keyframe.

    Attributes:
        token: its token.
        sample_token: the keyframe.
        stamp_ns: time of the keyframe.
        instance: token of the object, the same at every keyframe.
        name: nuScenes category, such as vehicle.car.
        label: id of its Occ3D class.
        box: (7,) float64 [x, y, z, l, w, h, yaw] in the map frame, metres and radians.
        velocity: (3,) float64 metres a second in the map frame, from the neighbouring keyframes; NaN where it has none.
        num_lidar_points: LiDAR points in the box, as nuScenes counts them.
        num_radar_points: radar points in the box, as nuScenes counts them.
        visibility: share of the object seen over all six cameras, such as v80-100; empty where not annotated.
        attributes: such as vehicle.moving.
    """

    token: str
    sample_token: str
    stamp_ns: int
    instance: str
    name: str
    label: int
    box: Tensor
    velocity: Tensor
    num_lidar_points: int
    num_radar_points: int
    visibility: str
    attributes: tuple[str, ...]


def read_sweep(record: SensorRecord) -> LidarSweep:
    """Reads the LiDAR file of a record; points that are not finite are dropped.

    Raises:
        DatasetError: the file is missing, or is not a whole number of points.
    """
    data = read_file(record.path)
    if len(data) == 0 or len(data) % (4 * _LIDAR_COLUMNS):
        raise DatasetError(
            f"{record.path}: {len(data)} bytes are not a whole number of LiDAR points of {4 * _LIDAR_COLUMNS} bytes: "
            "the file is cut off; restore it from the original data"
        )
    columns = np.frombuffer(data, dtype="<f4").reshape(-1, _LIDAR_COLUMNS).astype(np.float32)
    columns = columns[np.isfinite(columns).all(axis=1)]
    return LidarSweep(
        stamp_ns=record.stamp_ns,
        points=torch.from_numpy(columns[:, :3].copy()),
        ego_from_lidar=record.ego_from_sensor,
        map_from_ego=record.map_from_ego,
        intensity=torch.from_numpy(columns[:, 3].copy()),
        ring=torch.from_numpy(columns[:, 4].astype(np.int32)),
    )


def read_image(record: SensorRecord) -> CameraImage:
    """Reads the image file of a record.

    Raises:
        DatasetError: the file is missing or damaged, or has another size than the table says.
    """
    assert record.camera is not None, f"{record.sensor} is no camera"
    image = decode_image(read_file(record.path), record.path)
    record.check_size(image.shape[1], image.shape[0])
    return CameraImage(record.stamp_ns, image, record.camera, record.ego_from_sensor, record.map_from_ego)


def read_file(path: Path) -> bytes:
    """Reads a sensor file.

    Raises:
        DatasetError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(f"{path}: the sensor file is missing; unpack the nuScenes archive that holds it") from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
