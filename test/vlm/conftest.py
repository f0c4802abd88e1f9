"""Fixtures of the tests of models."""

from collections.abc import Iterator

import pytest

from ago_ros.scene.threads import single_thread


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Tiny models lose more to waking threads than they gain."""
    with single_thread():
        yield
