"""`ago demo`: recorded data through the whole suite, over real DDS, and pictures of what came out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from ago_ros.cli.demo_ago import AGO_MODEL
from ago_ros.cli.errors import CommandError
from ago_ros.cli.suite import run_suite
from ago_ros.datasets.errors import DatasetError

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_PERIOD_SEC = 0.1
_MIN_SWEEPS = 40


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the bag, the pictures and report.json.")] = Path("build/demo"),
    nuscenes: Annotated[
        str, typer.Option(envvar="NUSCENES", help="nuScenes root; else a drive of the project's own world is recorded.")
    ] = "",
    scene: Annotated[str, typer.Option(help="Scene of the root; else its first.")] = "",
    vlm: Annotated[
        str, typer.Option(help="ago-tiny, a Hugging Face id or a folder. Else none on your data, ago-tiny on ours.")
    ] = "",
    query: Annotated[str, typer.Option(help="What /locate_object is asked.")] = "the person behind the car",
) -> None:
    """Play a scene through the occupancy node; ask it; write pictures and a report."""
    from ago_ros.datasets.nuscenes import NuScenesReader

    out.mkdir(parents=True, exist_ok=True)
    vlm = vlm or ("" if nuscenes else "ago-tiny")
    root = Path(nuscenes) if nuscenes else _record_drive(out)
    reader = NuScenesReader(root)
    name = scene or reader.scenes[0].name
    typer.echo(f"demo: {name} of {root}; image tower: {vlm or 'none, so the grid is class-agnostic'}")
    bag = out / "bag"
    _write_bag(reader, name, bag)
    answer = run_suite(bag, out, vlm, query)
    typer.echo(f'demo: /locate_object "{query}"\n{answer}')
    report: dict[str, Any] = json.loads((out / "probe.json").read_text())
    if not report["grids"]:
        raise CommandError(f"no grid was published; see {out / 'launch.log'}")
    report |= {"scene": name, "vlm": vlm, "query": query, "answer": answer}
    report |= {"geometry": _check_geometry(reader, name), "occ3d": _check_labels(reader, name, vlm)}
    report["ago"] = None if nuscenes else _compare_ago(root, name, out)
    report["pictures"] = [str(path) for path in _draw(bag, out)]
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    _print_report(report)
    typer.echo(f"demo: report and pictures in {out}")


def _record_drive(out: Path) -> Path:
    """Drives through the project's own world."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.drive_world.write import DriveWorldConfig, write_drive_world

    root = out / "drive"
    shutil.rmtree(root, ignore_errors=True)
    typer.echo("demo: NUSCENES names no data: recording a drive in the project's own world")
    with progress_bar("recording") as progress:
        return write_drive_world(root, DriveWorldConfig(seed=7, keyframes=8, size=(800, 450)), progress=progress)


def _write_bag(reader: Any, scene: str, bag: Path) -> None:
    """Writes the scene as a bag; a scene of few sweeps is written several times over, to be replayed at 10 Hz."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.bag import write_nuscenes_bag
    from ago_ros.datasets.nuscenes import LIDAR

    sweeps = sum(record.sensor == LIDAR for record in reader.records(scene))
    repeat = -(-_MIN_SWEEPS // sweeps) if sweeps < _MIN_SWEEPS else 1
    if repeat > 1:
        typer.echo(f"demo: {scene} has {sweeps} sweeps: it is repeated {repeat} times")
    with progress_bar("writing the bag") as progress:
        write_nuscenes_bag(reader, scene, bag, repeat=repeat, period_s=_PERIOD_SEC, overwrite=True, progress=progress)


def _check_geometry(reader: Any, scene: str) -> dict[str, Any]:
    from ago_ros.evaluation.geometry import check_scene
    from ago_ros.occupancy.lift import LiftPredictor

    return check_scene(reader, scene, LiftPredictor()).report()


def _check_labels(reader: Any, scene: str, vlm: str) -> dict[str, float] | None:
    """Scores the lift predictor where the data have Occ3D's labels beside them; IoU and mIoU in 0..1."""
    from ago_ros.datasets.occ3d import labels_path
    from ago_ros.evaluation.lift import score_lift
    from ago_ros.occupancy.lift import LiftPredictor
    from ago_ros.vlm.categories import OCC3D_PHRASES
    from ago_ros.vlm.loading import load_vlm

    if not labels_path(reader.root, scene, reader.samples(scene)[0].token).exists():
        return None
    predictor = LiftPredictor(vlm=load_vlm(vlm) if vlm else None)
    matrix, _ = score_lift(reader, [scene], predictor, OCC3D_PHRASES, reader.root)
    return {name: score for name, score in matrix.table().items() if score == score}


