"""CLIP and SigLIP models of the transformers library behind the suite's interface.

Features of image regions come from the towers as they are, without training:

- CLIP: in the last block each patch attends to itself alone, so its attention is the value path; the rest of the block,
  the final normalisation and the projection stay. Source: MaskCLIP (Zhou et al., 2022).
- SigLIP: each patch goes alone through the attention pooling head. With one key the attention's weight is one, so what
  is left is the value path, then the head's MLP. Source: ours, the same idea.

Towers of fixed size see an image as overlapping square tiles, see `images.plan_tiles`; SigLIP 2 models of variable
size (NaFlex) see it whole, in patches of its own aspect.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ago_ros.vlm.images import Tiling, merge_tiles, normalise, plan_patches, plan_tiles
from ago_ros.vlm.relevancy_maps.split import AttentionSplit, split_tower


class HuggingFaceModel(ABC):
    """What the towers have in common.

    Args:
        name: what the model was loaded from.
        model: a transformers model in evaluation mode, on its device.
        tokenizer: its tokenizer.
        mean: (3,) of colours in 0..1 that the image tower was trained with.
        deviation: (3,) likewise.
    """

    _padding: bool | str = True

    def __init__(
        self, name: str, model: Any, tokenizer: Any, mean: Sequence[float], deviation: Sequence[float]
    ) -> None:
        self._name = name
        self._model = model
        self._tokenizer = tokenizer
        self._mean = torch.tensor(mean, dtype=torch.float32, device=model.device)
        self._deviation = torch.tensor(deviation, dtype=torch.float32, device=model.device)

    @property
    def name(self) -> str:
        """What the model was loaded from."""
        return self._name

    @property
    @abstractmethod
    def dim(self) -> int:
        """Dimension D of the common space."""

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to logit."""
        return float(self._model.logit_scale.detach().exp())

    @property
    def logit_bias(self) -> float | None:
        """Bias of a sigmoid model, None for a softmax model."""
        bias = getattr(self._model, "logit_bias", None)
        return None if bias is None else float(bias.detach())

    @torch.inference_mode()
    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, D) float32 unit vectors of N phrases; long ones are cut to what the text tower takes."""
        tokens = self._tokenizer(
            list(phrases),
            padding=self._padding,
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self._model.device)
        output = self._model.get_text_features(
            input_ids=tokens["input_ids"], attention_mask=tokens.get("attention_mask")
        )
        return _unit(_pooled(output))

    @torch.inference_mode()
    def encode_image(self, images: Tensor) -> Tensor:
        """Returns (B, D) float32 unit vectors of (B, H, W, 3) uint8 images: the mean over an image's tiles."""
        return _unit(self._encode_whole(images.to(self._model.device)))

    @torch.inference_mode()
    def encode_dense(self, images: Tensor) -> Tensor:
        """Returns (B, h, w, D) float32 unit vectors of the patches of (B, H, W, 3) uint8 images."""
        return _unit(self._encode_patches(images.to(self._model.device)))

    def attention_split(self) -> AttentionSplit:
        """Cuts the image tower before its last attention, to read relevancy from it."""
        projection = getattr(self._model, "visual_projection", None)
        return split_tower(self._model.vision_model, projection, self._mean, self._deviation)

    @abstractmethod
    def _encode_whole(self, images: Tensor) -> Tensor: ...

    @abstractmethod
    def _encode_patches(self, images: Tensor) -> Tensor: ...


class _TiledModel(HuggingFaceModel):
    """A model whose image tower takes squares of one size."""

    @property
    def _size(self) -> int:
        return int(self._model.config.vision_config.image_size)

    @property
    def _patch(self) -> int:
        return int(self._model.config.vision_config.patch_size)

    def _tiles(self, images: Tensor) -> tuple[Tensor, Tiling]:
        """Returns (T, B, 3, size, size) tiles and where they lie."""
        tiling = plan_tiles(images.shape[1], images.shape[2], self._size, self._patch)
        pixels = normalise(images, tiling.height, tiling.width, self._mean, self._deviation)
        tiles = [pixels[:, :, top : top + self._size, left : left + self._size] for top, left in tiling.offsets]
        return torch.stack(tiles), tiling

    def _encode_whole(self, images: Tensor) -> Tensor:
        tiles, _ = self._tiles(images)
        features = _pooled(self._model.get_image_features(pixel_values=tiles.flatten(0, 1)))
        return normalize(features, dim=-1).unflatten(0, tiles.shape[:2]).mean(dim=0)

    def _encode_patches(self, images: Tensor) -> Tensor:
        tiles, tiling = self._tiles(images)
        side = self._size // self._patch
        features = normalize(self._patch_features(tiles.flatten(0, 1)), dim=-1)
        return merge_tiles(features.reshape(*tiles.shape[:2], side, side, -1), tiling, self._patch)

    @abstractmethod
    def _patch_features(self, pixels: Tensor) -> Tensor:
        """Returns (B, P, D) features of the patches of (B, 3, size, size) tiles."""


