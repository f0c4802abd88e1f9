"""`ago gallery`: questions about drawn rooms, and their answers as pictures beside the truth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ago_ros.cli.options import Device, Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ago_ros.datasets.room_world.view import View
    from ago_ros.geometry.voxel_grid import VoxelGrid

app = typer.Typer(add_completion=False, rich_markup_mode=None)

MOST_ROOMS = 60
"""Rooms that are searched for something hidden, one view of each."""
COLOURS = 256
"""Of a picture; more make files that are too large for a page of many."""


@app.command("gallery")
def gallery(
    out: Annotated[Path, typer.Option(help="Folder for the PNGs, locate_*.png.")],
    vlm: Model,
    query: Annotated[
        str, typer.Option(help="Ask this of one view; else each relation is asked for something that a view hides.")
    ] = "",
    split: Annotated[str, typer.Option(help="Split of the room world.")] = "novel_rooms",
    room: Annotated[int, typer.Option(min=0, help="Skips this many rooms of the split.")] = 0,
    view: Annotated[int, typer.Option(min=0, help="Number of the view in its room, for a query.")] = 0,
    relation: Annotated[
        list[str] | None, typer.Option(help="Relation to ask with, any number of times; else all six.")
    ] = None,
    relevancy: Annotated[str, typer.Option(help="What analytic answers are read from: dense, fast or maps.")] = "fast",
    scene_query: Annotated[str, typer.Option(help="What answers: analytic, or semabs, a network.")] = "analytic",
    scene_query_model: Annotated[
        str, typer.Option(help="For semabs: semabs-tiny, or a folder that `ago train scene-query` finished.")
    ] = "semabs-tiny",
    device: Device = "cpu",
) -> None:
    """Ask about things in drawn rooms, and draw each answer over the image, from above and from the side."""
    import torch

    from ago_ros.datasets.rgbd import from_room
    from ago_ros.datasets.room_world.hidden import places_of
    from ago_ros.datasets.room_world.view import room_grid
    from ago_ros.evaluation.scene_query_analytic import TABLETOP
    from ago_ros.occupancy.frame_relevancy import relevancy_config
    from ago_ros.occupancy.rgbd import encode_view
    from ago_ros.rendering.images import save_png
    from ago_ros.rendering.located import draw_answer
    from ago_ros.scene_query.analytic import LocateConfig, locate
    from ago_ros.scene_query.parse import parse_question
    from ago_ros.scene_query.prepositions import Prepositions
    from ago_ros.scene_query.query import RELATIONS
    from ago_ros.scene_query.semabs.load import load_fields
    from ago_ros.vlm.loading import load_text_encoder, load_vlm

    unknown = [name for name in relation or () if name not in RELATIONS]
    if unknown:
        raise ValueError(f"unknown relation {unknown[0]!r}: use one of {', '.join(RELATIONS)}")
    config = relevancy_config(relevancy)
    fields = load_fields(scene_query, scene_query_model, vlm, device)
    grid = fields.network.config.grid if fields else room_grid(32)
    prepositions = Prepositions(load_text_encoder)
    model = load_vlm(vlm, device)
    wanted = list(dict.fromkeys(relation or RELATIONS))
    asked = _one(query, split, room, view, grid) if query else _hidden(wanted, split, room, grid)
    for name, text, shown in asked:
        question = parse_question(text, prepositions)
        seen = from_room(shown)
        encoding = encode_view(seen, grid, model, fields.relevancy if fields else config)
        answer = locate(encoding, question, model, LocateConfig(relations=TABLETOP), fields)
        truth = torch.from_numpy(places_of(shown, question.target))
        picture = draw_answer(answer, encoding.state, seen, truth)
        path = save_png(picture, out / f"locate_{re.sub('[^a-z0-9]+', '_', name.lower()).strip('_')}.png", COLOURS)
        typer.echo(f"{path}: {shown.name}, {answer.message}")


def _one(query: str, split: str, room: int, number: int, grid: VoxelGrid) -> Iterator[tuple[str, str, View]]:
    """Yields name, question and view of one picture."""
    from ago_ros.datasets.room_world.generate import ViewConfig, generate

    views = list(generate(split, number + 1, room, ViewConfig(grid=grid, views_per_room=number + 1)))
    yield query, query, views[number]


def _hidden(relations: list[str], split: str, room: int, grid: VoxelGrid) -> Iterator[tuple[str, str, View]]:
    """Yields, for each relation, the first view from a room on that hides something that has it; one each view.

    Raises:
        ValueError: no room hides such a thing.
    """
    from ago_ros.datasets.room_world.generate import ViewConfig, generate
    from ago_ros.datasets.room_world.hidden import ask_hidden

    open_relations = list(relations)
    for view in generate(split, MOST_ROOMS, room, ViewConfig(grid=grid, views_per_room=1)):
        for relation in open_relations:
            pair = ask_hidden(view, relation)
            if pair is not None:
                open_relations.remove(relation)
                yield relation, f"{pair[0]} {relation} the {pair[1]}", view
                break
        if not open_relations:
            return
    missing = ", ".join(open_relations)
    raise ValueError(f"no view of {MOST_ROOMS} rooms hides anything that is {missing} something: begin at another room")