def _compare_ago(root: Path, scene: str, out: Path) -> dict[str, Any]:
    """Scores and draws AGO and the lift predictor on the recorded drive, which both see for the first time."""
    from ago_ros.cli.demo_ago import compare
    from ago_ros.evaluation.ago import EvaluationSet

    return compare(EvaluationSet(root, scenes=(scene,)), AGO_MODEL, out)


def _draw(bag: Path, out: Path) -> list[Path]:
    """Draws the newest published grid, and the answer where there is one."""
    from ago_ros.datasets.bag import read_bag_frames
    from ago_ros.rendering.pictures import save_pictures
    from ago_ros.scene.semantic_grid import load_grid

    grid = load_grid(out / "grid.npz")
    frame = next((frame for frame in read_bag_frames(bag) if frame.stamp_ns == grid.stamp_ns), None)
    if frame is None:
        raise DatasetError(f"{bag}: no sweep is stamped {grid.stamp_ns} ns, as the published grid is")
    return save_pictures(frame, grid, _load_answer(out / "answer.npz", grid), out)


def _load_answer(path: Path, grid: Any) -> Any:
    """Reads an answer to the frame of `grid` as (X, Y, Z) float32 probabilities; None where there is none."""
    import numpy as np
    import torch

    if not path.exists():
        return None
    with np.load(path) as saved:
        if int(saved["stamp_ns"]) != grid.stamp_ns:
            return None
        voxels = torch.from_numpy(saved["voxels"])
    indices, inside = grid.grid.indices(voxels[:, :3])
    probability = torch.zeros(grid.grid.shape)
    probability[tuple(indices.T)] = voxels[inside, 3]
    return probability


def _print_report(report: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    latency, geometry = report["latency_ms"], report["geometry"]
    dropped = ", ".join(f"{count} {reason}" for reason, count in report["frames_dropped"].items() if count) or "none"
    lost = ", ".join(f"{count} {reason}" for reason, count in report["images_lost"].items() if count) or "none"
    voxels = report["voxels_last_grid"]
    table = Table(title="what the node published", show_header=False)
    occ3d = report["occ3d"] or {}
    for name, value in (
        ("frames in / out", f"{report['frames_in']} / {report['frames_out']}"),
        ("frames dropped", dropped),
        ("images lost", lost),
        ("latency p50 / p95 / p99, ms", " / ".join(f"{latency[p]:.0f}" for p in ("p50", "p95", "p99"))),
        ("voxels occupied / free / unobserved", " / ".join(str(voxels[s]) for s in ("occupied", "free", "unobserved"))),
        ("LiDAR returns in the grid", str(geometry["returns"])),
        ("returns in occupied voxels", _percent(geometry["share_of_returns"])),
        ("free voxels with a return", str(geometry["free_with_return"])),
        ("boxes that hold an occupied voxel", _percent(geometry["share_of_boxes_filled"])),
        ("Occ3D, camera mask: IoU", _percent(occ3d.get("IoU"))),
        ("Occ3D, camera mask: mIoU", _percent(occ3d.get("mIoU") if report["vlm"] else None)),
    ):
        table.add_row(name, value)
    Console().print(table)
    if report["ago"]:
        Console().print(_ago_table(report["ago"]))


def _ago_table(report: dict[str, Any]) -> Any:
    """Lays out AGO beside the lift predictor."""
    from rich.table import Table

    table = Table("Occ3D, camera mask", "IoU", "mIoU", "encode p50, ms", title=f"{report['model']} and lift")
    for name in ("ago", "lift"):
        row = report[name]
        table.add_row(name, _percent(row["IoU"]), _percent(row["mIoU"]), f"{row['encode_p50_ms']:.0f}")
    return table


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
