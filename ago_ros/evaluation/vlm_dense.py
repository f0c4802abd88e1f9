"""How well dense features segment pictures of the drive world. Protocol: ours, per pixel, Occ3D's classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ago_ros.datasets.captioned_views.store import SKY_LABEL, CaptionedView
from ago_ros.evaluation.occupancy import ConfusionMatrix
from ago_ros.vlm.categories import OCC3D_PHRASES, category_scores, flatten_categories
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.vocabulary import Vocabulary, make_vocabulary

SKY = {"sky": ("sky", "clouds")}
IGNORED = 255


def segment(
    model: VisionLanguageModel, image: Tensor, vocabulary: Vocabulary, category: Tensor, reduce: Literal["amax", "mean"]
) -> Tensor:
    """Gives each pixel a category.

    Args:
        model: the model.
        image: (H, W, 3) uint8 RGB.
        vocabulary: phrases of all categories.
        category: (N,) int64, the number of each phrase's category.
        reduce: how the scores of a category's phrases are put together.

    Returns:
        (H, W) int64; the scores between the centres of the feature cells are bilinear.
    """
    dense = model.encode_dense(image[None])[0]
    scores = category_scores(dense @ vocabulary.embeddings.to(dense).T, category, reduce)
    upsampled = interpolate(scores.permute(2, 0, 1)[None], size=image.shape[:2], mode="bilinear", align_corners=False)
    return upsampled[0].argmax(dim=0)


def true_categories(view: CaptionedView, labels: Mapping[int, int]) -> Tensor:
    """Returns the (H, W) int64 category of each pixel; IGNORED where it is unknown or of no category.

    Args:
        view: the picture.
        labels: category by label of the data set.
    """
    table = np.full(256, IGNORED, dtype=np.int64)
    for number, text in enumerate(view.texts, start=1):
        table[number] = labels.get(text.label, IGNORED)
    return torch.from_numpy(table[view.regions])


def score_dense(
    model: VisionLanguageModel,
    views: Iterable[CaptionedView],
    reduce: Literal["amax", "mean"] = "amax",
    categories: Mapping[str, Sequence[str]] = OCC3D_PHRASES,
) -> dict[str, float]:
    """Segments pictures by the phrases of Occ3D's classes 1 to 16, and sky.

    Args:
        model: the model.
        views: of the drive world.
        reduce: see `segment`.
        categories: phrases of Occ3D's classes from 1 on, in their order.

    Returns:
        IoU of each class, of the sky, and "mIoU" over the classes; one confusion matrix over all pixels. Pixels of
        things outside the classes are left out.
    """
    everything = {**categories, **SKY}
    phrases, category = flatten_categories(everything)
    vocabulary = make_vocabulary(phrases, model)
    labels = {label: label - 1 for label in range(1, len(categories) + 1)} | {SKY_LABEL: len(categories)}
    matrix = ConfusionMatrix(len(everything))
    for view in views:
        truth = true_categories(view, labels)
        matrix.add(segment(model, torch.from_numpy(view.image), vocabulary, category, reduce), truth, truth != IGNORED)
    return {**dict(zip(everything, matrix.iou().tolist())), "mIoU": matrix.mean_iou()}
