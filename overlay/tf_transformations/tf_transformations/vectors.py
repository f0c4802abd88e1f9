"""Lengths and directions."""

import numpy as np
from numpy.typing import ArrayLike


def vector_norm(data: ArrayLike, axis: int | None = None, out: np.ndarray | None = None) -> float | np.ndarray | None:
    """Returns the length of a vector, or of the vectors along an axis.

    Args:
        data: (N,) vector, or an array of vectors.
        axis: along which the values of a vector lie; None: all values are one vector.
        out: where to put the lengths; then None is returned.

    Returns:
        The length of one vector as a float, else an array.
    """
    data = np.asarray(data, dtype=np.float64)
    squares = np.atleast_1d(np.sum(data * data, axis=axis))
    if out is not None:
        out[...] = np.sqrt(squares)
        return None
    return float(np.sqrt(squares[0])) if data.ndim == 1 else np.sqrt(squares)


def unit_vector(data: ArrayLike, axis: int | None = None, out: np.ndarray | None = None) -> np.ndarray | None:
    """Scales a vector, or the vectors along an axis, to length 1.

    Args:
        data: (N,) vector, or an array of vectors.
        axis: along which the values of a vector lie; None: all values are one vector.
        out: where to put the result; then None is returned.

    Returns:
        A new array of the shape of `data`.
    """
    data = np.asarray(data, dtype=np.float64)
    unit = data / np.sqrt(np.sum(data * data, axis=axis, keepdims=True))
    if out is None:
        return unit
    out[...] = unit
    return None


def random_vector(size: int | tuple[int, ...]) -> np.ndarray:
    """Returns an array of the given shape, uniform in [0, 1)."""
    return np.random.random(size)
