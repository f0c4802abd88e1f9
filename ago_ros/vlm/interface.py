"""The interfaces through which the suite sees models of text and images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class TextEncoder(Protocol):
    """A text tower by itself."""

    @property
    def name(self) -> str:
        """What the model was loaded from."""

    @property
    def dim(self) -> int:
        """Dimension D of its space."""

    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, D) float32 unit vectors of N phrases."""


class PhraseModel(TextEncoder, Protocol):
    """Phrases, and how products with features of their space become scores.

    Attributes:
        name: what the model was loaded from; features and phrases are compared only within one name.
        dim: dimension D of the space.
        logit_scale: factor from cosine to logit.
        logit_bias: added to the scaled cosine by models whose phrases are judged one by one (sigmoid); None for models
            whose phrases compete (softmax).
    """

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to logit."""

    @property
    def logit_bias(self) -> float | None:
        """Bias of a sigmoid model, None for a softmax model."""


class VisionLanguageModel(PhraseModel, Protocol):
    """An image tower and a text tower with a common space."""

    def encode_image(self, images: Tensor) -> Tensor:
        """Returns (B, D) float32 unit vectors of whole images, (B, H, W, 3) uint8 RGB of any size."""

    def encode_dense(self, images: Tensor) -> Tensor:
        """Returns features of image regions.

        Args:
            images: (B, H, W, 3) uint8 RGB of any size.

        Returns:
            (B, h, w, D) float32 unit vectors; cell (i, j) is part (i, j) of the image when cut into h x w equal ones.
        """
