"""What an answer says, as a status and a sentence. Source: ours."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ago_ros.scene.encoding import SceneEncoding
from ago_ros.scene_query.answer import Answer, AnswerStatus, Region
from ago_ros.scene_query.query import Question


def contradictory(encoding: SceneEncoding, question: Question, reason: str) -> Answer:
    """Answers a question that no place can satisfy."""
    return _without_regions(encoding, question, AnswerStatus.CONTRADICTORY, f"the query contradicts itself: {reason}")


def reference_not_in_view(
    encoding: SceneEncoding, question: Question, missing: Mapping[str, float], threshold: float
) -> Answer:
    """Answers a question whose references are not in view.

    Args:
        encoding: the scene that was asked.
        question: what was asked.
        missing: the best relevancy of each reference that is not in view.
        threshold: relevancy from which a reference is.
    """
    found = ", ".join(
        f"{phrase!r} (best relevancy {best:.2f}, needs more than {threshold:.2f})" for phrase, best in missing.items()
    )
    message = f"not in view: the reference {found}; name something that is, or ask for the target alone"
    return _without_regions(encoding, question, AnswerStatus.REFERENCE_NOT_IN_VIEW, message)


def judge(
    encoding: SceneEncoding,
    question: Question,
    probability: Tensor,
    regions: tuple[Region, ...],
    seen: Tensor,
    elsewhere: Tensor,
    seen_from: float,
    missing: Mapping[str, float],
) -> Answer:
    """Says what was found.

    Args:
        encoding: the scene that was asked.
        question: what was asked.
        probability: (X, Y, Z), the answer.
        regions: of the answer.
        seen: (X, Y, Z), how surely each voxel is the target, where the question says.
        elsewhere: (X, Y, Z), how surely it is the target, where the question does not say.
        seen_from: from which value on a target is in view.
        missing: references that are not in view, whose alternatives were left out.
    """
    mass = float(probability.sum())
    could_be = f"it could be in {_count(regions)}, {mass:.0%} together" if regions else "nothing could hide it there"
    if float(seen.max()) >= seen_from:
        status, found = AnswerStatus.SEEN, f"in view {_at(encoding, seen)}"
    elif float(elsewhere.max()) >= seen_from:
        place = _at(encoding, elsewhere)
        status, found = AnswerStatus.SEEN_ELSEWHERE, f"{question.target} is in view {place}, not there; {could_be}"
    elif regions:
        status, found = AnswerStatus.POSSIBLE, f"not surely in view; {could_be}"
    else:
        status, found = AnswerStatus.NOWHERE, f"not in view, and {could_be}; look from elsewhere, or ask another way"
    message = f"{question}: {found}"
    if missing:
        message += f"; left out, as not in view: {', '.join(repr(phrase) for phrase in missing)}"
    return Answer(encoding.stamp_ns, encoding.grid, probability, regions, str(question), status, message)


def _count(regions: tuple[Region, ...]) -> str:
    return "one region" if len(regions) == 1 else f"{len(regions)} regions"


def _at(encoding: SceneEncoding, values: Tensor) -> str:
    """Names the place of the largest value."""
    voxel = encoding.grid.unflatten(torch.as_tensor([int(values.argmax())]))
    x, y, z = encoding.grid.centers(voxel)[0].tolist()
    return f"at x {x:.1f} y {y:.1f} z {z:.1f} m"


def _without_regions(encoding: SceneEncoding, question: Question, status: AnswerStatus, message: str) -> Answer:
    nothing = torch.zeros(encoding.grid.shape)
    return Answer(encoding.stamp_ns, encoding.grid, nothing, (), str(question), status, message)
