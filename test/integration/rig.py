"""A small robot for the tests: a LiDAR in a room, a camera that sees red ahead and one that sees blue behind."""

from __future__ import annotations

import array
import io
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import TransformStamped
from PIL import Image as Pillow
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from ago_msgs.msg import SemanticVoxelGrid, Vocabulary
from ago_ros.nodes.conversions import stamp_ns, to_time
from ago_ros.nodes.qos import make_qos

PERIOD_NS = 100_000_000
OFFSETS_NS = {"cam_front": -20_000_000, "cam_back": -40_000_000}
QUATERNIONS = {"cam_front": (-0.5, 0.5, -0.5, 0.5), "cam_back": (0.5, 0.5, -0.5, -0.5)}
PAINT = {"cam_front": (200, 10, 10), "cam_back": (10, 10, 200)}
SIZE = (96, 72)
DTYPE = np.dtype([("x", "f4"), ("y", "f4"), ("z", "f4"), ("intensity", "f4"), ("ring", "u2")])
FIELDS = [
    PointField(name=name, offset=offset, datatype=datatype, count=1)
    for name, offset, datatype in [("x", 0, 7), ("y", 4, 7), ("z", 8, 7), ("intensity", 12, 7), ("ring", 16, 4)]
]
NODE_PARAMETERS: dict[str, Any] = {
    "cameras": list(OFFSETS_NS),
    "camera_offsets_ms": [offset / 1e6 for offset in OFFSETS_NS.values()],
    "grid_origin": [-8.0, -8.0, 0.0],
    "grid_shape": [40, 40, 8],
    "voxel_size": 0.4,
    "tf_timeout_ms": 300,
    "deadline_ms": 150,
    "cache_size": 5,
    "vocabulary": ["red", "green", "blue"],
    "max_latency_ms": 2000.0,
    "vlm": "colour",
}


def room(seed: int = 0) -> np.ndarray:
    """Returns returns of four walls 6 m away, in the LiDAR's frame."""
    random = np.random.default_rng(seed)
    along, height = random.uniform(-5.9, 5.9, (4, 700)), random.uniform(-1.5, 1.0, (4, 700))
    points = np.zeros(4 * 700, DTYPE)
    for wall, (x, y) in enumerate([(6.1, None), (-6.1, None), (None, 6.1), (None, -6.1)]):
        part = slice(700 * wall, 700 * (wall + 1))
        points["x"][part] = along[wall] if x is None else x
        points["y"][part] = along[wall] if y is None else y
        points["z"][part] = height[wall]
    points["ring"] = 3
    return points


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = SIZE) -> bytes:
    """Returns a picture of one colour."""
    stream = io.BytesIO()
    Pillow.new("RGB", size, colour).save(stream, "JPEG", quality=95)
    return stream.getvalue()


