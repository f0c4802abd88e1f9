"""Boxes against shapely, scipy and closed forms."""

from math import pi, sqrt

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from shapely.geometry import Polygon
from torch import Tensor

from ago_ros.geometry import boxes as boxes_module
from ago_ros.geometry import se3
from ago_ros.geometry.boxes import corners, iou_3d, iou_bev, points_in_boxes, transform_boxes

ANGLES = [0.0, 1e-200, 1e-17, pi / 6, pi / 4, pi / 2, 3 * pi / 4, pi, -pi / 2, -2.3, 7.0]


def seeded(count: int, seed: int, spread: float = 3.0) -> Tensor:
    """(count, 7) float64 boxes, near one another, every third turned by a special angle."""
    generator = torch.Generator().manual_seed(seed)
    made = torch.rand(count, 7, generator=generator, dtype=torch.float64)
    made[:, :3] = (made[:, :3] - 0.5) * spread
    made[:, 3:6] = 0.3 + 4 * made[:, 3:6]
    made[:, 6] = (made[:, 6] - 0.5) * 4 * pi
    made[::3, 6] = torch.tensor(ANGLES, dtype=torch.float64)[torch.arange(len(made[::3])) % len(ANGLES)]
    return made


def polygon(box: Tensor) -> Polygon:
    return Polygon(corners(box)[:4, :2].tolist())


def shapely_ious(a: Tensor, b: Tensor) -> tuple[float, float]:
    """IoU from above and in space, by shapely."""
    area = polygon(a).intersection(polygon(b)).area
    top, bottom = torch.minimum(a[2] + a[5] / 2, b[2] + b[5] / 2), torch.maximum(a[2] - a[5] / 2, b[2] - b[5] / 2)
    volume = area * max(0.0, float(top - bottom))
    total = float(a[3:6].prod() + b[3:6].prod())
    return area / float(a[3] * a[4] + b[3] * b[4] - area), volume / (total - volume)


def box(x: float = 0, y: float = 0, z: float = 0, l: float = 2, w: float = 2, h: float = 2, yaw: float = 0) -> Tensor:  # noqa: E741
    return torch.tensor([x, y, z, l, w, h, yaw], dtype=torch.float64)


def test_corners_are_the_turned_block_in_the_order_that_is_promised() -> None:
    made = seeded(20, 0)
    signs = torch.tensor([[1, 1, -1], [-1, 1, -1], [-1, -1, -1], [1, -1, -1]], dtype=torch.float64)
    signs = torch.cat([signs, signs * torch.tensor([1.0, 1.0, -1.0])])
    for one, found in zip(made, corners(made)):
        turned = Rotation.from_euler("z", float(one[6])).apply((signs * one[3:6] / 2).numpy())
        torch.testing.assert_close(found, one[:3] + torch.from_numpy(turned), rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_ious_are_shapelys(seed: int) -> None:
    a, b = seeded(60, seed), seeded(60, seed + 100)
    b[:10] = a[:10]
    b[10:20, :3] = a[10:20, :3]
    b[20:30, 6] = a[20:30, 6] + pi / 2
    expected = torch.tensor([shapely_ious(one, other) for one, other in zip(a, b)], dtype=torch.float64)
    assert (expected[30:, 0] > 0.05).sum() > 10
    torch.testing.assert_close(iou_bev(a, b), expected[:, 0], rtol=0, atol=1e-12)
    torch.testing.assert_close(iou_3d(a, b), expected[:, 1], rtol=0, atol=1e-12)


def test_every_pair_by_broadcasting() -> None:
    a, b = seeded(5, 1), seeded(7, 2)
    every = iou_3d(a[:, None], b)
    assert every.shape == (5, 7)
    assert all(every[i, j] == iou_3d(a[i], b[j]) for i in range(5) for j in range(7))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-pi, pi))
