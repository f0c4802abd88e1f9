"""The node's outputs: what it publishes, and on which topic."""

from __future__ import annotations

from rclpy.lifecycle import LifecycleNode
from rclpy.lifecycle.publisher import LifecyclePublisher

from ago_msgs.msg import Vocabulary
from ago_msgs.srv import LocateObject
from ago_ros.nodes.answers import regions_to_markers
from ago_ros.nodes.conversions import grid_to_cloud, grid_to_message, probability_to_cloud, to_header
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.nodes.topics import HEATMAP, MARKERS, POINTS, VOCABULARY, VOXELS, output_topics
from ago_ros.scene.semantic_grid import SemanticGrid
from ago_ros.scene_query.answer import Answer


class Outputs:
    """The publishers; silent while the node is not active."""

    def __init__(self, node: LifecycleNode, parameters: OccupancyParameters) -> None:
        self._node = node
        self._frame = parameters.base_frame
        self._publishers: dict[str, LifecyclePublisher] = {
            topic: node.create_lifecycle_publisher(message_type, topic, qos)
            for topic, (message_type, qos) in output_topics(parameters).items()
        }

    def close(self) -> None:
        """Ends all publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)

    def publish_grid(self, grid: SemanticGrid, encoding: str) -> None:
        """Publishes a grid."""
        self._publishers[VOXELS].publish(grid_to_message(grid, self._frame, encoding))

    def publish_points(self, grid: SemanticGrid) -> None:
        """Publishes the occupied voxels as a cloud, if anyone looks."""
        if self._publishers[POINTS].get_subscription_count():
            self._publishers[POINTS].publish(grid_to_cloud(grid, self._frame))

    def publish_vocabulary(self, phrases: tuple[str, ...], model: str) -> None:
        """Publishes the phrases, stamped with the time at which they took effect."""
        header = to_header(self._node.get_clock().now().nanoseconds, "")
        self._publishers[VOCABULARY].publish(Vocabulary(header=header, phrases=list(phrases), model=model))

    def publish_answer(self, answer: Answer, response: LocateObject.Response) -> None:
        """Publishes an answer as a heat map and as markers."""
        cloud = probability_to_cloud(answer.stamp_ns, answer.grid, answer.probability, self._frame)
        self._publishers[HEATMAP].publish(cloud)
        self._publishers[MARKERS].publish(regions_to_markers(response.header, list(response.regions), 0.0))
