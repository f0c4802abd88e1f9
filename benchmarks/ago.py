"""The AGO model's time for a frame, beside transformers' deformable attention, and how it grows.

Weights and images are random; the free embedding is set so that 5 % of the voxels are occupied. A frame is the whole
way of the predictor: six 1600x900 images to a scene encoding. The node labels it with the phrases of Occ3D and makes
the message as well; its row is there for models of ago-tiny's text space. The other rows are the planes alone, the part
that grows with cameras, image size and grid. On a CPU ratios are of processor time, and the verdict is on processor
time shared out over two cores. With --root, the keyframes of a nuScenes root are encoded instead.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from transformers.models.deformable_detr.modeling_deformable_detr import MultiScaleDeformableAttention

from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.evaluation.benchmark import Result, make_parser, publish
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.occupancy.ago import attention
from ago_ros.occupancy.ago.checkpoint import save_ago
from ago_ros.occupancy.ago.config import AgoConfig, read_ago_config
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.occupancy.ago.predictor import AgoPredictor, prepare_images
from ago_ros.occupancy.ago.text import embed_categories
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame
from ago_ros.vlm.categories import OCC3D_PHRASES
from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.loading import load_vlm

GOAL_MS = 500.0
NODE_TEXT_DIM = 384
"""Of ago-tiny."""
CONFIGS = Path(__file__).parents[1] / "config" / "ago"


class AnyText:
    """Stands for the text encoder: a random unit vector for each phrase."""

    name = "random"

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, C)."""
        seeds = (sum(map(ord, phrase)) for phrase in phrases)
        vectors = [torch.randn(self.dim, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return torch.nn.functional.normalize(torch.stack(vectors), dim=1)


def make_frame(cameras: int) -> SensorFrame:
    """1600x900 images of noise all around the robot."""
    images = {}
    for number in range(cameras):
        yaw = 2 * math.pi * number / cameras
        forward, right = (math.cos(yaw), math.sin(yaw), 0.0), (math.sin(yaw), -math.cos(yaw), 0.0)
        pose = torch.eye(4, dtype=torch.float64)
        pose[:3, :3] = torch.tensor([right, (0.0, 0.0, -1.0), forward]).T
        pose[:3, 3] = torch.tensor([*forward[:2], 1.5])
        pixels = torch.randint(0, 256, (900, 1600, 3), dtype=torch.uint8)
        matrix = torch.tensor([[1260.0, 0, 800], [0, 1260, 450], [0, 0, 1]], dtype=torch.float64)
        images[f"cam_{number}"] = CameraImage(0, pixels, PinholeCamera(matrix, 1600, 900), pose, se3.identity())
    return SensorFrame(LidarSweep(0, torch.zeros(0, 3), se3.identity(), se3.identity()), images)


def make_model(config: AgoConfig, frame: SensorFrame, device: str, text: TextEncoder) -> AgoModel:
    """A random model that finds 5 % of the frame's voxels occupied."""
    torch.manual_seed(0)
    model = AgoModel(config).eval().to(device)
    model.set_categories(OCC3D_PHRASES, embed_categories(OCC3D_PHRASES, text))
    batch = prepare_images(frame, config.image_size, device)
    with torch.inference_mode():
        spread = model.encode_planes(batch.images, batch.camera_from_ego, batch.intrinsics)
        voxels = torch.stack([torch.randint(0, size, (20_000,), device=device) for size in (1, *config.grid.shape)], 1)
        features = model.head.decode(model.head.hidden_at(spread, voxels))
        mean = features.mean(dim=0)
        for _ in range(8):
            margin = (features @ model.known.T).amax(dim=1) - features @ model.free
            model.free.add_(margin.quantile(0.95) * mean / mean.square().sum())
    return model


def clock(run: Callable[[], Any], repeats: int, device: str) -> dict[str, float]:
    """Median milliseconds, wall and processor, after one run that does not count."""
    wall, cpu = [], []
    for _ in range(repeats + 1):
        begun, used = time.perf_counter(), time.process_time()
        run()
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        wall.append(1e3 * (time.perf_counter() - begun))
        cpu.append(1e3 * (time.process_time() - used))
    return {"wall_ms": statistics.median(wall[1:]), "cpu_ms": statistics.median(cpu[1:])}


def as_transformers_do(value: Tensor, shapes: Any, locations: Tensor, weights: Tensor) -> Tensor:
    """`sample_levels`, computed by transformers."""
    areas = torch.tensor([rows * columns for rows, columns in shapes])
    starts = torch.cat([areas.new_zeros(1), areas.cumsum(0)[:-1]])
    result = MultiScaleDeformableAttention()(
        value.float(), torch.tensor(shapes), list(shapes), starts, locations, weights.float(), im2col_step=64
    )
    return result.to(value.dtype)


def measure_node(config: AgoConfig, frame: SensorFrame, device: str, repeats: int) -> dict[str, float]:
    """The time that the node takes for a frame: encoded, labelled, and made a message."""
    from ago_ros.nodes.conversions import grid_to_message
    from ago_ros.nodes.engine import OccupancyEngine
    from ago_ros.nodes.parameters import OccupancyParameters

    text = load_vlm("ago-tiny", device)
    with tempfile.TemporaryDirectory() as folder:
        save_ago(make_model(config, frame, device, text), Path(folder))
        engine = OccupancyEngine(
            OccupancyParameters(
                method="ago", ago_model=folder, vlm="ago-tiny", device=device, threads=torch.get_num_threads()
            )
        )
    return clock(lambda: grid_to_message(engine.label(engine.encode(frame)), "base_link", "sparse"), repeats, device)


def measure_keyframes(config: AgoConfig, root: Path, device: str) -> list[dict[str, Any]]:
    """Encodes every keyframe of a nuScenes root once; one row for each."""
    reader, text, rows, predictor = NuScenesReader(root), AnyText(config.text_dim), [], None
    for scene in reader.scenes:
        for sample in reader.samples(scene.name):
            frame = reader.frame(sample.token)
            predictor = predictor or AgoPredictor(make_model(config, frame, device, text), text, "random")
            begun, used = time.perf_counter(), time.process_time()
            encoding = predictor.encode(frame)
            rows.append({
                "keyframe": f"{scene.name} {sample.token[:8]}",
                "cameras": len(frame.cameras),
                "state": tuple(encoding.state.shape),
                "features": tuple(encoding.features.shape),
                "parameters": predictor.model.count_parameters(),
                "wall_s": time.perf_counter() - begun,
                "cpu_s": time.process_time() - used,
                "memory_gib": peak_bytes(device) / 2**30,
            })  # fmt: skip
    return rows


def peak_bytes(device: str) -> int:
    """Largest memory so far: of the device where that is a GPU, else of the process."""
    if device.startswith("cuda"):
        return int(torch.cuda.max_memory_allocated(device))
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def planes_of(model: AgoModel, frame: SensorFrame, device: str, dtype: torch.dtype) -> Callable[[], Any]:
    """Makes the run from prepared images to planes."""
    batch = prepare_images(frame, model.config.image_size, device)

    def run() -> list[Tensor]:
        with torch.inference_mode(), torch.autocast(device.split(":")[0], dtype, enabled=dtype != torch.float32):
            return model.encode_planes(batch.images, batch.camera_from_ego, batch.intrinsics)

    return run


def measure(config: AgoConfig, device: str, repeats: int) -> list[dict[str, Any]]:
    """One row for each way to compute, and for each size."""
    six = make_frame(6)
    text = AnyText(config.text_dim)
    model = make_model(config, six, device, text)
    predictor = AgoPredictor(model, text, "random")
    rows: list[dict[str, Any]] = [{"what": "frame", **clock(lambda: predictor.encode(six), repeats, device)}]

    def planes(what: str, size: AgoConfig = config, cameras: int = 6, dtype: torch.dtype = torch.float32) -> None:
        other = model if size == config else AgoModel(size).eval().to(device)
        run = planes_of(other, make_frame(cameras), device, dtype)
        rows.append({"what": f"planes: {what}", **clock(run, repeats, device)})

    planes("float32")
    with mock.patch.object(attention, "sample_levels", as_transformers_do):
        planes("float32, transformers' attention")
    planes("bfloat16", dtype=torch.bfloat16)
    if device.startswith("cuda"):
        with mock.patch.object(attention, "sample_levels", torch.compile(attention.sample_levels, dynamic=True)):
            planes("float32, compiled attention")
            planes("bfloat16, compiled attention", dtype=torch.bfloat16)
    for cameras in (1, 3, 12):
        planes(f"float32, {cameras} cameras", cameras=cameras)
    height, width = config.image_size
    planes("float32, images twice as wide and high", dataclasses.replace(config, image_size=(2 * height, 2 * width)))
    x, y, z = config.planes
    planes("float32, planes half as long and wide", dataclasses.replace(config, planes=(x // 2, y // 2, z)))
    if config.text_dim == NODE_TEXT_DIM:
        rows.insert(1, {"what": "node: frame, labels, message", **measure_node(config, six, device, repeats)})
    kind = "cpu_ms" if device == "cpu" else "wall_ms"
    base = next(row[kind] for row in rows if row["what"] == "planes: float32")
    return [{**row, "ratio": row[kind] / base} for row in rows]


def keyframe_result(options: argparse.Namespace, rows: list[dict[str, Any]]) -> Result:
    """Lays out what `measure_keyframes` found."""
    return Result(
        name=f"ago_{options.config}_keyframes",
        title=f"AGO {options.config} with random weights on {options.device}, {torch.get_num_threads()} threads; "
        f"{rows[0]['parameters'] / 1e6:.2f} M parameters",
        columns=("keyframe", "cameras", "voxels", "occupied, C", "s a frame", "processor s", "largest memory, GiB"),
        rows=[
            (
                row["keyframe"], str(row["cameras"]), "x".join(map(str, row["state"])),
                "x".join(map(str, row["features"])), f"{row['wall_s']:.2f}", f"{row['cpu_s']:.2f}",
                f"{row['memory_gib']:.2f}",
            )
            for row in rows
        ],
        verdict="no goal: shape, memory and time",
        figures={"config": options.config, "device": options.device, "rows": rows},
    )  # fmt: skip


def main() -> int:
    """Measures, prints, writes; 1 where the frame misses its goal."""
    parser = make_parser(__doc__ or "")
    parser.add_argument("--config", default="tiny", help="name of a file in config/ago")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--root", type=Path, help="nuScenes root: encode each of its keyframes once, and nothing else")
    options = parser.parse_args()
    config = read_ago_config(CONFIGS / f"{options.config}.yaml")
    if options.root:
        publish(keyframe_result(options, measure_keyframes(config, options.root, options.device)), options)
        return 0
    rows = measure(config, options.device, options.repeats)
    timed = next((row for row in rows if row["what"].startswith("node")), rows[0])
    frame_ms = timed["cpu_ms"] / 2 if options.device == "cpu" else timed["wall_ms"]
    met = frame_ms <= GOAL_MS
    result = Result(
        name="ago",
        title=f"AGO {options.config} on {options.device}, {torch.get_num_threads()} threads",
        columns=("what", "ms a frame", "processor ms", "to planes in float32"),
        rows=[(row["what"], f"{row['wall_ms']:.0f}", f"{row['cpu_ms']:.0f}", f"{row['ratio']:.2f}x") for row in rows],
        verdict=f"Goal (2 Hz: {timed['what']} in {GOAL_MS:.0f} ms), {frame_ms:.0f} ms: {'met' if met else 'missed'}",
        figures={"config": options.config, "device": options.device, "rows": rows, "met": met},
    )
    publish(result, options)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
