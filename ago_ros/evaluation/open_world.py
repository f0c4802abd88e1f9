"""Scores of AGO's open-world protocol: known, unknown and all categories of a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ago_ros.datasets.open_world import LabelSpace
from ago_ros.evaluation.occupancy import ConfusionMatrix, mean_over


@dataclass(frozen=True)
class OpenWorldScores:
    """What one model scores at one stage, in the unit of the IoUs that they are means of.

    Attributes:
        ious: by category, in the order of the label space; NaN where a category occurs nowhere.
        known: mean over the known categories.
        unknown: mean over the unknown ones.
        all: mean over both.
    """

    ious: Mapping[str, float]
    known: float
    unknown: float
    all: float


def score_open_world(matrix: ConfusionMatrix, space: LabelSpace) -> OpenWorldScores:
    """Scores a stage. Source: AGO, section 4.1 and table 2.

    Args:
        matrix: of the whole set, truth and prediction both labels of `space` (see `LabelSpace.from_occ3d`); Occ3D's
            protocol counts the voxels of `mask_camera`.
        space: of the stage.

    Returns:
        IoUs and their means, in 0..1.

    Raises:
        ValueError: the matrix has another number of labels than the space.
    """
    if len(matrix.counts) != space.free + 1:
        raise ValueError(f"the matrix has {len(matrix.counts)} labels, the label space {space.free + 1}")
    return open_world_means(dict(zip(space.categories, matrix.iou().tolist())), space)


def open_world_means(ious: Mapping[str, float], space: LabelSpace) -> OpenWorldScores:
    """Takes the means of given IoUs; a category whose IoU is NaN is left out of them.

    Args:
        ious: by category of `space`, in any unit.
        space: of the stage.

    Raises:
        ValueError: the categories are not those of the space.
    """
    if set(ious) != set(space.categories):
        raise ValueError(f"the categories differ from the label space in {sorted(set(ious) ^ set(space.categories))}")
    means = (mean_over(ious, names) for names in (space.known, space.unknown, space.categories))
    return OpenWorldScores({name: ious[name] for name in space.categories}, *means)
