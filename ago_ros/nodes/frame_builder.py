"""Turns a set of messages into a SensorFrame: waits for transforms, decodes only what is used."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from tf2_ros import Buffer, ExtrapolationException, TransformException
from torch import Tensor

from ago_ros.nodes.conversions import stamp_ns, to_matrix
from ago_ros.nodes.monitor import Monitor
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.nodes.sensor_messages import BadDatumError, read_camera, read_cloud, read_image
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame

_POLL_SEC = 0.003


class FrameBuilder:
    """Builds sensor frames in the worker's thread; camera calibrations arrive from any thread.

    Args:
        buffer: the transforms.
        parameters: frames and time-outs.
        monitor: told of every image left out, and of invalid points.
        needs_images: whether the predictor looks at images. If not, none is decoded and the frame carries no cameras;
            `SensorFrame.missing` still names those that sent nothing.
        stopping: set when waiting has to end.
    """

    def __init__(
        self,
        buffer: Buffer,
        parameters: OccupancyParameters,
        monitor: Monitor,
        needs_images: bool,
        stopping: threading.Event,
    ) -> None:
        self._buffer = buffer
        self._parameters = parameters
        self._monitor = monitor
        self._needs_images = needs_images
        self._stopping = stopping
        self._infos: dict[str, CameraInfo] = {}

    def set_camera_info(self, camera: str, message: CameraInfo) -> None:
        """Takes a camera's calibration; the newest counts."""
        self._infos[camera] = message

    def build(
        self, sweep: PointCloud2, images: Mapping[str, CompressedImage | Image], missing: frozenset[str]
    ) -> SensorFrame:
        """Builds a frame.

        Args:
            sweep: the LiDAR's message.
            images: messages by camera.
            missing: cameras whose image did not come.

        Raises:
            BadDatumError: the sweep cannot be used; images that cannot be used are left out and counted.
        """
        deadline = time.monotonic() + self._parameters.tf_timeout_ms / 1000
        cloud = read_cloud(sweep)
        if cloud.num_invalid:
            self._monitor.invalid_points(cloud.num_invalid)
        lidar = LidarSweep(
            stamp_ns(sweep.header.stamp),
            cloud.points,
            *self._poses(sweep.header.frame_id, stamp_ns(sweep.header.stamp), deadline),
            cloud.intensity,
            cloud.ring,
        )
        cameras = {}
        lost = dict.fromkeys(missing, "no_image")
        for name, message in images.items():
            try:
                picture = self._camera_image(name, message, deadline)
            except BadDatumError as error:
                lost[name] = error.reason
            else:
                if picture is not None:
                    cameras[name] = picture
        for name, reason in lost.items():
            self._monitor.lost_image(name, reason)
        return SensorFrame(lidar, cameras, frozenset(lost))

    def _camera_image(self, name: str, message: CompressedImage | Image, deadline: float) -> CameraImage | None:
        info = self._infos.get(name)
        if info is None:
            raise BadDatumError("no_camera_info", f"{name}: no CameraInfo has come")
        if not self._needs_images:
            return None
        camera = read_camera(info)
        stamp = stamp_ns(message.header.stamp)
        ego_from_camera, map_from_ego = self._poses(message.header.frame_id, stamp, deadline)
        image = read_image(message, name)
        if image.shape[:2] != (camera.height, camera.width):
            size = f"{image.shape[1]}x{image.shape[0]}"
            raise BadDatumError("size_mismatch", f"{name}: {size}, CameraInfo says {camera.width}x{camera.height}")
        return CameraImage(stamp, image, camera, ego_from_camera, map_from_ego)

    def _poses(self, sensor_frame: str, stamp: int, deadline: float) -> tuple[Tensor, Tensor]:
        """Looks up ego_from_sensor and map_from_ego at a stamp."""
        base = self._parameters.base_frame
        ego_from_sensor = self._wait_for(base, sensor_frame, stamp, deadline)
        return ego_from_sensor, self._wait_for(self._parameters.map_frame, base, stamp, deadline)

    def _wait_for(self, target: str, source: str, stamp: int, deadline: float) -> Tensor:
        when = Time(nanoseconds=stamp)
        while True:
            try:
                return to_matrix(self._buffer.lookup_transform(target, source, when).transform)
            except TransformException as error:
                if time.monotonic() > deadline or self._stopping.wait(_POLL_SEC):
                    reason = "tf_late" if isinstance(error, ExtrapolationException) else "tf_missing"
                    raise BadDatumError(reason, f"{target} <- {source}: {error}") from error
