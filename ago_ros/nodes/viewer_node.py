"""The node behind `viewer:=rerun`: shows grids, answers and images in the live viewer."""

from __future__ import annotations

import sys
from functools import partial

import rclpy
import torch
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, PointCloud2
from sensor_msgs_py import point_cloud2
from tf2_ros import Buffer, TransformException
from torch import Tensor

from ago_msgs.msg import SemanticVoxelGrid
from ago_ros.nodes.conversions import grid_from_message, stamp_ns, to_matrix
from ago_ros.nodes.qos import make_qos
from ago_ros.nodes.sensor_messages import BadDatumError, read_camera
from ago_ros.nodes.tf_listener import JumpAwareTransformListener
from ago_ros.rendering.viewer import LiveViewer
from ago_ros.sensors.assembler_config import NUSCENES_CAMERAS


class ViewerNode(Node):
    """Hands what arrives to the viewer; what has no transform yet is not shown."""

    def __init__(self) -> None:
        super().__init__("viewer_node")
        cameras = self.declare_parameter("cameras", list(NUSCENES_CAMERAS)).value
        save = self.declare_parameter("save", "").value
        self._base = self.declare_parameter("base_frame", "base_link").value
        self._map = self.declare_parameter("map_frame", "map").value
        self._viewer = LiveViewer(save or None)
        self._buffer = Buffer()
        self._listener = JumpAwareTransformListener(self._buffer, self, lambda jump: None)
        self._infos: dict[str, CameraInfo] = {}
        self._voxel_size = 0.4
        self.create_subscription(SemanticVoxelGrid, "occupancy/voxels", self._show_grid, make_qos("reliable", 2))
        self.create_subscription(PointCloud2, "locate/heatmap", self._show_answer, make_qos("reliable", 2))
        for name in cameras:
            qos, image_topic = qos_profile_sensor_data, f"{name}/image_rect/compressed"
            self.create_subscription(CameraInfo, f"{name}/camera_info", partial(self._set_info, name), qos)
            self.create_subscription(CompressedImage, image_topic, partial(self._show_image, name), qos)

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

    def _show_image(self, name: str, message: CompressedImage) -> None:
        info, stamp = self._infos.get(name), stamp_ns(message.header.stamp)
        ego_from_camera = self._lookup(self._base, message.header.frame_id, stamp)
        if info is None or ego_from_camera is None:
            return
        try:
            camera = read_camera(info)
        except BadDatumError as error:
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
    rclpy.init()
    try:
        node = ViewerNode()
    except RuntimeError as error:
        sys.exit(f"viewer_node: the viewer's window does not open ({error}); set the parameter `save` to a .rrd file")
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        node.close()
        node.destroy_node()
        rclpy.try_shutdown()
