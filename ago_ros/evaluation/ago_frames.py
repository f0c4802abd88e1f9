"""Scores what predictors make of recorded keyframes, under several protocols at once: each keyframe is encoded once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import SensorRecord, read_sweep
from ago_ros.datasets.occ3d import CLASS_NAMES, FREE, labels_path, read_labels
from ago_ros.datasets.open_world import LabelSpace
from ago_ros.evaluation.lift import to_occ3d
from ago_ros.evaluation.occupancy import ConfusionMatrix
from ago_ros.evaluation.ray_iou import RayIoU, nearby_origins
from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import OCC3D_GRID
from ago_ros.scene.encoding import SceneEncoding
from ago_ros.scene.identifier import Criterion, identify
from ago_ros.scene.labelling import label
from ago_ros.sensors.frame import LidarSweep, SensorFrame
from ago_ros.vlm.vocabulary import Vocabulary


class Predictor(Protocol):
    """What the frames are encoded by."""

    def reset(self) -> None:
        """Forgets earlier frames."""

    def encode(self, frame: SensorFrame) -> SceneEncoding:
        """Encodes the surroundings."""


@dataclass(frozen=True, eq=False)
class Task:
    """How an encoding becomes labels, and what they are held against.

    Attributes:
        predict: gives (X, Y, Z) int64 labels; the highest is free.
        space: labels of the stage; None means Occ3D's ids.
        rays: with RayIoU, for Occ3D's ids only: it costs as much as all the rest.
    """

    predict: Callable[[SceneEncoding], Tensor]
    space: LabelSpace | None = None
    rays: bool = False

    @property
    def labels(self) -> int:
        """Number of labels, free included."""
        return FREE + 1 if self.space is None else self.space.free + 1


@dataclass(eq=False)
class Score:
    """What one task scored.

    Attributes:
        matrix: of the voxels of the camera mask.
        missed: of those among them in which the keyframe's own sweep has no return.
        rays: RayIoU, where it was asked for.
    """

    matrix: ConfusionMatrix
    missed: ConfusionMatrix
    rays: RayIoU | None = None

    def table(self, missed: bool = False) -> dict[str, float]:
        """Returns the scores on Occ3D's ids by name, see `ConfusionMatrix.table`; with RayIoU where there is one."""
        if missed:
            return self.missed.table()
        extra = {} if self.rays is None else {"RayIoU": self.rays.mean_iou()}
        return {**self.matrix.table(), **extra}


@dataclass(eq=False)
class Scored:
    """What was found on a set of keyframes.

    Attributes:
        scores: by name of task.
        milliseconds: that encoding took for each keyframe.
    """

    scores: dict[str, Score]
    milliseconds: list[float] = field(default_factory=list)

    @property
    def encode_p50_ms(self) -> float:
        """The median."""
        return statistics.median(self.milliseconds)


def category_labels(
    embeddings: Tensor, ids: Tensor, free: int, criterion: Criterion, encoding: SceneEncoding
) -> Tensor:
    """Labels an encoding with categories. Source: AGO, equations 3, 4 and 9.

    Args:
        embeddings: (K, C), averaged over the phrases of each category.
        ids: (K,) int64, their labels.
        free: label of what is not occupied.
        criterion: of the identifier, where the encoding has two sets of features.
        encoding: with features.

    Returns:
        (X, Y, Z) int64.
    """
    assert encoding.features is not None
    result = torch.full(encoding.grid.shape, free, dtype=torch.int64)
    scores = (encoding.features @ embeddings.T).softmax(dim=1)
    if encoding.adapted is not None and criterion != "none":
        scores = identify(scores, (encoding.adapted @ embeddings.T).softmax(dim=1), criterion).probabilities
    result[encoding.occupied.unbind(dim=1)] = ids[scores.argmax(dim=1)]
    return result


def phrase_labels(vocabulary: Vocabulary | None, class_of_phrase: Tensor, encoding: SceneEncoding) -> Tensor:
    """Labels an encoding with the phrase that scores highest, as Occ3D's ids; see `evaluation.lift`."""
    return to_occ3d(label(encoding, vocabulary), class_of_phrase)


def occ3d_ids(categories: Sequence[str]) -> Tensor:
    """Returns (K,) int64 ids of Occ3D classes."""
    return torch.tensor([CLASS_NAMES.index(name) for name in categories])


def score_frames(
    predictor: Predictor,
    reader: NuScenesReader,
    scenes: Sequence[str],
    labels_root: str | Path,
    tasks: Mapping[str, Task],
    sweeps: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Encodes every keyframe of the scenes and scores it.

    Args:
        predictor: on OCC3D_GRID.
        reader: the data.
        scenes: names.
        labels_root: the folder that holds Occ3D's `gts`.
        tasks: by name.
        sweeps: the predictor sees the sweeps between keyframes, too.
        progress: told how many scenes are done, and how many there are.

    Raises:
        DatasetError: a file or a label is missing.
        ValueError: the predictor's grid is not Occ3D's.
    """
    scored = Scored({name: _empty(task) for name, task in tasks.items()})
    for number, scene in enumerate(scenes):
        predictor.reset()
        turns = [record for record in reader.records(scene, sweeps=sweeps) if record.sensor == LIDAR]
        places = torch.stack([each.map_from_ego @ each.ego_from_sensor for each in turns if each.is_keyframe])
        for record in turns:
            if not record.is_keyframe:
                predictor.encode(SensorFrame(read_sweep(record)))
                continue
            _score_keyframe(predictor, reader, scene, record, places, labels_root, tasks, scored)
        if progress is not None:
            progress(number + 1, len(scenes))
    return scored


def returns_of(sweep: LidarSweep) -> Tensor:
    """Returns (200, 200, 16) bool, the voxels of OCC3D_GRID in which a sweep has a return."""
    voxels, _ = OCC3D_GRID.indices(se3.transform_points(sweep.ego_from_lidar, sweep.points.double()))
    hit = torch.zeros(OCC3D_GRID.shape, dtype=torch.bool)
    hit[voxels.unbind(dim=1)] = True
    return hit


def _score_keyframe(
    predictor: Predictor, reader: NuScenesReader, scene: str, record: SensorRecord, places: Tensor,
    labels_root: str | Path, tasks: Mapping[str, Task], scored: Scored,
) -> None:  # fmt: skip
    frame = reader.frame(record.sample_token)
    truth = read_labels(labels_path(labels_root, scene, record.sample_token))
    begun = time.perf_counter()
    encoding = predictor.encode(frame)
    scored.milliseconds.append(1e3 * (time.perf_counter() - begun))
    if encoding.grid != OCC3D_GRID:
        raise ValueError(f"Occ3D's labels are on {OCC3D_GRID}, the predictor's grid is {encoding.grid}")
    missed = truth.mask_camera & ~returns_of(frame.lidar)
    for name, task in tasks.items():
        found, score = task.predict(encoding), scored.scores[name]
        labels = truth.semantics.long() if task.space is None else task.space.from_occ3d(truth.semantics)
        score.matrix.add(found, labels, truth.mask_camera)
        score.missed.add(found, labels, missed)
        if score.rays is not None:
            score.rays.add(found, labels, nearby_origins(record.map_from_ego, places))


def _empty(task: Task) -> Score:
    if task.rays and task.space is not None:
        raise ValueError("RayIoU is for Occ3D's ids")
    matrices = [ConfusionMatrix(task.labels) for _ in range(2)]
    return Score(matrices[0], matrices[1], RayIoU() if task.rays else None)
