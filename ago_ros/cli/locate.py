"""`ago locate`: where something is, or could be hidden, in a recorded keyframe."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from ago_ros.cli.options import (
    Device,
    JsonFile,
    Keyframe,
    OneScene,
    OptionalModel,
    Root,
    Version,
    choose_keyframe,
)

if TYPE_CHECKING:
    from ago_ros.scene_query.answer import Region

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("locate")
def locate(
    query: Annotated[str, typer.Argument(help="What is sought, such as 'mug' or 'mug behind the box'.")],
    root: Root,
    vlm: OptionalModel = "",
    scene: OneScene = None,
    keyframe: Keyframe = 0,
    version: Version = None,
    relevancy: Annotated[str, typer.Option(help="What analytic answers are read from: dense, fast or maps.")] = "dense",
    scene_query: Annotated[str, typer.Option(help="What answers: analytic, or semabs, a network.")] = "analytic",
    scene_query_model: Annotated[
        str, typer.Option(help="For semabs: semabs-tiny, or a folder that `ago train scene-query` finished.")
    ] = "semabs-tiny",
    device: Device = "cpu",
    allow_download: Annotated[bool, typer.Option("--allow-download", help="Fetch a model that is not here.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Show at most so many regions.")] = 10,
    json_file: JsonFile = None,
) -> None:
    """Find where something is, or could be hidden: regions with their probability, in the ego frame."""
    from dataclasses import asdict

    from ago_ros.datasets.nuscenes import NuScenesReader
    from ago_ros.evaluation.benchmark import write_json
    from ago_ros.occupancy.frame_relevancy import relevancy_config
    from ago_ros.occupancy.lift import LiftPredictor
    from ago_ros.scene_query.analytic import NO_IMAGE_TOWER
    from ago_ros.scene_query.analytic import locate as find
    from ago_ros.scene_query.parse import parse_question
    from ago_ros.scene_query.prepositions import Prepositions
    from ago_ros.scene_query.query import QueryError
    from ago_ros.scene_query.semabs.load import load_fields
    from ago_ros.vlm.loading import load_text_encoder, load_vlm

    question, config = parse_question(query, Prepositions(load_text_encoder)), relevancy_config(relevancy)
    if not vlm:
        raise QueryError(NO_IMAGE_TOWER)
    fields = load_fields(scene_query, scene_query_model, vlm, device)
    reader = NuScenesReader(root, version)
    sample = choose_keyframe(reader, scene, keyframe)
    model = load_vlm(vlm, device, allow_download)
    frame = reader.frame(sample.token)
    encoding = LiftPredictor(vlm=model, relevancy=fields.relevancy if fields else config).encode(frame)
    answer = find(encoding, question, model, fields=fields)
    if answer.status.refused:
        raise QueryError(answer.message)
    report = {
        "query": answer.understood,
        "status": answer.status.name.lower(),
        "message": answer.message,
        "scene": sample.scene,
        "keyframe": keyframe,
        "stamp_ns": answer.stamp_ns,
        "model": model.name,
        "relevancy": None if fields else relevancy,
        "scene_query": scene_query,
        "scene_query_model": fields.name if fields else None,
        "probability": float(answer.probability.sum()),
        "regions": [asdict(region) for region in answer.regions[:top]],
    }
    typer.echo(f"{answer.understood}: {report['probability']:.3f} in {len(answer.regions)} regions of {sample.scene}")
    typer.echo(answer.message)
    for region in answer.regions[:top]:
        x, y, z = region.center
        length, width, height = region.extent
        typer.echo(
            f"  {region.probability:.3f}  at x {x:.1f} y {y:.1f} z {z:.1f} m,  "
            f"{length:.1f} x {width:.1f} x {height:.1f} m,  hidden {region.hidden:.0%}{_view(region)}"
        )
    write_json(json_file, report)


def _view(region: Region) -> str:
    if region.view is None:
        return ""
    x, y, _ = region.view.position
    return f",  seen from x {x:.1f} y {y:.1f}, heading {math.degrees(region.view.yaw):.0f} deg"
