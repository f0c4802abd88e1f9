"""Fixtures of the tests of AGO's training."""

from pathlib import Path

import pytest
from ago_training import HashedVlm, label_root


@pytest.fixture(scope="session")
def labelled(tiny_nuscenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels and embeddings of the tiny root."""
    return label_root(tiny_nuscenes, tmp_path_factory.mktemp("labels"), HashedVlm())
