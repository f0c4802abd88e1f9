"""Answers a query from relevancy and fields of where relations hold: here analytic ones, from geometry alone.

A trained network's fields (`semabs.learned`) take their place by the same hook. Source: ours; relations as in
`relations`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene.identifier import Criterion, identify
from ago_ros.scene.threads import single_thread
from ago_ros.scene_query.answer import Answer
from ago_ros.scene_query.combining import combine
from ago_ros.scene_query.query import Query, QueryError, Question
from ago_ros.scene_query.regions import components, regions_of
from ago_ros.scene_query.relations import RelationConfig, relation_field
from ago_ros.scene_query.verdict import contradictory, judge, reference_not_in_view
from ago_ros.vlm.interface import PhraseModel
from ago_ros.vlm.relevancy import BACKGROUND_PHRASES, phrase_relevancy, relevancy
from ago_ros.vlm.vocabulary import make_vocabulary

HIDING_RELATIONS = ("behind", "in")
"""What is behind or in something may be hidden by it."""

NO_IMAGE_TOWER = (
    "no image tower configured: set the parameter vlm to ago-tiny, a Hugging Face id, or a folder of a model of the "
    "project, CLIP or SigLIP"
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
        seen_from: evidence of the target, times the relation's field, from which it counts as in view.
        relations: how far and how strictly relations are meant.
        criterion: by which voxels with two sets of features choose between them.
    """

    threshold: float = 0.5
    hidden_belief: float = 0.8
    region_floor: float = 0.1
    seen_from: float = 0.5
    relations: RelationConfig = field(default_factory=RelationConfig)
    criterion: Criterion = "entropy"

    def __post_init__(self) -> None:
        """Refuses numbers outside their range."""
        if not 0 <= self.threshold < 1:
            raise ValueError(f"threshold must be in 0..1, got {self.threshold}")
        for name in ("hidden_belief", "region_floor", "seen_from"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")


class RelationFields(Protocol):
    """What a question is answered from."""

    def scores(self, encoding: SceneEncoding, phrases: Sequence[str]) -> Mapping[str, Tensor]:
        """Returns (M,) float32 scores in 0..1 of each phrase at the occupied voxels."""

    def place(
        self,
        encoding: SceneEncoding,
        asked: Sequence[Sequence[Query]],
        volumes: Mapping[str, Tensor],
        references: Mapping[str, Sequence[Tensor]],
    ) -> tuple[Tensor, Tensor]:
        """Tells where a question holds.

        Args:
            encoding: the scene.
            asked: the alternatives of the question whose references are in view.
            volumes: (X, Y, Z) scores of each phrase.
            references: by phrase, the (K, 3) int64 voxels of each thing that is the reference.

        Returns:
            (X, Y, Z) in 0..1, how well the question holds; and (X, Y, Z) of those alternatives that may hide the
            target: over the unobserved voxels the highest, in 0..1, says how surely one holds there, and the share of
            each voxel how probable it is.
        """


def locate(
    encoding: SceneEncoding,
    question: Question | Query,
    model: PhraseModel | None,
    config: LocateConfig | None = None,
    fields: RelationFields | None = None,
) -> Answer:
    """Finds where the target of a question is, or could be hidden.

    With s(v) = relation field x target evidence over the occupied voxels, e = max s is how surely the target is seen:
    the probability e is shared out among them in proportion to s. The remaining 1 - e is that of a target not seen.
    For relations that may hide it ("behind" and "in"; with a trained network any), the share `hidden_belief` x
    (largest field value) of it goes to the unobserved voxels, in proportion to the field. The rest, what is missing to
    1, is the probability that it is elsewhere. Target evidence rises linearly from 0 at the threshold to 1 at relevancy
    1; several references each have an analytic field, weighed by their best relevancy, and the largest counts.
    Relations joined by and/or make one field: see `combine`.

    An alternative whose reference is not in view, or that contradicts itself, is left out; the answer's message names
    the reference. Where none is left, the status says why and there is no region.

    Args:
        encoding: the scene, with features; its own `relevancy` is asked where it has one.
        question: what is sought.
        model: that the features come from.
        config: thresholds and reach.
        fields: what tells where relations hold; None: the analytic fields.

    Returns:
        The answer; see `AnswerStatus` for those without regions.

    Raises:
        QueryError: no image tower is configured, or another model made the features.
    """
    config = config or LocateConfig()
    fields = fields or AnalyticFields(model, config)
    question = Question(((question,),)) if isinstance(question, Query) else question
    reasons = question.contradictions()
    if all(reasons):
        return contradictory(encoding, question, reasons[0])
    check_model(encoding, model)
    scores = fields.scores(encoding, question.phrases)
    with single_thread():
        volumes = {phrase: _spread(encoding, score) for phrase, score in scores.items()}
        references = {
            query.reference: list(components(volumes[query.reference] > config.threshold))
            for query in question
            if query.reference is not None
        }
        missing = {phrase: float(volumes[phrase].max()) for phrase, found in references.items() if not found}
        asked = [
            together
            for together, reason in zip(question.alternatives, reasons, strict=True)
            if not reason and not any(query.reference in missing for query in together)
        ]
        if not asked:
            return reference_not_in_view(encoding, question, missing, config.threshold)
        place, hiding = fields.place(encoding, asked, volumes, references)
        evidence = _evidence(volumes[question.target], config.threshold)
        seen = evidence * place
        elsewhere = torch.zeros_like(seen) if question.target in references else evidence * (1 - place)
        probability = _probability(seen, torch.where(encoding.state == VoxelState.UNOBSERVED, hiding, 0.0), config)
        regions = regions_of(
            encoding.grid, probability, encoding.state, question.target, config.region_floor, encoding.viewpoint
        )
    return judge(encoding, question, probability, regions, seen, elsewhere, config.seen_from, missing)


@dataclass(frozen=True)
class AnalyticFields:
    """The relation fields of geometry, around what a model's features or maps show.

    Attributes:
        model: that the scene's features come from.
        config: reach of the relations, and which of two sets of features counts.
    """

    model: PhraseModel | None
    config: LocateConfig

    def scores(self, encoding: SceneEncoding, phrases: Sequence[str]) -> dict[str, Tensor]:
        """Scores phrases; see `score_phrases`."""
        return score_phrases(encoding, phrases, self.model, self.config.criterion)

    def place(
        self,
        encoding: SceneEncoding,
        asked: Sequence[Sequence[Query]],
        volumes: Mapping[str, Tensor],
        references: Mapping[str, Sequence[Tensor]],
    ) -> tuple[Tensor, Tensor]:
        """Combines the fields of the relations; only what is behind or in a thing may be hidden by it."""

        def field_of(query: Query) -> Tensor:
            if query.relation is None or query.reference is None:
                return torch.ones(encoding.grid.shape)
            score, found = volumes[query.reference], references[query.reference]
            return _relation_to_any(encoding, query.relation, score, found, self.config.relations)

        return combine(asked, field_of, lambda query: query.relation in HIDING_RELATIONS)


def score_phrases(
    encoding: SceneEncoding, phrases: Sequence[str], model: PhraseModel | None, criterion: Criterion = "entropy"
) -> dict[str, Tensor]:
    """Scores the occupied voxels against each phrase: by the scene's own relevancy, else by its features.

    Ask for all phrases of a question at once: the mean of their maps is what each map is compared with.

    Returns:
        (M,) float32 in 0..1 for each phrase.

    Raises:
        QueryError: no image tower is configured, or another model made the features.
    """
    features, model = check_model(encoding, model)
    phrases = list(dict.fromkeys(phrases))
    if encoding.relevancy is not None:
        return dict(zip(phrases, encoding.relevancy(phrases), strict=True))
    if encoding.adapted is not None:
        return {phrase: _surer_relevancy(features, encoding.adapted, phrase, model, criterion) for phrase in phrases}
    return {phrase: phrase_relevancy(features, phrase, model) for phrase in phrases}


def _surer_relevancy(
    grounded: Tensor, adapted: Tensor, phrase: str, model: PhraseModel, criterion: Criterion
) -> Tensor:
    """Scores voxels against a phrase by whichever of two features is surer, of it or of a background phrase; ours."""
    competing = make_vocabulary([phrase, *(other for other in BACKGROUND_PHRASES if other != phrase)], model)
    choice = identify(competing.scores(grounded), competing.scores(adapted), criterion).adapted
    chosen = torch.where(choice[:, None], adapted, grounded)
    return relevancy(chosen, competing.embeddings[0], competing.embeddings[1:], model.logit_scale)


def _probability(seen: Tensor, hidden: Tensor, config: LocateConfig) -> Tensor:
    """Returns the (X, Y, Z) probability of `locate` from the weights of visible and of unobserved voxels."""
    surely = float(seen.max())
    unseen = (1 - surely) * config.hidden_belief * float(hidden.max())
    return _share(surely, seen) + _share(unseen, hidden)


def check_model(encoding: SceneEncoding, model: PhraseModel | None) -> tuple[Tensor, PhraseModel]:
    """Returns the features and the model that phrases can be held against them with.

    Raises:
        QueryError: there are none, or they do not belong together.
    """
    if model is None or encoding.features is None:
        raise QueryError(NO_IMAGE_TOWER)
    if model.name != encoding.model:
        raise QueryError(
            f"the scene was encoded by {encoding.model!r}, the query by {model.name!r}: use one model for both"
        )
    return encoding.features, model


def _relation_to_any(
    encoding: SceneEncoding, relation: str, score: Tensor, references: Sequence[Tensor], config: RelationConfig
) -> Tensor:
    """Returns the (X, Y, Z) field of a relation to whichever reference fits best."""
    place = torch.zeros(encoding.grid.shape)
    for voxels in references:
        sure = score[tuple(voxels.T)].max()
        place = torch.maximum(place, sure * relation_field(relation, encoding.grid, voxels, encoding.viewpoint, config))
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