class Rig:
    """Publishes sensor data with chosen stamps and faults, and records what the node answers with."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("test_rig", context=self.context)
        self.executor = MultiThreadedExecutor(4, context=self.context)
        self.executor.add_node(self.node)
        self.grids: dict[int, SemanticVoxelGrid] = {}
        self.vocabularies: list[Vocabulary] = []
        self.status: dict[str, DiagnosticStatus] = {}
        self.status_count = 0
        self.now_ns = 1_000_000_000_000
        sensors, keep = make_qos("sensor_data", 10), make_qos("latched", 10)
        publisher = self.node.create_publisher
        self.lidar = publisher(PointCloud2, "lidar_top", sensors)
        self.images = {c: publisher(CompressedImage, f"{c}/image_rect/compressed", sensors) for c in OFFSETS_NS}
        self.infos = {c: publisher(CameraInfo, f"{c}/camera_info", sensors) for c in OFFSETS_NS}
        self.tf, self.tf_static = publisher(TFMessage, "/tf", 100), publisher(TFMessage, "/tf_static", keep)
        group = ReentrantCallbackGroup()
        subscribe = self.node.create_subscription
        subscribe(SemanticVoxelGrid, "occupancy/voxels", self._on_grid, make_qos("reliable", 50))
        subscribe(Vocabulary, "occupancy/vocabulary", self.vocabularies.append, keep, callback_group=group)
        subscribe(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10, callback_group=group)
        self.group = group
        self._clients: dict[str, Any] = {}
        mounts = [self._transform("base_link", "lidar_top", (0.0, 0.0, 1.8), (0.0, 0.0, 0.0, 1.0), 0)]
        mounts += [self._transform("base_link", c, (0.0, 0.0, 1.5), q, 0) for c, q in QUATERNIONS.items()]
        self.tf_static.publish(TFMessage(transforms=mounts))
        self._thread = threading.Thread(target=self.executor.spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.executor.shutdown()
        rclpy.shutdown(context=self.context)

    def _on_grid(self, message: SemanticVoxelGrid) -> None:
        self.grids[stamp_ns(message.header.stamp)] = message

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.status.update({status.name.rsplit(": ")[-1]: status for status in message.status})
        self.status_count += 1

    @staticmethod
    def _transform(parent: str, child: str, position: Any, rotation: Any, stamp: int) -> TransformStamped:
        message = TransformStamped(header=Header(frame_id=parent, stamp=to_time(stamp)), child_frame_id=child)
        t, r = message.transform.translation, message.transform.rotation
        t.x, t.y, t.z = position
        r.x, r.y, r.z, r.w = rotation
        return message

    def send_tf(self, stamp: int) -> None:
        """Publishes where the robot is: it moves at 0.5 m/s along x."""
        x = stamp % 1_000_000_000_000 / 1e9 * 0.5
        self.tf.publish(
            TFMessage(transforms=[self._transform("map", "base_link", (x, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), stamp)])
        )

    def send_image(self, camera: str, stamp: int, data: bytes, info_size: tuple[int, int] = SIZE) -> None:
        header = Header(frame_id=camera, stamp=to_time(stamp))
        width, height = info_size
        info = CameraInfo(header=header, width=width, height=height)
        info.p = [0.6 * width, 0.0, width / 2, 0.0, 0.0, 0.6 * width, height / 2, 0.0, 0.0, 0.0, 1.0, 0.0]
        self.infos[camera].publish(info)
        self.images[camera].publish(CompressedImage(header=header, format="jpeg", data=array.array("B", data)))

    def send_sweep(self, stamp: int, points: np.ndarray) -> None:
        self.lidar.publish(
            point_cloud2.create_cloud(Header(frame_id="lidar_top", stamp=to_time(stamp)), FIELDS, points)
        )

    def tick(
        self,
        points: np.ndarray | None = None,
        pictures: dict[str, bytes | None] | None = None,
        info_size: tuple[int, int] = SIZE,
        tf: bool = True,
    ) -> int:
        """Sends one set of data, 100 ms after the last; returns its stamp. A picture of None is not sent."""
        time.sleep(PERIOD_NS / 1e9)
        self.now_ns += PERIOD_NS
        stamp = self.now_ns
        if tf:
            for moment in (*(stamp + offset for offset in sorted(OFFSETS_NS.values())), stamp):
                self.send_tf(moment)
        for camera, offset in OFFSETS_NS.items():
            data = (pictures or {}).get(camera, b"")
            if data is not None:
                self.send_image(camera, stamp + offset, data or jpeg(PAINT[camera]), info_size)
        self.send_sweep(stamp, room() if points is None else points)
        return stamp

    def wait_until(self, holds: Callable[[], Any], seconds: float = 5.0) -> Any:
        """Waits for something to become true; returns it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = holds()
            if value:
                return value
            time.sleep(0.01)
        return holds()

    def grid_of(self, stamp: int, seconds: float = 5.0) -> SemanticVoxelGrid | None:
        """Waits for the grid of a stamp."""
        return self.wait_until(lambda: self.grids.get(stamp), seconds)

    def tick_until_grid(self, attempts: int = 40, **kwargs: Any) -> SemanticVoxelGrid:
        """Sends data until a grid comes of it."""
        for _ in range(attempts):
            grid = self.grid_of(self.tick(**kwargs), 0.3)
            if grid is not None:
                return grid
        raise AssertionError(f"no grid came of {attempts} sets of data; diagnostics: {self.status}")

    def counters(self) -> dict[str, int]:
        """Waits for diagnostics that are newer than now; returns the numbers in them."""
        seen = self.status_count
        assert self.wait_until(lambda: self.status_count >= seen + 2), "no diagnostics come"
        pairs = [pair for status in self.status.values() for pair in status.values]
        return {pair.key: int(pair.value) for pair in pairs if pair.value.lstrip("-").isdigit()}

    def call(self, service_type: type, name: str, timeout: float = 10.0, **fields: Any) -> Any:
        """Calls a service."""
        client = self._clients.get(name)
        if client is None:
            many = make_qos("reliable", 200)
            client = self.node.create_client(service_type, name, qos_profile=many, callback_group=self.group)
            self._clients[name] = client
        assert client.wait_for_service(timeout), f"{name} is not offered"
        future = client.call_async(service_type.Request(**fields))
        assert self.wait_until(future.done, timeout), f"{name} did not answer"
        return future.result()
