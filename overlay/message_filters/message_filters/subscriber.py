"""A ROS 2 subscription as the first filter of a chain."""

from typing import Any

from rclpy.node import Node

from message_filters.simple_filter import SimpleFilter


class Subscriber(SimpleFilter):
    """Passes on every message of a topic. What it lacks itself, it takes from its rclpy subscription."""

    def __init__(self, node: Node, msg_type: type, topic: str, **kwargs: Any) -> None:
        """Subscribes.

        Args:
            node: the node that subscribes.
            msg_type: type of the messages.
            topic: name of the topic.
            kwargs: as of `Node.create_subscription`; `qos_profile` is 10 where it is not given.
        """
        super().__init__()
        self.node = node
        self.topic = topic
        kwargs.setdefault("qos_profile", 10)
        self.sub = node.create_subscription(msg_type, topic, self.callback, **kwargs)

    def callback(self, msg: Any) -> None:
        """Passes `msg` on."""
        self.signalMessage(msg)

    def getTopic(self) -> str:  # noqa: N802
        """Returns the name of the topic as it was given."""
        return self.topic

    def __getattr__(self, key: str) -> Any:
        if key == "sub":
            raise AttributeError(key)
        return getattr(self.sub, key)
