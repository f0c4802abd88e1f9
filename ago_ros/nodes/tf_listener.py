"""A transform listener that starts over when time jumps back, as it does when a bag is looped."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from tf2_msgs.msg import TFMessage
from tf2_ros import Buffer, TransformListener

from ago_ros.nodes.conversions import stamp_ns

JUMP_BACK_NS = 1_000_000_000


class JumpAwareTransformListener(TransformListener):
    """Clears the buffer when a frame's dynamic transforms go back by more than a second: else tf2 refuses them as old.

    Args:
        buffer: filled and cleared.
        node: that subscribes.
        on_jump: called after the buffer was cleared, with the jump in seconds.
    """

    def __init__(self, buffer: Buffer, node: Node, on_jump: Callable[[float], None]) -> None:
        self._newest: dict[str, int] = {}
        self._on_jump = on_jump
        super().__init__(buffer, node)

    def callback(self, data: TFMessage) -> None:
        """Takes dynamic transforms."""
        for transform in data.transforms:
            stamp, newest = stamp_ns(transform.header.stamp), self._newest.get(transform.child_frame_id)
            if newest is not None and stamp < newest - JUMP_BACK_NS:
                self.buffer.clear()
                self._newest.clear()
                self._on_jump((stamp - newest) / 1e9)
            self._newest[transform.child_frame_id] = max(stamp, self._newest.get(transform.child_frame_id, stamp))
        super().callback(data)
