"""Cuts a vision tower in two before its last attention: tokens on this side, the pooling of them on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from ago_ros.vlm.images import normalise
from ago_ros.vlm.relevancy_maps.pooling import Affine, AttentionPooling, Norm

_COPIES = 4
"""Versions of a crop's pixels that are held at a time while their colours are scaled."""


@dataclass(frozen=True, eq=False)
class AttentionSplit:
    """A vision tower in two parts.

    Attributes:
        side: pixels of the side of the square images that it takes.
        cells: patches along a side.
        mean: (3,) of colours in 0..1 that the tower was trained with.
        deviation: (3,) likewise.
        embed: takes (B, 3, side, side) float32 to the (B, T, W) tokens that the pooling attention takes.
        pooling: the rest of the tower.
    """

    side: int
    cells: int
    mean: Tensor
    deviation: Tensor
    embed: Callable[[Tensor], Tensor]
    pooling: AttentionPooling

    def tokens(self, crops: Tensor, precision: Literal["float32", "bfloat16"] = "float32") -> Tensor:
        """Returns (B, T, W) float32 tokens of (B, side, side, 3) uint8 RGB crops."""
        pixels = normalise(crops.to(self.mean.device), self.side, self.side, self.mean, self.deviation)
        half = torch.autocast(pixels.device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()
        with torch.no_grad(), half:
            return self.embed(pixels).float()

    @property
    def bytes_per_crop(self) -> int:
        """Working memory of a crop on its way through the tower, about."""
        width, hidden = self.pooling.fc2.weight.shape
        return 4 * (self.cells**2 + 1) * (2 * hidden + 8 * width) + 4 * _COPIES * 3 * self.side**2

    @property
    def bytes_per_phrase(self) -> int:
        """Working memory of one phrase on one crop, about."""
        width, hidden = self.pooling.fc2.weight.shape
        return 4 * (2 * hidden + 6 * width + 3 * self.pooling.heads * (self.cells**2 + 1))


def split_tower(tower: Any, projection: Any, mean: Tensor, deviation: Tensor) -> AttentionSplit:
    """Cuts a vision tower of the transformers library.

    Args:
        tower: a CLIPVisionModel, SiglipVisionModel or Siglip2VisionModel in evaluation mode.
        projection: linear layer to the common space; None where there is none.
        mean: (3,) of colours in 0..1 that it was trained with.
        deviation: (3,) likewise.

    Raises:
        ValueError: the tower is none of these, or has no pooling head.
    """
    config = tower.config
    kind = config.model_type
    embeddings: dict[str, Callable[[Any, Tensor], Tensor]] = {
        "clip_vision_model": _clip_tokens,
        "siglip_vision_model": _siglip_tokens,
        "siglip2_vision_model": _siglip2_tokens,
    }
    if kind not in embeddings:
        raise ValueError(f"relevancy from attention knows {', '.join(embeddings)}, not {kind!r}: use method 'dense'")
    if kind == "clip_vision_model":
        pooling = _class_token_pooling(tower, projection)
    elif config.vision_use_head:
        pooling = _head_pooling(tower.head, projection)
    else:
        raise ValueError("the SigLIP tower has no pooling head to read attention from: use method 'dense'")
    patch = int(config.patch_size)
    cells = int(config.num_patches**0.5) if kind == "siglip2_vision_model" else int(config.image_size) // patch
    return AttentionSplit(cells * patch, cells, mean, deviation, partial(embeddings[kind], tower), pooling)


def _through(layers: Iterable[Any], tokens: Tensor) -> Tensor:
    for layer in layers:
        tokens = layer(tokens, None)
    return tokens


def _clip_tokens(tower: Any, pixels: Tensor) -> Tensor:
    """Returns the input of the last block."""
    return _through(tower.encoder.layers[:-1], tower.pre_layrnorm(tower.embeddings(pixels)))


def _siglip_tokens(tower: Any, pixels: Tensor) -> Tensor:
    """Returns the input of the pooling head."""
    return tower.post_layernorm(_through(tower.encoder.layers, tower.embeddings(pixels)))


def _siglip2_tokens(tower: Any, pixels: Tensor) -> Tensor:
    """Returns the input of the pooling head; each patch is a row of its pixels, channels last."""
    patch = tower.config.patch_size
    cells = pixels.shape[2] // patch
    rows = pixels.unflatten(3, (cells, patch)).unflatten(2, (cells, patch)).permute(0, 2, 4, 3, 5, 1).flatten(3)
    shapes = torch.tensor([[cells, cells]] * len(pixels))
    return tower.post_layernorm(_through(tower.encoder.layers, tower.embeddings(rows.flatten(1, 2), shapes)))


def _class_token_pooling(tower: Any, projection: Any) -> AttentionPooling:
    block = tower.encoder.layers[-1]
    return AttentionPooling(
        heads=block.self_attn.num_heads,
        probe=None,
        norm_in=Norm.of(block.layer_norm1),
        query=Affine.of(block.self_attn.q_proj),
        key=Affine.of(block.self_attn.k_proj),
        value=Affine.of(block.self_attn.v_proj),
        out=Affine.of(block.self_attn.out_proj),
        norm_mlp=Norm.of(block.layer_norm2),
        fc1=Affine.of(block.mlp.fc1),
        activation=block.mlp.activation_fn,
        fc2=Affine.of(block.mlp.fc2),
        norm_out=Norm.of(tower.post_layernorm),
        projection=None if projection is None else projection.weight.detach(),
    )


def _head_pooling(head: Any, projection: Any) -> AttentionPooling:
    attention = head.attention
    weights = attention.in_proj_weight.detach().chunk(3)
    biases = attention.in_proj_bias.detach().chunk(3)
    query, key, value = (Affine(weight, bias) for weight, bias in zip(weights, biases, strict=True))
    return AttentionPooling(
        heads=attention.num_heads,
        probe=head.probe.detach()[0, 0],
        norm_in=None,
        query=query,
        key=key,
        value=value,
        out=Affine.of(attention.out_proj),
        norm_mlp=Norm.of(head.layernorm),
        fc1=Affine.of(head.mlp.fc1),
        activation=head.mlp.activation_fn,
        fc2=Affine.of(head.mlp.fc2),
        norm_out=None,
        projection=None if projection is None else projection.weight.detach(),
    )
