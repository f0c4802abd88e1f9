"""`ago eval ago`: scores of AGO's models, over seeds, with the lift predictor beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from ago_ros.cli.options import Device, JsonFile, Scenes, Version

if TYPE_CHECKING:
    from ago_ros.scene.identifier import Criterion


def ago(
    checkpoints: Annotated[list[Path], typer.Argument(help="Folders that `ago train ago` wrote; seeds are averaged.")],
    data: Annotated[Path, typer.Option(help="nuScenes root: the folder that holds v1.0-* and samples.")],
    labels: Annotated[Path | None, typer.Option(help="Folder that holds Occ3D's gts; else the root.")] = None,
    vlm: Annotated[
        str, typer.Option(help="The vision-language model that they were trained with: a folder or an id.")
    ] = "ago-tiny",
    protocol: Annotated[
        str | None, typer.Option(help="closed (Occ3D), or open (the stages); else what a model was trained for.")
    ] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Stage of the open protocol: pretraining, zero-shot or few-shot.")
    ] = None,
    identifier: Annotated[
        list[str] | None,
        typer.Option(help="none, confidence or entropy, any number of times; else entropy, closed: none."),
    ] = None,
    adapted_scale: Annotated[
        float | None, typer.Option(min=0, help="Length of adapted features; 0: as they are; else the vlm's scale.")
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Score the lift predictor with --vlm as well.")] = False,
    rays: Annotated[bool, typer.Option(help="With RayIoU, where the protocol is closed.")] = True,
    scene: Scenes = None,
    version: Version = None,
    device: Device = "cpu",
    json_file: JsonFile = None,
    docs: Annotated[Path | None, typer.Option(help="Replace the parts ago_closed, ago_missed, ago_open of a page.")] = (
        None
    ),
) -> None:
    """Score models of AGO: Occ3D's mIoU and RayIoU, and known, unknown and all categories of the open world."""
    from ago_ros.cli.progress import progress_bar
    from ago_ros.evaluation.ago import EvaluationSet, score_checkpoint, score_lift_beside
    from ago_ros.evaluation.ago_report import ScoredModel, report_json, report_tables
    from ago_ros.evaluation.benchmark import publish_all
    from ago_ros.occupancy.ago.variants import read_note
    from ago_ros.vlm.loading import load_vlm

    notes = [read_note(folder) for folder in checkpoints]
    wanted = [_stages(note.setting, protocol, stage) for note in notes]
    model, chosen = load_vlm(vlm, device), _criteria(identifier)
    where = EvaluationSet(data, labels, tuple(scene or ()), version)
    models, beside = [], None
    for folder, note, stages in zip(checkpoints, notes, wanted, strict=True):
        with progress_bar(folder.name) as progress:
            scored = score_checkpoint(folder, model, where, stages, chosen, rays, adapted_scale, device, progress)
        models.append(ScoredModel(note, chosen, scored))
    if lift:
        with progress_bar("lift predictor") as progress:
            beside = score_lift_beside(model, where, rays, progress)
    _, names, _ = where.open()
    described = f"{data.name}, {len(names)} scenes, {len(models[0].scored.milliseconds)} keyframes, Occ3D labels"
    results = report_tables(models, beside, described)
    command = f"ago eval ago {' '.join(map(str, checkpoints))} --data {data} --vlm {vlm}" + " --lift" * lift
    publish_all(results, command, json_file, docs, report_json(results, models, beside))


def _stages(setting: str, protocol: str | None, stages: list[str] | None) -> tuple[str, ...]:
    """Returns what a model of a setting is scored by."""
    from ago_ros.evaluation.ago import CLOSED, STAGES_OF

    if protocol not in (None, "closed", "open"):
        raise ValueError(f"no protocol {protocol!r}: use closed or open")
    if stages and protocol == "closed":
        raise ValueError("--stage is of the open protocol: leave out --protocol closed")
    if stages:
        return tuple(dict.fromkeys(stages))
    if protocol == "closed":
        return (CLOSED,)
    if protocol == "open" and setting == "self-supervised":
        raise ValueError("a self-supervised model knows all categories: name the --stage that it is to be scored at")
    return STAGES_OF[setting]


def _criteria(names: list[str] | None) -> tuple[Criterion, ...]:
    """Reads the identifier's criteria, in the order given."""
    from ago_ros.scene.identifier import Criterion

    known = get_args(Criterion)
    for name in names or ():
        if name not in known:
            raise ValueError(f"no identifier {name!r}: use {', '.join(known)}")
    return tuple(criterion for name in dict.fromkeys(names or ()) for criterion in known if criterion == name)
