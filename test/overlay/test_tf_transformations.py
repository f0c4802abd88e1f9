"""tf_transformations: held against scipy."""

import math

import numpy as np
import pytest
import tf_transformations as tft
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

STATIC = ["xyz", "xyx", "xzy", "xzx", "yzx", "yzy", "yxz", "yxy", "zxy", "zxz", "zyx", "zyz"]
SEQUENCES = [frame + axes for frame in "sr" for axes in STATIC]
angles = st.floats(-math.pi, math.pi)
number = st.floats(-10, 10)
vectors = st.tuples(number, number, number).filter(lambda v: np.linalg.norm(v) > 1e-2)
quaternions = st.tuples(number, number, number, number).filter(lambda q: np.linalg.norm(q) > 1e-2)


def rotation(sequence: str, *angle: float) -> Rotation:
    name = sequence[1:] if sequence[0] == "s" else sequence[1:].upper()
    return Rotation.from_euler(name, angle)


@pytest.mark.parametrize("sequence", SEQUENCES)
@settings(max_examples=20)
@given(angles, angles, angles)
def test_euler_angles_mean_what_scipy_means(sequence, ai, aj, ak):
    expected = rotation(sequence, ai, aj, ak).as_matrix()
    matrix = tft.euler_matrix(ai, aj, ak, sequence)
    np.testing.assert_allclose(matrix[:3, :3], expected, atol=1e-12)
    quaternion = tft.quaternion_from_euler(ai, aj, ak, sequence)
    np.testing.assert_allclose(tft.quaternion_matrix(quaternion), matrix, atol=1e-12)
    for back in (tft.euler_from_matrix(matrix, sequence), tft.euler_from_quaternion(quaternion, sequence)):
        np.testing.assert_allclose(tft.euler_matrix(*back, sequence), matrix, atol=1e-7)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_euler_angles_come_back(sequence):
    middle = 0.9 if len(set(sequence[1:])) == 3 else 1.9
    if len(set(sequence[1:])) == 2 and (sequence[1:3] in ("xz", "yx", "zy")):
        middle = -middle  # the odd sequences that repeat an axis count their middle angle from -pi to 0
    np.testing.assert_allclose(
        tft.euler_from_matrix(tft.euler_matrix(0.3, middle, -2.0, sequence), sequence), (0.3, middle, -2.0), atol=1e-12
    )


def test_roll_pitch_and_yaw_are_the_default():
    np.testing.assert_allclose(tft.quaternion_from_euler(0, 0, math.pi / 2), (0, 0, math.sqrt(0.5), math.sqrt(0.5)))
    np.testing.assert_allclose(tft.euler_from_quaternion((0, 0, math.sqrt(0.5), math.sqrt(0.5))), (0, 0, math.pi / 2))


@pytest.mark.parametrize("pitch", [math.pi / 2, -math.pi / 2])
def test_yaw_is_zero_where_it_cannot_be_told_from_roll(pitch):
    matrix = np.round(tft.euler_matrix(0.0, pitch, math.pi / 2))
    roll, back, yaw = tft.euler_from_matrix(matrix)
    assert (back, yaw) == (pytest.approx(pitch), 0.0)
    np.testing.assert_allclose(tft.euler_matrix(roll, back, yaw), matrix, atol=1e-12)


def test_tuples_name_sequences_as_well():
    assert tft.euler_from_matrix(tft.euler_matrix(0.1, 0.2, 0.3, (0, 0, 0, 0)), "sxyz") == pytest.approx(
        (0.1, 0.2, 0.3)
    )
    assert tft.euler_from_matrix(tft.euler_matrix(0.1, 0.2, 0.3, "rzyx"), (0, 0, 0, 1)) == pytest.approx(
        (0.1, 0.2, 0.3)
    )


@pytest.mark.parametrize("sequence", ["xyz", "sxxy", "qxyz", "sxyw", ""])
def test_what_is_no_sequence_is_refused(sequence):
    with pytest.raises(ValueError, match="no sequence of axes"):
        tft.euler_matrix(0, 0, 0, sequence)


@given(quaternions, quaternions)
def test_quaternions_multiply_and_invert(first, second):
    product = tft.quaternion_multiply(first, second)
    expected = Rotation.from_quat(first) * Rotation.from_quat(second)
    np.testing.assert_allclose(tft.quaternion_matrix(product)[:3, :3], expected.as_matrix(), atol=1e-9)
    assert np.linalg.norm(product) == pytest.approx(np.linalg.norm(first) * np.linalg.norm(second))
    np.testing.assert_allclose(tft.quaternion_multiply(first, tft.quaternion_inverse(first)), (0, 0, 0, 1), atol=1e-9)


