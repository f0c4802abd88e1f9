"""The services: each answers from a cached frame, and refuses with a reason instead of failing."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from ago_msgs.srv import CompleteObjects, DetectObjects, LocateObject, SetVocabulary
from ago_ros.nodes.answers import boxes_to_message, region_to_message
from ago_ros.nodes.conversions import grid_to_message, probability_to_message, stamp_ns, to_header
from ago_ros.nodes.engine import OccupancyEngine
from ago_ros.nodes.outputs import Outputs
from ago_ros.nodes.qos import make_qos
from ago_ros.scene_query.query import QueryError

_QOS = make_qos("reliable", 200)
"""ROS' default of 10 loses requests without a word when more come at once."""


def refusing(handler: Callable[..., None]) -> Callable[..., Any]:
    """Wraps a handler that fills a response: what it raises becomes success = false and a message."""

    @functools.wraps(handler)
    def wrapped(self: QueryServices, request: Any, response: Any) -> Any:
        try:
            response.success = True
            handler(self, request, response)
        except QueryError as error:
            response.success, response.message = False, str(error)
        except Exception as error:
            self.node.get_logger().error(f"{handler.__name__} failed:\n{traceback.format_exc()}")
            response.success, response.message = False, f"internal error, see the node's log: {error}"
        return response

    return wrapped


class QueryServices:
    """Offers locate_object, complete_objects, detect_objects and set_vocabulary; calls may run side by side.

    Args:
        node: that offers them.
        engine: answers.
        outputs: answers are published there too.
        frame: the ego frame's name.
        on_vocabulary: called after the vocabulary was replaced.
    """

    def __init__(
        self, node: Node, engine: OccupancyEngine, outputs: Outputs, frame: str, on_vocabulary: Callable[[], None]
    ) -> None:
        self.node = node
        self._engine = engine
        self._outputs = outputs
        self._frame = frame
        self._on_vocabulary = on_vocabulary
        group = ReentrantCallbackGroup()
        offered = {
            "locate_object": (LocateObject, self.locate_object),
            "complete_objects": (CompleteObjects, self.complete_objects),
            "detect_objects": (DetectObjects, self.detect_objects),
            "set_vocabulary": (SetVocabulary, self.set_vocabulary),
        }
        self._services = [
            node.create_service(service_type, name, handler, qos_profile=_QOS, callback_group=group)
            for name, (service_type, handler) in offered.items()
        ]

    def close(self) -> None:
        """Ends the services."""
        for service in self._services:
            self.node.destroy_service(service)

    @refusing
    def locate_object(self, request: LocateObject.Request, response: LocateObject.Response) -> None:
        """Says where something is or could be, and publishes the answer."""
        answer = self._engine.locate(
            stamp_ns(request.stamp), request.query, request.target, request.relation, request.reference
        )
        regions = answer.regions[: request.max_regions] if request.max_regions else answer.regions
        response.success = not answer.status.refused
        response.status, response.message = answer.status.value, answer.message
        self._flag_stale(request, response, answer.stamp_ns)
        response.header = to_header(answer.stamp_ns, self._frame)
        response.regions = [region_to_message(region) for region in regions]
        if not request.omit_heatmap:
            response.heatmap = probability_to_message(answer.stamp_ns, answer.grid, answer.probability, self._frame)
        self._outputs.publish_answer(answer, response)

    def _flag_stale(self, request: LocateObject.Request, response: LocateObject.Response, stamp: int) -> None:
        """Says so where the newest frame was asked and is old: the sensors are silent, or inference is stuck."""
        age_s = (self.node.get_clock().now().nanoseconds - stamp) / 1e9
        response.stale = stamp_ns(request.stamp) == 0 and age_s > self.node.get_parameter("stale_sec").value
        if response.stale:
            response.message += f"; stale: the newest frame is {age_s:.1f} s old, see /diagnostics"

    @refusing
    def complete_objects(self, request: CompleteObjects.Request, response: CompleteObjects.Response) -> None:
        """Gives the whole extent of objects that are partly seen."""
        grid, regions = self._engine.complete(stamp_ns(request.stamp), tuple(request.phrases))
        response.grid = grid_to_message(grid, self._frame, "sparse")
        response.regions = [region_to_message(region) for region in regions]

    @refusing
    def detect_objects(self, request: DetectObjects.Request, response: DetectObjects.Response) -> None:
        """Gives 3D boxes of what phrases name."""
        stamp, boxes = self._engine.detect(stamp_ns(request.stamp), tuple(request.phrases), request.min_score)
        response.detections = boxes_to_message(to_header(stamp, self._frame), boxes)

    @refusing
    def set_vocabulary(self, request: SetVocabulary.Request, response: SetVocabulary.Response) -> None:
        """Replaces the phrases."""
        self._engine.set_vocabulary(request.phrases)
        self._on_vocabulary()
