"""`ago train`: training on the procedural worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def train() -> None:
    """Training on the procedural worlds."""


@app.command("vlm")
def vlm(
    config: Annotated[str, typer.Option(help="'tiny', or a file of settings such as config/training/vlm_tiny.yaml.")],
    data: Annotated[Path, typer.Option(help="Folder of the views; what is missing is drawn first.")] = Path(
        "build/data/vlm"
    ),
    out: Annotated[Path, typer.Option(help="Folder of the training; one that was begun goes on.")] = Path(
        "build/train/vlm"
    ),
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    steps: Annotated[int | None, typer.Option(min=1, help="In place of the settings' number.")] = None,
    only_draw: Annotated[bool, typer.Option("--only-draw", help="Draw the views, those of the tests too.")] = False,
) -> None:
    """Train the small vision-language model on pictures of both worlds."""
    from dataclasses import replace

    from ago_ros.cli.progress import progress_bar
    from ago_ros.training.vlm.config import read_config
    from ago_ros.training.vlm.data import draw_missing
    from ago_ros.training.vlm.train import train_vlm
    from ago_ros.vlm.loading import load_text_encoder

    settings = read_config(_find_config("vlm", config))
    if steps is not None:
        settings = replace(settings, loop=replace(settings.loop, steps=steps))
    with progress_bar("drawing views") as progress:
        draw_missing(data, settings.data, tests=only_draw, progress=progress)
    if only_draw:
        typer.echo(f"{data}: views drawn")
        return
    with progress_bar("training") as progress:
        model = train_vlm(settings, data, out, load_text_encoder(), device, progress)
    typer.echo(f"{out}: trained; scale {model.logit_scale:.2f}, bias {model.logit_bias:.2f}")


def _find_config(system: str, name: str) -> Path:
    """Finds the settings of a name, or of a path."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    folder = _shared_folder() / "config" / "training"
    found = folder / f"{system}_{name}.yaml"
    if not found.is_file():
        known = ", ".join(sorted(p.stem.removeprefix(f"{system}_") for p in folder.glob(f"{system}_*.yaml")))
        raise ValueError(f"no settings '{name}' for {system}: use {known or 'a file'}, or give a .yaml file")
    return found


def _shared_folder() -> Path:
    """Returns where `config` lies: the source tree, or the installed package's share."""
    source = Path(__file__).parents[2]
    if (source / "config" / "training").is_dir():
        return source
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("ago_ros"))
