"""`ago bag`: recorded data as rosbag2."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import Root, Version

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Storage(str, Enum):
    """Storage plugins of rosbag2."""

    MCAP = "mcap"
    SQLITE3 = "sqlite3"


class Compression(str, Enum):
    """How an mcap's chunks are compressed."""

    NONE = "none"
    ZSTD = "zstd"


@app.callback()
def bag() -> None:
    """Recorded data as rosbag2."""


@app.command("from-nuscenes")
def from_nuscenes(
    root: Root,
    out: Annotated[Path, typer.Option(help="Folder of the bag.")],
    scene: Annotated[str | None, typer.Option(help="Name of the scene; the only one if there is one.")] = None,
    version: Version = None,
    storage: Annotated[Storage, typer.Option(help="Storage plugin.")] = Storage.MCAP,
    compression: Annotated[Compression, typer.Option(help="Of the chunks of an mcap.")] = Compression.NONE,
    sweeps: Annotated[bool, typer.Option(help="With the data between keyframes.")] = True,
    repeat: Annotated[int, typer.Option(min=1, help="Write the scene this often, one time after the other.")] = 1,
    period: Annotated[float, typer.Option(help="Seconds between the last sweep of one time and the next.")] = 0.1,
    overwrite: Annotated[bool, typer.Option(help="Replace a bag that is there.")] = False,
) -> None:
    """Write a nuScenes scene as a rosbag2.

    Images stay the JPEG files they are; clouds, camera_info, /tf, /tf_static and /ground_truth/boxes bear the stamps
    of the sensors.
    """
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.bag import write_nuscenes_bag
    from ago_ros.datasets.nuscenes import NuScenesReader

    reader = NuScenesReader(root, version)
    name = scene or _only_scene([s.name for s in reader.scenes])
    with progress_bar(f"writing {name}") as progress:
        counts = write_nuscenes_bag(
            reader,
            name,
            out,
            storage=storage.value,
            compression=compression.value,
            sweeps=sweeps,
            repeat=repeat,
            period_s=period,
            overwrite=overwrite,
            progress=progress,
        )
    width = max(map(len, counts))
    for topic, count in counts.items():
        typer.echo(f"{topic:<{width}}  {count}")
    typer.echo(f"{out}: {sum(counts.values())} messages of {name}. Play it: ros2 bag play --clock 100 {out}")


def _only_scene(names: list[str]) -> str:
    if len(names) != 1:
        raise typer.BadParameter(f"name one of the {len(names)} scenes: {', '.join(names)}", param_hint="--scene")
    return names[0]
