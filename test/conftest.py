"""Fixtures that every folder of tests shares."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real sensor data that AGO_TEST_DATA names."""
    folder = os.environ.get("AGO_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("real sensor data: set AGO_TEST_DATA to its folder")
    return Path(folder)


@pytest.fixture(scope="session")
def nuscenes_root(test_data: Path) -> Path:
    """A nuScenes root with the two real keyframes."""
    return test_data / "nuscenes"
