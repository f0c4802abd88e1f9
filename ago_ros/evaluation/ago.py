"""Scores AGO's models: Occ3D's protocol, and the stages of the open world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import FREE
from ago_ros.datasets.open_world import STAGES
from ago_ros.evaluation.ago_frames import Scored, Task, category_labels, occ3d_ids, phrase_labels, score_frames
from ago_ros.evaluation.open_world import OpenWorldScores, score_open_world
from ago_ros.occupancy.ago.checkpoint import load_ago
from ago_ros.occupancy.ago.predictor import AgoPredictor
from ago_ros.occupancy.ago.text import embed_categories
from ago_ros.occupancy.ago.variants import VARIANTS, phrases_of, read_note
from ago_ros.occupancy.lift import LiftPredictor
from ago_ros.scene.identifier import Criterion
from ago_ros.vlm.categories import OCC3D_PHRASES, flatten_categories
from ago_ros.vlm.interface import TextEncoder, VisionLanguageModel
from ago_ros.vlm.vocabulary import make_vocabulary

CLOSED = "closed"
"""Name of Occ3D's protocol beside those of the open world's stages."""

STAGES_OF = {
    "self-supervised": (CLOSED,),
    "pretrain": ("pretraining", "zero-shot"),
    "few-shot": ("few-shot",),
}
"""What a model of each setting is scored by, unless it is told."""


@dataclass(frozen=True)
class EvaluationSet:
    """What is scored on.

    Attributes:
        root: nuScenes root.
        labels: folder that holds Occ3D's `gts`; None means the root.
        scenes: names; empty means all.
        version: version folder; None takes the only one.
    """

    root: Path
    labels: Path | None = None
    scenes: tuple[str, ...] = ()
    version: str | None = None

    def open(self) -> tuple[NuScenesReader, tuple[str, ...], Path]:
        """Returns reader, names of the scenes, and the labels' folder."""
        reader = NuScenesReader(self.root, self.version)
        return reader, self.scenes or tuple(scene.name for scene in reader.scenes), self.labels or self.root


def task_name(stage: str, criterion: Criterion) -> str:
    """Names what one model scores at a stage with an identifier."""
    return f"{stage}/{criterion}"


def score_checkpoint(
    folder: Path,
    text: TextEncoder,
    data: EvaluationSet,
    stages: Sequence[str],
    criteria: Sequence[Criterion] = (),
    rays: bool = True,
    adapted_scale: float | None = None,
    device: str | torch.device = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Scores a model that `ago train ago` wrote.

    Args:
        folder: the model's.
        text: the text encoder that it was trained with.
        data: what to score on.
        stages: CLOSED, or of STAGES.
        criteria: of the identifier; none given means what `criteria_of` says.
        rays: with RayIoU, where the stage is CLOSED.
        adapted_scale: length of the adapted features; None takes the vision-language model's logit scale, 0 leaves them
            as they are.
        device: where the model runs.
        progress: told how many scenes are done, and how many there are.

    Returns:
        Scores by `task_name`.

    Raises:
        ModelError: the model does not load, or is of another text encoder.
        DatasetError: a file or a label is missing.
        ValueError: there is no such stage.
    """
    note = read_note(folder)
    scale = note.logit_scale if adapted_scale is None else adapted_scale
    predictor = AgoPredictor(load_ago(folder, device), text, str(folder), scale or None)
    tasks = {
        task_name(stage, criterion): _task(stage, criterion, text, rays)
        for stage in stages
        for criterion in criteria_of(note.variant, stage, criteria)
    }
    return score_frames(predictor, *data.open(), tasks, progress=progress)


def criteria_of(variant: str, stage: str, criteria: Sequence[Criterion] = ()) -> tuple[Criterion, ...]:
    """Returns the criteria by which a variant's features are chosen from.

    Where none is given, it is the paper's: lower entropy in the open world. In the closed one, all categories are
    known, and the grounded features are taken. A variant without an adapter has nothing to choose from.
    """
    if VARIANTS[variant].alignment != "adapted":
        return ("none",)
    return tuple(criteria) or (("none",) if stage == CLOSED else ("entropy",))


def score_lift_beside(
    vlm: VisionLanguageModel,
    data: EvaluationSet,
    rays: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Scores the lift predictor on the same keyframes, as the task CLOSED; it sees the sweeps between them, too."""
    phrases, category = flatten_categories(OCC3D_PHRASES)
    ids = occ3d_ids(tuple(OCC3D_PHRASES))
    predict = partial(phrase_labels, make_vocabulary(phrases, vlm), ids[category])
    tasks = {CLOSED: Task(predict, rays=rays)}
    return score_frames(LiftPredictor(vlm=vlm), *data.open(), tasks, sweeps=True, progress=progress)


def stage_scores(scored: Scored, stage: str, criterion: Criterion) -> OpenWorldScores:
    """Returns the scores of a stage of the open world."""
    return score_open_world(scored.scores[task_name(stage, criterion)].matrix, STAGES[stage])


def _task(stage: str, criterion: Criterion, text: TextEncoder, rays: bool) -> Task:
    if stage == CLOSED:
        names = tuple(OCC3D_PHRASES)
        embeddings = embed_categories(phrases_of(names), text)
        return Task(partial(category_labels, embeddings, occ3d_ids(names), FREE, criterion), rays=rays)
    if stage not in STAGES:
        raise ValueError(f"no stage {stage!r}: use {CLOSED}, {', '.join(STAGES)}")
    space = STAGES[stage]
    embeddings = embed_categories(phrases_of(space.categories), text)
    ids = torch.arange(len(space.categories))
    return Task(partial(category_labels, embeddings, ids, space.free, criterion), space)