class ClipModel(_TiledModel):
    """CLIP: phrases compete (softmax)."""

    @property
    def dim(self) -> int:
        """Dimension D of the common space."""
        return int(self._model.config.projection_dim)

    def _patch_features(self, pixels: Tensor) -> Tensor:
        tower = self._model.vision_model
        tokens = tower(pixel_values=pixels, output_hidden_states=True).hidden_states[-2][:, 1:]
        block = tower.encoder.layers[-1]
        tokens = tokens + block.self_attn.out_proj(block.self_attn.v_proj(block.layer_norm1(tokens)))
        tokens = tokens + block.mlp(block.layer_norm2(tokens))
        return self._model.visual_projection(tower.post_layernorm(tokens))


class SiglipModel(_TiledModel):
    """SigLIP, and SigLIP 2 of fixed size: each phrase is judged by itself (sigmoid)."""

    _padding = "max_length"

    @property
    def dim(self) -> int:
        """Dimension D of the common space."""
        return int(self._model.config.vision_config.hidden_size)

    def _patch_features(self, pixels: Tensor) -> Tensor:
        tower = self._model.vision_model
        return _pool_alone(tower.head, tower(pixel_values=pixels).last_hidden_state)


class Siglip2Model(HuggingFaceModel):
    """SigLIP 2 of variable size (NaFlex)."""

    _padding = "max_length"

    @property
    def dim(self) -> int:
        """Dimension D of the common space."""
        return int(self._model.config.vision_config.hidden_size)

    def _encode_whole(self, images: Tensor) -> Tensor:
        inputs, _ = self._inputs(images)
        return _pooled(self._model.get_image_features(**inputs))

    def _encode_patches(self, images: Tensor) -> Tensor:
        inputs, (rows, columns) = self._inputs(images)
        tower = self._model.vision_model
        features = _pool_alone(tower.head, tower(**inputs).last_hidden_state)
        return features.unflatten(1, (rows, columns))

    def _inputs(self, images: Tensor) -> tuple[dict[str, Tensor], tuple[int, int]]:
        """Cuts images into patches, each a row of its pixels, channels last."""
        config = self._model.config.vision_config
        patch = int(config.patch_size)
        rows, columns = plan_patches(images.shape[1], images.shape[2], int(config.num_patches))
        pixels = normalise(images, rows * patch, columns * patch, self._mean, self._deviation)
        grid = pixels.reshape(len(images), -1, rows, patch, columns, patch).permute(0, 2, 4, 3, 5, 1)
        inputs = {
            "pixel_values": grid.reshape(len(images), rows * columns, -1),
            "pixel_attention_mask": torch.ones(len(images), rows * columns, dtype=torch.int64, device=images.device),
            "spatial_shapes": torch.tensor([[rows, columns]] * len(images), device=images.device),
        }
        return inputs, (rows, columns)


BACKENDS: dict[str, type[HuggingFaceModel]] = {"clip": ClipModel, "siglip": SiglipModel, "siglip2": Siglip2Model}
"""Which class serves which `model_type` of a configuration."""


def _pool_alone(head: Any, tokens: Tensor) -> Tensor:
    """Sends each of (B, P, D) patches alone through an attention pooling head."""
    attention = head.attention
    weight, bias = attention.in_proj_weight.chunk(3)[2], attention.in_proj_bias.chunk(3)[2]
    value = attention.out_proj(torch.nn.functional.linear(tokens, weight, bias))
    return value + head.mlp(head.layernorm(value))


def _pooled(output: Any) -> Tensor:
    """Reads the features from what a tower returns; older versions of the library return the tensor itself."""
    return output if isinstance(output, Tensor) else output.pooler_output


def _unit(features: Tensor) -> Tensor:
    return normalize(features.to("cpu", torch.float32), dim=-1)
