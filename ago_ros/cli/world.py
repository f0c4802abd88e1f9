"""`ago world`: the procedural worlds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import parse_size
from ago_ros.cli.world_rooms import rooms

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def world() -> None:
    """The procedural worlds."""


app.command("rooms")(rooms)


@app.command("drive")
def drive(
    out: Annotated[Path, typer.Option(help="Folder to write; it becomes a nuScenes root with Occ3D labels in gts.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first scene; the next has the next seed.")] = 0,
    scenes: Annotated[int, typer.Option(min=1, help="How many scenes.")] = 1,
    keyframes: Annotated[int, typer.Option(min=1, help="Keyframes of each scene, two a second.")] = 10,
    size: Annotated[str, typer.Option(help="Width and height of the images, pixels.")] = "400x225",
    sweeps: Annotated[bool, typer.Option(help="With the sweeps and pictures between keyframes.")] = True,
    style: Annotated[str | None, typer.Option(help="city, suburb, country or industry; drawn if not given.")] = None,
    weather: Annotated[
        str | None, typer.Option(help="clear, hazy, overcast, rain, fog or dusk; drawn if not given.")
    ] = None,
    shards: Annotated[bool, typer.Option("--shards", help="Pack keyframes into small files for training.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one for each processor if not given.")] = None,
) -> None:
    """Write street scenes recorded by nuScenes' rig, with complete ground truth: a nuScenes root, or shards."""
    from ago_ros.datasets.procedural.jobs import prepare_workers

    if workers != 1 and scenes > 1:
        prepare_workers("ago_ros.datasets.drive_world.write")
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.drive_world.shard_writer import write_drive_shards
    from ago_ros.datasets.drive_world.write import DriveWorldConfig, write_drive_world

    config = DriveWorldConfig(seed, scenes, keyframes, parse_size(size), sweeps, style, weather)
    started = time.monotonic()
    with progress_bar("recording") as progress:
        if shards:
            write_drive_shards(out, config, workers=workers, progress=progress)
        else:
            write_drive_world(out, config, workers=workers, progress=progress)
    rate = scenes * keyframes / (time.monotonic() - started)
    megabytes = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) / 1e6
    typer.echo(f"{out}: {scenes} scenes of {keyframes} keyframes, {megabytes:.1f} MB, {rate:.2f} keyframes/s")
