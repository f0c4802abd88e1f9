"""Which rays go towards spheres, against each ray's own distance to each."""

import numpy as np
import pytest

from ago_ros.datasets.drive_world.camera import _optical_rays
from ago_ros.datasets.drive_world.rig import CAMERAS
from ago_ros.datasets.drive_world.towards import rays_towards


def meeting(rays, reach, spheres):
    """(N,) whether the ray comes within a sphere's radius before its end: closed form, float64."""
    origin, direction = rays[:, None, :3].astype(float), rays[:, None, 3:].astype(float)
    offset = spheres[None, :, :3] - origin
    along = np.clip((offset * direction).sum(2) / (direction**2).sum(2), 0, reach[:, None])
    along = np.where(np.isfinite(along), along, 0)
    return (np.linalg.norm(offset - along[..., None] * direction, axis=2) < spheres[:, 3]).any(1)


def camera_rays(rng, width=100, height=56):
    directions = _optical_rays(CAMERAS[0], width, height).reshape(-1, 3)
    return np.concatenate([np.broadcast_to(rng.normal(size=3), directions.shape), directions], axis=1)


def sun_rays(rng):
    starts = np.cumsum(rng.normal(0, 0.3, (3000, 3)), axis=0)
    return np.concatenate([starts, np.broadcast_to([0.3, -0.2, 0.9], starts.shape)], axis=1)


def any_rays(rng):
    return rng.normal(size=(777, 6)) * [9, 9, 9, 3, 3, 3]


@pytest.mark.parametrize("draw", [camera_rays, sun_rays, any_rays])
@pytest.mark.parametrize("seed", range(5))
def test_no_ray_that_meets_a_sphere_is_left_out(draw, seed):
    rng = np.random.default_rng(seed)
    rays = draw(rng).astype(np.float32)
    reach = np.where(rng.random(len(rays)) < 0.3, np.inf, rng.uniform(0, 30, len(rays))).astype(np.float32)
    spheres = np.column_stack([rng.normal(0, 15, (80, 3)), rng.uniform(0.3, 2, 80)])
    chosen = np.zeros(len(rays), dtype=bool)
    chosen[rays_towards(rays, reach, spheres)] = True
    met = meeting(rays, reach, spheres)
    assert met.any()
    assert not (met & ~chosen).any()


def test_most_rays_of_a_picture_are_left_out():
    rays = camera_rays(np.random.default_rng(0), 400, 225).astype(np.float32)
    ahead = np.array([[rays[0, 0], rays[0, 1], rays[0, 2] + 30, 1.0]])
    reach = np.full(len(rays), np.inf, dtype=np.float32)
    assert 0 < len(rays_towards(rays, reach, ahead)) < len(rays) / 8
    behind = np.array([[rays[0, 0], rays[0, 1], rays[0, 2] - 30, 1.0]])
    assert len(rays_towards(rays, reach, behind)) == 0
    assert len(rays_towards(rays, np.full_like(reach, 20.0), ahead)) == 0
    assert len(rays_towards(rays, reach, np.zeros((0, 4)))) == 0
