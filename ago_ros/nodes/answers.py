"""Answers and boxes to messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA, Header
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose
from visualization_msgs.msg import Marker, MarkerArray

from ago_msgs.msg import Region as RegionMessage
from ago_ros.nodes.conversions import to_point, to_pose
from ago_ros.rendering.palette import phrase_color
from ago_ros.scene_query.answer import Region, ViewingPose


def region_to_message(region: Region) -> RegionMessage:
    """Turns a region into its message."""
    length, width, height = (float(value) for value in region.extent)
    return RegionMessage(
        phrase=region.phrase,
        pose=to_pose(torch.as_tensor(region.center), float(region.yaw)),
        extent=Vector3(x=length, y=width, z=height),
        peak=to_point(torch.as_tensor(region.peak)),
        probability=float(region.probability),
        hidden=float(region.hidden),
        **_view(region.view),
    )


def _view(view: ViewingPose | None) -> dict[str, Any]:
    if view is None:
        return {"has_view": False}
    return {"has_view": True, "view": to_pose(torch.as_tensor(view.position), view.yaw), "view_seen": view.seen}


def regions_to_markers(header: Header, regions: list[RegionMessage], seconds: float) -> MarkerArray:
    """Draws regions as see-through boxes with their phrase and probability above; the earlier ones go.

    Args:
        header: stamp and frame of the regions.
        regions: what to draw.
        seconds: how long the markers stay; 0 means until the next answer.
    """
    markers = [Marker(header=header, ns="locate", action=Marker.DELETEALL)]
    lifetime = Duration(sec=int(seconds), nanosec=int(seconds % 1 * 1e9))
    for number, region in enumerate(regions):
        red, green, blue = (value / 255 for value in phrase_color(region.phrase))
        box = Marker(header=header, ns="locate", id=2 * number, type=Marker.CUBE, lifetime=lifetime)
        box.pose, box.scale = region.pose, region.extent
        box.color = ColorRGBA(r=red, g=green, b=blue, a=0.35)
        text = Marker(header=header, ns="locate", id=2 * number + 1, type=Marker.TEXT_VIEW_FACING, lifetime=lifetime)
        text.pose = to_pose(torch.tensor([region.pose.position.x, region.pose.position.y, region.pose.position.z]))
        text.pose.position.z += region.extent.z / 2 + 0.4
        text.scale.z = 0.6
        text.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
        text.text = f"{region.phrase} {region.probability:.2f}"
        markers += [box, text]
    return MarkerArray(markers=markers)


def boxes_to_message(header: Header, boxes: Sequence[Region]) -> Detection3DArray:
    """Turns detected objects into a message: the phrase is the class_id, the score a real one."""
    message = Detection3DArray(header=header)
    for box in boxes:
        region = region_to_message(box)
        detection = Detection3D(header=header)
        detection.bbox.center, detection.bbox.size = region.pose, region.extent
        hypothesis = ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id, hypothesis.hypothesis.score = box.phrase, float(box.probability)
        hypothesis.pose.pose = region.pose
        detection.results.append(hypothesis)
        message.detections.append(detection)
    return message
