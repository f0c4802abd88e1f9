"""Categories that are told by several phrases each: a class of a data set and the words for what falls under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

OCC3D_PHRASES: dict[str, tuple[str, ...]] = {
    "barrier": ("barrier", "concrete barrier", "crowd barrier", "barricade"),
    "bicycle": ("bicycle", "mountain bike", "cyclist on a bicycle"),
    "bus": ("bus", "city bus", "articulated bus", "minibus"),
    "car": ("car", "saloon car", "hatchback", "estate car", "SUV", "minivan", "sports car", "taxi", "pickup truck"),
    "construction_vehicle": ("construction vehicle", "excavator", "bulldozer", "wheel loader", "forklift"),
    "motorcycle": ("motorcycle", "moped", "rider on a motorcycle"),
    "pedestrian": ("pedestrian", "person", "man", "woman", "child", "construction worker", "police officer"),
    "traffic_cone": ("traffic cone", "traffic drum"),
    "trailer": ("trailer", "cargo trailer", "caravan"),
    "truck": ("truck", "delivery van", "box truck", "flatbed truck", "tipper truck", "tanker truck", "concrete mixer"),
    "driveable_surface": ("road", "asphalt street"),
    "other_flat": ("paved square", "car park"),
    "sidewalk": ("sidewalk", "pavement"),
    "terrain": ("grass", "lawn"),
    "manmade": (
        "building", "wall", "fence", "railing", "street lamp", "traffic sign", "traffic light", "bench", "bollard",
        "bus shelter", "letter box", "litter bin",
    ),
    "vegetation": ("tree", "bush", "hedge", "fir tree"),
}  # fmt: skip
"""Sub-category phrases of Occ3D's classes 1 to 16, after AGO's idea (the phrases are ours)."""


def flatten_categories(categories: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], Tensor]:
    """Lists the phrases of all categories.

    Args:
        categories: phrases by category.

    Returns:
        N phrases, and (N,) int64, the number of each one's category.

    Raises:
        ValueError: a phrase belongs to two categories, or a category has none.
    """
    phrases = tuple(phrase for group in categories.values() for phrase in group)
    doubled = sorted({phrase for phrase in phrases if phrases.count(phrase) > 1})
    if doubled:
        raise ValueError(f"{doubled[0]!r} is a phrase of two categories: leave it out of one")
    empty = [name for name, group in categories.items() if not group]
    if empty:
        raise ValueError(f"the category {empty[0]!r} has no phrase: give at least one")
    return phrases, torch.tensor([i for i, group in enumerate(categories.values()) for _ in group])


def category_scores(scores: Tensor, category: Tensor, reduce: Literal["amax", "mean"] = "amax") -> Tensor:
    """Puts the scores of the phrases of each category together. Source: AGO averages them; the maximum is ours.

    Args:
        scores: (..., N) of N phrases.
        category: (N,) int64, the number of each phrase's category; every number up to the highest occurs.
        reduce: "amax" takes the phrase that fits best, "mean" the average.

    Returns:
        (..., C).
    """
    count = int(category.max()) + 1
    index = category.to(scores.device).expand(scores.shape)
    result = scores.new_zeros(*scores.shape[:-1], count)
    return result.scatter_reduce(-1, index, scores, reduce, include_self=False)
