"""`ago eval`: scores on recorded data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ago_ros.cli.evaluate_ago import ago
from ago_ros.cli.evaluate_completion import completion
from ago_ros.cli.evaluate_relevancy import relevancy
from ago_ros.cli.evaluate_scene_query import scene_query
from ago_ros.cli.options import Device, Docs, JsonFile, Model, OptionalModel, Root, Scenes, Version

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def evaluate() -> None:
    """Scores on recorded data."""


app.command("ago")(ago)
app.command("completion")(completion)
app.command("relevancy")(relevancy)
app.command("scene-query")(scene_query)


@app.command("geometry")
def geometry(
    root: Root,
    scene: Scenes = None,
    version: Version = None,
    max_sweeps: Annotated[int, typer.Option(min=1, help="Sweeps in the lift predictor's window.")] = 5,
    json_file: JsonFile = None,
) -> None:
    """Hold the lift predictor's occupancy against LiDAR returns and annotated boxes, at every keyframe."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.nuscenes import NuScenesReader
    from ago_ros.evaluation.benchmark import write_json
    from ago_ros.evaluation.geometry import GeometryCounts, check_scene
    from ago_ros.occupancy.lift import LiftConfig, LiftPredictor

    reader = NuScenesReader(root, version)
    names = scene or [each.name for each in reader.scenes]
    predictor = LiftPredictor(LiftConfig(max_sweeps=max_sweeps))
    rows: dict[str, GeometryCounts] = {}
    with progress_bar("scenes") as progress:
        for number, name in enumerate(names):
            rows[name] = check_scene(reader, name, predictor)
            progress(number + 1, len(names))
    rows["all"] = sum(rows.values(), GeometryCounts())
    scores = {name: counts.report() for name, counts in rows.items()}
    report = {
        "protocol": "lift predictor; keyframes; boxes with >= 5 LiDAR points and their centre inside the grid",
        "max_sweeps": max_sweeps,
        "scenes": scores,
    }
    typer.echo(report["protocol"])
    _print_table(scores)
    write_json(json_file, report)


@app.command("lift")
def lift(
    root: Root,
    vlm: OptionalModel = "",
    labels: Annotated[Path | None, typer.Option(help="Folder that holds Occ3D's gts; else the root.")] = None,
    scene: Scenes = None,
    version: Version = None,
    device: Device = "cpu",
    json_file: JsonFile = None,
    docs: Docs = None,
) -> None:
    """Score the lift predictor's labels against Occ3D's."""
    import statistics

    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.nuscenes import NuScenesReader
    from ago_ros.evaluation.benchmark import Result, publish_all
    from ago_ros.evaluation.lift import PROTOCOL, score_lift
    from ago_ros.occupancy.lift import LiftPredictor
    from ago_ros.vlm.categories import OCC3D_PHRASES
    from ago_ros.vlm.loading import load_vlm

    reader = NuScenesReader(root, version)
    names = scene or [each.name for each in reader.scenes]
    predictor = LiftPredictor(vlm=load_vlm(vlm, device) if vlm else None)
    with progress_bar("scenes") as progress:
        matrix, milliseconds = score_lift(reader, names, predictor, OCC3D_PHRASES, labels or root, progress)
    scores = {name: None if score != score else 100 * score for name, score in matrix.table().items()}
    median = statistics.median(milliseconds)
    typer.echo(PROTOCOL)
    result = Result(
        "lift",
        f"Lift predictor, {vlm or 'no image tower'}, {len(milliseconds)} keyframes of {len(names)} scenes, IoU in %",
        ("class", "IoU"),
        [(name.replace("_", " "), "-" if score is None else f"{score:.1f}") for name, score in scores.items()],
        f"encoding and labelling a keyframe takes {median:.0f} ms at the median",
        {
            "vlm": vlm,
            "scenes": names,
            "scores": scores,
            "keyframes": len(milliseconds),
            "encode_and_label_p50_ms": median,
        },
    )
    publish_all([result], f"ago eval lift {root}" + f" --vlm {vlm}" * bool(vlm), json_file, docs)


@app.command("vlm")
def vlm(
    model: Model,
    data: Annotated[Path, typer.Option(help="Folder of the views that `ago train vlm --only-draw` drew.")] = Path(
        "build/data/vlm"
    ),
    device: Device = "cpu",
    json_file: JsonFile = None,
    docs: Docs = None,
) -> None:
    """Score a vision-language model on both worlds: unseen rooms, looks, words and classes, and street pixels."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.evaluation.benchmark import publish_all
    from ago_ros.evaluation.vlm import evaluate_vlm, to_results
    from ago_ros.vlm.loading import load_vlm

    with progress_bar("scoring") as progress:
        report = evaluate_vlm(load_vlm(model, device), data, progress=progress)
    typer.echo(report["protocol"])
    publish_all(to_results(report), f"ago eval vlm --model {model}", json_file, docs, report)


def _print_table(columns: dict[str, dict[str, Any]]) -> None:
    """Prints the same numbers of several things side by side."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", *columns)
    for name in next(iter(columns.values())):
        numbers = [column[name] for column in columns.values()]
        table.add_row(
            name.replace("_", " "),
            *("-" if n is None else f"{n:.4g}" if isinstance(n, float) else str(n) for n in numbers),
        )
    Console().print(table)
