"""Rigid transforms against scipy's rotations."""

from math import pi

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp
from torch import Tensor

from ago_ros.geometry import se3

seeds = st.integers(0, 2**31)
exact = {"rtol": 0, "atol": 1e-12}


def rotations(count: int, seed: int) -> Rotation:
    """Random rotations; the first ones are half turns and nearly so, where quaternions are hard to read."""
    special = Rotation.from_rotvec(
        [[pi, 0, 0], [0, pi, 0], [0, 0, pi], [pi - 1e-9, 0, 1e-9], [0, 0, 1e-9], [0, 0, 0], [2, 2, 1e-12]]
    )
    return Rotation.concatenate([special, Rotation.random(count - len(special), random_state=seed)])


def transforms(count: int, seed: int) -> tuple[Rotation, Tensor, Tensor]:
    turned = rotations(count, seed)
    moved = torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 1000
    return turned, moved, se3.from_quaternion(moved, turned.as_quat())


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_quaternions_are_read_and_written_as_scipy_does(seed: int) -> None:
    turned, moved, made = transforms(20, seed)
    torch.testing.assert_close(made[:, :3, :3], torch.from_numpy(turned.as_matrix()), **exact)
    assert torch.equal(made[:, :3, 3], moved)
    assert torch.equal(made[:, 3], torch.tensor([0.0, 0, 0, 1], dtype=torch.float64).expand(20, 4))
    read = se3.to_quaternion(made)
    assert (read[:, 3] >= 0).all()
    same = (read * torch.from_numpy(turned.as_quat())).sum(dim=1).abs()
    torch.testing.assert_close(same, torch.ones_like(same), **exact)
    torch.testing.assert_close(se3.from_quaternion(moved, read), made, rtol=0, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seeds, st.floats(0.01, 100))
def test_a_quaternions_length_and_sign_do_not_matter(seed: int, length: float) -> None:
    turned, moved, made = transforms(10, seed)
    torch.testing.assert_close(se3.from_quaternion(moved, -length * turned.as_quat()), made, **exact)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_the_inverse_undoes(seed: int) -> None:
    _, _, made = transforms(10, seed)
    torch.testing.assert_close(se3.invert(made) @ made, se3.identity().expand(10, 4, 4), rtol=0, atol=1e-9)
    torch.testing.assert_close(se3.invert(made), torch.linalg.inv(made), rtol=0, atol=1e-9)
    assert torch.equal(se3.invert(made[3]), se3.invert(made)[3])


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_points_move_as_scipy_moves_them(seed: int) -> None:
    turned, moved, made = transforms(8, seed)
    points = torch.randn(50, 3, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64) * 30
    for index in range(8):
        expected = torch.from_numpy(turned[index].apply(points.numpy())) + moved[index]
        torch.testing.assert_close(se3.transform_points(made[index], points), expected, rtol=0, atol=1e-10)
    there_and_back = se3.transform_points(se3.invert(made[0]) @ made[1], points)
    step_by_step = se3.transform_points(se3.invert(made[0]), se3.transform_points(made[1], points))
    torch.testing.assert_close(there_and_back, step_by_step, rtol=0, atol=1e-9)


def test_float32_points_keep_millimetres_between_poses_far_from_the_map_origin() -> None:
    here = se3.from_yaw([1.2e6, 3.4e6, 10.0], 0.7)
    there = se3.from_yaw([1.2e6 + 3, 3.4e6 - 2, 10.1], 0.72)
    points = torch.randn(100, 3, generator=torch.Generator().manual_seed(0)) * 40
    moved = se3.transform_points(se3.invert(there) @ here, points)
    assert moved.dtype == torch.float32
    torch.testing.assert_close(
        moved.double(), se3.transform_points(se3.invert(there) @ here, points.double()), rtol=0, atol=1e-5
    )


@settings(max_examples=50, deadline=None)
@given(st.floats(-10, 10))
def test_yaw_is_the_turn_about_z(angle: float) -> None:
    made = se3.from_yaw([1.0, 2.0, 3.0], angle)
    torch.testing.assert_close(made[:3, :3], torch.from_numpy(Rotation.from_euler("z", angle).as_matrix()), **exact)
    assert made[:3, 3].tolist() == [1.0, 2.0, 3.0]
    assert torch.cos(se3.yaw(made) - angle) == pytest.approx(1.0)
    assert se3.yaw(se3.from_yaw(torch.zeros(4, 3), torch.tensor([0.0, 1.0, -1.0, 3.0]))).tolist() == pytest.approx(
        [0.0, 1.0, -1.0, 3.0]
    )


@settings(max_examples=60, deadline=None)
@given(seeds, st.floats(0, 1))
def test_interpolation_is_scipys_slerp_and_linear_in_position(seed: int, fraction: float) -> None:
    turned, moved, made = transforms(12, seed)
    for first, second in [(7, 8), (8, 9), (10, 11), (4, 5), (5, 5)]:
        mixed = se3.interpolate(made[first], made[second], fraction)
        expected = Slerp([0, 1], turned[[first, second]])(fraction).as_matrix()
        torch.testing.assert_close(mixed[:3, :3], torch.from_numpy(expected), rtol=0, atol=1e-8)
        between = moved[first] + fraction * (moved[second] - moved[first])
        torch.testing.assert_close(mixed[:3, 3], between, rtol=0, atol=1e-9)


def test_extrapolation_goes_on_at_the_same_speed() -> None:
    start, end = se3.from_yaw([0, 0, 0], 0.2), se3.from_yaw([1, 0, 0], 0.3)
    beyond = se3.interpolate(start, end, 2.5)
    torch.testing.assert_close(beyond, se3.from_yaw([2.5, 0, 0], 0.45), **exact)
    torch.testing.assert_close(se3.interpolate(start, end, -1.0), se3.from_yaw([-1, 0, 0], 0.1), **exact)


def test_batches_of_any_shape() -> None:
    turned, moved, made = transforms(12, 0)
    grid = se3.from_quaternion(moved.reshape(3, 4, 3), torch.from_numpy(turned.as_quat()).reshape(3, 4, 4))
    assert torch.equal(grid.reshape(12, 4, 4), made)
    assert torch.equal(se3.to_quaternion(grid).reshape(12, 4), se3.to_quaternion(made))
    assert torch.equal(se3.invert(grid).reshape(12, 4, 4), se3.invert(made))
    one_position = se3.from_quaternion([1.0, 2.0, 3.0], turned.as_quat())
    assert one_position.shape == (12, 4, 4) and (one_position[:, :3, 3] == torch.tensor([1.0, 2.0, 3.0])).all()


@pytest.mark.parametrize(
    ("translation", "quaternion"),
    [
        ([0, 0, 0], [0, 0, 0, 0]),
        ([0, 0, float("nan")], [0, 0, 0, 1]),
        ([0, 0, 0], [float("inf"), 0, 0, 1]),
        ([[0, 0, 0], [0, 0, 0]], [[0, 0, 0, 1], [0, 0, 0, 0]]),
    ],
)
def test_what_is_no_transform_is_refused(translation: list, quaternion: list) -> None:
    with pytest.raises(ValueError, match="not a rigid transform"):
        se3.from_quaternion(translation, quaternion)
