"""`ago train`: training of every system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import Device, Steps, find_config
from ago_ros.cli.train_ago import ago
from ago_ros.cli.train_scene_query import scene_query

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def train() -> None:
    """Training of the suite's models."""


app.command("ago")(ago)
app.command("scene-query")(scene_query)


@app.command("vlm")
def vlm(
    config: Annotated[str, typer.Option(help="'tiny', or a file of settings such as config/training/vlm_tiny.yaml.")],
    data: Annotated[Path, typer.Option(help="Folder of the views; what is missing is drawn first.")] = Path(
        "build/data/vlm"
    ),
    out: Annotated[Path, typer.Option(help="Folder of the training; one that was begun goes on.")] = Path(
        "build/train/vlm"
    ),
    device: Device = "cpu",
    steps: Steps = None,
    only_draw: Annotated[bool, typer.Option("--only-draw", help="Draw the views, those of the tests too.")] = False,
) -> None:
    """Train the small vision-language model on pictures of both worlds."""
    from dataclasses import replace

    from ago_ros.cli.progress import progress_bar
    from ago_ros.training.vlm.config import read_config
    from ago_ros.training.vlm.data import draw_missing
    from ago_ros.training.vlm.train import train_vlm
    from ago_ros.vlm.loading import load_text_encoder

    settings = read_config(find_config("vlm", config))
    if steps is not None:
        settings = replace(settings, loop=replace(settings.loop, steps=steps))
    with progress_bar("drawing views") as progress:
        draw_missing(data, settings.data, tests=only_draw, progress=progress)
    if only_draw:
        typer.echo(f"{data}: views drawn")
        return
    with progress_bar("training") as progress:
        model = train_vlm(settings, data, out, load_text_encoder(), device, progress, typer.echo)
    typer.echo(f"{out}: trained; scale {model.logit_scale:.2f}, bias {model.logit_bias:.2f}")
