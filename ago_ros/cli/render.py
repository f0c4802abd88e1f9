"""`ago render`: a recorded keyframe as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import Device, Keyframe, OneScene, OptionalModel, Root, Version, choose_keyframe

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("render")
def render(
    root: Root,
    out: Annotated[Path, typer.Option(help="Folder for the PNGs.")],
    scene: OneScene = None,
    keyframe: Keyframe = 0,
    version: Version = None,
    vlm: OptionalModel = "",
    phrase: Annotated[list[str] | None, typer.Option(help="Phrase to label with, any number of times.")] = None,
    query: Annotated[str, typer.Option(help="Draw where this is, or could be hidden, as well.")] = "",
    device: Device = "cpu",
) -> None:
    """Draw a keyframe's occupied voxels over its images, from behind and from above, and an answer as a heat map."""
    from ago_ros.datasets.nuscenes import NuScenesReader
    from ago_ros.occupancy.lift import LiftPredictor
    from ago_ros.rendering.pictures import save_pictures
    from ago_ros.scene.labelling import label
    from ago_ros.scene_query.analytic import locate
    from ago_ros.scene_query.parse import parse_question
    from ago_ros.scene_query.prepositions import Prepositions
    from ago_ros.scene_query.query import QueryError
    from ago_ros.vlm.categories import OCC3D_PHRASES
    from ago_ros.vlm.loading import load_text_encoder, load_vlm
    from ago_ros.vlm.vocabulary import make_vocabulary

    question = parse_question(query, Prepositions(load_text_encoder)) if query else None
    reader = NuScenesReader(root, version)
    frame = reader.frame(choose_keyframe(reader, scene, keyframe).token)
    model = load_vlm(vlm, device) if vlm else None
    if phrase and model is None:
        raise ValueError("phrases need an image tower: name one with --vlm")
    phrases = phrase or [group[0] for group in OCC3D_PHRASES.values()]
    encoding = LiftPredictor(vlm=model).encode(frame)
    grid = label(encoding, None if model is None else make_vocabulary(phrases, model))
    answer = None if question is None else locate(encoding, question, model)
    if answer is not None and answer.status.refused:
        raise QueryError(answer.message)
    probability = None if answer is None else answer.probability
    for path in save_pictures(frame, grid, probability, out):
        typer.echo(path)
