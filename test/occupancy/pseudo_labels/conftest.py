"""Fixtures of the tests of pseudo-labels."""

import pytest
from true_street import TrueStreet, write_true_street


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> TrueStreet:
    """Three keyframes of a street, with all sweeps and small images."""
    root = tmp_path_factory.mktemp("street") / "root"
    return write_true_street(root, seed=5, keyframes=3, size=(200, 112), style="city")
