"""`ago train scene-query`: SemAbs and the methods that it is held against."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import Device, Steps, find_config


def scene_query(
    config: Annotated[
        str, typer.Option(help="'tiny', or a file of settings such as config/training/scene_query_tiny.yaml.")
    ],
    data: Annotated[Path, typer.Option(help="Folder of the views; what is missing is drawn first.")] = Path(
        "build/data/scene_query"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Folder of the training; else build/train/scene_query/METHOD_SEED.")
    ] = None,
    method: Annotated[str, typer.Option(help="semabs, single_scale, clip_spatial or semaware.")] = "semabs",
    vlm: Annotated[str, typer.Option(help="Reads the relevancy maps: ago-tiny, a folder, or an id.")] = "ago-tiny",
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the settings' seed.")] = None,
    steps: Steps = None,
    device: Device = "cpu",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that draw; else one a processor.")] = None,
    only_draw: Annotated[bool, typer.Option("--only-draw", help="Draw the views, those of the tests too.")] = False,
) -> None:
    """Train SemAbs, or a baseline, on views of rooms and streets with relevancy maps."""
    from dataclasses import replace

    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.query_views.splits import TRAIN_SPLITS, VALIDATION_SPLITS
    from ago_ros.scene_query.semabs.baselines import METHODS
    from ago_ros.training.scene_query import draw
    from ago_ros.training.scene_query.config import read_config
    from ago_ros.training.scene_query.train import train_scene_query
    from ago_ros.vlm.loading import load_vlm

    if method not in METHODS:
        raise ValueError(f"no method {method!r}: use one of {', '.join(METHODS)}")
    settings = read_config(find_config("scene_query", config))
    loop = settings.loop
    loop = replace(loop, seed=loop.seed if seed is None else seed, steps=loop.steps if steps is None else steps)
    settings = replace(settings, loop=loop)
    splits = draw.SPLITS_DRAWN if only_draw else (*TRAIN_SPLITS, *VALIDATION_SPLITS)
    missing = draw.missing_jobs(data, settings.draw, vlm, splits)
    if missing:
        size = draw.estimate_bytes(settings.draw, missing) / 2**20
        typer.echo(f"{data}: {len(missing)} rooms and drives to draw, at most about {size:.0f} MiB")
        with progress_bar("drawing rooms and drives") as progress:
            draw.draw_missing(data, settings.draw, vlm, workers, progress, splits)
    if only_draw:
        typer.echo(f"{data}: views drawn")
        return
    folder = out or Path("build/train/scene_query") / f"{method}_{loop.seed}"
    with progress_bar("training") as progress:
        reading = train_scene_query(settings, method, data, folder, load_vlm(vlm), device, progress, typer.echo)
    chosen = ", ".join(f"{task}: logits above {each.threshold:g}" for task, each in reading.decisions.items())
    typer.echo(f"{folder}: trained; {chosen}")
