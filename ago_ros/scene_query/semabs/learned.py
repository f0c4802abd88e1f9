"""Answers by a trained network: where relations hold, and how far objects reach, as calibrated probabilities."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene_query.combining import combine
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.decision import Reading
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.scene_query.semabs.scene_volumes import SceneVolumes
from ago_ros.scene_query.semabs.windows import headings_towards
from ago_ros.vlm.relevancy_maps import RelevancyConfig

_LEAST = torch.finfo(torch.float32).tiny


class LearnedFields:
    """Relation fields (VOOL) and completions (OVSSC) of scenes. May be asked from any thread.

    What was read and encoded of a scene is kept as long as its encoding is.

    Args:
        network: in evaluation mode, with both heads.
        reading: what belongs to its weights.
        relevancy: maps that it was trained on; encodings must be made with them.
        name: what it was loaded from.
    """

    def __init__(self, network: SemAbs, reading: Reading, relevancy: RelevancyConfig, name: str) -> None:
        self.network = network
        self.reading = reading
        self.relevancy = relevancy
        self.name = name
        self._lock = threading.Lock()
        self._scenes: WeakKeyDictionary[SceneEncoding, SceneVolumes] = WeakKeyDictionary()

    def scene(self, encoding: SceneEncoding) -> SceneVolumes:
        """Returns what is kept of a scene."""
        with self._lock:
            if encoding not in self._scenes:
                self._scenes[encoding] = SceneVolumes(encoding, self.network)
            return self._scenes[encoding]

    def scores(self, encoding: SceneEncoding, phrases: Sequence[str]) -> dict[str, Tensor]:
        """Scores the occupied voxels against each phrase; see `analytic.RelationFields`."""
        return self.scene(encoding).scores(phrases)

    def place(
        self,
        encoding: SceneEncoding,
        asked: Sequence[Sequence[Query]],
        volumes: Mapping[str, Tensor],
        references: Mapping[str, Sequence[Tensor]],
    ) -> tuple[Tensor, Tensor]:
        """Returns where a question holds, and where its target may be hidden; see `analytic.RelationFields`.

        A relation holds as far as its probability reaches that of the threshold that was judged best. Any relation may
        hide its target: as surely as the question holds out of sight at all, and there in proportion to the combined
        probabilities, as the places that are far above the threshold are to be searched first.
        """
        probable = {
            query: self._located(encoding, query, references[query.reference])
            for together in asked
            for query in together
            if query.reference is not None
        }
        anywhere = torch.ones(encoding.grid.shape)

        def holds(query: Query) -> Tensor:
            if query not in probable:
                return anywhere
            decision = self.reading.decision(query.relation)
            enough = decision.probability(torch.tensor([decision.threshold])).clamp(min=_LEAST)
            return (probable[query] / enough).clamp(max=1.0)

        found, hides = combine(asked, holds, _hides)
        _, likely = combine(asked, lambda query: probable.get(query, anywhere), _hides)
        unseen = encoding.state == VoxelState.UNOBSERVED
        return found, likely / (likely * unseen).max().clamp(min=_LEAST) * (hides * unseen).max()

    @torch.no_grad()
    def completions(self, encoding: SceneEncoding, seen: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Completes the objects of phrases, those of one window together.

        Args:
            encoding: the scene.
            seen: (K, 3) int64, the voxels at which each phrase is seen.

        Returns:
            (X, Y, Z) float32 logits of each phrase; -inf where nothing is said: in free voxels, and where no window
            towards one of its objects reaches.
        """
        scene, found = self.scene(encoding), {}
        for phrase, voxels in seen.items():
            found[phrase] = torch.full((encoding.grid.num_voxels,), -torch.inf)
            for heading in headings_towards(encoding.grid, encoding.viewpoint, encoding.grid.centers(voxels)):
                view = scene.view(heading)
                logits = self.network.complete(scene.volumes([phrase], heading), view.asked)[0]
                _raise(found[phrase], view.voxels, view.spread(logits))
        return {phrase: logits.view(encoding.grid.shape) for phrase, logits in found.items()}

    @torch.no_grad()
    def _located(self, encoding: SceneEncoding, query: Query, references: Sequence[Tensor]) -> Tensor:
        """Returns the (X, Y, Z) probability of one relation: the highest of the windows towards its references."""
        scene, decision = self.scene(encoding), self.reading.decision(query.relation)
        middles = torch.stack([encoding.grid.centers(voxels).mean(dim=0) for voxels in references])
        found = torch.zeros(encoding.grid.num_voxels)
        for heading in headings_towards(encoding.grid, encoding.viewpoint, middles):
            view = scene.view(heading)
            both = scene.volumes([query.target, str(query.reference)], heading)
            logits = self.network.locate(both.pick([0]), both.pick([1]), [str(query.relation)], view.asked)[0]
            _raise(found, view.voxels, decision.probability(view.spread(logits)))
        return found.view(encoding.grid.shape)


def _hides(query: Query) -> bool:
    """Whether what is sought may be out of sight: the network was taught hidden targets of every relation."""
    return query.relation is not None


def _raise(values: Tensor, places: Tensor, others: Tensor) -> None:
    """Lifts some of (N,) values to others, where those are higher."""
    values[places] = torch.maximum(values[places], others)
