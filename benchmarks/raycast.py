"""Ray casting of one LiDAR sweep into Occ3D's 200 x 200 x 16 voxels, beside a plain Python walk of each ray.

The sweep is the first keyframe under AGO_TEST_DATA, else 32 beams x 1085 turns over a flat street with walls. The
Python side walks a random share of the rays and its time is scaled to all of them; its voxels are compared with ours,
ray by ray. Compilation is not counted. Exit status 1 when `cast_rays` misses its goal or finds other voxels.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ago_ros.evaluation.benchmark import Result, make_parser, publish
from ago_ros.evaluation.benchmark_data import load_sweep
from ago_ros.geometry import _raycast_torch, se3
from ago_ros.geometry.raycast import _fixed_point, cast_rays, traverse
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid

GOAL_MS = 50.0
ROUNDS = 30
SLOW_ROUNDS = 3
Point = tuple[float, float, float]


def walk_in_python(start: Point, end: Point, grid: VoxelGrid) -> list[int]:
    """Amanatides and Woo, one ray, plain floats; the start must lie in the grid."""
    first = [(p - o) / grid.voxel_size for p, o in zip(start, grid.origin)]
    last = [(p - o) / grid.voxel_size for p, o in zip(end, grid.origin)]
    voxel, final = [math.floor(c) for c in first], [math.floor(c) for c in last]
    way = [b - a for a, b in zip(first, last)]
    step = [1 if w >= 0 else -1 for w in way]
    next_at = [((v + (s > 0)) - c) / w if w else math.inf for v, s, c, w in zip(voxel, step, first, way)]
    pace = [abs(1 / w) if w else math.inf for w in way]
    voxels = []
    while all(0 <= v < n for v, n in zip(voxel, grid.shape)):
        voxels.append((voxel[0] * grid.shape[1] + voxel[1]) * grid.shape[2] + voxel[2])
        if voxel == final:
            break
        axis = next_at.index(min(next_at))
        voxel[axis] += step[axis]
        next_at[axis] += pace[axis]
    return voxels


def milliseconds(call: Callable[[], Any], rounds: int) -> list[float]:
    """Wall time of each of `rounds` calls, after one that is not counted."""
    call()
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - begun))
    return times


def python_side(grid: VoxelGrid, starts: Tensor, ends: Tensor, rays: int) -> tuple[float, int, int]:
    """Milliseconds for all rays, extrapolated; how many rays were walked; how many have other voxels than ours."""
    chosen = torch.randperm(len(starts), generator=torch.Generator().manual_seed(0))[:rays]
    voxels, offsets = traverse(grid, starts[chosen], ends[chosen])
    pairs = list(zip(starts[chosen].tolist(), ends[chosen].tolist()))
    begun = time.perf_counter()
    walked = [walk_in_python(start, end, grid) for start, end in pairs]
    took = 1e3 * (time.perf_counter() - begun)
    ours = [part.tolist() for part in voxels.tensor_split(offsets[1:-1])]
    differing = sum(mine != other for mine, other in zip(ours, walked))
    return took * len(starts) / len(pairs), len(pairs), differing


def torch_sides(grid: VoxelGrid, starts: Tensor, ends: Tensor) -> dict[str, list[float]]:
    """Times of the torch path, on the CPU and on a CUDA device if there is one; AssertionError if its counts differ."""
    expected = cast_rays(grid, starts, ends)
    fixed = _fixed_point(grid, starts, ends)
    hits, passes = _raycast_torch.count(*fixed, grid.shape)
    assert torch.equal(hits, expected.hits.flatten()) and torch.equal(passes, expected.passes.flatten())
    times = {"torch, in step, cpu": milliseconds(lambda: _raycast_torch.count(*fixed, grid.shape), SLOW_ROUNDS)}
    if torch.cuda.is_available():
        there = starts.cuda(), ends.cuda()
        counts = cast_rays(grid, *there)
        assert torch.equal(counts.hits.cpu(), expected.hits) and torch.equal(counts.passes.cpu(), expected.passes)

        def on_device() -> None:
            cast_rays(grid, *there)
            torch.cuda.synchronize()

        times["torch, in step, cuda"] = milliseconds(on_device, ROUNDS)
    return times


def measure(starts: Tensor, ends: Tensor, python_rays: int) -> dict[str, Any]:
    """All figures of one sweep."""
    grid = OCC3D_GRID
    threads = torch.get_num_threads()
    crossed = len(traverse(grid, starts, ends)[0])
    naive, walked, differing = python_side(grid, starts, ends, python_rays)
    times = {f"cast_rays, {threads} threads": milliseconds(lambda: cast_rays(grid, starts, ends), ROUNDS)}
    times[f"traverse, {threads} threads"] = milliseconds(lambda: traverse(grid, starts, ends), ROUNDS)
    torch.set_num_threads(1)
    times["cast_rays, 1 thread"] = milliseconds(lambda: cast_rays(grid, starts, ends), ROUNDS)
    torch.set_num_threads(threads)
    times.update(torch_sides(grid, starts, ends))
    rows = [{"side": f"Python, from {walked} rays", "p50_ms": naive, "min_ms": naive, "ratio": 1.0}]
    for side, values in times.items():
        p50 = statistics.median(values)
        rows.append({"side": side, "p50_ms": p50, "min_ms": min(values), "ratio": naive / p50})
    return {"rays": len(starts), "crossed_voxels": crossed, "unlike": differing, "rows": rows}


def main() -> int:
    parser = make_parser("Compare ray casting with a plain Python walk.")
    parser.add_argument("--python-rays", type=int, default=1000, help="rays that the Python side walks")
    options = parser.parse_args()
    name, lidar = load_sweep()
    ends = se3.transform_points(lidar.ego_from_lidar, lidar.points)
    starts = lidar.ego_from_lidar[:3, 3].to(ends).expand_as(ends)
    figures = measure(starts, ends, options.python_rays)
    rows = [
        (row["side"], *(f"{row[k]:.{d}f}" for k, d in (("p50_ms", 2), ("min_ms", 2), ("ratio", 1))))
        for row in figures["rows"]
    ]
    met = figures["rows"][1]["p50_ms"] < GOAL_MS and figures["unlike"] == 0
    title = f"Ray casting, {name}: {figures['rays']} rays, {figures['crossed_voxels']} voxels crossed"
    verdict = f"goal (under {GOAL_MS:.0f} ms, the voxels of the Python walk): {'met' if met else 'missed'}"
    publish(Result("raycast", title, ("side", "p50 ms", "min ms", "times faster"), rows, verdict, figures), options)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
