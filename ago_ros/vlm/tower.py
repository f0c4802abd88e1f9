"""The image tower of the project's own vision-language model: a small ViT and a projection into the text space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import ViTConfig, ViTModel


@dataclass(frozen=True)
class TowerConfig:
    """Size of an image tower.

    Attributes:
        width: of the tokens.
        depth: number of blocks.
        heads: of each block.
        patch: edge of a patch, pixels.
        side: edge of the square image that the position embeddings were made for, pixels; others are interpolated.
        dim: of the common space.
    """

    width: int = 256
    depth: int = 6
    heads: int = 4
    patch: int = 8
    side: int = 128
    dim: int = 384

    def __post_init__(self) -> None:
        """Refuses sizes that do not fit together."""
        if self.width % self.heads or self.side % self.patch:
            raise ValueError(
                f"width must be a multiple of heads, and side of patch: got {self.width} and {self.heads}, {self.side} "
                f"and {self.patch}"
            )


class ImageTower(nn.Module):
    """A ViT whose class token and patch tokens all go through one projection.

    Args:
        config: its size.

    Attributes:
        text_mean: (D,), the mean of the texts that it was trained with; zero before.
    """

    text_mean: Tensor

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        vit = ViTConfig(
            hidden_size=config.width,
            num_hidden_layers=config.depth,
            num_attention_heads=config.heads,
            intermediate_size=4 * config.width,
            image_size=config.side,
            patch_size=config.patch,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.vit = ViTModel(vit, add_pooling_layer=False)
        self.projection = nn.Linear(config.width, config.dim, bias=False)
        self.register_buffer("text_mean", torch.zeros(config.dim))

    def center(self, texts: Tensor) -> Tensor:
        """Takes the mean of the training texts off (..., D) text embeddings, and returns unit vectors.

        Sentence embeddings lie in a narrow cone: without this, most of every cosine says only that it is a text.
        """
        return normalize(texts - self.text_mean.to(texts.device), dim=-1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Encodes images.

        Args:
            pixels: (B, 3, H, W) float32, about -1..1; H and W multiples of the patch.

        Returns:
            (B, 1 + h * w, D): the image's embedding, then those of its patches row by row; of any length.
        """
        states = self.vit(pixel_values=pixels, interpolate_pos_encoding=True).last_hidden_state
        return self.projection(states)

    @torch.no_grad()
    def count_parameters(self) -> int:
        """Number of weights."""
        return sum(weight.numel() for weight in self.parameters())