@given(quaternions, quaternions, st.floats(0, 1))
def test_slerp_is_scipys(first, second, fraction):
    ends = Rotation.from_quat([first, second])
    assume((ends[0].inv() * ends[1]).magnitude() < math.pi - 1e-3)  # else both ways are as long
    expected = Slerp([0, 1], ends)(fraction).as_matrix()
    between = tft.quaternion_slerp(first, second, fraction)
    np.testing.assert_allclose(tft.quaternion_matrix(between)[:3, :3], expected, atol=1e-6)
    assert np.linalg.norm(between) == pytest.approx(1.0)


@given(quaternions, vectors)
def test_the_rotation_in_a_matrix_is_found(quaternion, scales):
    matrix = tft.quaternion_matrix(quaternion)
    scaled = matrix @ np.diag([*np.abs(scales) + 0.1, 1.0])
    for found in (tft.quaternion_from_matrix(matrix), tft.quaternion_from_matrix(scaled)):
        assert found[3] >= 0.0
        np.testing.assert_allclose(tft.quaternion_matrix(found), matrix, atol=1e-9)


@given(st.floats(-6, 6), vectors, vectors)
def test_turns_about_an_axis_leave_the_axis_where_it_is(angle, direction, point):
    matrix = tft.rotation_matrix(angle, direction, point)
    moved = matrix @ np.append(np.array(point) + np.array(direction), 1.0)
    np.testing.assert_allclose(moved[:3], np.array(point) + np.array(direction), atol=1e-9)
    unit = np.array(direction) / np.linalg.norm(direction)
    np.testing.assert_allclose(matrix[:3, :3], Rotation.from_rotvec(angle * unit).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(
        tft.quaternion_matrix(tft.quaternion_about_axis(angle, direction))[:3, :3], matrix[:3, :3], atol=1e-12
    )


@given(st.floats(0.01, 3.1), vectors, vectors)
def test_angle_and_axis_are_found(angle, direction, point):
    matrix = tft.rotation_matrix(angle, direction, point)
    found, axis, on_axis = tft.rotation_from_matrix(matrix)
    assert found == pytest.approx(angle, abs=1e-7)
    np.testing.assert_allclose(axis, np.array(direction) / np.linalg.norm(direction), atol=1e-6)
    np.testing.assert_allclose(matrix @ on_axis, on_axis, atol=1e-6)


def test_a_motion_along_the_axis_is_no_rotation():
    screw = tft.concatenate_matrices(tft.translation_matrix((0, 0, 1)), tft.rotation_matrix(1.0, (0, 0, 1)))
    with pytest.raises(ValueError, match="along its axis"):
        tft.rotation_from_matrix(screw)


@given(quaternions, vectors)
def test_matrices_concatenate_and_invert(quaternion, shift):
    move, turn = tft.translation_matrix(shift), tft.quaternion_matrix(quaternion)
    both = tft.concatenate_matrices(move, turn)
    np.testing.assert_allclose(both, move @ turn)
    np.testing.assert_array_equal(tft.translation_from_matrix(both), shift)
    assert tft.is_same_transform(tft.concatenate_matrices(both, tft.inverse_matrix(both)), tft.identity_matrix())
    assert not tft.is_same_transform(both, turn)


def test_random_rotations_are_uniform():
    draws = np.array([tft.random_quaternion() for _ in range(4000)])
    np.testing.assert_allclose(np.linalg.norm(draws, axis=1), 1.0)
    np.testing.assert_allclose(draws.T @ draws / len(draws), np.identity(4) / 4, atol=0.03)
    matrix = tft.random_rotation_matrix()
    np.testing.assert_allclose(matrix @ matrix.T, np.identity(4), atol=1e-12)


def test_vectors_are_measured_along_an_axis():
    data = np.random.default_rng(0).normal(size=(4, 3))
    assert tft.vector_norm([3.0, 4.0]) == 5.0
    np.testing.assert_allclose(tft.vector_norm(data, axis=1), np.linalg.norm(data, axis=1))
    out = np.empty_like(data)
    assert tft.unit_vector(data, axis=1, out=out) is None
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1.0)
    assert tft.random_vector(5).shape == (5,)
