"""Tells the others where frames are for good."""

from collections.abc import Iterable

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from tf2_ros.transform_broadcaster import as_list


class StaticTransformBroadcaster:
    """Publishes transforms on /tf_static, where those who come later find them as well.

    Every message holds all that was sent so far. As in upstream's Python, a frame keeps the transform that was sent
    for it first.
    """

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        """Makes the publisher.

        Args:
            node: the node that publishes.
            qos: of the publisher, or its depth; transient local, keep the last, where None.
        """
        if qos is None:
            qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.pub_tf = node.create_publisher(TFMessage, "/tf_static", qos)
        self.net_message = TFMessage()
        self._child_frame_ids: set[str] = set()

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:  # noqa: N802
        """Publishes one or more transforms together with those sent before."""
        for new in as_list(transform):
            if new.child_frame_id not in self._child_frame_ids:
                self._child_frame_ids.add(new.child_frame_id)
                self.net_message.transforms.append(new)
        self.pub_tf.publish(self.net_message)
