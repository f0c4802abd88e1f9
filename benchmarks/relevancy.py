"""Relevancy maps beside a plain version of the same rule, in one process, on a ViT-B/32 of random weights.

The plain version takes every crop and every phrase by itself through the transformers library's model with autograd.
It is timed in two forms: "to the attention" stops the backward pass at the attention that is read, the least that
autograd can do; "backward()" goes on to all parameters, as logit.backward() does. It is measured on some pairs of crop
and phrase and extrapolated to all of them; cutting crops and putting maps together is left out of it. Ours is timed
whole: resizing, cutting, reading, putting together. Neither side has the text tower in it. Both sides take turns;
the best round of each counts. Ratios are of processor time on a CPU, so that other work on the machine does not blur
them, and of wall time on a GPU. Exit status 1 when the maps differ by more than 1e-4 of their peak, or when at 100
phrases float32 is not 60 times faster than the faster of the plain forms.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from ago_ros.evaluation.benchmark import Result, make_parser, publish
from ago_ros.vlm.huggingface import ClipModel
from ago_ros.vlm.images import normalise
from ago_ros.vlm.loading import CLIP_DEVIATION, CLIP_MEAN
from ago_ros.vlm.relevancy_maps.config import RelevancyConfig
from ago_ros.vlm.relevancy_maps.maps import read_maps
from ago_ros.vlm.relevancy_maps.readers import AttentionReader, CropReader, DenseReader
from ago_ros.vlm.relevancy_maps.windows import window_grids

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "vlm"))
from naive_relevancy import crop_map

GOAL = 60.0
TOLERANCE = 1e-4
PLAIN_FORMS = {"to the attention": False, "backward()": True}


@dataclass
class Timing:
    """The best round of one side."""

    wall_s: float = float("inf")
    processor_s: float = float("inf")

    def add(self, work: Callable[[], Any]) -> None:
        """Runs one more round."""
        wall, processor = time.perf_counter(), time.process_time()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.wall_s = min(self.wall_s, time.perf_counter() - wall)
        self.processor_s = min(self.processor_s, time.process_time() - processor)


def plain_error(vlm: ClipModel, model: CLIPModel, crops: Tensor, phrases: Tensor) -> float:
    """Returns the largest difference of the two sides' maps on some pairs, over the largest value of each map."""
    ours = AttentionReader(vlm.attention_split(), phrases, 2**28).read(crops).cpu()
    errors = []
    for crop, maps in zip(crops, ours, strict=True):
        for phrase, found in zip(phrases, maps, strict=True):
            truth = crop_map(model, plain_inputs(vlm, crop), phrase).cpu()
            errors.append(float((found - truth).abs().max() / truth.max()))
    return max(errors)


