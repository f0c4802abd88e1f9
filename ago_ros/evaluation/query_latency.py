"""How long queries take: encoding a frame, the first query of it, phrases that are new to it, and known ones."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from ago_ros.scene.encoding import SceneEncoding
from ago_ros.scene_query.analytic import LocateConfig, locate
from ago_ros.scene_query.query import RELATIONS, Query
from ago_ros.scene_query.semabs.learned import LearnedFields
from ago_ros.vlm.interface import PhraseModel
from ago_ros.vlm.relevancy import phrase_relevancy

T = TypeVar("T")
STEPS = ("encode", "first query", "new phrases", "known phrases", "all round, new", "all round, known")
"""What is timed: "all round" has references in every direction, which a network looks at in eight windows."""

_REACH_M, _LEAST_M = 2.0, 10.0


@dataclass(frozen=True)
class Latency:
    """Times of one step.

    Attributes:
        p50_ms: median.
        p95_ms: of 20 times, one is longer.
        count: of the times.
    """

    p50_ms: float
    p95_ms: float
    count: int


def measure_queries(
    encode: Callable[[], SceneEncoding],
    model: PhraseModel,
    fields: LearnedFields | None,
    clock: Callable[[], float],
    rounds: int = 5,
) -> dict[str, Latency]:
    """Times every step, frame by frame.

    The images are read and the phrases scored as always; the scores are then replaced by those of things that stand
    ahead, or all round, so that references are in view whatever the images show.

    Args:
        encode: encodes a frame anew.
        model: that the features come from.
        fields: a network; None: the analytic fields.
        clock: seconds.
        rounds: frames.

    Returns:
        The latency of each of STEPS.
    """
    taken: dict[str, list[float]] = {step: [] for step in STEPS}

    def timed(step: str, work: Callable[[], T]) -> T:
        begun = clock()
        result = work()
        taken[step].append(1e3 * (clock() - begun))
        return result

    for _ in range(rounds):
        scene = with_things(timed("encode", encode), model)

        def ask(step: str, query: Query, scene: SceneEncoding = scene) -> None:
            timed(step, partial(locate, scene, query, model, LocateConfig(), fields))

        ask("first query", Query("mug", "behind", "box ahead"))
        for step, where in (("new phrases", "ahead"), ("all round, new", "all round")):
            for number in range(3):
                ask(step, Query(f"cup {number} {where}", "behind", f"chest {number} {where}"))
        for step, where in (("known phrases", "ahead"), ("all round, known", "all round")):
            for relation in RELATIONS:
                ask(step, Query(f"cup 0 {where}", relation, f"chest 0 {where}"))
    return {step: summarise(times) for step, times in taken.items()}


def summarise(times_ms: Sequence[float]) -> Latency:
    """Returns the latency of some times."""
    ordered = sorted(times_ms)
    return Latency(statistics.median(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1], len(ordered))


def with_things(encoding: SceneEncoding, model: PhraseModel) -> SceneEncoding:
    """Lets things be seen: a chest or box stands ahead or, where the phrase says so, all round; all else is nowhere."""
    centers = encoding.grid.centers(encoding.occupied).to(torch.float64)
    ahead = _around(centers, [0.0]).float()
    all_round = _around(centers, [step * math.pi / 4 for step in range(8)]).float()
    read = encoding.relevancy

    def relevancy(phrases: Sequence[str]) -> Tensor:
        if read is not None:
            scores = read(phrases)
        else:
            assert encoding.features is not None
            scores = torch.stack([phrase_relevancy(encoding.features, phrase, model) for phrase in phrases])
        seen = [all_round if "all round" in phrase else ahead for phrase in phrases]
        things = [0.95 if phrase.startswith(("box", "chest")) else 0.0 for phrase in phrases]
        return 0.0 * scores + torch.stack([share * where for share, where in zip(things, seen, strict=True)])

    return replace(encoding, relevancy=relevancy)


def _around(centers: Tensor, angles: Sequence[float]) -> Tensor:
    """Tells which of (M, 3) voxels are near the one that lies best in each direction, beyond 10 m: (M,) bool."""
    chosen = torch.zeros(len(centers), dtype=torch.bool)
    far = centers[:, :2].norm(dim=1) > _LEAST_M
    for angle in angles:
        direction = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
        along = (centers[:, :2] / centers[:, :2].norm(dim=1, keepdim=True).clamp(min=1e-9)) @ direction
        middle = centers[torch.where(far, along, -torch.inf).argmax()]
        chosen |= (centers - middle).norm(dim=1) < _REACH_M
    return chosen
