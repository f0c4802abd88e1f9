"""The embedded text encoder: all-MiniLM-L6-v2. It knows that a lorry is a truck; it has no image tower."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class SentenceEncoder:
    """A BERT whose sentence vector is the mean over its tokens, of unit length.

    Args:
        name: what the model was loaded from.
        model: a transformers model in evaluation mode, on its device.
        tokenizer: its tokenizer.
        max_tokens: longer sentences are cut.
    """

    def __init__(self, name: str, model: Any, tokenizer: Any, max_tokens: int = 256) -> None:
        self._name = name
        self._model = model
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    @property
    def name(self) -> str:
        """What the model was loaded from."""
        return self._name

    @property
    def dim(self) -> int:
        """Dimension D of its space."""
        return int(self._model.config.hidden_size)

    @torch.inference_mode()
    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, D) float32 unit vectors of N phrases."""
        tokens = self._tokenizer(
            list(phrases), padding=True, truncation=True, max_length=self._max_tokens, return_tensors="pt"
        ).to(self._model.device)
        states = self._model(**tokens).last_hidden_state
        mask = tokens["attention_mask"][..., None].to(states)
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(mean.to("cpu", torch.float32), dim=-1)
