"""The lift predictor at 10 Hz, class-agnostic, beside recasting every ray of its window at every frame.

The sweeps are those of a real keyframe under AGO_TEST_DATA, else 32 beams over a flat street, taken again and again
while the robot drives at 5 m/s. Both sides run in one thread, as the predictor always does. Compilation is not
counted. Exit status 1 when the predictor's window of five misses its goal on processor time.
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
import time
from typing import Any

from ago_ros.evaluation.benchmark import Result, make_parser, publish
from ago_ros.evaluation.benchmark_data import load_sweep
from ago_ros.geometry import se3
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.sensors.frame import LidarSweep, SensorFrame

GOAL_MS = 60.0
PERIOD_NS = 100_000_000
FRAMES = 20


def drive(lidar: LidarSweep, config: LiftConfig) -> dict[str, float]:
    """Milliseconds of `encode`, wall and processor, over frames with a full window; occupied voxels of the last."""
    predictor = LiftPredictor(config)
    predictor.warm_up()
    wall, cpu = [], []
    for step in range(config.max_sweeps + FRAMES):
        pose = lidar.map_from_ego @ se3.from_yaw([0.5 * step, 0.0, 0.0], 0.01 * step)
        frame = SensorFrame(dataclasses.replace(lidar, stamp_ns=step * PERIOD_NS, map_from_ego=pose))
        begun, used = time.perf_counter(), time.process_time()
        encoding = predictor.encode(frame)
        wall.append(1e3 * (time.perf_counter() - begun))
        cpu.append(1e3 * (time.process_time() - used))
    full = slice(config.max_sweeps, None)
    return {
        "p50_ms": statistics.median(wall[full]),
        "max_ms": max(wall[full]),
        "cpu_p50_ms": statistics.median(cpu[full]),
        "occupied": len(encoding.occupied),
    }


def measure(lidar: LidarSweep) -> list[dict[str, Any]]:
    """One row for each window, on both sides."""
    rows = []
    for sweeps in (1, 5, 10):
        ours = LiftConfig(max_sweeps=sweeps, max_age_s=2.0)
        every = drive(lidar, dataclasses.replace(ours, ray_stride=1))
        mine = drive(lidar, ours)
        rows.append({"sweeps": sweeps, "side": "every ray again", **every, "ratio": 1.0})
        rows.append({"sweeps": sweeps, "side": "ours", **mine, "ratio": every["cpu_p50_ms"] / mine["cpu_p50_ms"]})
    return rows


def main() -> int:
    options = make_parser("Time the lift predictor.").parse_args()
    name, lidar = load_sweep()
    found = measure(lidar)
    keys = (("p50_ms", 1), ("max_ms", 1), ("cpu_p50_ms", 1), ("occupied", 0), ("ratio", 1))
    rows = [(f"{row['side']}, {row['sweeps']} sweeps", *(f"{row[k]:.{d}f}" for k, d in keys)) for row in found]
    met = next(r for r in found if r["sweeps"] == 5 and r["side"] == "ours")["cpu_p50_ms"] < GOAL_MS
    title = f"Lift predictor, no image tower, {name}: {len(lidar.points)} points"
    columns = ("side, window", "p50 ms", "max ms", "cpu p50 ms", "occupied", "times faster (cpu)")
    verdict = f"goal (window of 5, under {GOAL_MS:.0f} ms of processor time): {'met' if met else 'missed'}"
    publish(Result("occupancy", title, columns, rows, verdict, {"rows": found}), options)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
