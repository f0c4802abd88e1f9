"""The node behind `viewer:=rerun`: shows grids, answers and images in the live viewer."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import rclpy
import torch
from cv_bridge import CvBridge, CvBridgeError
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from sensor_msgs_py import point_cloud2
from tf2_ros import Buffer, TransformException
from torch import Tensor

from ago_msgs.msg import SemanticVoxelGrid
from ago_ros.nodes.conversions import grid_from_message, stamp_ns, to_matrix
from ago_ros.nodes.qos import make_qos
from ago_ros.nodes.running import stop_on_signals
from ago_ros.nodes.sensor_messages import BadDatumError, read_camera
from ago_ros.nodes.tf_listener import JumpAwareTransformListener
from ago_ros.rendering.viewer import LiveViewer
from ago_ros.sensors.assembler_config import NUSCENES_CAMERAS

_BRIDGE = CvBridge()


class ViewerNode(Node):
    """Hands what arrives to the viewer; what has no transform yet is not shown."""

    def __init__(self) -> None:
        super().__init__("viewer_node")
        cameras = self.declare_parameter("cameras", list(NUSCENES_CAMERAS)).value
        save = Path(self.declare_parameter("save", "").value)
        raw = self.declare_parameter("image_transport", "compressed").value == "raw"
        self._base = self.declare_parameter("base_frame", "base_link").value
        self._map = self.declare_parameter("map_frame", "map").value
        if not save.parent.is_dir():
            raise ValueError(f"save: {save.parent} is no folder")
        self._viewer = LiveViewer(save if save.name else None)
        self._buffer = Buffer()
        self._listener = JumpAwareTransformListener(self._buffer, self, lambda jump: None)
        self._infos: dict[str, CameraInfo] = {}
        self._voxel_size = 0.4
        self.create_subscription(SemanticVoxelGrid, "occupancy/voxels", self._show_grid, make_qos("reliable", 2))
        self.create_subscription(PointCloud2, "locate/heatmap", self._show_answer, make_qos("reliable", 2))
        for name in filter(str.strip, cameras):
            qos, show = qos_profile_sensor_data, partial(self._show_image, name)
            self.create_subscription(CameraInfo, f"{name}/camera_info", partial(self._set_info, name), qos)
            if raw:
                self.create_subscription(Image, f"{name}/image_rect", show, qos)
            else:
                self.create_subscription(CompressedImage, f"{name}/image_rect/compressed", show, qos)

    def close(self) -> None:
        """Writes what the viewer still holds."""
        self._viewer.close()

    def _set_info(self, name: str, message: CameraInfo) -> None:
        self._infos[name] = message

    def _show_grid(self, message: SemanticVoxelGrid) -> None:
        grid = grid_from_message(message)
        self._voxel_size = grid.grid.voxel_size
        map_from_ego = self._lookup(self._map, self._base, grid.stamp_ns)
        if map_from_ego is not None:
            self._viewer.show_grid(grid, map_from_ego)

    def _show_answer(self, message: PointCloud2) -> None:
        rows = point_cloud2.read_points_numpy(message, field_names=["x", "y", "z", "probability"]).reshape(-1, 4)
        answer = torch.from_numpy(rows.copy())
        self._viewer.show_answer(stamp_ns(message.header.stamp), answer[:, :3], answer[:, 3], self._voxel_size)

    def _show_image(self, name: str, message: CompressedImage | Image) -> None:
        info, stamp = self._infos.get(name), stamp_ns(message.header.stamp)
        ego_from_camera = self._lookup(self._base, message.header.frame_id, stamp)
        if info is None or ego_from_camera is None:
            return
        try:
            camera = read_camera(info)
            if isinstance(message, Image):
                message = _BRIDGE.cv2_to_compressed_imgmsg(_BRIDGE.imgmsg_to_cv2(message, "bgr8"))
        except (BadDatumError, CvBridgeError) as error:
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        self._viewer.show_jpeg(name, stamp, bytes(message.data), camera, ego_from_camera)

    def _lookup(self, target: str, source: str, stamp: int) -> Tensor | None:
        try:
            return to_matrix(self._buffer.lookup_transform(target, source, Time(nanoseconds=stamp)).transform)
        except TransformException as error:
            self.get_logger().info(f"not shown: {error}", throttle_duration_sec=5.0)
            return None


def main() -> None:
    """Runs the node until it is stopped."""
    stop = stop_on_signals()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = ViewerNode()
    except ValueError as error:
        sys.exit(f"viewer_node: {error}")
    except RuntimeError as error:
        told = f"viewer_node: the viewer's window does not open ({error})"
        sys.exit(f"{told}; record instead: parameter `save`, or viewer_save:=FILE.rrd of the launch file")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while not stop.is_set():
        executor.spin_once(timeout_sec=0.2)
    node.close()
    executor.shutdown()
    node.destroy_node()
    rclpy.try_shutdown()
