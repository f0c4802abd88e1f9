"""`ago eval completion`: what completing single views of a recording finds of what the other views saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import Device, Docs, JsonFile, Model


def completion(
    folder: Annotated[Path, typer.Argument(help="Recording in the layout of 7-Scenes, with intrinsics and gravity.")],
    vlm: Model,
    model: Annotated[
        str, typer.Option(help="Trained network: semabs-tiny, or a folder that `ago train scene-query` finished.")
    ] = "semabs-tiny",
    frames: Annotated[int | None, typer.Option(min=2, help="Frames at most, evenly spread; else all.")] = None,
    phrase: Annotated[
        list[str] | None, typer.Option(help="Phrase that may be in view, any number of times; else the room world's.")
    ] = None,
    likeliest: Annotated[int, typer.Option(min=1, help="Phrases completed from the pixels of each view.")] = 10,
    device: Device = "cpu",
    json_file: JsonFile = None,
    docs: Docs = None,
) -> None:
    """Complete each RGB-D frame by itself, and score what was added against the fused other frames."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.datasets.seven_scenes import read_seven_scenes
    from ago_ros.evaluation.benchmark import publish_all
    from ago_ros.evaluation.completers import ROOM_NOUNS, from_pixels, of_objects
    from ago_ros.evaluation.completion import PROTOCOL, RIVALS, evaluate_completion, to_result
    from ago_ros.scene_query.semabs.load import load_learned
    from ago_ros.vlm.loading import load_vlm
    from ago_ros.vlm.text_memory import remember_texts

    fields = load_learned(model, vlm, device)
    views = read_seven_scenes(folder, frames)
    reader = remember_texts(load_vlm(vlm, device))
    phrases = tuple(dict.fromkeys(phrase or ROOM_NOUNS))
    completers = {
        **RIVALS,
        "boxes of objects": of_objects(reader, phrases),
        f"{model}, from pixels": from_pixels(fields, reader, phrases, likeliest),
        f"{model}, complete_objects": of_objects(reader, phrases, fields),
    }
    grid = fields.network.config.grid
    with progress_bar("frames") as progress:
        scores = evaluate_completion(views, grid, completers, progress)
    settings = {"model": model, "vlm": vlm, "frames": len(views), "phrases": phrases, "likeliest": likeliest}
    title = (
        f"Completed surfaces of {len(views)} RGB-D frames of {folder.name}, {grid.voxel_size * 100:g} cm voxels, "
        f"{len(phrases)} phrases, {vlm}, in %"
    )
    typer.echo(PROTOCOL)
    chosen = f" --frames {frames}" * (frames is not None) + "".join(f" --phrase '{each}'" for each in phrase or ())
    command = f"ago eval completion {folder.name} --vlm {vlm} --model {model} --likeliest {likeliest}{chosen}"
    figures = {"protocol": PROTOCOL, "settings": settings}
    publish_all([to_result(scores, title, figures)], command, json_file, docs)
