"""Sensor messages to what the core takes: points, pictures, cameras."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from cv_bridge import CvBridge, CvBridgeError
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from sensor_msgs_py import point_cloud2
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.images import decode_image
from ago_ros.geometry.camera import PinholeCamera

_BLACK = 8
_BRIDGE = CvBridge()


class BadDatumError(Exception):
    """A message that no frame can be made from. `reason` is what it is counted under."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Cloud:
    """What a LiDAR's message holds.

    Attributes:
        points: (N, 3) float32, LiDAR frame, metres; finite.
        intensity: (N,) float32 or None.
        ring: (N,) int32 or None.
        num_invalid: points left out because a coordinate was not finite.
    """

    points: Tensor
    intensity: Tensor | None
    ring: Tensor | None
    num_invalid: int


def read_cloud(message: PointCloud2) -> Cloud:
    """Reads a LiDAR's cloud; points that are not finite are left out and counted.

    Raises:
        BadDatumError: `bad_cloud`, no x y z or a cut off buffer; `empty_cloud`, no finite point.
    """
    present = {field.name for field in message.fields}
    missing = {"x", "y", "z"} - present
    if missing:
        raise BadDatumError("bad_cloud", f"the cloud has no field {', '.join(sorted(missing))}")
    if len(message.data) < message.row_step * message.height or message.row_step < message.point_step * message.width:
        raise BadDatumError(
            "bad_cloud", f"the cloud says {message.width}x{message.height} points and holds fewer bytes"
        )
    rows = point_cloud2.read_points(message).ravel()
    points = np.stack([rows[axis].astype(np.float32) for axis in "xyz"], axis=1)
    finite = np.isfinite(points).all(axis=1)
    if not finite.any():
        raise BadDatumError("empty_cloud", f"none of the cloud's {len(points)} points is finite")
    intensity = torch.from_numpy(rows["intensity"][finite].astype(np.float32)) if "intensity" in present else None
    ring = torch.from_numpy(rows["ring"][finite].astype(np.int32)) if "ring" in present else None
    return Cloud(torch.from_numpy(points[finite]), intensity, ring, int(len(points) - finite.sum()))


def read_image(message: CompressedImage | Image, topic: str) -> Tensor:
    """Decodes a picture.

    Args:
        message: compressed or raw.
        topic: where it came from, for the error's text.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        BadDatumError: `corrupt_image`, it cannot be decoded whole; `black_image`, nothing can be seen in it.
    """
    try:
        if isinstance(message, CompressedImage):
            image = decode_image(bytes(message.data), topic)
        else:
            image = torch.from_numpy(_BRIDGE.imgmsg_to_cv2(message, "rgb8").copy())
    except (DatasetError, CvBridgeError, ValueError, TypeError) as error:
        raise BadDatumError("corrupt_image", str(error)) from error
    if int(image.max()) < _BLACK:
        raise BadDatumError("black_image", f"{topic}: the picture is black: is the lens covered?")
    return image


def read_camera(message: CameraInfo) -> PinholeCamera:
    """Reads the intrinsics of a rectified camera: those of P, or of K where P is not set.

    Raises:
        BadDatumError: `uncalibrated`, the message carries no usable intrinsics.
    """
    projection = torch.as_tensor(np.asarray(message.p, dtype=np.float64).reshape(3, 4)[:, :3].copy())
    if projection[0, 0] == 0:
        projection = torch.as_tensor(np.asarray(message.k, dtype=np.float64).reshape(3, 3).copy())
    try:
        return PinholeCamera(projection, int(message.width), int(message.height))
    except ValueError as error:
        raise BadDatumError("uncalibrated", f"CameraInfo of {message.header.frame_id}: {error}") from error
