"""Masks from SAM 3, which finds all instances of a phrase. One look at the image serves all phrases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ago_ros.occupancy.pseudo_labels.masks import Masks, paint
from ago_ros.vlm.categories import flatten_categories
from ago_ros.vlm.images import normalise

_MEAN = _DEVIATION = (0.5, 0.5, 0.5)


class Sam3Segmenter:
    """Finds the instances of every phrase; a pixel takes the category of the one with the highest score.

    Only the text prompts of SAM 3 are used, which need no torchvision; its boxes would.

    Args:
        name: what the model was loaded from.
        model: `Sam3Model` in evaluation mode, on its device.
        tokenizer: its tokenizer.
        categories: phrases by category.
        min_score: instances that score less are none; the library's own threshold.
    """

    def __init__(
        self, name: str, model: Any, tokenizer: Any, categories: Mapping[str, Sequence[str]], min_score: float = 0.3
    ) -> None:
        phrases, category = flatten_categories(categories)
        self._name, self._model, self._min_score = name, model, min_score
        self._categories: list[int] = category.tolist()
        self._mean, self._deviation = (torch.tensor(c, device=model.device) for c in (_MEAN, _DEVIATION))
        self._size = int(model.config.image_size)
        tokens = tokenizer(
            list(phrases), padding="max_length", truncation=True, return_tensors="pt",
            max_length=model.config.text_config.max_position_embeddings,
        ).to(model.device)  # fmt: skip
        self._attention: Tensor = tokens["attention_mask"]
        with torch.inference_mode():
            features = model.get_text_features(input_ids=tokens["input_ids"], attention_mask=self._attention)
        self._text: Tensor = features.pooler_output

    @property
    def name(self) -> str:
        """What the model was loaded from."""
        return self._name

    @torch.inference_mode()
    def segment(self, image: Tensor) -> Masks:
        """Gives each pixel of an (H, W, 3) uint8 image a category."""
        pixels = normalise(image[None].to(self._model.device), self._size, self._size, self._mean, self._deviation)
        vision = self._model.get_vision_features(pixel_values=pixels)
        height, width = image.shape[:2]
        return paint(height, width, self._instances(vision, height, width))

    def _instances(self, vision: Any, height: int, width: int) -> Iterator[tuple[int, float, Tensor]]:
        from transformers.modeling_outputs import BaseModelOutputWithPooling

        for number, category in enumerate(self._categories):
            row = slice(number, number + 1)
            found = self._model(
                vision_embeds=vision,
                text_embeds=BaseModelOutputWithPooling(pooler_output=self._text[row]),
                attention_mask=self._attention[row],
            )
            scores = (found.pred_logits.sigmoid() * found.presence_logits.sigmoid())[0]
            for index in (scores > self._min_score).nonzero().squeeze(1).tolist():
                mask = found.pred_masks[:, index : index + 1].float().sigmoid()
                mask = interpolate(mask, (height, width), mode="bilinear")[0, 0] > 0.5
                yield category, float(scores[index]), mask.cpu()
