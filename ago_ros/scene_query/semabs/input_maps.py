"""The relevancy that the network is fed: of each phrase by itself, whatever else is asked with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

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


MAPS = ("fast", "attention")
"""Ways to read the maps of several scales: dense features of a few crops, or gradient-weighted attention of many."""


def maps_config(settings: Mapping[str, Any], *, multi_scale: bool) -> RelevancyConfig:
    """Returns how the maps of a method are read.

    Args:
        settings: of a drawn data set: `maps`, one of MAPS; `scales`, `stride`, `crop_side`, `jitters`, `flip` and
            `map_side`, see `RelevancyConfig`.
        multi_scale: with crops of all scales; else the attention of the whole image, as in earlier work.

    Raises:
        ValueError: a setting is missing, or cannot be.
    """
    lacking = [name for name in ("maps", "scales", "stride", "crop_side", "jitters", "flip", "map_side")
               if name not in settings]  # fmt: skip
    if lacking:
        raise ValueError(f"the views do not say {', '.join(lacking)} of their maps: draw and train anew")
    if settings["maps"] not in MAPS:
        raise ValueError(f"maps is {settings['maps']!r}: take one of {', '.join(MAPS)}")
    if not multi_scale:
        return RelevancyConfig(scales=(1.0,), jitters=0, flip=False, map_side=settings["map_side"])
    return RelevancyConfig(
        method="dense" if settings["maps"] == "fast" else "attention",
        scales=tuple(settings["scales"]),
        stride=settings["stride"],
        jitters=settings["jitters"],
        flip=settings["flip"],
        map_side=settings["map_side"],
        dense_side=settings["crop_side"],
    )
