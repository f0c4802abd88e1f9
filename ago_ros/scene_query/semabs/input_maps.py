"""The relevancy that the network is fed: of each phrase by itself, whatever else is asked with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy import BACKGROUND_PHRASES
from ago_ros.vlm.relevancy_maps import RelevancyConfig, relevancy_maps

MEAN_PHRASES: tuple[str, ...] = (
    *BACKGROUND_PHRASES,
    *("furniture", "wall", "floor", "container", "tool", "food", "plant", "electronics", "clothing", "vehicle"),
)
"""Their mean map is taken off each phrase's map. SemAbs takes off that of all phrases asked together; a fixed list
gives a network the same input for a phrase in training, where many are asked, and in use, where one or two are."""


def input_maps(model: VisionLanguageModel, image: Tensor, phrases: Sequence[str], config: RelevancyConfig) -> Tensor:
    """Reads the relevancy maps of phrases, less the mean map of `MEAN_PHRASES`. Source: SemAbs section 3.2; ours.

    Args:
        model: reads image and phrases.
        image: (H, W, 3) uint8 RGB.
        phrases: N different phrases.
        config: crops and method; its `subtract_mean` is not used.

    Returns:
        (N, H', W') float32, see `relevancy_maps`.
    """
    every = tuple(dict.fromkeys([*phrases, *MEAN_PHRASES]))
    maps = relevancy_maps(model, image, every, replace(config, subtract_mean=False))
    mean = torch.stack([maps[every.index(phrase)] for phrase in MEAN_PHRASES]).mean(dim=0)
    return maps[: len(phrases)] - mean
