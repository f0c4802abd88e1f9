"""Read one small map for each crop and phrase, by attention or by dense features, within a memory budget."""

from __future__ import annotations

from typing import Literal, Protocol

import torch
from torch import Tensor

from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy_maps.split import AttentionSplit

_DENSE_BYTES_PER_PIXEL = 256
"""Working memory of dense features, about: a ViT-B/16 needs 9 MB for 224 x 224 pixels."""


class CropReader(Protocol):
    """Reads maps from crops.

    Attributes:
        side: pixels of the side of the crops that it takes.
        batch: crops to give at a time.
    """

    side: int
    batch: int

    def read(self, crops: Tensor) -> Tensor:
        """Returns (B, N, h, w) float32 maps of N phrases on (B, side, side, 3) uint8 crops."""


class AttentionReader:
    """Reads gradient-weighted attention: one forward pass for each crop, whatever the number of phrases.

    Args:
        split: the tower.
        phrases: (N, D) unit vectors.
        memory: bytes for a batch.
        precision: of the forward pass up to the attention.
    """

    def __init__(
        self, split: AttentionSplit, phrases: Tensor, memory: int, precision: Literal["float32", "bfloat16"] = "float32"
    ) -> None:
        self.side = split.side
        self.batch = max(1, memory // split.bytes_per_crop)
        self._split = split
        self._phrases = phrases.to(split.mean.device)
        self._memory = memory
        self._precision = precision

    @torch.no_grad()
    def read(self, crops: Tensor) -> Tensor:
        """Returns (B, N, cells, cells) float32 maps of (B, side, side, 3) uint8 crops."""
        split = self._split
        pooled = split.pooling.pool(split.tokens(crops, self._precision))
        at_a_time = max(1, self._memory // (split.bytes_per_phrase * len(crops)))
        maps = [split.pooling.relevancy(pooled, some) for some in self._phrases.split(at_a_time)]
        return torch.cat(maps, dim=1).unflatten(-1, (split.cells, split.cells))


class DenseReader:
    """Compares dense features with the phrases: the cosine, no gradients. Source: ours.

    Args:
        model: gives the features.
        phrases: (N, D) unit vectors.
        side: pixels of the side of the crops.
        memory: bytes for a batch.
    """

    def __init__(self, model: VisionLanguageModel, phrases: Tensor, side: int, memory: int) -> None:
        self.side = side
        self.batch = max(1, memory // (_DENSE_BYTES_PER_PIXEL * side * side))
        self._model = model
        self._phrases = phrases

    @torch.no_grad()
    def read(self, crops: Tensor) -> Tensor:
        """Returns (B, N, h, w) float32 cosines of (B, side, side, 3) uint8 crops."""
        features = self._model.encode_dense(crops)
        return torch.einsum("bhwd,nd->bnhw", features, self._phrases.to(features))
