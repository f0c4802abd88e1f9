"""Fixtures that run the real node, in its own process, over real DDS."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rig import NODE_PARAMETERS, Rig

HERE = Path(__file__).parent
os.environ.setdefault("ROS_DOMAIN_ID", str(30 + os.getpid() % 60))


class RunningNode:
    """The occupancy node in a process of its own."""

    def __init__(self, folder: Path, *arguments: str, **changed: Any) -> None:
        self.log = folder / "node.log"
        parameters = folder / "parameters.yaml"
        parameters.write_text(yaml.safe_dump({"/**": {"ros__parameters": NODE_PARAMETERS | changed}}))
        command = [sys.executable, str(HERE / "node_under_test.py"), "--ros-args", "--params-file", str(parameters)]
        command += arguments
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=HERE)

    def logged(self) -> str:
        return self.log.read_text()

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture(scope="session")
def start_node() -> type[RunningNode]:
    """Starts a node with other parameters than those of `node`; the caller stops it."""
    return RunningNode


@pytest.fixture(scope="module")
def node(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    running = RunningNode(tmp_path_factory.mktemp("node"))
    yield running
    running.stop()