def plain_inputs(vlm: ClipModel, crop: Tensor) -> dict[str, Tensor]:
    """Returns what the library's model takes for one crop."""
    split = vlm.attention_split()
    pixels = normalise(crop[None].to(split.mean.device), split.side, split.side, split.mean, split.deviation)
    return {"pixel_values": pixels}


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Times both sides."""
    torch.manual_seed(0)
    device = torch.device(args.device)
    model = CLIPModel(CLIPConfig()).eval().to(device)
    plain = CLIPModel(CLIPConfig()).eval().to(device)
    plain.load_state_dict(model.state_dict())
    plain.set_attn_implementation("eager")
    vlm = ClipModel("ViT-B/32, random weights", model, None, CLIP_MEAN, CLIP_DEVIATION)
    image = torch.randint(0, 256, (args.size, args.size, 3), dtype=torch.uint8)
    phrases = torch.nn.functional.normalize(torch.randn(max(args.labels), vlm.dim), dim=1).to(device)
    config = RelevancyConfig(stride=args.stride, jitters=args.jitters, flip=args.flip, memory_mib=args.memory_mib)
    versions = (1 + args.jitters) * (1 + args.flip)
    crops = versions * sum(len(grid) for grid in window_grids(args.size, args.size, 224, config))
    samples = torch.randint(0, 256, (args.plain_pairs, 224, 224, 3), dtype=torch.uint8)

    sides: dict[str, Callable[[], Any]] = {}
    for form, whole in PLAIN_FORMS.items():
        sides[form] = lambda whole=whole: [
            crop_map(plain, plain_inputs(vlm, crop), phrases[i % len(phrases)], whole) for i, crop in enumerate(samples)
        ]
    memory = args.memory_mib * 2**20
    for labels in args.labels:
        readers: dict[str, CropReader] = {
            "float32": AttentionReader(vlm.attention_split(), phrases[:labels], memory),
            "bfloat16": AttentionReader(vlm.attention_split(), phrases[:labels], memory, "bfloat16"),
        }
        for precision, reader in readers.items():
            sides[f"{labels} {precision}"] = lambda reader=reader: read_maps(reader, image, config)
        dense = DenseReader(vlm, phrases[:labels].cpu(), 224, memory)
        sides[f"{labels} fast"] = lambda dense=dense: read_maps(dense, image, RelevancyConfig.fast())
    timings = {name: Timing() for name in sides}
    for _ in range(args.rounds):
        for name, work in sides.items():
            timings[name].add(work)
    return summarise(args, vlm.name, crops, timings, plain_error(vlm, plain, samples[:2], phrases[:3]))


def summarise(
    args: argparse.Namespace, name: str, crops: int, timings: dict[str, Timing], relative_error: float
) -> dict[str, Any]:
    """Puts the figures together."""
    clock = "processor_s" if args.device == "cpu" else "wall_s"
    rows = []
    for labels in args.labels:
        for precision in ("float32", "bfloat16"):
            ours = timings[f"{labels} {precision}"]
            pairs = crops * labels / args.plain_pairs
            row: dict[str, Any] = {"labels": labels, "precision": precision, "ours": asdict(ours)}
            for form in PLAIN_FORMS:
                row[f"plain_s, {form}"] = pairs * getattr(timings[form], clock)
                row[f"ratio, {form}"] = row[f"plain_s, {form}"] / getattr(ours, clock)
            row["fast"] = asdict(timings[f"{labels} fast"])
            rows.append(row)
    return {
        "benchmark": "relevancy",
        "settings": {
            "model": name, "clock": clock, "device": args.device, "threads": torch.get_num_threads(), "crops": crops,
            "plain_pairs": args.plain_pairs, "rounds": args.rounds, "memory_mib": args.memory_mib,
        },
        "plain": {form: asdict(timings[form]) for form in PLAIN_FORMS},
        "relative_error": relative_error,
        "rows": rows,
    }  # fmt: skip


def to_result(report: dict[str, Any]) -> Result:
    """The report as it is shown."""
    settings, clock = report["settings"], report["settings"]["clock"]
    columns = ["phrases, precision", "ours, wall s", "fast mode, wall s", f"ours, {clock}"]
    columns += [f"{what}, {form}" for form in PLAIN_FORMS for what in ("plain s", "ratio")]
    rows = []
    for row in report["rows"]:
        cells = [f"{row['labels']}, {row['precision']}", f"{row['ours']['wall_s']:.2f}"]
        cells += [f"{row['fast']['wall_s']:.2f}", f"{row['ours'][clock]:.2f}"]
        for form in PLAIN_FORMS:
            cells += [f"{row[f'plain_s, {form}']:.0f}", f"{row[f'ratio, {form}']:.1f}"]
        rows.append(cells)
    title = (
        f"Relevancy maps, {settings['model']}, {settings['crops']} crops, {settings['device']}, {settings['threads']} "
        f"threads; largest difference from the plain version, over the map's peak: {report['relative_error']:.1e}"
    )
    faults = missed(report)
    verdict = (
        f"goals (maps equal to 1e-4; at 100 phrases 60 times): {'missed: ' + ', '.join(faults) if faults else 'met'}"
    )
    return Result("relevancy", title, columns, rows, verdict, report)


def missed(report: dict[str, Any]) -> list[str]:
    """Names the goals that are missed."""
    faults = [] if report["relative_error"] <= TOLERANCE else [f"maps differ by more than {TOLERANCE}"]
    for row in report["rows"]:
        if row["labels"] == 100 and row["precision"] == "float32":
            ratio = min(row[f"ratio, {form}"] for form in PLAIN_FORMS)
            if ratio < GOAL:
                faults.append(f"{ratio:.1f} times at 100 phrases")
    return faults


def main() -> int:
    parser = make_parser("Compare relevancy maps with a plain version.")
    parser.add_argument("--labels", type=int, nargs="+", default=[10, 100], help="numbers of phrases")
    parser.add_argument("--size", type=int, default=448, help="pixels of the image's sides")
    parser.add_argument("--stride", type=float, default=0.5, help="step of crops over their side; the paper has 0.25")
    parser.add_argument("--jitters", type=int, default=0, help="versions in other colours; the paper has 5")
    parser.add_argument("--flip", action="store_true", help="mirrored crops too, as the paper has")
    parser.add_argument(
        "--plain-pairs", type=int, default=12, help="pairs of crop and phrase to time the plain side on"
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory-mib", type=int, default=RelevancyConfig.memory_mib)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, help="torch threads of both sides")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    report = measure(args)
    publish(to_result(report), args)
    return 1 if missed(report) else 0


if __name__ == "__main__":
    sys.exit(main())
