"""Rigid motions as 4x4 matrices."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation


def identity_matrix() -> np.ndarray:
    """Returns the 4x4 identity."""
    return np.identity(4)


def translation_matrix(direction: ArrayLike) -> np.ndarray:
    """Returns the matrix that moves by a vector (3,)."""
    matrix = np.identity(4)
    matrix[:3, 3] = direction
    return matrix


def translation_from_matrix(matrix: ArrayLike) -> np.ndarray:
    """Returns how far a matrix moves the origin, (3,)."""
    return np.array(matrix, dtype=np.float64)[:3, 3]


def rotation_matrix(angle: float, direction: ArrayLike, point: ArrayLike | None = None) -> np.ndarray:
    """Returns the matrix that turns about an axis.

    Args:
        angle: radians, counterclockwise seen against the direction.
        direction: (3,) of the axis, of any length.
        point: (3,) or (4,) on the axis; the origin where None.
    """
    direction = np.asarray(direction, dtype=np.float64)[:3]
    matrix = np.identity(4)
    matrix[:3, :3] = Rotation.from_rotvec(angle * direction / np.linalg.norm(direction)).as_matrix()
    if point is not None:
        fixed = np.asarray(point, dtype=np.float64)[:3]
        matrix[:3, 3] = fixed - matrix[:3, :3] @ fixed
    return matrix


def rotation_from_matrix(matrix: ArrayLike) -> tuple[float, np.ndarray, np.ndarray]:
    """Returns the angle and the axis about which a matrix turns.

    Returns:
        The angle, 0 to pi; the direction of the axis (3,); the point of it that is closest to the origin, (4,) with 1
        as the last value.

    Raises:
        ValueError: the matrix is no rotation about an axis.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    turn, shift = matrix[:3, :3], matrix[:3, 3]
    if not (np.allclose(turn @ turn.T, np.identity(3), atol=1e-8) and np.linalg.det(turn) > 0):
        raise ValueError("the matrix scales, shears or mirrors: it is no rotation")
    vector = Rotation.from_matrix(turn).as_rotvec()
    angle = float(np.linalg.norm(vector))
    direction = vector / angle if angle else np.array([1.0, 0.0, 0.0])
    point = np.linalg.lstsq(np.identity(3) - turn, shift, rcond=1e-12)[0]
    if not np.allclose(turn @ point + shift, point, atol=1e-8):
        raise ValueError("the matrix also moves along its axis: no point stays where it is")
    return angle, direction, np.append(point, 1.0)


def inverse_matrix(matrix: ArrayLike) -> np.ndarray:
    """Returns the inverse of a square matrix."""
    return np.linalg.inv(np.asarray(matrix))


def concatenate_matrices(*matrices: ArrayLike) -> np.ndarray:
    """Returns the product of 4x4 matrices, in their order."""
    product = np.identity(4)
    for matrix in matrices:
        product = product @ np.asarray(matrix)
    return product


def is_same_transform(matrix0: ArrayLike, matrix1: ArrayLike) -> bool:
    """Tells whether two homogeneous matrices do the same, up to rounding."""
    first, second = np.asarray(matrix0, dtype=np.float64), np.asarray(matrix1, dtype=np.float64)
    return bool(np.allclose(first / first[3, 3], second / second[3, 3]))
