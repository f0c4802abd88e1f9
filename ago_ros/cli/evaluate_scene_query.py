"""`ago eval scene-query`: SemAbs' tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import Device, Docs, JsonFile


def scene_query(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders that `ago train scene-query` finished: any methods and seeds.")
    ],
    data: Annotated[Path, typer.Option(help="Folder of the views that --only-draw drew.")] = Path(
        "build/data/scene_query"
    ),
    split: Annotated[
        list[str] | None, typer.Option(help="Test split, any number of times; else the paper's four, and outdoor.")
    ] = None,
    rooms: Annotated[int | None, typer.Option(min=1, help="Rooms or drives of each split, at most.")] = None,
    vlm: Annotated[
        str,
        typer.Option(help="Text tower of a SemAware folder: ago-tiny, a folder or an id; else that of its views."),
    ] = "",
    analytic: Annotated[bool, typer.Option(help="With the analytic relation fields as a row.")] = True,
    device: Device = "cpu",
    json_file: JsonFile = None,
    docs: Docs = None,
) -> None:
    """Score trained folders on novel rooms, looks, words, classes, and streets: completion, localisation, search."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.query_views.splits import TEST_SPLITS
    from ago_ros.evaluation.benchmark import publish_all
    from ago_ros.evaluation.scene_query import PROTOCOL
    from ago_ros.evaluation.scene_query_runs import evaluate_folders
    from ago_ros.evaluation.scene_query_tables import make_tables, report_json

    splits = tuple(dict.fromkeys(split or TEST_SPLITS))
    with progress_bar("scoring") as progress:
        runs = evaluate_folders(folders, data, splits, rooms, vlm, device, analytic=analytic, progress=progress)
    tables = make_tables(runs)
    typer.echo(PROTOCOL)
    chosen = "".join(f" --split {name}" for name in split or ()) + f" --rooms {rooms}" * bool(rooms)
    chosen += "" if analytic else " --no-analytic"
    command = f"ago eval scene-query {' '.join(map(str, folders))} --data {data}{chosen}"
    publish_all(tables, command, json_file, docs, report_json(runs, tables))
