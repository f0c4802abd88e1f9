"""Shows what the occupancy node sees and publishes in the live viewer."""

from __future__ import annotations

import sys
from functools import partial

import rclpy
import torch
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, PointCloud2
from sensor_msgs_py import point_cloud2
from tf2_ros import Buffer, TransformException, TransformListener
from torch import Tensor

from ago_msgs.msg import SemanticVoxelGrid
from ago_ros.nodes import parameters as declared
from ago_ros.nodes.conversions import grid_from_message, stamp_ns, to_matrix
from ago_ros.nodes.qos import make_qos
from ago_ros.nodes.sensor_messages import BadDatumError, read_camera
from ago_ros.nodes.topics import HEATMAP, VOXELS
from ago_ros.rendering.viewer import LiveViewer
from ago_ros.scene.semantic_grid import SemanticGrid


class ViewerNode(Node):
    """Feeds the viewer; takes the occupancy node's parameters, and `save`: a file to record to instead of a window."""

    def __init__(self) -> None:
        super().__init__("viewer_node")
        self._parameters = declared.declare(self)
        save = self.declare_parameter("save", "").value
        self.viewer = LiveViewer(save or None)
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self)
        self._infos: dict[str, CameraInfo] = {}
        self._grid: SemanticGrid | None = None
        newest = make_qos("sensor_data", 1)
        self.create_subscription(SemanticVoxelGrid, VOXELS, self._on_grid, newest)
        self.create_subscription(PointCloud2, HEATMAP, self._on_heatmap, make_qos("latched", 1))
        for name in self._parameters.camera_names:
            self.create_subscription(CameraInfo, f"{name}/camera_info", partial(self._infos.__setitem__, name), newest)
            if self._parameters.image_transport == "compressed":
                topic = self._parameters.image_topic(name)
                self.create_subscription(CompressedImage, topic, partial(self._on_image, name), newest)

    def _on_grid(self, message: SemanticVoxelGrid) -> None:
        self._grid = grid_from_message(message)
        pose = self._transform(self._parameters.map_frame, message.header.frame_id, message.header.stamp)
        if pose is not None:
            self.viewer.show_grid(self._grid, pose)

    def _on_image(self, name: str, message: CompressedImage) -> None:
        info = self._infos.get(name)
        mount = self._transform(self._parameters.base_frame, message.header.frame_id, message.header.stamp)
        if info is None or mount is None:
            return
        try:
            self.viewer.show_jpeg(name, stamp_ns(message.header.stamp), bytes(message.data), read_camera(info), mount)
        except BadDatumError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)

    def _on_heatmap(self, message: PointCloud2) -> None:
        if self._grid is None:
            return
        rows = point_cloud2.read_points(message)
        points = torch.stack([torch.from_numpy(rows[axis].copy()) for axis in "xyz"], dim=1)
        indices, inside = self._grid.grid.indices(points)
        probability = torch.zeros(self._grid.grid.shape)
        probability[tuple(indices.T)] = torch.from_numpy(rows["probability"].copy())[inside]
        self.viewer.show_probability(self._grid, probability)

    def _transform(self, target: str, source: str, stamp: object) -> Tensor | None:
        """Looks up a pose; a picture of what cannot be placed yet is left out."""
        try:
            return to_matrix(self._buffer.lookup_transform(target, source, Time.from_msg(stamp)).transform)
        except TransformException:
            return None


def main() -> None:
    """Runs the node until it is told to stop."""
    rclpy.init()
    try:
        node = ViewerNode()
    except (ValueError, RuntimeError) as error:
        print(f"viewer_node: {error}", file=sys.stderr)
        sys.exit(2)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.viewer.close()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
