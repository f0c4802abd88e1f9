"""Relevancy of phrases at a frame's occupied voxels: the images are read once, at the first question."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ago_ros.occupancy.crop_weights import CropWeights
from ago_ros.occupancy.image_features import VoxelView
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy import BACKGROUND_PHRASES, phrase_relevancy, relevancy
from ago_ros.vlm.relevancy_maps.config import RelevancyConfig
from ago_ros.vlm.relevancy_maps.maps import batches
from ago_ros.vlm.relevancy_maps.pooling import PooledCrops
from ago_ros.vlm.relevancy_maps.split import AttentionSplit
from ago_ros.vlm.vocabulary import embed_phrases

RELEVANCY: Mapping[str, RelevancyConfig | None] = {
    "dense": None,
    "fast": replace(RelevancyConfig.fast(), stride=1.0),
    "maps": RelevancyConfig(scales=(1.0, 1 / 2), stride=1 / 2, flip=False, jitters=0),
}
"""What queries can be answered from: "dense", the features that the grid is labelled by; "fast", dense features of
crops that hardly overlap; "maps", gradient-weighted attention, in fewer crops than the paper takes for one image."""

DEFAULT_RELEVANCY = "dense"
"""Where nothing else is asked for: the only one that costs a frame nothing more."""


def relevancy_config(name: str) -> RelevancyConfig | None:
    """Looks up what queries are to be answered from.

    Raises:
        ValueError: it is none of `RELEVANCY`.
    """
    if name not in RELEVANCY:
        raise ValueError(f"relevancy must be one of {', '.join(RELEVANCY)}; got '{name}'")
    return RELEVANCY[name]


def check_model(vlm: VisionLanguageModel, config: RelevancyConfig) -> None:
    """Refuses a model that cannot give the maps.

    Raises:
        ValueError: its attention is to be read and cannot be.
    """
    if config.method == "attention":
        _split(vlm)


class FrameRelevancy:
    """Scores phrases at the occupied voxels of one frame; may be called from any thread.

    The first call reads the images and lets go of them; what it keeps serves every later phrase.

    Args:
        vlm: reads images and phrases.
        views: what the images show of the voxels.
        count: M, the number of occupied voxels.
        config: crops and method.
    """

    def __init__(
        self, vlm: VisionLanguageModel, views: Sequence[VoxelView], count: int, config: RelevancyConfig
    ) -> None:
        self._vlm = vlm
        self._views = views
        self._count = count
        self._config = config
        self._lock = threading.Lock()
        self._read: LiftedAttention | LiftedFeatures | None = None

    @torch.inference_mode()
    def __call__(self, phrases: Sequence[str]) -> Tensor:
        """Returns the (N, M) float32 scores in 0..1 of N different phrases; 0 at voxels that no image shows."""
        return self._reading().score(phrases)

    @torch.inference_mode()
    def maps(self, phrases: Sequence[str]) -> Tensor:
        """Returns the (N, M) float32 maps of N phrases, no mean taken off; 0 at voxels that no image shows."""
        return self._reading().maps(embed_phrases(phrases, self._vlm))

    def _reading(self) -> LiftedAttention | LiftedFeatures:
        with self._lock:
            if self._read is None:
                make = LiftedAttention if self._config.method == "attention" else LiftedFeatures
                self._read = make(self._vlm, self._views, self._count, self._config)
                self._views = ()
        return self._read

    @property
    def kept_bytes(self) -> int:
        """What is kept for the phrases to come; 0 before the first call."""
        return 0 if self._read is None else self._read.kept_bytes


class LiftedAttention:
    """The part of attention maps that is the same for every phrase, and the weights from their cells to the voxels.

    Args: as `FrameRelevancy`.
    """

    def __init__(
        self, vlm: VisionLanguageModel, views: Sequence[VoxelView], count: int, config: RelevancyConfig
    ) -> None:
        self._vlm = vlm
        self._count = count
        self._config = config
        self._split = _split(vlm)
        self._background = embed_phrases(BACKGROUND_PHRASES, vlm)
        self._parts: list[tuple[Tensor, PooledCrops]] = []
        sightings = count_sightings(views, count)
        at_a_time = max(1, config.memory_mib * 2**20 // self._split.bytes_per_crop)
        for view in views:
            weights = CropWeights(view, sightings, self._split.side, config)
            for crops in batches(weights.crops(), at_a_time):
                tokens = self._split.tokens(torch.stack([pixels for *_, pixels in crops]), config.precision)
                self._parts.append((weights.of(crops, self._split.cells), self._split.pooling.pool(tokens)))

    def maps(self, embeddings: Tensor) -> Tensor:
        """Lifts the maps of phrases.

        Args:
            embeddings: (N, D) unit vectors.

        Returns:
            (N, M) float32: the mean of the images' maps at each voxel's pixels; 0 where no image shows it.
        """
        total = torch.zeros(self._count, len(embeddings))
        for weights, crops in self._parts:
            read = self._split.pooling.relevancy(crops, embeddings.to(crops.embedding))
            total += torch.sparse.mm(weights, read.transpose(1, 2).flatten(0, 1).cpu())
        return total.T

    def score(self, phrases: Sequence[str]) -> Tensor:
        """Scores phrases: the map as a share of its peak, times how surely some crop shows the phrase.

        The mean map of all phrases, those of the background among them, is taken off first, and what is below it is 0.
        A crop shows a phrase as surely as it fits it better than every background phrase, by the same cosine that the
        map is the gradient of. Source: the mean map is SemAbs'; the rest is ours.

        Returns:
            (N, M) float32 in 0..1.
        """
        if not self._parts:
            return torch.zeros(len(phrases), self._count)
        asked = embed_phrases(phrases, self._vlm)
        maps = self.maps(torch.cat([asked, self._background[_all_but(phrases)]]))
        if self._config.subtract_mean:
            maps = maps - maps.mean(dim=0)
        crops = torch.cat([part.embedding for _, part in self._parts]).cpu()
        crops = torch.nn.functional.normalize(crops, dim=1)
        scores = []
        for phrase, embedding, values in zip(phrases, asked, maps[: len(phrases)], strict=True):
            rivals = self._background[_all_but([phrase])]
            surely = relevancy(crops, embedding, rivals, self._vlm.logit_scale).max()
            above = values.clamp(min=0)
            scores.append(surely * above / above.max().clamp(min=torch.finfo(torch.float32).tiny))
        return torch.stack(scores)

    @property
    def kept_bytes(self) -> int:
        """Of the crops and the weights."""
        tensors = [tensor for _, crops in self._parts for tensor in vars(crops).values()]
        tensors += [part for weights, _ in self._parts for part in (weights.indices(), weights.values())]
        return sum(tensor.nbytes for tensor in tensors)


class LiftedFeatures:
    """Dense features of crops, lifted: as the cosine is linear, the mean feature stands for the mean of all maps.

    Args: as `FrameRelevancy`.
    """

    def __init__(
        self, vlm: VisionLanguageModel, views: Sequence[VoxelView], count: int, config: RelevancyConfig
    ) -> None:
        self._vlm = vlm
        total = torch.zeros(count, vlm.dim)
        sightings = count_sightings(views, count)
        for view in views:
            weights = CropWeights(view, sightings, config.dense_side, config)
            for crops in batches(weights.crops(), _DENSE_CROPS):
                features = vlm.encode_dense(torch.stack([pixels for *_, pixels in crops])).cpu().float()
                total += torch.sparse.mm(weights.of(crops, features.shape[1]), features.flatten(0, 2))
        self._mean = total

    @property
    def features(self) -> Tensor:
        """(M, D) float32 of unit length; zero for voxels that no image shows."""
        return torch.nn.functional.normalize(self._mean, dim=1)

    def maps(self, embeddings: Tensor) -> Tensor:
        """Lifts the maps of (N, D) unit vectors; see `LiftedAttention.maps`."""
        return embeddings.to(self._mean) @ self._mean.T

    def score(self, phrases: Sequence[str]) -> Tensor:
        """Returns the (N, M) scores of `phrase_relevancy`."""
        features = self.features
        return torch.stack([phrase_relevancy(features, phrase, self._vlm) for phrase in phrases])

    @property
    def kept_bytes(self) -> int:
        """Of the features."""
        return self._mean.nbytes


_DENSE_CROPS = 8
"""Crops whose dense features are held at a time."""


def count_sightings(views: Sequence[VoxelView], count: int) -> Tensor:
    """Returns (M,) int64, how many images show each of M voxels."""
    shown = [view.voxels for view in views]
    return torch.bincount(torch.cat(shown) if shown else torch.zeros(0, dtype=torch.int64), minlength=count)


def _all_but(phrases: Sequence[str]) -> list[int]:
    """Returns which background phrases are none of the phrases."""
    return [index for index, other in enumerate(BACKGROUND_PHRASES) if other not in phrases]


def _split(vlm: VisionLanguageModel) -> AttentionSplit:
    split = getattr(vlm, "attention_split", None)
    reason = "it does not show it"
    if split is not None:
        try:
            return split()
        except ValueError as error:
            reason = str(error).split(": use")[0]
    raise ValueError(
        f"relevancy 'maps' reads a model's attention, and that of {vlm.name} cannot be read ({reason}): choose 'fast' "
        "or 'dense'"
    )
