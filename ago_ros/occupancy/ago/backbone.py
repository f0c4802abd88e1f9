"""The image backbone: a ResNet of transformers, deformable where asked, or a frozen tower; and a feature pyramid."""

from __future__ import annotations

import zlib
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoBackbone, ResNetConfig

from ago_ros.occupancy.ago.config import BackboneConfig
from ago_ros.occupancy.ago.deformable import DeformableConv2d
from ago_ros.vlm.loading import load_own_tower
from ago_ros.vlm.small import DEVIATION as TOWER_DEVIATION
from ago_ros.vlm.small import MEAN as TOWER_MEAN

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Colours that ResNets are trained with, and in which images come."""


class ImageBackbone(nn.Module):
    """Turns images into feature maps of several sizes with F channels each.

    Args:
        config: sizes.
        dim: F.

    Raises:
        ModelError: the tower that the configuration names is not there.
    """

    def __init__(self, config: BackboneConfig, dim: int) -> None:
        super().__init__()
        self.config = config
        self.tower = FrozenTower(config.tower) if config.tower else None
        if self.tower is not None:
            self.pyramid = FeaturePyramid([self.tower.width], dim, config.levels)
            return
        settings: Any = ResNetConfig(
            embedding_size=config.stem,
            hidden_sizes=list(config.widths),
            depths=list(config.depths),
            layer_type=config.layer,
        )
        settings.out_indices = list(config.stages)
        self.resnet: Any = AutoBackbone.from_config(settings)
        for stage in config.deformable_stages:
            for layer in self.resnet.encoder.stages[stage - 1].layers:
                layer.layer[1].convolution = DeformableConv2d(layer.layer[1].convolution)
        self.pyramid = FeaturePyramid([config.widths[stage - 1] for stage in config.stages], dim, config.levels)
        if config.frozen_norm:
            for norm in self._norms():
                norm.requires_grad_(False)

    def _norms(self) -> list[nn.Module]:
        return [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]

    def train(self, mode: bool = True) -> ImageBackbone:
        """Switches to training; frozen batch norms stay as they are."""
        super().train(mode)
        if self.config.frozen_norm:
            for norm in self._norms():
                norm.eval()
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """Encodes (M, 3, H, W) images to `levels` maps (M, F, h, w), the finest first."""
        if self.tower is not None:
            return self.pyramid([self.tower(images)])
        pixels = images.contiguous(memory_format=torch.channels_last)
        return self.pyramid(list(self.resnet(pixels).feature_maps))

    def load_pretrained(self, source: str) -> None:
        """Takes the weights of a ResNet of the same sizes; deformable layers start as ordinary ones.

        Args:
            source: a folder, or a Hugging Face id that is on this machine, such as microsoft/resnet-101.

        Raises:
            OSError: it is not there.
            ValueError: its sizes are others, or the backbone is a tower.
        """
        if self.tower is not None:
            raise ValueError(f"{source}: the backbone is the tower of {self.config.tower}, which has its weights")
        other = type(self.resnet).from_pretrained(source, out_indices=list(self.config.stages), local_files_only=True)
        try:
            lacking, unknown = self.resnet.load_state_dict(other.state_dict(), strict=False)
        except RuntimeError as error:
            raise ValueError(f"{source}: is no ResNet with widths {self.config.widths}") from error
        if unknown or any(".modulation." not in key for key in lacking):
            raise ValueError(f"{source}: is no ResNet with depths {self.config.depths}")


class FrozenTower(nn.Module):
    """The image tower of a vision-language model, as it is: not trained, and not kept with the model's own weights.

    What it says of a patch lies beside the texts already: all that is left to learn is where in space it belongs.

    Args:
        source: a vision-language model of the project's own, by name or folder.

    Attributes:
        mark: () int64, checksum of the weights; kept with the model's own, so that another tower is noticed.
        width: channels of the map.

    Raises:
        ModelError: there is no such tower.
    """

    mark: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.inner = load_own_tower(source)
        self.width = self.inner.config.width
        mark = 0
        for module in self.inner.modules():
            for name, value in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
                mark = zlib.crc32(value.detach().numpy().tobytes(), mark)
                delattr(module, name)
                module.register_buffer(name, value.detach(), persistent=False)
        self.register_buffer("mark", torch.tensor(mark))
        mean, deviation, own_mean, own_deviation = map(torch.tensor, (MEAN, DEVIATION, TOWER_MEAN, TOWER_DEVIATION))
        self.register_buffer("scale", (deviation / own_deviation)[:, None, None], persistent=False)
        self.register_buffer("shift", ((mean - own_mean) / own_deviation)[:, None, None], persistent=False)

    def train(self, mode: bool = True) -> FrozenTower:
        """Stays in evaluation mode."""
        return super().train(False)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        """Refuses weights that were learned on another tower, whether they are of a model or of a begun training."""
        if int(state_dict.get(f"{prefix}mark", self.mark)) != int(self.mark):
            raise ValueError(f"the image tower of {self.source} is not the one that it was trained on")
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Encodes (M, 3, H, W) images, their edges multiples of the patch, to one map (M, width, h, w)."""
        return self.inner.patch_states(images * self.scale + self.shift)


class FeaturePyramid(nn.Module):
    """Brings maps of several sizes to F channels, and adds the coarse ones to the fine ones. Source: Lin et al. 2017.

    Args:
        widths: channels of each map, the finest first.
        dim: F.
        levels: maps to return, the finest first; those beyond the given ones are strided convolutions.
    """

    def __init__(self, widths: list[int], dim: int, levels: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(width, dim, 1) for width in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(dim, dim, 3, padding=1) for _ in widths[:levels])
        self.coarser = nn.ModuleList(nn.Conv2d(dim, dim, 3, stride=2, padding=1) for _ in range(levels - len(widths)))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Returns the maps (M, F, h, w), the finest first."""
        merged = [layer(pixels) for layer, pixels in zip(self.lateral, maps, strict=True)]
        for i in range(len(merged) - 1, 0, -1):
            merged[i - 1] = merged[i - 1] + functional.interpolate(merged[i], size=merged[i - 1].shape[2:])
        result = [layer(pixels) for layer, pixels in zip(self.smooth, merged, strict=False)]
        for layer in self.coarser:
            result.append(layer(result[-1]))
        return result


def flatten_levels(maps: list[Tensor], embedding: Tensor) -> tuple[Tensor, tuple[tuple[int, int], ...]]:
    """Puts the cells of all maps in one row, each with the embedding of its level added.

    Args:
        maps: (M, F, h, w) each.
        embedding: (levels, F).

    Returns:
        (M, S, F), and the rows and columns of each map.
    """
    cells = [pixels.flatten(2).transpose(1, 2) + level for pixels, level in zip(maps, embedding, strict=True)]
    return torch.cat(cells, dim=1), tuple((pixels.shape[2], pixels.shape[3]) for pixels in maps)
