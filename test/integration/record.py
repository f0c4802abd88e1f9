"""Watches the node as the probe does, and keeps every grid: `record.py OUT.npz SECONDS IDLE`."""

import sys
import time
from pathlib import Path

import numpy as np
import rclpy

from ago_msgs.msg import SemanticVoxelGrid
from ago_ros.nodes.conversions import grid_from_message
from ago_ros.nodes.probe import Probe


class Recorder(Probe):
    def __init__(self) -> None:
        self.kept: dict[int, SemanticVoxelGrid] = {}
        super().__init__()

    def _on_grid(self, message: SemanticVoxelGrid) -> None:
        super()._on_grid(message)
        self.kept[int(self.grids[-1]["stamp_ns"])] = message


def main(out: Path, seconds: float, idle: float) -> None:
    rclpy.init()
    recorder = Recorder()
    end = time.monotonic() + seconds
    while time.monotonic() < min(end, recorder.last_grid_sec + idle):
        rclpy.spin_once(recorder, timeout_sec=0.1)
    grids = [grid_from_message(message) for message in recorder.kept.values()]
    np.savez(
        out,
        stamps=[grid.stamp_ns for grid in grids],
        labels=np.array([grid.labels.numpy() for grid in grids]),
        confidence=np.array([grid.confidence.numpy() for grid in grids]),
        vocabulary=grids[0].vocabulary if grids else (),
        frames_in=recorder.report()["frames_in"],
        latency_ms=[grid["latency_ms"] for grid in recorder.grids],
    )
    rclpy.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
