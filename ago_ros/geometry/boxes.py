"""Boxes with a heading: [x, y, z, l, w, h, yaw], centre in metres, sizes in metres, yaw about +z in radians."""

from __future__ import annotations

import torch
from torch import Tensor

_CHUNK = 1 << 22
"""Point and box pairs that are tested at once: bounds the memory that `points_in_boxes` takes beside its result."""


def corners(boxes: Tensor) -> Tensor:
    """Returns the corners of boxes.

    Args:
        boxes: (..., 7).

    Returns:
        (..., 8, 3) in the boxes' frame, metres: the bottom face counter-clockwise seen from above, from front left on
        (+l/2, +w/2), then the top face in the same order.
    """
    front = boxes.new_tensor([1, -1, -1, 1, 1, -1, -1, 1]) / 2
    left = boxes.new_tensor([1, 1, -1, -1, 1, 1, -1, -1]) / 2
    up = boxes.new_tensor([-1, -1, -1, -1, 1, 1, 1, 1]) / 2
    x, y, z = (boxes[..., 3 + axis, None] * sign for axis, sign in enumerate((front, left, up)))
    cos, sin = torch.cos(boxes[..., 6, None]), torch.sin(boxes[..., 6, None])
    return boxes[..., None, :3] + torch.stack([cos * x - sin * y, sin * x + cos * y, z], dim=-1)


def points_in_boxes(points: Tensor, boxes: Tensor) -> Tensor:
    """Tells which points lie in which boxes; a box holds its surface.

    Args:
        points: (P, 3) in the boxes' frame, metres.
        boxes: (N, 7).

    Returns:
        (N, P) bool.
    """
    inside = torch.empty(len(boxes), len(points), dtype=torch.bool, device=points.device)
    share = max(1, _CHUNK // max(1, len(points)))
    for chunk, out in zip(boxes.split(share), inside.split(share)):
        x, y, z = (points - chunk[:, None, :3].to(points)).unbind(-1)
        length, width, height, yaw = chunk[:, 3:, None].to(points).unbind(1)
        cos, sin = torch.cos(yaw), torch.sin(yaw)
        along, across = cos * x + sin * y, cos * y - sin * x
        out[:] = (along.abs() <= length / 2) & (across.abs() <= width / 2) & (z.abs() <= height / 2)
    return inside


def transform_boxes(a_from_b: Tensor, boxes: Tensor) -> Tensor:
    """Takes boxes in frame b to frame a.

    A box has no roll and no pitch, so its heading in a is that of its turned x axis, seen from above; where the frames
    differ by more than a yaw and a translation, the box is that much off.

    Args:
        a_from_b: (4, 4) float64.
        boxes: (..., 7) in frame b.

    Returns:
        (..., 7) in frame a, yaw in -pi..pi, of the type of `boxes`.
    """
    matrix, exact = a_from_b.to(boxes.device, torch.float64), boxes.to(torch.float64)
    rotation = matrix[:3, :3]
    center = exact[..., :3] @ rotation.T + matrix[:3, 3]
    heading = torch.stack([torch.cos(exact[..., 6]), torch.sin(exact[..., 6])], dim=-1) @ rotation[:2, :2].T
    yaw = torch.atan2(heading[..., 1], heading[..., 0])
    return torch.cat([center, exact[..., 3:6], yaw[..., None]], dim=-1).to(boxes.dtype)


def iou_bev(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes seen from above.

    Args:
        a: (..., 7).
        b: (..., 7); the leading dimensions of the two broadcast: `iou_bev(a[:, None], b)` is every pair.

    Returns:
        (...) in 0..1, of the type of `a`; 0 where neither has an area. Differentiable almost everywhere; the gradient
        is zero for boxes apart.
    """
    first, second = a.to(torch.float64), b.to(torch.float64)
    overlap = _overlap_bev(first, second)
    union = first[..., 3] * first[..., 4] + second[..., 3] * second[..., 4] - overlap
    return _ratio(overlap, union).to(a.dtype)


def iou_3d(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes in space; see `iou_bev` for the arguments and the result."""
    first, second = a.to(torch.float64), b.to(torch.float64)
    rise = second[..., 2] - first[..., 2]
    half_first, half_second = first[..., 5] / 2, second[..., 5] / 2
    top = torch.minimum(half_first, rise + half_second)
    bottom = torch.maximum(-half_first, rise - half_second)
    overlap = _overlap_bev(first, second) * (top - bottom).clamp(min=0)
    union = first[..., 3:6].prod(dim=-1) + second[..., 3:6].prod(dim=-1) - overlap
    return _ratio(overlap, union).to(a.dtype)


def _overlap_bev(first: Tensor, second: Tensor) -> Tensor:
    """Area, (...), that the rectangles of two (..., 7) float64 boxes share (ours).

    In the first box's frame that rectangle is |x| <= l/2, |y| <= w/2, and by Green's theorem the shared area is the
    integral of -clamp(y, -w/2, w/2) dx along the second's outline where |x| <= l/2. Each edge has a closed form and
    nothing depends on whether two edges meet, so there are no special cases: corners on edges, edges on edges and equal
    boxes are exact.
    """
    offset = second[..., :2] - first[..., :2]
    cos, sin = torch.cos(first[..., 6]), torch.sin(first[..., 6])
    x = cos * offset[..., 0] + sin * offset[..., 1]
    y = cos * offset[..., 1] - sin * offset[..., 0]
    turn = (second[..., 6] - first[..., 6]).expand_as(x)
    sizes = second[..., 3:6].expand(*x.shape, 3)
    in_first = torch.cat([torch.stack([x, y, torch.zeros_like(x)], dim=-1), sizes, turn[..., None]], dim=-1)
    outline = corners(in_first)[..., :4, :2]
    start_x, start_y = outline.unbind(-1)
    edge_x, edge_y = (outline.roll(-1, dims=-2) - outline).unbind(-1)
    half_length, half_width = first[..., 3, None] / 2, first[..., 4, None] / 2
    from_x, to_x = (torch.clamp(v, -half_length, half_length) for v in (start_x, start_x + edge_x))
    run = edge_x.masked_fill(edge_x == 0, 1.0)
    from_y, to_y = (start_y + ((v - start_x) / run).clamp(0, 1) * edge_y for v in (from_x, to_x))
    above_bottom = _mean_positive(from_y + half_width, to_y + half_width)
    above_top = _mean_positive(from_y - half_width, to_y - half_width)
    return ((from_x - to_x) * (above_bottom - above_top)).sum(dim=-1).clamp(min=0)


def _mean_positive(start: Tensor, end: Tensor) -> Tensor:
    """Mean of max(v, 0) as v goes evenly from `start` to `end`."""
    low, high = torch.minimum(start, end), torch.maximum(start, end)
    crossing = (low < 0) & (high > 0)
    rise = torch.where(crossing, high - low, 1.0)
    return torch.where(crossing, high * high / (2 * rise), (start.clamp(min=0) + end.clamp(min=0)) / 2)


def _ratio(overlap: Tensor, union: Tensor) -> Tensor:
    """Divides, where there is something to divide by."""
    return torch.where(union > 0, overlap / torch.where(union > 0, union, 1.0), 0.0).clamp(max=1)
