"""Masks from the dense features of a vision-language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ago_ros.occupancy.pseudo_labels.masks import NOTHING, Masks
from ago_ros.vlm.categories import category_scores, flatten_categories
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.vocabulary import make_vocabulary

BACKGROUND = ("sky", "clouds")
"""Phrases that compete with the categories for pixels which show none of them."""


class DenseSegmenter:
    """Gives each pixel the category whose best phrase its feature is nearest to. Source: MaskCLIP's way; the sky, ours.

    Args:
        model: gives the features.
        categories: phrases by category; none of them is a phrase of the sky.
        min_score: pixels whose category scores less show nothing.
    """

    def __init__(
        self, model: VisionLanguageModel, categories: Mapping[str, Sequence[str]], min_score: float = 0.0
    ) -> None:
        phrases, self._category = flatten_categories({**categories, "": BACKGROUND})
        self._vocabulary = make_vocabulary(phrases, model)
        self._model, self._background, self._min_score = model, len(categories), min_score

    @property
    def name(self) -> str:
        """What the model was loaded from."""
        return self._model.name

    @torch.inference_mode()
    def segment(self, image: Tensor) -> Masks:
        """Gives each pixel of an (H, W, 3) uint8 image a category; scores between the feature cells are bilinear.

        The score is the softmax over the categories, or the sigmoid of a model whose phrases are judged one by one.
        """
        dense = self._model.encode_dense(image[None])[0].float()
        cosines = category_scores(dense @ self._vocabulary.embeddings.to(dense).T, self._category, "amax").cpu()
        cells = cosines.permute(2, 0, 1)[None]
        logits = self._vocabulary.logit_scale * interpolate(cells, image.shape[:2], mode="bilinear")[0]
        if self._vocabulary.logit_bias is None:
            scores = logits.softmax(dim=0)
        else:
            scores = (logits + self._vocabulary.logit_bias).sigmoid()
        score, category = scores.max(dim=0)
        nothing = (category == self._background) | (score < self._min_score)
        return Masks(category.to(torch.uint8).masked_fill(nothing, NOTHING), score.masked_fill(nothing, 0.0))
