"""Watches a running occupancy node and writes down what it does: `python -m ago_ros.nodes.probe --json FILE`."""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import PointCloud2
from sensor_msgs_py import point_cloud2

from ago_msgs.msg import SemanticVoxelGrid
from ago_ros.nodes.conversions import grid_from_message, stamp_ns
from ago_ros.nodes.qos import make_qos
from ago_ros.nodes.topics import HEATMAP, VOXELS
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.semantic_grid import LABEL_FREE, save_grid


class Probe(Node):
    """Records grids, their latency by this node's clock, and the node's own diagnostics.

    Args:
        lidar: topic of the LiDAR, to count what went in; empty: do not subscribe.
    """

    def __init__(self, lidar: str = "lidar_top") -> None:
        super().__init__("occupancy_probe")
        self.grids: list[dict[str, float]] = []
        self.newest: SemanticVoxelGrid | None = None
        self.answer: PointCloud2 | None = None
        self.sweep_stamps: set[int] = set()
        self.last_grid_sec = math.inf
        self.status: dict[str, DiagnosticStatus] = {}
        self.create_subscription(SemanticVoxelGrid, VOXELS, self._on_grid, make_qos("reliable", 50))
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.create_subscription(PointCloud2, HEATMAP, self._on_answer, make_qos("latched", 1))
        if lidar:
            self.create_subscription(PointCloud2, lidar, self._on_sweep, make_qos("sensor_data", 50))

    def _on_grid(self, message: SemanticVoxelGrid) -> None:
        now = self.get_clock().now().nanoseconds
        stamp = stamp_ns(message.header.stamp)
        self.last_grid_sec = time.monotonic()
        self.newest = message
        self.grids.append({"stamp_ns": stamp, "latency_ms": (now - stamp) / 1e6, "occupied": len(message.indices)})

    def _on_answer(self, message: PointCloud2) -> None:
        self.answer = message

    def _on_sweep(self, message: PointCloud2) -> None:
        self.sweep_stamps.add(stamp_ns(message.header.stamp))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.status.update({status.name: status for status in message.status})

    def values(self, part: str) -> dict[str, str]:
        """Returns the newest diagnostics of a part of the node, `grid` or `inputs`, by name."""
        found = [status for name, status in self.status.items() if name.endswith(f": {part}")]
        return {pair.key: pair.value for status in found for pair in status.values}

    def save(self, folder: Path) -> None:
        """Writes the newest grid to `grid.npz` and the newest answer to `answer.npz`, those that there are.

        An answer is `stamp_ns` and `voxels`: (M, 4) float32, x y z in the ego frame in metres, and the probability.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if self.newest is not None:
            save_grid(grid_from_message(self.newest), folder / "grid.npz")
        if self.answer is not None:
            names = ["x", "y", "z", "probability"]
            voxels = point_cloud2.read_points_numpy(self.answer, field_names=names).reshape(-1, 4)
            np.savez_compressed(folder / "answer.npz", stamp_ns=stamp_ns(self.answer.header.stamp), voxels=voxels)

    def report(self) -> dict[str, Any]:
        """Sums up what was seen."""
        latencies = [grid["latency_ms"] for grid in self.grids]
        p50, p95, p99 = np.percentile(latencies, (50, 95, 99)).tolist() if latencies else [None] * 3
        counted = self.values("grid")
        dropped = {k.removeprefix("frames dropped: "): int(v) for k, v in counted.items() if "dropped" in k}
        voxels = {}
        if self.newest is not None:
            grid = grid_from_message(self.newest)
            states = {VoxelState.OCCUPIED: grid.occupied, VoxelState.FREE: grid.labels == LABEL_FREE}
            voxels = {state.name.lower(): int(mask.sum()) for state, mask in states.items()}
            voxels["unobserved"] = grid.grid.num_voxels - sum(voxels.values())
        return {
            "sweeps_seen": len(self.sweep_stamps),
            "grids": len(self.grids),
            "latency_ms": {"p50": p50, "p95": p95, "p99": p99},
            "frames_in": int(counted.get("frames in", 0)),
            "frames_out": int(counted.get("frames out", 0)),
            "frames_dropped": dropped,
            "compute_ms": {
                p: float(counted[f"compute {p} (ms)"]) for p in ("p50", "p95") if f"compute {p} (ms)" in counted
            },
            "assembler_dropped": {
                k.removeprefix("assembler: "): int(v)
                for k, v in self.values("inputs").items()
                if k.startswith("assembler: ")
            },
            "images_lost": {
                k.replace(" lost: ", "/"): int(v) for k, v in self.values("inputs").items() if " lost: " in k
            },
            "voxels_last_grid": voxels,
        }


def main() -> None:
    """Watches until enough grids came, nothing more comes, or time is up; then writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file for the report")
    parser.add_argument("--save", type=Path, help="folder for the newest grid and the newest answer, as .npz")
    parser.add_argument("--grids", type=int, default=0, help="stop after so many grids; 0: do not")
    parser.add_argument("--seconds", type=float, default=60.0, help="stop after so long")
    parser.add_argument("--idle", type=float, default=3.0, help="stop when no grid came for so long after the first")
    arguments = parser.parse_args(remove_ros_args()[1:])
    rclpy.init(signal_handler_options=SignalHandlerOptions.ALL)
    probe = Probe()
    executor = SingleThreadedExecutor()
    executor.add_node(probe)
    end = time.monotonic() + arguments.seconds
    try:
        while time.monotonic() < min(end, probe.last_grid_sec + arguments.idle):
            executor.spin_once(timeout_sec=0.1)
            if arguments.grids and len(probe.grids) >= arguments.grids:
                break
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    report = probe.report()
    if arguments.save is not None:
        probe.save(arguments.save)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
