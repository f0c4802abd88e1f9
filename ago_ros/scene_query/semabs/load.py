"""Loads a trained network to answer with, by the name of what ships or from a folder."""

from __future__ import annotations

from pathlib import Path

import torch

from ago_ros.scene_query.semabs.baselines import METHODS, Method
from ago_ros.scene_query.semabs.decision import load_reading
from ago_ros.scene_query.semabs.files import SemAbsFileError, load_semabs
from ago_ros.scene_query.semabs.input_maps import maps_config
from ago_ros.scene_query.semabs.learned import LearnedFields
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.shipped import shipped_folder

SCENE_QUERIES = ("analytic", "semabs")
"""What queries can be answered by: relation fields of geometry, or a trained network."""


def load_fields(scene_query: str, source: str, vlm: str, device: str | torch.device = "cpu") -> LearnedFields | None:
    """Loads what queries are answered by; None stands for the analytic fields.

    Args:
        scene_query: one of SCENE_QUERIES.
        source: of the network; this and what follows are as for `load_learned`.
        vlm: name of the model that reads images and phrases.
        device: where the network runs.

    Raises:
        ValueError: there is no such choice, or no such network.
    """
    if scene_query not in SCENE_QUERIES:
        raise ValueError(f"scene_query must be one of {', '.join(SCENE_QUERIES)}; got {scene_query!r}")
    return None if scene_query == "analytic" else load_learned(source, vlm, device)


def load_learned(source: str | Path, vlm: str, device: str | torch.device = "cpu") -> LearnedFields:
    """Loads a network with what belongs to its weights.

    Args:
        source: `semabs-tiny`, which comes with the package, or a folder that `ago train scene-query` finished.
        vlm: name of the model that reads images and phrases; "" where there is none.
        device: where the network runs.

    Raises:
        SemAbsFileError: there is no such network, it is a baseline, or it was trained with another model.
        ShippedError: the package lacks the network of that name.
    """
    name = str(source)
    folder = shipped_folder(source)
    reading, network = load_reading(folder), load_semabs(folder, device)
    method = METHODS.get(reading.method, Method(network=reading.method))
    answers = {"complete", "locate"} <= set(reading.decisions)
    if not isinstance(network, SemAbs) or method.whole_description or not answers:
        raise SemAbsFileError(
            f"{name}: was trained as the baseline {reading.method}, which does not answer here; give a folder that "
            "`ago train scene-query --method semabs` finished"
        )
    trained_with = reading.drawn_with.get("vlm")
    if vlm != trained_with:
        here = f"vlm {vlm!r}" if vlm else "no vlm"
        raise SemAbsFileError(f"{name}: {here} is given, and it was trained with vlm {trained_with!r}: give that one")
    try:
        maps = maps_config(reading.drawn_with, multi_scale=method.multi_scale)
    except ValueError as error:
        raise SemAbsFileError(f"{name}: {error}") from error
    return LearnedFields(network, reading, maps, name)
