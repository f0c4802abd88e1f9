"""`ago eval scene-query`: SemAbs' tables."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Annotated

import typer


def scene_query(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders that `ago train scene-query` finished: any methods and seeds.")
    ],
    data: Annotated[Path, typer.Option(help="Folder of the views that --only-draw drew.")] = Path(
        "build/data/scene_query"
    ),
    split: Annotated[
        list[str] | None, typer.Option(help="Test split, any number of times; else the paper's four.")
    ] = None,
    rooms: Annotated[int | None, typer.Option(min=1, help="Rooms of each split, at most.")] = None,
    vlm: Annotated[str, typer.Option(help="Text tower of a SemAware folder; else the one it was drawn with.")] = "",
    analytic: Annotated[bool, typer.Option(help="With the analytic relation fields as a row.")] = True,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the numbers to this file as well.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Replace these tables' parts of a Markdown page.")] = None,
) -> None:
    """Score trained folders on novel rooms, looks, words and classes: completion, localisation, search cost."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.evaluation.benchmark import publish, replace_part
    from ago_ros.evaluation.scene_query import PROTOCOL
    from ago_ros.evaluation.scene_query_runs import TEST_SPLITS, evaluate_folders
    from ago_ros.evaluation.scene_query_tables import figures_of, make_tables

    splits = tuple(dict.fromkeys(split or TEST_SPLITS))
    with progress_bar("scoring") as progress:
        runs = evaluate_folders(folders, data, splits, rooms, vlm, device, analytic=analytic, progress=progress)
    tables = make_tables(runs)
    typer.echo(PROTOCOL)
    for table in tables:
        publish(table, Namespace(json=None, docs=None))
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        verdicts = {table.name: table.verdict for table in tables}
        report = {"protocol": PROTOCOL, "verdicts": verdicts, "runs": figures_of(runs)}
        json_file.write_text(json.dumps(report, indent=2) + "\n")
    if docs is not None:
        page = docs.read_text()
        for table in tables:
            page = replace_part(page, table.name, table.markdown("python benchmarks/scene_query_tables.py"))
        docs.write_text(page)
