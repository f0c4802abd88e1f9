"""Colours: one for each phrase, stable from run to run, and a scale for numbers."""

from __future__ import annotations

import colorsys
import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import colormaps
from torch import Tensor

from ago_ros.scene.semantic_grid import LABEL_UNCLASSIFIED, SemanticGrid

_LIKELY_SHARE = 0.05

PHRASE_COLORS: dict[str, tuple[int, int, int]] = {
    "barrier": (112, 128, 144),
    "bicycle": (220, 20, 60),
    "bus": (255, 127, 80),
    "car": (255, 158, 0),
    "construction vehicle": (233, 150, 70),
    "motorcycle": (255, 61, 99),
    "pedestrian": (0, 0, 230),
    "traffic cone": (47, 79, 79),
    "trailer": (255, 140, 0),
    "truck": (255, 99, 71),
    "driveable surface": (0, 207, 191),
    "other flat": (175, 0, 75),
    "sidewalk": (75, 0, 75),
    "terrain": (112, 180, 60),
    "manmade": (222, 184, 135),
    "vegetation": (0, 175, 0),
}
"""The colours that nuScenes users know, by phrase."""


def phrase_color(phrase: str) -> tuple[int, int, int]:
    """Returns the RGB colour of a phrase: nuScenes' own where it has one, else one drawn from the phrase's letters."""
    known = PHRASE_COLORS.get(phrase.lower().replace("_", " "))
    if known is not None:
        return known
    digest = hashlib.sha256(phrase.encode()).digest()
    hue, saturation, value = digest[0] / 255, 0.55 + 0.45 * digest[1] / 255, 0.65 + 0.35 * digest[2] / 255
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def phrase_colors(phrases: Sequence[str]) -> Tensor:
    """Returns the colours of phrases as (N, 3) uint8."""
    return torch.tensor([phrase_color(phrase) for phrase in phrases], dtype=torch.uint8).reshape(-1, 3)


def scale_colors(values: Tensor, low: float, high: float, name: str = "turbo") -> Tensor:
    """Colours numbers by a matplotlib colour map.

    Args:
        values: (N,).
        low: value at the dark end; below it the colour stays the same.
        high: value at the bright end, likewise.
        name: of the colour map.

    Returns:
        (N, 3) uint8 RGB.
    """
    fraction = np.clip((values.detach().cpu().numpy() - low) / max(high - low, 1e-9), 0, 1)
    return torch.from_numpy((colormaps[name](fraction)[:, :3] * 255).round().astype(np.uint8))


def probability_colors(probability: Tensor) -> tuple[Tensor, Tensor]:
    """Picks out where something is likely to be, and colours it from dark to bright.

    Args:
        probability: (...) float32; what is below a twentieth of the peak is left out.

    Returns:
        (...) bool, where it is likely; (K, 3) uint8 RGB of these places, in order.
    """
    peak = float(probability.max()) if probability.numel() else 0.0
    likely = probability > _LIKELY_SHARE * peak
    return likely, scale_colors(probability[likely], 0.0, peak, "inferno")


def voxel_colors(grid: SemanticGrid, indices: Tensor) -> Tensor:
    """Colours occupied voxels: by phrase where they have one, else by height.

    Args:
        grid: the labelled grid.
        indices: (M, 3) int64, occupied voxels.

    Returns:
        (M, 3) uint8 RGB.
    """
    labels = grid.labels[tuple(indices.T)].long()
    height = grid.grid.centers(indices)[:, 2]
    colors = scale_colors(height, grid.grid.origin[2], grid.grid.upper[2])
    named = labels < LABEL_UNCLASSIFIED
    if named.any():
        colors[named] = phrase_colors(grid.vocabulary)[labels[named]]
    return colors
