"""Keeps the scores of a model in a file, so that several tables need its frames encoded once."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from ago_ros.evaluation.ago_frames import Score, Scored
from ago_ros.evaluation.occupancy import ConfusionMatrix
from ago_ros.evaluation.ray_iou import RayIoU

_RAYS = ("truths", "predictions", "hits")


def save_scored(path: Path, scored: Scored, made_of: str) -> None:
    """Writes scores; `made_of` tells what they depend on."""
    scores = {
        name: {
            "matrix": score.matrix.counts,
            "missed": score.missed.counts,
            "rays": {key: getattr(score.rays, key) for key in _RAYS} if score.rays else None,
        }
        for name, score in scored.scores.items()
    }
    partial = path.with_suffix(".partial")
    torch.save({"made_of": made_of, "milliseconds": scored.milliseconds, "scores": scores}, partial)
    partial.rename(path)


def load_scored(path: Path, made_of: str) -> Scored | None:
    """Reads scores; None where there are none that are made of the same.

    Raises:
        ValueError: the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        kept = torch.load(path, weights_only=True)
        if kept["made_of"] != made_of:
            return None
        return Scored({name: _score(each) for name, each in kept["scores"].items()}, kept["milliseconds"])
    except (RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: damaged ({type(error).__name__}); delete it") from error


def _score(kept: dict[str, Any]) -> Score:
    matrices = []
    for name in ("matrix", "missed"):
        matrix = ConfusionMatrix(len(kept[name]))
        matrix.counts = kept[name]
        matrices.append(matrix)
    rays = None
    if kept["rays"] is not None:
        rays = RayIoU()
        for key in _RAYS:
            setattr(rays, key, kept["rays"][key])
    return Score(matrices[0], matrices[1], rays)