def test_ious_are_symmetric_and_do_not_change_under_rigid_motion(seed: int, x: float, y: float, yaw: float) -> None:
    a, b = seeded(8, seed), seeded(8, seed + 1)
    motion = se3.from_yaw([x, y, 12.0], yaw)
    for iou in (iou_bev, iou_3d):
        torch.testing.assert_close(iou(a, b), iou(b, a), rtol=0, atol=1e-12)
        moved = iou(transform_boxes(motion, a), transform_boxes(motion, b))
        torch.testing.assert_close(moved, iou(a, b), rtol=0, atol=1e-8)
        torch.testing.assert_close(iou(a, a), torch.ones(8, dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("yaw", ANGLES)
@pytest.mark.parametrize("x", [0.0, 1e5])
def test_closed_forms(yaw: float, x: float) -> None:
    here = box(x=x, yaw=yaw)
    along = torch.tensor([torch.cos(here[6]), torch.sin(here[6])])
    octagon = 8 * (sqrt(2) - 1)
    apart, touching, half = (here.clone() for _ in range(3))
    apart[:2] += 2.1 * along
    touching[:2] += 2.0 * along
    half[:2] += along
    inner = box(x=x, l=1, w=1, h=1, yaw=yaw + 0.3)
    for other, bev, solid in [
        (box(x=x, yaw=yaw + pi / 4), octagon / (8 - octagon), octagon / (8 - octagon)),
        (box(x=x, yaw=yaw + pi / 2), 1.0, 1.0),
        (box(x=x, yaw=yaw + pi), 1.0, 1.0),
        (box(x=x, z=1.0, yaw=yaw), 1.0, 1 / 3),
        (box(x=x, z=2.0, yaw=yaw), 1.0, 0.0),
        (apart, 0.0, 0.0),
        (touching, 0.0, 0.0),
        (half, 1 / 3, 1 / 3),
        (inner, 1 / 4, 1 / 8),
    ]:
        assert iou_bev(here, other).item() == pytest.approx(bev, abs=1e-9)
        assert iou_3d(here, other).item() == pytest.approx(solid, abs=1e-9)
    assert octagon / (8 - octagon) == pytest.approx(1 / sqrt(2))


def test_float32_boxes_far_from_the_origin_keep_their_overlap() -> None:
    a, b = seeded(30, 3).float(), seeded(30, 4).float()
    a[:, :2] += 4096
    b[:, :2] += 4096
    found = iou_3d(a, b)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), iou_3d(a.double(), b.double()), rtol=0, atol=1e-7)


def test_boxes_without_size_overlap_nothing() -> None:
    flat = box(l=0, w=0, h=0)
    for iou in (iou_bev, iou_3d):
        assert iou(flat, flat) == 0 and iou(flat, box()) == 0 and iou(box(), flat) == 0


def test_gradients_are_those_of_finite_differences_and_finite_in_degenerate_cases() -> None:
    a, b = seeded(6, 5, spread=1.0)[1:3], seeded(6, 6, spread=1.0)[1:3]
    assert torch.autograd.gradcheck(iou_3d, (a.requires_grad_(), b.requires_grad_()), eps=1e-7, atol=1e-5)
    for other in (box(), box(x=2.0), box(x=9.0), box(yaw=pi / 2), box(l=0)):
        one = box().requires_grad_()
        (gradient,) = torch.autograd.grad(iou_3d(one, other.requires_grad_()), one)
        assert torch.isfinite(gradient).all()


def test_points_in_boxes_are_the_points_within_half_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    made = seeded(12, 7)
    points = torch.randn(500, 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64) * 2
    inside = points_in_boxes(points, made)
    for one, found in zip(made, inside):
        local = Rotation.from_euler("z", -float(one[6])).apply((points - one[:3]).numpy())
        assert torch.equal(found, (torch.from_numpy(local).abs() <= one[3:6] / 2).all(dim=1))
    assert 0 < inside.sum() < inside.numel()
    monkeypatch.setattr(boxes_module, "_CHUNK", 700)
    assert torch.equal(points_in_boxes(points, made), inside)
    assert points_in_boxes(points[:0], made).shape == (12, 0)
    assert points_in_boxes(points, made[:0]).shape == (0, 500)


def test_a_box_holds_its_surface_and_no_nan() -> None:
    points = torch.tensor([[1.0, 1.0, 1.0], [1.0001, 0, 0], [float("nan"), 0, 0]])
    assert points_in_boxes(points, box()[None].float()).tolist() == [[True, False, False]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1e4, 1e4), st.floats(-10, 10))
def test_transformed_boxes_have_transformed_corners(seed: int, x: float, yaw: float) -> None:
    made, motion = seeded(9, seed), se3.from_yaw([x, -x / 3, 1.0], yaw)
    moved = transform_boxes(motion, made)
    expected = se3.transform_points(motion, corners(made).reshape(-1, 3)).reshape(-1, 8, 3)
    torch.testing.assert_close(corners(moved), expected, rtol=0, atol=1e-9)
    assert (moved[:, 6].abs() <= pi).all()
    back = transform_boxes(se3.invert(motion), moved)
    torch.testing.assert_close(corners(back), corners(made), rtol=0, atol=1e-9)


def test_a_tilted_frame_keeps_the_heading_seen_from_above() -> None:
    motion = se3.from_quaternion([1.0, 2.0, 3.0], Rotation.from_euler("xyz", [0.05, -0.08, 1.1]).as_quat())
    made = seeded(10, 9)
    moved = transform_boxes(motion, made)
    front = torch.stack([torch.cos(made[:, 6]), torch.sin(made[:, 6]), torch.zeros(10)], dim=-1) @ motion[:3, :3].T
    torch.testing.assert_close(moved[:, 6], torch.atan2(front[:, 1], front[:, 0]))
    torch.testing.assert_close(moved[:, :3], se3.transform_points(motion, made[:, :3]))
    assert torch.equal(moved[:, 3:6], made[:, 3:6])
