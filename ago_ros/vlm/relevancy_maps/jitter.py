"""Random changes of an image's colours."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ago_ros.vlm.relevancy_maps.config import RelevancyConfig

_LUMA = torch.tensor([0.299, 0.587, 0.114])
_YIQ_FROM_RGB = torch.tensor([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])


def jittered(image: Tensor, config: RelevancyConfig) -> list[Tensor]:
    """Returns the image and `config.jitters` versions of it in other colours.

    Args:
        image: (H, W, 3) uint8 RGB.
        config: strengths and seed.

    Returns:
        `1 + config.jitters` images like it, the first one unchanged. The same seed gives the same colours.
    """
    generator = torch.Generator().manual_seed(config.seed)
    strengths = torch.tensor(
        [config.jitter_brightness, config.jitter_contrast, config.jitter_saturation, config.jitter_hue]
    )
    draws = strengths * (2 * torch.rand(config.jitters, 4, generator=generator) - 1)
    return [image, *(change_colours(image, *draw.tolist()) for draw in draws)]


def change_colours(image: Tensor, brightness: float, contrast: float, saturation: float, hue: float) -> Tensor:
    """Changes an image's colours by one affine map of RGB: hue, saturation, contrast, then brightness.

    Args:
        image: (H, W, 3) uint8 RGB.
        brightness: 0 leaves it, -1 is black, 1 doubles it.
        contrast: 0 leaves it, -1 is the image's mean grey; about the mean luma.
        saturation: 0 leaves it, -1 is grey.
        hue: turns about the grey axis of YIQ, 0 to leave it.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    cos, sin = math.cos(2 * math.pi * hue), math.sin(2 * math.pi * hue)
    turn = torch.tensor([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
    colours = torch.linalg.inv(_YIQ_FROM_RGB) @ turn @ _YIQ_FROM_RGB
    grey = _LUMA.expand(3, 3)
    colours = (grey + (1 + saturation) * (torch.eye(3) - grey)) @ colours
    pixels = image.float()
    mean = float(pixels.mean(dim=(0, 1)).cpu() @ _LUMA)
    gain = (1 + brightness) * (1 + contrast)
    changed = gain * (pixels @ colours.T.to(pixels)) - (1 + brightness) * contrast * mean
    return changed.round().clamp(0, 255).to(torch.uint8)
