"""Scores the lift predictor's labels against Occ3D's. Protocol: Occ3D-nuScenes with the camera mask, see `PROTOCOL`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import read_sweep
from ago_ros.datasets.occ3d import CLASS_NAMES, FREE, labels_path, read_labels
from ago_ros.evaluation.occupancy import ConfusionMatrix
from ago_ros.occupancy.lift import LiftPredictor
from ago_ros.scene.labelling import label
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNCLASSIFIED, LABEL_UNOBSERVED, SemanticGrid
from ago_ros.sensors.frame import SensorFrame
from ago_ros.vlm.categories import flatten_categories
from ago_ros.vlm.vocabulary import make_vocabulary

PROTOCOL = (
    "Occ3D: keyframes, mask_camera on, one confusion matrix over the whole set, mean over classes 0..16 that occur; "
    "unobserved counts as free, occupied without a phrase as others"
)


def to_occ3d(grid: SemanticGrid, class_of_phrase: Tensor) -> Tensor:
    """Turns a labelled grid into Occ3D's ids.

    Args:
        grid: the prediction.
        class_of_phrase: (N,) int64, the class id of each phrase of its vocabulary.

    Returns:
        (X, Y, Z) int64: 0..16 where occupied, 17 where free or unobserved.
    """
    ids = torch.full(grid.labels.shape, FREE, dtype=torch.int64)
    ids[grid.labels == LABEL_UNCLASSIFIED] = CLASS_NAMES.index("others")
    named = (grid.labels != LABEL_FREE) & (grid.labels != LABEL_UNOBSERVED) & (grid.labels != LABEL_UNCLASSIFIED)
    ids[named] = class_of_phrase[grid.labels[named].long()]
    return ids


def score_lift(
    reader: NuScenesReader,
    scenes: Sequence[str],
    predictor: LiftPredictor,
    categories: Mapping[str, Sequence[str]],
    labels_root: str | Path,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[ConfusionMatrix, list[float]]:
    """Runs a predictor over scenes, sweep by sweep, and scores its keyframes.

    Args:
        reader: the data.
        scenes: names.
        predictor: with an image tower, or without one: then every occupied voxel counts as others.
        categories: phrases by Occ3D class name.
        labels_root: the folder that holds Occ3D's `gts`.
        progress: told how many scenes are done, and how many there are.

    Returns:
        The confusion matrix, and the milliseconds that encoding and labelling took for each keyframe.

    Raises:
        DatasetError: a file or a label is missing.
    """
    phrases, category = flatten_categories(categories)
    ids = torch.tensor([CLASS_NAMES.index(name) for name in categories])
    vocabulary = None if predictor.vlm is None else make_vocabulary(phrases, predictor.vlm)
    matrix, milliseconds = ConfusionMatrix(), []
    for number, scene in enumerate(scenes):
        predictor.reset()
        for record in reader.records(scene):
            if record.sensor != LIDAR:
                continue
            if not record.is_keyframe:
                predictor.encode(SensorFrame(read_sweep(record)))
                continue
            frame = reader.frame(record.sample_token)
            begun = time.perf_counter()
            grid = label(predictor.encode(frame), vocabulary)
            milliseconds.append(1e3 * (time.perf_counter() - begun))
            truth = read_labels(labels_path(labels_root, scene, record.sample_token))
            matrix.add(to_occ3d(grid, ids[category]), truth.semantics.long(), truth.mask_camera)
        if progress is not None:
            progress(number + 1, len(scenes))
    return matrix, milliseconds
