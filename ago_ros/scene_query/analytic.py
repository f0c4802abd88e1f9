"""Answers a query from relevancy and geometry, without a learned model. Source: ours; relations as in `relations`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene.threads import single_thread
from ago_ros.scene_query.answer import Answer
from ago_ros.scene_query.query import Query, QueryError
from ago_ros.scene_query.regions import components, regions_of
from ago_ros.scene_query.relations import RelationConfig, relation_field
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy import phrase_relevancy

HIDING_RELATIONS = ("behind", "in")
"""What is behind or in something may be hidden by it."""

NO_IMAGE_TOWER = (
    "no image tower configured: set the parameter vlm to a Hugging Face id or a folder of a CLIP or SigLIP model"
)


@dataclass(frozen=True)
class LocateConfig:
    """How relevancy becomes probability.

    Attributes:
        threshold: relevancy above which a voxel counts as the target or the reference. From features, 0.5 means that
            it fits the phrase better than every background phrase; from maps, relevancy is the share of the map's peak,
            times how surely the phrase is in some crop.
        hidden_belief: how probable it is that a target that is not seen is where it could be hidden.
        region_floor: voxels below this share of the highest probability belong to no region.
        relations: how far and how strictly relations are meant.
    """

    threshold: float = 0.5
    hidden_belief: float = 0.8
    region_floor: float = 0.1
    relations: RelationConfig = field(default_factory=RelationConfig)

    def __post_init__(self) -> None:
        """Refuses numbers outside their range."""
        if not 0 <= self.threshold < 1:
            raise ValueError(f"threshold must be in 0..1, got {self.threshold}")
        for name in ("hidden_belief", "region_floor"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")


def locate(
    encoding: SceneEncoding, query: Query, vlm: VisionLanguageModel | None, config: LocateConfig | None = None
) -> Answer:
    """Finds where the target of a query is, or could be hidden.

    With s(v) = relation field x target evidence over the occupied voxels, e = max s is how surely the target is seen:
    the probability e is shared out among them in proportion to s. For "behind" and "in", the remaining 1 - e is that of
    a target not seen; the share `hidden_belief` x (largest field value) of it goes to the unobserved voxels, in
    proportion to the field. The rest, what is missing to 1, is the probability that it is elsewhere. Target evidence
    rises linearly from 0 at the threshold to 1 at relevancy 1; several references each have a field, weighed by their
    best relevancy, and the largest counts.

    Args:
        encoding: the scene, with features; its own `relevancy` is asked where it has one.
        query: what is sought.
        vlm: the model that the features come from.
        config: thresholds and reach.

    Returns:
        The answer; without regions where the target is not in sight.

    Raises:
        QueryError: no image tower is configured, another model made the features, or the reference is not in sight.
    """
    config = config or LocateConfig()
    phrases = [query.target] if query.reference is None else [query.target, query.reference]
    scores = score_phrases(encoding, phrases, vlm)
    reference = None if query.reference is None else scores[query.reference]
    with single_thread():
        probability = _probability(encoding, query, scores[query.target], reference, config)
        regions = regions_of(encoding.grid, probability, encoding.state, query.target, config.region_floor)
    return Answer(encoding.stamp_ns, encoding.grid, probability, regions, str(query))


def score_phrases(
    encoding: SceneEncoding, phrases: Sequence[str], vlm: VisionLanguageModel | None
) -> dict[str, Tensor]:
    """Scores the occupied voxels against each phrase: by the scene's own relevancy, else by its features.

    Ask for all phrases of a question at once: the mean of their maps is what each map is compared with.

    Returns:
        (M,) float32 in 0..1 for each phrase.

    Raises:
        QueryError: no image tower is configured, or another model made the features.
    """
    features, model = check_model(encoding, vlm)
    phrases = list(dict.fromkeys(phrases))
    if encoding.relevancy is None:
        return {phrase: phrase_relevancy(features, phrase, model) for phrase in phrases}
    return dict(zip(phrases, encoding.relevancy(phrases), strict=True))


def _probability(
    encoding: SceneEncoding, query: Query, target: Tensor, reference: Tensor | None, config: LocateConfig
) -> Tensor:
    """Returns the (X, Y, Z) probability of `locate` from the (M,) relevancies of target and reference."""
    seen = _spread(encoding, _evidence(target, config.threshold))
    hidden = torch.zeros_like(seen)
    if reference is not None:
        place = _relation_to_any(encoding, query, reference, config)
        seen = seen * place
        if query.relation in HIDING_RELATIONS:
            hidden = torch.where(encoding.state == VoxelState.UNOBSERVED, place, 0.0)
    surely = float(seen.max())
    unseen = (1 - surely) * config.hidden_belief * float(hidden.max())
    return _share(surely, seen) + _share(unseen, hidden)


def check_model(encoding: SceneEncoding, vlm: VisionLanguageModel | None) -> tuple[Tensor, VisionLanguageModel]:
    """Returns the features and the model that phrases can be held against them with.

    Raises:
        QueryError: there are none, or they do not belong together.
    """
    if vlm is None or encoding.features is None:
        raise QueryError(NO_IMAGE_TOWER)
    if vlm.name != encoding.model:
        raise QueryError(
            f"the scene was encoded by {encoding.model!r}, the query by {vlm.name!r}: use one model for both"
        )
    return encoding.features, vlm


def _relation_to_any(encoding: SceneEncoding, query: Query, relevancy: Tensor, config: LocateConfig) -> Tensor:
    """Returns the (X, Y, Z) field of the query's relation to whichever reference fits best."""
    assert query.relation is not None
    score = _spread(encoding, relevancy)
    references = list(components(score > config.threshold))
    if not references:
        best = float(relevancy.max()) if len(relevancy) else 0.0
        raise QueryError(
            f"the reference {query.reference!r} is not in sight (best relevancy {best:.2f}, needs more than "
            f"{config.threshold:.2f}): name something that is, or ask for the target alone"
        )
    place = torch.zeros(encoding.grid.shape)
    for voxels in references:
        sure = score[tuple(voxels.T)].max()
        place = torch.maximum(
            place, sure * relation_field(query.relation, encoding.grid, voxels, encoding.viewpoint, config.relations)
        )
    return place


def _evidence(relevancy: Tensor, threshold: float) -> Tensor:
    return ((relevancy - threshold) / (1 - threshold)).clamp(min=0.0)


def _spread(encoding: SceneEncoding, values: Tensor) -> Tensor:
    """Puts (M,) values of the occupied voxels into a (X, Y, Z) float32 volume of zeros."""
    volume = torch.zeros(encoding.grid.shape)
    volume[tuple(encoding.occupied.T)] = values.to(volume)
    return volume


def _share(mass: float, weights: Tensor) -> Tensor:
    """Distributes a mass in proportion to weights; zero where there are none."""
    total = float(weights.sum(dtype=torch.float64))
    return weights * (mass / total) if total > 0 else torch.zeros_like(weights)
