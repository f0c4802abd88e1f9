"""`ago train ago`: AGO, in every setting and variant of its paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ago_ros.cli.options import Device, Scenes, Steps, find_config


def ago(
    config: Annotated[str, typer.Option(help="tiny, small, paper, or a file such as config/training/ago_tiny.yaml.")],
    setting: Annotated[str, typer.Option(help="self-supervised, pretrain or few-shot; zero-shot needs no training.")],
    data: Annotated[Path, typer.Option(help="nuScenes root, or a folder of the drive world's shards.")],
    out: Annotated[Path, typer.Option(help="Folder of the training; one that was begun goes on.")],
    labels: Annotated[
        Path | None, typer.Option(help="Folder that `ago label` wrote, or that holds Occ3D's gts; else the data's.")
    ] = None,
    variant: Annotated[
        str, typer.Option(help="ago, alignment, grounding, one-embedding, no-noise or plain (no noise, no L_occ).")
    ] = "ago",
    vlm: Annotated[
        str, typer.Option(help="Vision-language model of the embeddings, whose text tower is used: a folder or an id.")
    ] = "ago-tiny",
    start: Annotated[
        Path | None, typer.Option("--from", help="Folder of the pretrained model, for few-shot training.")
    ] = None,
    scene: Scenes = None,
    shots: Annotated[int | None, typer.Option(min=1, help="Scenes of few-shot training, drawn by the seed.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, data and prompts.")] = 0,
    steps: Steps = None,
    device: Device = "cpu",
) -> None:
    """Train AGO on pseudo-labels, or on Occ3D's labels reduced to what the setting knows."""
    from dataclasses import replace

    from ago_ros.cli.progress import progress_bar
    from ago_ros.training.ago.config import read_config
    from ago_ros.training.ago.train import AgoRun, train_ago
    from ago_ros.vlm.loading import load_vlm

    settings = read_config(find_config("ago", config))
    run = AgoRun(setting, data, out, variant, labels, seed, start, tuple(scene) if scene else None)
    if shots is not None:
        settings = replace(settings, few_shot=replace(settings.few_shot, scenes=shots))
    if steps is not None:
        few = replace(settings.few_shot, steps=steps)
        settings = replace(settings, loop=replace(settings.loop, steps=steps), few_shot=few)
    with progress_bar("training") as progress:
        model = train_ago(settings, run, load_vlm(vlm, device), device, progress, typer.echo)
    typer.echo(f"{out}: trained; {setting}, {variant}, seed {seed}; {model.count_parameters() / 1e6:.2f} M parameters")
