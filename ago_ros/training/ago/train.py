"""Trains AGO: data, text, model, and the folder that `load_ago` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ago_ros.occupancy.ago.checkpoint import load_ago, save_ago
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.occupancy.ago.text import NoisePrompts, embed_categories
from ago_ros.occupancy.ago.variants import (
    SETTINGS,
    VARIANTS,
    Setting,
    TrainingNote,
    Variant,
    evaluation_texts,
    read_note,
)
from ago_ros.training.ago.batches import BatchSource
from ago_ros.training.ago.config import AgoTrainingConfig
from ago_ros.training.ago.keyframes import Keyframes, open_keyframes, scene_names
from ago_ros.training.ago.objective import ago_losses
from ago_ros.training.ago.validation import pseudo_label_scores
from ago_ros.training.loop import LoopConfig, fit, is_main_process
from ago_ros.vlm.interface import VisionLanguageModel


@dataclass(frozen=True)
class AgoRun:
    """One training.

    Attributes:
        setting: of SETTINGS.
        data: a nuScenes root, or a folder of the drive world's shards.
        out: folder of this training; one that was begun goes on where it was.
        variant: of VARIANTS.
        labels: folder that holds `gts` and `embeddings`; None means the data's.
        seed: of everything.
        start: folder of the pretrained model that few-shot training begins with.
        scenes: names to learn from; None means all. Few-shot training draws its k from them.
    """

    setting: str
    data: Path
    out: Path
    variant: str = "ago"
    labels: Path | None = None
    seed: int = 0
    start: Path | None = None
    scenes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuses what does not go together."""
        if self.setting == "zero-shot":
            raise ValueError("zero-shot is no training: train with pretrain, then `ago eval ago --stage zero-shot`")
        for kind, name, known in (("setting", self.setting, SETTINGS), ("variant", self.variant, VARIANTS)):
            if name not in known:
                raise ValueError(f"no {kind} {name!r}: use one of {', '.join(known)}")
        if (self.setting == "few-shot") != (self.start is not None):
            raise ValueError("few-shot training needs a pretrained model to start from, and no other training has one")


def train_ago(
    config: AgoTrainingConfig,
    run: AgoRun,
    vlm: VisionLanguageModel,
    device: str | torch.device = "cpu",
    progress: Callable[[int, int], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> AgoModel:
    """Trains a model; writes checkpoint, log and, at the end, the model with its note to a folder.

    Args:
        config: settings; the seed is the run's.
        run: what is trained on what.
        vlm: gives the text, and the name of the embeddings that are aligned with; it is not trained.
        device: where the model is trained.
        progress: told how many steps are done, and how many there are.
        report: told what the training will take, before the first step.

    Returns:
        The trained model, in evaluation mode.

    Raises:
        DatasetError: labels or embeddings are missing or damaged.
        ModelError: the model to start from does not load.
        ValueError: the model is made for another text space, or the folder holds the training of another model.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    setting, variant = SETTINGS[run.setting], VARIANTS[run.variant]
    loop = _loop_of(config, run)
    torch.manual_seed(run.seed)
    model = _make_model(config, run, vlm)
    model.set_categories(setting.phrases, embed_categories(setting.phrases, vlm))
    model.checkpointing = config.checkpointing
    model.to(device)
    train, held_out = _open(config, run, None if variant.alignment == "none" else vlm.name)
    size = config.model.image_size
    source = BatchSource(train, setting, config.model.grid, size, config.batch, config.voxels, run.seed)
    noise = _make_noise(config, setting, variant, vlm, run.seed)

    def loss_of(draw: int) -> dict[str, Tensor]:
        batch = source.draw(draw).to(device)
        return ago_losses(model, batch, variant, noise(draw).to(device))

    def validate() -> dict[str, float]:
        assert held_out is not None
        return pseudo_label_scores(model, held_out, setting, config.validation_frames)

    model.train()
    fit(model, loss_of, loop, run.out, progress, None if held_out is None else validate, report)
    if is_main_process():
        save_ago(model, run.out)
        note = TrainingNote(
            run.setting, run.variant, run.seed, vlm.name, float(vlm.logit_scale), loop.steps, len(train)
        )
        note.write(run.out)
    return model


def few_shot_scenes(scenes: tuple[str, ...], count: int, seed: int) -> tuple[str, ...]:
    """Draws the scenes of a few-shot training; the same for every variant.

    Raises:
        ValueError: there are not so many.
    """
    if count > len(scenes):
        raise ValueError(f"{count} scenes asked for, there are {len(scenes)}")
    chosen = np.random.default_rng((seed, count)).choice(len(scenes), count, replace=False)
    return tuple(scenes[i] for i in sorted(chosen))


def _loop_of(config: AgoTrainingConfig, run: AgoRun) -> LoopConfig:
    loop = replace(config.loop, seed=run.seed)
    if run.setting != "few-shot":
        return loop
    few = config.few_shot
    return replace(loop, steps=few.steps, learning_rate=few.learning_rate, warmup=min(loop.warmup, few.steps // 10))


def _make_model(config: AgoTrainingConfig, run: AgoRun, vlm: VisionLanguageModel) -> AgoModel:
    """Makes a new model, or loads the one to start from."""
    if config.model.text_dim != vlm.dim:
        raise ValueError(f"the model is made for texts of {config.model.text_dim} dimensions, {vlm.name} has {vlm.dim}")
    if run.start is not None:
        note, model = read_note(run.start), load_ago(run.start)
        if (note.setting, note.variant, note.text) != ("pretrain", run.variant, vlm.name):
            raise ValueError(
                f"{run.start}: is a {note.variant} model, {note.setting}, in the text space of {note.text}; "
                f"needed is a {run.variant} model, pretrain, in that of {vlm.name}"
            )
        if model.config != config.model:
            raise ValueError(f"{run.start}: has other sizes than the settings; give the settings it was trained with")
        return model
    model = AgoModel(config.model)
    if config.backbone:
        model.backbone.load_pretrained(config.backbone)
    return model


def _open(config: AgoTrainingConfig, run: AgoRun, embedded_by: str | None) -> tuple[Keyframes, Keyframes | None]:
    """Opens what is trained on, and the last scene where there is a validation."""
    scenes = tuple(scene_names(run.data)) if run.scenes is None else run.scenes
    labels = run.labels or run.data
    held_out = None
    if config.validation_frames and run.setting != "few-shot":
        if len(scenes) < 2:
            raise ValueError("one scene is too few for a validation: give more, or set validation_frames to 0")
        held_out = open_keyframes(run.data, labels, scenes[-1:])
        scenes = scenes[:-1]
    if run.setting == "few-shot":
        scenes = few_shot_scenes(scenes, config.few_shot.scenes, run.seed)
    return open_keyframes(run.data, labels, scenes, embedded_by), held_out


def _make_noise(
    config: AgoTrainingConfig, setting: Setting, variant: Variant, vlm: VisionLanguageModel, seed: int
) -> Callable[[int], Tensor]:
    """Returns the noise embeddings of a draw: as many as phrases, or none."""
    if not variant.noise:
        return lambda draw: torch.zeros(0, vlm.dim)
    prompts = NoisePrompts(vlm, config.noise_pool, seed, besides=evaluation_texts())
    count = sum(len(phrases) for phrases in setting.phrases.values())

    def draw_noise(draw: int) -> Tensor:
        return prompts.draw(count, torch.Generator().manual_seed(draw * 1_000_003 + seed))

    return draw_noise
