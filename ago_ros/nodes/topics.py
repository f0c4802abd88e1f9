"""What the occupancy node publishes: topics, types and QoS."""

from __future__ import annotations

from rclpy.qos import QoSProfile
from sensor_msgs.msg import PointCloud2
from visualization_msgs.msg import MarkerArray

from ago_msgs.msg import SemanticVoxelGrid, Vocabulary
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.nodes.qos import make_qos

VOXELS, POINTS, VOCABULARY = "occupancy/voxels", "occupancy/points", "occupancy/vocabulary"
HEATMAP, MARKERS = "locate/heatmap", "locate/markers"


def output_topics(parameters: OccupancyParameters) -> dict[str, tuple[type, QoSProfile]]:
    """Returns every published topic with its type and QoS."""
    stream = make_qos(parameters.output_qos, 5)
    latched = make_qos("latched", 1)
    return {
        VOXELS: (SemanticVoxelGrid, stream),
        POINTS: (PointCloud2, stream),
        VOCABULARY: (Vocabulary, latched),
        HEATMAP: (PointCloud2, latched),
        MARKERS: (MarkerArray, latched),
    }
