"""The node's inputs: subscriptions, the frame assembler, transforms, and what is missing among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from message_filters import Subscriber
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2
from tf2_ros import Buffer

from ago_ros.nodes.frame_filter import FrameFilter
from ago_ros.nodes.monitor import Monitor
from ago_ros.nodes.parameters import OccupancyParameters, info_topic
from ago_ros.nodes.qos import make_qos, why_incompatible
from ago_ros.nodes.tf_listener import JumpAwareTransformListener

Picture: TypeAlias = CompressedImage | Image
_POLL_SEC = 0.02


class SensorInputs:
    """Subscribes to the sensors and hands over synchronised sets of messages.

    Args:
        node: that subscribes.
        parameters: topics, QoS and the assembler's settings.
        monitor: told of every message.
        on_set: called with a sweep, the images by camera, and the cameras without one, outside any lock.
        on_camera_info: called with a camera's name and its calibration.
        on_jump: called when time jumped back, after the transforms were cleared, with the jump in seconds.
    """

    def __init__(
        self,
        node: Node,
        parameters: OccupancyParameters,
        monitor: Monitor,
        on_set: Callable[[PointCloud2, dict[str, Picture], frozenset[str]], None],
        on_camera_info: Callable[[str, CameraInfo], None],
        on_jump: Callable[[float], None],
    ) -> None:
        self._node = node
        self._parameters = parameters
        self._monitor = monitor
        self._on_set = on_set
        self._qos = make_qos(parameters.input_qos, parameters.input_depth)
        self._group = MutuallyExclusiveCallbackGroup()
        self.buffer = Buffer()
        self._listener = JumpAwareTransformListener(self.buffer, node, on_jump)
        image_type = CompressedImage if parameters.image_transport == "compressed" else Image
        topics = {parameters.lidar: (PointCloud2, parameters.lidar)}
        topics |= {name: (image_type, parameters.image_topic(name)) for name in parameters.camera_names}
        self._subscribers = {name: self._subscriber(*topic) for name, topic in topics.items()}
        for name, subscriber in self._subscribers.items():
            subscriber.registerCallback(self._count, name)
        self.filter = FrameFilter(self._subscribers, parameters.assembler)
        self.filter.registerCallback(self._receive)
        self._timer = node.create_timer(
            _POLL_SEC, self.filter.poll, self._group, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._infos = {
            name: node.create_subscription(
                CameraInfo, info_topic(name), partial(on_camera_info, name), self._qos, callback_group=self._group
            )
            for name in parameters.camera_names
        }

    def close(self) -> None:
        """Ends all subscriptions."""
        self._node.destroy_timer(self._timer)
        for subscription in self._subscriptions().values():
            self._node.destroy_subscription(subscription)
        self._listener.unregister()

    def missing(self) -> list[str]:
        """Says what is missing: the clock, transforms, and the inputs that have sent nothing, by the reason why."""
        silent = self._monitor.snapshot().silent_sec
        by_reason: dict[str, list[str]] = {}
        for name, subscription in self._subscriptions().items():
            if silent.get(name, 0.0) == float("inf"):
                by_reason.setdefault(self._why_silent(subscription), []).append(subscription.topic_name)
        return self.troubles() + [f"{', '.join(topics)} ({reason})" for reason, topics in by_reason.items()]

    def troubles(self) -> list[str]:
        """Says what no grid can do without and is not there: simulated time, the robot's place in the map."""
        found = []
        simulated = self._node.get_parameter("use_sim_time").value
        if simulated and self._node.get_clock().now().nanoseconds == 0:
            found.append("/clock (use_sim_time is set, and no time comes)")
        map_frame, base = self._parameters.map_frame, self._parameters.base_frame
        if not self.buffer.can_transform(map_frame, base, Time()):
            found.append(f"transform {map_frame} <- {base}")
        return found

    def dropped(self) -> dict[str, int]:
        """Returns how many messages the assembler dropped, by reason."""
        return {reason.value: count for reason, count in self.filter.counters.dropped_by_reason().items()}

    def _subscriber(self, message_type: type, topic: str) -> Subscriber:
        return Subscriber(self._node, message_type, topic, qos_profile=self._qos, callback_group=self._group)

    def _subscriptions(self) -> dict[str, Subscription]:
        """All subscriptions by the name that the monitor knows them by."""
        sensors = {name: subscriber.sub for name, subscriber in self._subscribers.items()}
        return sensors | {info_topic(name): subscription for name, subscription in self._infos.items()}

    def _why_silent(self, subscription: Subscription) -> str:
        publishers = self._node.get_publishers_info_by_topic(subscription.topic_name)
        if not publishers:
            return "no publisher"
        requested: QoSProfile = subscription.qos_profile
        for publisher in publishers:
            reason = why_incompatible(publisher.qos_profile, requested)
            if reason:
                return f"QoS does not match publisher {publisher.node_name}: {reason}"
        return f"{len(publishers)} publisher, no message"

    def _count(self, message: object, name: str) -> None:
        self._monitor.received(name)

    def _receive(self, sweep: PointCloud2, *images: Picture | None) -> None:
        named = dict(zip(self._parameters.camera_names, images))
        present = {name: image for name, image in named.items() if image is not None}
        self._on_set(sweep, present, frozenset(named.keys() - present.keys()))


def input_names(parameters: OccupancyParameters) -> tuple[str, ...]:
    """Returns the names of all inputs, for the monitor."""
    cameras = parameters.camera_names
    return (parameters.lidar, *cameras, *(info_topic(camera) for camera in cameras))
