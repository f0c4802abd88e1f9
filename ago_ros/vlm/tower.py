"""The image tower of the project's own vision-language model: a small ViT and a projection into the text space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import ViTConfig, ViTModel

_GROUPS = 8


@dataclass(frozen=True)
class TowerConfig:
    """Size of an image tower.

    Attributes:
        stem: channels after each halving of the image; multiples of 8.
        stem_blocks: pairs of convolutions at each of these sizes.
        width: of the tokens.
        depth: number of blocks.
        heads: of each block.
        side: edge of the square image that the position embeddings were made for, pixels; others are interpolated.
        dim: of the common space.
    """

    stem: tuple[int, ...] = (32, 64, 192)
    stem_blocks: tuple[int, ...] = (0, 2, 3)
    width: int = 256
    depth: int = 4
    heads: int = 4
    side: int = 128
    dim: int = 384

    def __post_init__(self) -> None:
        """Refuses sizes that do not fit together."""
        if self.width % self.heads or self.side % self.patch:
            raise ValueError(
                f"width must be a multiple of heads, and side of patch: got {self.width} and {self.heads}, {self.side} "
                f"and {self.patch}"
            )
        if len(self.stem) != len(self.stem_blocks) or any(width % _GROUPS for width in self.stem):
            raise ValueError(
                f"stem must hold multiples of {_GROUPS}, as many as stem_blocks: got {self.stem} and {self.stem_blocks}"
            )

    @property
    def patch(self) -> int:
        """Edge of a patch, pixels: what the stem makes one token of."""
        return int(2 ** len(self.stem))


class _ResidualPair(nn.Module):
    """Two 3x3 convolutions around which the input passes unchanged."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(_GROUPS, width),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels + self.layers(pixels)


def make_stem(config: TowerConfig) -> nn.Sequential:
    """Makes convolutions from pixels to one vector a patch, which learn from fewer pictures than a single layer.

    Source: Xiao et al. 2021, "Early convolutions help transformers see better"; the residual pairs are ours.
    """
    layers: list[nn.Module] = []
    before = 3
    for width, blocks in zip(config.stem, config.stem_blocks, strict=True):
        layers += [nn.Conv2d(before, width, 3, stride=2, padding=1), nn.GELU()]
        layers += [_ResidualPair(width) for _ in range(blocks)]
        before = width
    return nn.Sequential(*layers, nn.GroupNorm(_GROUPS, before))


class ImageTower(nn.Module):
    """A ViT on a convolutional stem, whose class token and patch tokens all go through one projection.

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
            num_channels=config.stem[-1],
            image_size=config.side // config.patch,
            patch_size=1,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.stem = make_stem(config)
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
        return self.projection(self._states(pixels))

    def patch_states(self, pixels: Tensor) -> Tensor:
        """Encodes images to what is known of each patch before it becomes text.

        Args:
            pixels: see `forward`.

        Returns:
            (B, width, h, w).
        """
        rows, columns = (edge // self.config.patch for edge in pixels.shape[2:])
        return self._states(pixels)[:, 1:].transpose(1, 2).unflatten(2, (rows, columns))

    def _states(self, pixels: Tensor) -> Tensor:
        if any(edge % self.config.patch for edge in pixels.shape[2:]):
            raise ValueError(f"edges of images must be multiples of {self.config.patch}, got {tuple(pixels.shape[2:])}")
        return self.vit(pixel_values=self.stem(pixels), interpolate_pos_encoding=True).last_hidden_state
