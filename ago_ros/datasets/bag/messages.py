"""What the core holds, as messages of a bag."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ago_ros.datasets.bag import types
from ago_ros.datasets.nuscenes_records import Annotation
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.sensors.frame import LidarSweep

_UINT16, _FLOAT32 = 4, 7
_CLOUD_TYPE = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "<f4"), ("ring", "<u2")])


def make_header(stamp_ns: int, frame_id: str) -> Any:
    """Makes a std_msgs/Header."""
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    return _make("std_msgs/msg/Header", _make("builtin_interfaces/msg/Time", seconds, nanoseconds), frame_id)


def make_transforms(stamp_ns: int, parent: str, children: Mapping[str, Tensor]) -> Any:
    """Makes a tf2_msgs/TFMessage.

    Args:
        stamp_ns: stamp of all its transforms.
        parent: name of the parent frame.
        children: (4, 4) parent_from_child by name of the child frame.
    """
    stamped = []
    for child, parent_from_child in children.items():
        x, y, z = parent_from_child[:3, 3].tolist()
        rotation = _make("geometry_msgs/msg/Quaternion", *se3.to_quaternion(parent_from_child).tolist())
        transform = _make("geometry_msgs/msg/Transform", _make("geometry_msgs/msg/Vector3", x, y, z), rotation)
        stamped.append(_make("geometry_msgs/msg/TransformStamped", make_header(stamp_ns, parent), child, transform))
    return _make(types.TF, stamped)


def make_image(stamp_ns: int, frame_id: str, data: bytes, kind: str) -> Any:
    """Makes a sensor_msgs/CompressedImage of the bytes of an image file, as they are; `kind` is jpeg or png."""
    return _make(types.IMAGE, make_header(stamp_ns, frame_id), kind, np.frombuffer(data, dtype=np.uint8))


def make_camera_info(stamp_ns: int, frame_id: str, camera: PinholeCamera) -> Any:
    """Makes the sensor_msgs/CameraInfo of a rectified camera: plumb_bob with zero distortion, P = [K | 0]."""
    intrinsics = camera.intrinsics.numpy().astype(np.float64)
    return _make(
        types.CAMERA_INFO,
        make_header(stamp_ns, frame_id),
        camera.height,
        camera.width,
        "plumb_bob",
        np.zeros(5),
        intrinsics.ravel(),
        np.eye(3).ravel(),
        np.hstack([intrinsics, np.zeros((3, 1))]).ravel(),
        0,
        0,
        _make("sensor_msgs/msg/RegionOfInterest", 0, 0, 0, 0, False),
    )


def make_cloud(stamp_ns: int, frame_id: str, sweep: LidarSweep) -> Any:
    """Makes a sensor_msgs/PointCloud2: x y z intensity float32 and ring uint16, packed, 18 bytes a point."""
    rows = np.zeros(len(sweep.points), dtype=_CLOUD_TYPE)
    for axis, values in zip("xyz", sweep.points.T, strict=True):
        rows[axis] = values.numpy()
    assert sweep.intensity is not None and sweep.ring is not None
    rows["intensity"], rows["ring"] = sweep.intensity.numpy(), sweep.ring.numpy()
    fields = [
        _make("sensor_msgs/msg/PointField", name, 4 * column, _UINT16 if name == "ring" else _FLOAT32, 1)
        for column, name in enumerate(_CLOUD_TYPE.names or ())
    ]
    data = rows.view(np.uint8)
    header = make_header(stamp_ns, frame_id)
    return _make(types.CLOUD, header, 1, len(rows), fields, False, _CLOUD_TYPE.itemsize, len(data), data, True)


def make_boxes(stamp_ns: int, frame_id: str, annotations: Iterable[Annotation]) -> Any:
    """Makes a vision_msgs/Detection3DArray: category in class_id, instance in id, score 1; boxes as they are."""
    header = make_header(stamp_ns, frame_id)
    detections = []
    for annotation in annotations:
        x, y, z, length, width, height, yaw = annotation.box.tolist()
        turn = _make("geometry_msgs/msg/Quaternion", 0.0, 0.0, math.sin(yaw / 2), math.cos(yaw / 2))
        pose = _make("geometry_msgs/msg/Pose", _make("geometry_msgs/msg/Point", x, y, z), turn)
        size = _make("geometry_msgs/msg/Vector3", length, width, height)
        hypothesis = _make("vision_msgs/msg/ObjectHypothesis", annotation.name, 1.0)
        place = _make("geometry_msgs/msg/PoseWithCovariance", pose, np.zeros(36))
        result = _make("vision_msgs/msg/ObjectHypothesisWithPose", hypothesis, place)
        box = _make("vision_msgs/msg/BoundingBox3D", pose, size)
        detections.append(_make("vision_msgs/msg/Detection3D", header, [result], box, annotation.instance))
    return _make(types.DETECTIONS, header, detections)


def stamp_of(header: Any) -> int:
    """Reads a header's stamp, nanoseconds."""
    return int(header.stamp.sec) * 1_000_000_000 + int(header.stamp.nanosec)


def read_transform(transform: Any) -> Tensor:
    """Reads a geometry_msgs/Transform as (4, 4) float64.

    Raises:
        ValueError: it is no rigid transform.
    """
    t, q = transform.translation, transform.rotation
    return se3.from_quaternion([t.x, t.y, t.z], [q.x, q.y, q.z, q.w])


def read_camera(message: Any) -> PinholeCamera:
    """Reads the intrinsics of a rectified camera from its CameraInfo: those of P, or of K where P is not set.

    Raises:
        ValueError: it holds none.
    """
    matrix = np.asarray(message.p, dtype=np.float64).reshape(3, 4)[:, :3]
    if matrix[0, 0] == 0:
        matrix = np.asarray(message.k, dtype=np.float64).reshape(3, 3)
    return PinholeCamera(torch.from_numpy(matrix.copy()), int(message.width), int(message.height))


def read_cloud(message: Any) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Reads a PointCloud2; points that are not finite are left out.

    Returns:
        (N, 3) float32 points; (N,) float32 intensity and (N,) int32 ring, None where the cloud has none.

    Raises:
        ValueError: it has no x y z, or holds fewer bytes than it says.
    """
    formats = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 8: "f8"}
    order = ">" if message.is_bigendian else "<"
    names = [field.name for field in message.fields]
    if not {"x", "y", "z"} <= set(names):
        raise ValueError(f"the cloud has the fields {', '.join(names)}, not x, y, z")
    layout = np.dtype(
        {
            "names": names,
            "formats": [order + formats[field.datatype] for field in message.fields],
            "offsets": [field.offset for field in message.fields],
            "itemsize": message.point_step,
        }
    )
    lines = np.asarray(message.data, dtype=np.uint8)[: message.height * message.row_step]
    lines = lines.reshape(message.height, message.row_step)[:, : message.width * message.point_step]
    rows = np.ascontiguousarray(lines).reshape(-1).view(layout)
    points = np.stack([rows[axis].astype(np.float32) for axis in "xyz"], axis=1)
    finite = np.isfinite(points).all(axis=1)
    intensity = torch.from_numpy(rows["intensity"][finite].astype(np.float32)) if "intensity" in names else None
    ring = torch.from_numpy(rows["ring"][finite].astype(np.int32)) if "ring" in names else None
    return torch.from_numpy(points[finite]), intensity, ring


def _make(name: str, *values: Any) -> Any:
    return types.typestore().types[name](*values)
