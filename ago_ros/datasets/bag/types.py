"""Message types, topics and QoS of the bags."""

from __future__ import annotations

from functools import cache

from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

MAP_FRAME = "map"
BASE_FRAME = "base_link"

TF_TOPIC = "/tf"
TF_STATIC_TOPIC = "/tf_static"
BOXES_TOPIC = "/ground_truth/boxes"

CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
CLOUD = "sensor_msgs/msg/PointCloud2"
DETECTIONS = "vision_msgs/msg/Detection3DArray"
IMAGE = "sensor_msgs/msg/CompressedImage"
TF = "tf2_msgs/msg/TFMessage"

_VISION_MSGS = {
    "vision_msgs/msg/ObjectHypothesis": "string class_id\nfloat64 score",
    "vision_msgs/msg/ObjectHypothesisWithPose": (
        "vision_msgs/ObjectHypothesis hypothesis\ngeometry_msgs/PoseWithCovariance pose"
    ),
    "vision_msgs/msg/BoundingBox3D": "geometry_msgs/Pose center\ngeometry_msgs/Vector3 size",
    "vision_msgs/msg/Detection3D": (
        "std_msgs/Header header\nvision_msgs/ObjectHypothesisWithPose[] results\nvision_msgs/BoundingBox3D bbox\n"
        "string id"
    ),
    "vision_msgs/msg/Detection3DArray": "std_msgs/Header header\nvision_msgs/Detection3D[] detections",
}


def image_topic(camera: str) -> str:
    """Names the topic of a camera's compressed images."""
    return f"/{camera}/image_rect/compressed"


def camera_info_topic(camera: str) -> str:
    """Names the topic of a camera's calibration."""
    return f"/{camera}/camera_info"


def cloud_topic(lidar: str) -> str:
    """Names the topic of a LiDAR's clouds."""
    return f"/{lidar}"


@cache
def typestore() -> Typestore:
    """Returns the message types of ROS 2 Jazzy with those of vision_msgs 4 that the bags use."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for name, definition in _VISION_MSGS.items():
        store.register(get_types_from_msg(definition, name))
    return store


def reliable_qos(depth: int, *, latched: bool = False) -> Qos:
    """Describes what the publisher of a topic offered: reliable, so that every subscriber can take it on replay.

    Args:
        depth: how many messages its queue held.
        latched: whether it kept them for subscribers that come later (transient local).
    """
    forever = QosTime(9223372036, 854775807)
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=depth,
        reliability=QosReliability.RELIABLE,
        durability=QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        deadline=forever,
        lifespan=forever,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=forever,
        avoid_ros_namespace_conventions=False,
    )
