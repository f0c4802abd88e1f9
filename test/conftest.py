"""Fixtures that every folder of tests shares."""

import os
from pathlib import Path

import pytest
from tiny_nuscenes import write_tiny_nuscenes


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


@pytest.fixture(scope="session")
def tiny_nuscenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny nuScenes root of a made street; scene-0001: three keyframes and sweeps; scene-0002: one keyframe."""
    return write_tiny_nuscenes(tmp_path_factory.mktemp("nuscenes") / "tiny")
