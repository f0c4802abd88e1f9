"""Relevancy points from depth images and LiDAR, alone and fused."""

import numpy as np
import pytest
import torch

from ago_ros.datasets.rgbd import RgbdView
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.scene_query.semabs.points import RelevancyPoints, RelevancyView, from_depth, from_lidar, fuse

CAMERA = PinholeCamera(torch.tensor([[40.0, 0, 24], [0, 40.0, 16], [0, 0, 1]], dtype=torch.float64), 48, 32)
FORWARD = torch.tensor([[0, 0, 1, 0.5], [-1, 0, 0, -0.2], [0, -1, 0, 1.5], [0, 0, 0, 1]], dtype=torch.float64)
"""A camera that looks along +x, from (0.5, -0.2, 1.5)."""


def view(maps: torch.Tensor, pose: torch.Tensor = FORWARD) -> RelevancyView:
    return RelevancyView(maps, CAMERA, pose)


def test_depth_lifts_every_pixel_to_where_it_is():
    generator = torch.Generator().manual_seed(0)
    depth = 1 + torch.rand(32, 48, generator=generator)
    depth[3, 5], depth[4, 6], depth[5, 7] = torch.nan, 0.0, torch.inf
    maps = torch.randn(2, 32, 48, generator=generator)
    found = from_depth(view(maps), depth)
    points, values = [], []
    for v in range(32):
        for u in range(48):
            z = float(depth[v, u])
            if np.isfinite(z) and z > 0:
                x, y = (u + 0.5 - 24) / 40 * z, (v + 0.5 - 16) / 40 * z
                points.append([0.5 + z, -0.2 - x, 1.5 - y])
                values.append(maps[:, v, u].tolist())
    assert torch.allclose(found.points, torch.tensor(points), atol=1e-5)
    assert torch.allclose(found.relevancy, torch.tensor(values).T, atol=1e-5)


@pytest.mark.parametrize("size", [(32, 48), (16, 24), (7, 11)])
def test_the_points_are_those_of_the_rgbd_view(size: tuple[int, int]):
    """Bit for bit, whatever the depth's resolution, and with pixels that are unknown."""
    depth = 1 + torch.rand(size, generator=torch.Generator().manual_seed(2))
    depth[0, ::2] = 0.0
    seen = RgbdView("view", torch.zeros(32, 48, 3, dtype=torch.uint8), depth, CAMERA, FORWARD, se3.identity())
    expected = se3.transform_points(FORWARD, seen.points()).to(torch.float32)
    assert len(expected) == int((depth > 0).sum())
    assert torch.equal(from_depth(view(torch.zeros(1, 4, 6)), depth).points, expected)
    rays = CAMERA.resized(size[1], size[0]).rays().reshape(-1, 3)
    lifted = (rays * depth.reshape(-1, 1).double())[depth.flatten() > 0]
    assert torch.equal(seen.points(), lifted)


def test_maps_and_depth_may_have_any_resolution():
    """A map that says the column's place, read through a depth image of half the size."""
    columns = ((torch.arange(12) + 0.5) / 12).expand(1, 8, 12)
    found = from_depth(view(columns), torch.full((16, 24), 2.0))
    across = -(found.points[:, 1] + 0.2) / 2 * 40 + 24
    inner = (across > 4) & (across < 44)
    assert len(found.points) == 16 * 24
    assert torch.allclose(found.relevancy[0, inner] * 48, across[inner], atol=1e-3)


def test_lidar_takes_the_highest_of_the_images_that_show_a_point():
    backward = torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0], dtype=torch.float64)) @ FORWARD
    shifted = FORWARD.clone()
    shifted[1, 3] += 0.1
    views = [
        view(torch.full((2, 4, 6), 0.3)),
        view(torch.full((2, 4, 6), 0.7), shifted),
        view(-torch.ones(2, 4, 6), backward),
    ]
    points = torch.tensor([[3.0, -0.2, 1.5], [-3.0, 0.2, 1.5], [0.0, 5.0, 1.5]])
    found = from_lidar(points, views)
    assert torch.equal(found.points, points)
    assert torch.allclose(found.relevancy, torch.tensor([[0.7, -1.0, 0.0]]).expand(2, 3))
    with pytest.raises(ValueError, match="at least one view"):
        from_lidar(points, [])


def test_lidar_and_depth_agree_on_the_same_surface():
    maps = torch.rand(1, 8, 12, generator=torch.Generator().manual_seed(1))
    pixels = from_depth(view(maps), torch.full((32, 48), 2.0))
    sweep = from_lidar(pixels.points, [view(maps)])
    assert torch.allclose(sweep.relevancy, pixels.relevancy, atol=1e-4)


def test_fused_views_are_all_their_points():
    one, two = (from_depth(view(torch.rand(2, 4, 6)), torch.full((4, 6), depth)) for depth in (1.0, 2.0))
    both = fuse([one, two])
    assert both.points.shape == (48, 3)
    assert torch.equal(both.relevancy[:, 24:], two.relevancy)
    with pytest.raises(ValueError, match="same phrases"):
        fuse([one, RelevancyPoints(torch.zeros(3, 3), torch.zeros(1, 3))])


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match=r"needs points \(P, 3\) and relevancy \(N, P\)"):
        RelevancyPoints(torch.zeros(4, 3), torch.zeros(2, 5))
