"""The pinhole camera against plain float64 arithmetic."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ago_ros.geometry.camera import PinholeCamera

NUSCENES_LIKE = PinholeCamera(
    torch.tensor([[1266.4, 0.0, 816.3], [0.0, 1264.0, 491.5], [0.0, 0.0, 1.0]], dtype=torch.float64), 1600, 900
)
SKEWED = PinholeCamera(
    torch.tensor([[500.0, 3.0, 300.0], [0.0, 480.0, 200.0], [0.0, 0.0, 1.0]], dtype=torch.float64), 640, 480
)


def cloud(seed: int, count: int = 200) -> torch.Tensor:
    """Points all around the camera."""
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 20


@pytest.mark.parametrize("camera", [NUSCENES_LIKE, SKEWED])
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_pixels_are_focal_length_times_slope_plus_principal_point(camera: PinholeCamera, seed: int) -> None:
    points = cloud(seed)
    pixels, depths, visible = camera.project(points)
    (fx, skew, cx), (_, fy, cy), _ = camera.intrinsics.tolist()
    for (x, y, z), (u, v), depth, seen in zip(points.tolist(), pixels.tolist(), depths.tolist(), visible.tolist()):
        assert depth == z
        if z < 0.1:
            assert not seen
            continue
        assert u == pytest.approx(fx * x / z + skew * y / z + cx, abs=1e-6)
        assert v == pytest.approx(fy * y / z + cy, abs=1e-6)
        assert seen == (0 <= u < camera.width and 0 <= v < camera.height)


@pytest.mark.parametrize("camera", [NUSCENES_LIKE, SKEWED])
def test_rays_undo_projection(camera: PinholeCamera) -> None:
    points = cloud(1)
    points[:, 2] = points[:, 2].abs() + 1
    pixels, depths, _ = camera.project(points)
    torch.testing.assert_close(camera.rays(pixels) * depths[:, None], points, rtol=0, atol=1e-9)


@pytest.mark.parametrize("camera", [NUSCENES_LIKE, SKEWED])
def test_every_pixels_ray_goes_through_its_centre(camera: PinholeCamera) -> None:
    rays = camera.rays()
    assert rays.shape == (camera.height, camera.width, 3) and rays.dtype == torch.float64
    assert (rays[..., 2] == 1).all()
    pixels, _, visible = camera.project(rays.reshape(-1, 3) * 7)
    assert visible.all()
    centres = pixels.reshape(camera.height, camera.width, 2) - 0.5
    v, u = torch.meshgrid(torch.arange(camera.height), torch.arange(camera.width), indexing="ij")
    torch.testing.assert_close(centres, torch.stack([u, v], dim=-1).double(), rtol=0, atol=1e-9)


def test_the_image_is_half_open() -> None:
    camera = PinholeCamera(torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64), 4, 3)
    points = torch.tensor([[0.0, 0, 1], [3.999, 2.999, 1], [4, 0, 1], [0, 3, 1], [-0.001, 0, 1], [0, 0, 0.05]])
    assert camera.project(points)[2].tolist() == [True, True, False, False, False, False]
    assert camera.project(points, min_depth=0.01)[2].tolist() == [True, True, False, False, False, True]


def test_points_that_are_not_finite_or_behind_are_not_visible() -> None:
    points = torch.tensor([[0.0, 0, 5]]).repeat(8, 1)
    points[0, 2], points[1, 0], points[2, 1] = float("nan"), float("nan"), float("nan")
    points[3, 0], points[4, 2], points[5, 2], points[6, 2] = float("inf"), -5.0, 0.0, float("inf")
    pixels, _, visible = NUSCENES_LIKE.project(points)
    assert visible.tolist() == [False] * 7 + [True]
    assert NUSCENES_LIKE.project(points[:0])[0].shape == (0, 2)
    assert torch.isfinite(pixels[visible]).all()


def test_float32_points_land_within_a_thousandth_of_a_pixel() -> None:
    points = cloud(2)
    exact, _, visible = NUSCENES_LIKE.project(points.float().double())
    single, depths, _ = NUSCENES_LIKE.project(points.float())
    assert single.dtype == depths.dtype == torch.float32
    assert (single[visible].double() - exact[visible]).abs().max() < 1e-3


def test_a_resized_camera_sees_the_resized_image() -> None:
    small = NUSCENES_LIKE.resized(704, 256)
    points = cloud(3)
    pixels, _, visible = NUSCENES_LIKE.project(points)
    resized, _, still = small.project(points)
    scale = torch.tensor([704 / 1600, 256 / 900], dtype=torch.float64)
    torch.testing.assert_close(resized[visible], pixels[visible] * scale)
    assert torch.equal(visible, still)
    again = small.resized(1600, 900)
    torch.testing.assert_close(again.intrinsics, NUSCENES_LIKE.intrinsics)
    assert (again.width, again.height) == (1600, 900)


@pytest.mark.parametrize(
    ("intrinsics", "width", "height", "message"),
    [
        (torch.eye(4), 10, 10, r"\(3, 3\)"),
        (torch.eye(3), 0, 10, "image size"),
        (torch.eye(3), 10, -1, "image size"),
        (torch.zeros(3, 3), 10, 10, "calibrated"),
        (torch.eye(3) * float("nan"), 10, 10, "calibrated"),
        (torch.tensor([[1.0, 0, float("inf")], [0, 1, 0], [0, 0, 1]]), 10, 10, "must be finite"),
        (torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 0]]), 10, 10, "last row"),
    ],
)
def test_intrinsics_that_no_image_comes_from_are_refused(
    intrinsics: torch.Tensor, width: int, height: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PinholeCamera(intrinsics, width, height)
