"""Objects of a labelled scene: their boxes, and their unseen parts; these by boxes, or by a trained network.

Source: ours; the network's completion is SemAbs'.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene.identifier import Criterion
from ago_ros.scene.labelling import label
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNOBSERVED, SemanticGrid
from ago_ros.scene.threads import single_thread
from ago_ros.scene_query.analytic import check_model
from ago_ros.scene_query.answer import Region
from ago_ros.scene_query.query import QueryError
from ago_ros.scene_query.regions import components, fit_box, make_region, voxels_in_box
from ago_ros.scene_query.semabs.learned import LearnedFields
from ago_ros.vlm.interface import PhraseModel
from ago_ros.vlm.vocabulary import Vocabulary, with_phrases


def detect(
    encoding: SceneEncoding,
    vocabulary: Vocabulary,
    phrases: Sequence[str],
    model: PhraseModel | None,
    min_score: float = 0.0,
    min_voxels: int = 2,
    criterion: Criterion = "entropy",
) -> tuple[Region, ...]:
    """Finds the boxes of the objects that phrases name.

    An object is a connected set of voxels whose best phrase it is; touching objects of one phrase are one.

    Args:
        encoding: the scene, with features.
        vocabulary: the phrases that compete for voxels.
        phrases: what to look for; those that are not in the vocabulary compete as well. Empty: the whole vocabulary.
        model: that the features come from.
        min_score: objects below this score are left out.
        min_voxels: objects with fewer voxels are left out.
        criterion: as for `label`.

    Returns:
        Regions around visible voxels, best first; `probability` is the mean confidence of the voxels' label.

    Raises:
        QueryError: no image tower is configured, another model made the features, or a phrase is blank.
    """
    grid = _label(encoding, vocabulary, phrases, model, criterion)
    found = []
    with single_thread():
        for phrase in dict.fromkeys(phrases or vocabulary.phrases):
            for voxels in components(grid.labels == grid.vocabulary.index(phrase)):
                score = float(grid.confidence[tuple(voxels.T)].mean())
                if len(voxels) >= min_voxels and score >= min_score:
                    found.append(_object(encoding, voxels, score, phrase))
    return tuple(sorted(found, key=lambda region: -region.probability))


def complete(
    encoding: SceneEncoding,
    vocabulary: Vocabulary,
    phrases: Sequence[str],
    model: PhraseModel | None,
    criterion: Criterion = "entropy",
    fields: LearnedFields | None = None,
) -> tuple[SemanticGrid, tuple[Region, ...]]:
    """Fills in the unseen parts of objects.

    Without a network: the unobserved voxels inside the box around what is seen of each. With one: those where its logit
    for the phrase is above its threshold and above those for the other phrases, if they touch what is seen.

    Args:
        encoding: the scene, with features.
        vocabulary: the phrases that compete for voxels.
        phrases: what to complete; empty: the whole vocabulary.
        model: that the features come from.
        criterion: as for `label`.
        fields: a network that completes objects; None: boxes.

    Returns:
        A grid over `phrases` in which only their objects' seen and completed voxels are occupied (what other things
        occupy counts as unobserved there; a voxel in a box has half the object's confidence, one that a network adds
        has its probability), and one region for each object, whose `hidden` is the completed share of its voxels.

    Raises:
        QueryError: no image tower is configured, another model made the features, or a phrase is blank.
    """
    wanted = tuple(dict.fromkeys(phrases or vocabulary.phrases))
    scene = _label(encoding, vocabulary, wanted, model, criterion)
    with single_thread():
        labels = torch.full(encoding.grid.shape, LABEL_UNOBSERVED, dtype=torch.int32)
        labels[encoding.state == VoxelState.FREE] = LABEL_FREE
        confidence = torch.zeros(encoding.grid.shape)
        if fields is None:
            regions = _fill(encoding, scene, wanted, labels, confidence)
        else:
            regions = _grow(encoding, scene, wanted, labels, confidence, fields)
    grid = SemanticGrid(encoding.stamp_ns, encoding.grid, labels, confidence, wanted)
    return grid, tuple(sorted(regions, key=lambda region: -region.probability))


def _grow(
    encoding: SceneEncoding,
    scene: SemanticGrid,
    wanted: tuple[str, ...],
    labels: Tensor,
    confidence: Tensor,
    fields: LearnedFields,
) -> list[Region]:
    """Completes objects by a network, in `labels` and `confidence`; returns them.

    What the sensors saw stays as it was labelled. A voxel goes to the phrase of the highest logit (SemAbs, section
    3.3). A completed part counts where it touches what is seen of the phrase, as this is no search for hidden things.
    """
    seen = {phrase: scene.labels == scene.vocabulary.index(phrase) for phrase in wanted}
    logits = fields.completions(encoding, {phrase: mask.nonzero() for phrase, mask in seen.items()})
    decision = fields.reading.decisions["complete"]
    best = torch.stack(list(logits.values())).amax(dim=0)
    regions = []
    for number, phrase in enumerate(wanted):
        ours = (logits[phrase] == best) & (best > decision.threshold)
        added = ours & (encoding.state == VoxelState.UNOBSERVED) & (labels == LABEL_UNOBSERVED)
        for voxels in components(seen[phrase] | added):
            place = tuple(voxels.T)
            shown = seen[phrase][place]
            if not shown.any():
                continue
            labels[place] = number
            confidence[place] = torch.where(
                shown, scene.confidence[place], decision.probability(logits[phrase][place]).float()
            )
            score = float(scene.confidence[place][shown].mean())
            regions.append(_object(encoding, voxels, score, phrase))
    return regions


def _fill(
    encoding: SceneEncoding, scene: SemanticGrid, wanted: tuple[str, ...], labels: Tensor, confidence: Tensor
) -> list[Region]:
    """Completes objects by their boxes, in `labels` and `confidence`; returns them."""
    regions = []
    for number, phrase in enumerate(wanted):
        mine = scene.labels == scene.vocabulary.index(phrase)
        labels[mine], confidence[mine] = number, scene.confidence[mine]
        for voxels in components(mine):
            score = float(scene.confidence[tuple(voxels.T)].mean())
            unseen = _unseen_in_box(encoding, voxels)
            unseen = unseen[labels[tuple(unseen.T)] == LABEL_UNOBSERVED]
            labels[tuple(unseen.T)], confidence[tuple(unseen.T)] = number, score / 2
            regions.append(_object(encoding, torch.cat([voxels, unseen]), score, phrase))
    return regions


def _label(
    encoding: SceneEncoding,
    vocabulary: Vocabulary,
    phrases: Sequence[str],
    model: PhraseModel | None,
    criterion: Criterion,
) -> SemanticGrid:
    """Labels the scene with the vocabulary and the phrases that it lacks."""
    _, model = check_model(encoding, model)
    try:
        return label(encoding, with_phrases(vocabulary, phrases, model), criterion)
    except ValueError as error:
        raise QueryError(str(error)) from error


def _object(encoding: SceneEncoding, voxels: Tensor, score: float, phrase: str) -> Region:
    """Describes an object's voxels, all of one weight, so that they sum to its score."""
    weights = torch.full((len(voxels),), score / len(voxels))
    return make_region(encoding.grid, voxels, weights, encoding.state, phrase)


def _unseen_in_box(encoding: SceneEncoding, voxels: Tensor) -> Tensor:
    """Returns the (K, 3) unobserved voxels whose centres lie in the box around voxels."""
    inside = voxels_in_box(encoding.grid, fit_box(encoding.grid, voxels))
    return inside[encoding.state[tuple(inside.T)] == VoxelState.UNOBSERVED]
