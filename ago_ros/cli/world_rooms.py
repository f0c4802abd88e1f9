"""`ago world rooms`: views of furnished rooms."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import parse_size


def rooms(
    out: Annotated[Path, typer.Option(help="Folder to write shards to.")],
    seed: Annotated[int, typer.Option(min=0, help="Skips this many rooms of the split.")] = 0,
    split: Annotated[
        str,
        typer.Option(
            help="train, validation, seen_rooms, novel_rooms, novel_visual, novel_synonyms, novel_classes or "
            "novel_arrangements."
        ),
    ] = "train",
    views: Annotated[int, typer.Option(min=1, help="How many views.")] = 100,
    views_per_room: Annotated[int, typer.Option(min=1, help="Views of each room.")] = 8,
    size: Annotated[str, typer.Option(help="Width and height of the images, pixels.")] = "224x224",
    resolution: Annotated[int, typer.Option(min=8, max=256, help="Voxels a side of the two-metre cube.")] = 64,
    depth: Annotated[bool, typer.Option(help="With depth images, over half of the bytes.")] = True,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one for each processor if not given.")] = None,
) -> None:
    """Write RGB-D views of furnished rooms with complete ground truth, as shards that load without Open3D."""
    from ago_ros.datasets.procedural.jobs import prepare_workers

    if workers != 1 and views > views_per_room:
        prepare_workers("ago_ros.datasets.room_world.write")
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.room_world.generate import ViewConfig
    from ago_ros.datasets.room_world.view import room_grid
    from ago_ros.datasets.room_world.write import write_room_world

    config = ViewConfig(parse_size(size), room_grid(resolution), views_per_room)
    started = time.monotonic()
    with progress_bar("drawing") as progress:
        count = write_room_world(out, split, views, seed, config, depth=depth, workers=workers, progress=progress)
    rate = count / (time.monotonic() - started)
    typer.echo(f"{out}: {count} views of split {split}, {rate:.2f} views/s")
