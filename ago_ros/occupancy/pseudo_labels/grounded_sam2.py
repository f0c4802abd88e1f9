"""Masks from Grounding DINO, which finds boxes for phrases, and SAM 2, which fills them. Source: Grounded SAM's way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ago_ros.occupancy.pseudo_labels.masks import Masks, paint
from ago_ros.vlm.categories import flatten_categories
from ago_ros.vlm.images import normalise

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, eq=False)
class _Prompt:
    """One text for the detector: [CLS] phrase . phrase . ... [SEP].

    Attributes:
        tokens: (1, T) int64.
        owner: (T,) int64, the phrase that a token belongs to; -1 for the separators.
        phrases: numbers of the phrases in it.
    """

    tokens: Tensor
    owner: Tensor
    phrases: tuple[int, ...]


class GroundedSam2Segmenter:
    """Finds boxes for all phrases, and a mask for each box; a pixel takes the category of the box with the best score.

    The score of a box is that of its best token, as in Grounding DINO. Its phrase is the one whose tokens score best on
    average, so that "box truck" and "fire truck" are told apart by more than the word they share. Source: ours.

    Args:
        name: what the models were loaded from.
        detector: a transformers model for zero-shot detection of the Grounding DINO kind, in evaluation mode.
        tokenizer: the detector's.
        painter: `Sam2Model` in evaluation mode, on the detector's device.
        categories: phrases by category; as many texts are asked as it takes to hold them.
        min_score: boxes that score less are none; the library's own threshold.
        short_side: images are shown to the detector so many pixels high...
        long_side: ...or so many wide, whichever is smaller.
    """

    def __init__(
        self, name: str, detector: Any, tokenizer: Any, painter: Any, categories: Mapping[str, Sequence[str]],
        min_score: float = 0.25, short_side: int = 800, long_side: int = 1333,
    ) -> None:  # fmt: skip
        phrases, self._category = flatten_categories(categories)
        self._name, self._detector, self._painter, self._min_score = name, detector, painter, min_score
        self._sides = short_side, long_side
        limit = min(detector.config.max_text_len, detector.config.text_config.max_position_embeddings)
        self._prompts = _write_prompts(phrases, tokenizer, limit)
        self._mean, self._deviation = (torch.tensor(c, device=detector.device) for c in (_MEAN, _DEVIATION))
        size = painter.config.prompt_encoder_config.image_size
        self._canvas: int = size if isinstance(size, int) else size[0]

    @property
    def name(self) -> str:
        """What the models were loaded from."""
        return self._name

    @torch.inference_mode()
    def segment(self, image: Tensor) -> Masks:
        """Gives each pixel of an (H, W, 3) uint8 image a category."""
        height, width = image.shape[:2]
        image = image[None].to(self._detector.device)
        boxes, scores, phrases = self._detect(image)
        if not len(boxes):
            return paint(height, width, [])
        masks = self._fill(image, boxes)
        categories = self._category[phrases].tolist()
        return paint(height, width, zip(categories, scores.tolist(), masks, strict=True))

    def _detect(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns (N, 4) boxes x0 y0 x1 y1 as shares of the image, (N,) scores and (N,) numbers of their phrases."""
        height, width = image.shape[1:3]
        short_side, long_side = self._sides
        scale = min(short_side / min(height, width), long_side / max(height, width))
        pixels = normalise(image, round(height * scale), round(width * scale), self._mean, self._deviation)
        boxes, scores, phrases = [], [], []
        for prompt in self._prompts:
            tokens = prompt.tokens.to(pixels.device)
            found = self._detector(
                pixel_values=pixels, input_ids=tokens, attention_mask=torch.ones_like(tokens),
                token_type_ids=torch.zeros_like(tokens),
            )  # fmt: skip
            each = found.logits[0, :, : tokens.shape[1]].float().sigmoid().cpu()
            score = each.amax(dim=1)
            kept = score > self._min_score
            means = torch.stack([each[:, prompt.owner == phrase].mean(dim=1) for phrase in prompt.phrases], dim=1)
            centre, size = found.pred_boxes[0].float().cpu()[kept].split(2, dim=1)
            boxes.append(torch.cat([centre - size / 2, centre + size / 2], dim=1).clamp(0, 1))
            scores.append(score[kept])
            phrases.append(torch.tensor(prompt.phrases)[means[kept].argmax(dim=1)])
        return torch.cat(boxes), torch.cat(scores), torch.cat(phrases)

    def _fill(self, image: Tensor, boxes: Tensor) -> list[Tensor]:
        """Returns an (H, W) bool mask for each box."""
        height, width = image.shape[1:3]
        pixels = normalise(image, self._canvas, self._canvas, self._mean, self._deviation)
        look = self._painter.get_image_embeddings(pixels)
        masks = []
        for box in boxes.to(pixels.device) * self._canvas:
            drawn = self._painter(image_embeddings=look, input_boxes=box[None, None], multimask_output=False)
            logits = interpolate(drawn.pred_masks[0].float(), (height, width), mode="bilinear")
            masks.append((logits[0, 0] > 0).cpu())
        return masks


def _write_prompts(phrases: Sequence[str], tokenizer: Any, limit: int) -> list[_Prompt]:
    """Packs phrases into texts of at most `limit` tokens.

    Raises:
        ValueError: a phrase alone is too long.
    """
    stop = tokenizer.convert_tokens_to_ids(".")
    prompts: list[_Prompt] = []
    tokens: list[int] = [tokenizer.cls_token_id]
    owner = [-1]

    def close() -> None:
        numbers = tuple(dict.fromkeys(number for number in owner if number >= 0))
        row = torch.tensor([[*tokens, tokenizer.sep_token_id]])
        prompts.append(_Prompt(row, torch.tensor([*owner, -1]), numbers))

    for number, phrase in enumerate(phrases):
        words = tokenizer(phrase.lower(), add_special_tokens=False)["input_ids"]
        if not 0 < len(words) <= limit - 3:
            raise ValueError(f"the detector reads texts of {limit} tokens, {phrase!r} has {len(words)}: shorten it")
        if len(tokens) + len(words) + 2 > limit:
            close()
            tokens, owner = [tokenizer.cls_token_id], [-1]
        tokens += [*words, stop]
        owner += [number] * len(words) + [-1]
    close()
    return prompts
