"""A model that encodes every sentence once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ago_ros.vlm.interface import VisionLanguageModel


class TextMemory:
    """A model that keeps what it has encoded of texts, for where the same phrases are asked of many images.

    Everything but texts goes to the model itself. May be used by any thread that the model may be used by.

    Args:
        model: encodes.
        limit: sentences that are kept; beyond it, only those that were asked for last.
    """

    def __init__(self, model: VisionLanguageModel, limit: int = 20_000) -> None:
        self._model = model
        self._limit = limit
        self._known: dict[str, Tensor] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, D) float32 unit vectors of N phrases."""
        known = self._known
        new = [phrase for phrase in dict.fromkeys(phrases) if phrase not in known]
        if new:
            known = {**known, **dict(zip(new, self._model.encode_text(new), strict=True))}
            kept = known if len(known) <= self._limit else {phrase: known[phrase] for phrase in phrases}
            self._known = kept
        return torch.stack([known[phrase] for phrase in phrases])


def remember_texts(model: VisionLanguageModel) -> VisionLanguageModel:
    """Returns a model that does as another does, and encodes every sentence once."""
    return cast(VisionLanguageModel, TextMemory(model))
