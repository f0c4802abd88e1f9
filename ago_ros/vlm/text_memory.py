"""A model that encodes every sentence once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ago_ros.vlm.interface import VisionLanguageModel


class TextMemory:
    """A model that keeps what it has encoded of texts, for where the same phrases are asked of many images.

    Everything but texts goes to the model itself.

    Args:
        model: encodes.
    """

    def __init__(self, model: VisionLanguageModel) -> None:
        self._model = model
        self._known: dict[str, Tensor] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, D) float32 unit vectors of N phrases."""
        new = [phrase for phrase in dict.fromkeys(phrases) if phrase not in self._known]
        if new:
            self._known |= dict(zip(new, self._model.encode_text(new), strict=True))
        return torch.stack([self._known[phrase] for phrase in phrases])
