"""Every phrase of the training data, and which regions it is true of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.datasets.captioned_views.store import RegionText
from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.vocabulary import DEFAULT_TEMPLATES


@dataclass(frozen=True, eq=False)
class PhraseBank:
    """K phrases and T kinds of regions. A region is told from all K phrases at once, and each pair's truth is known.

    Attributes:
        phrases: K phrases.
        embeddings: (V, K, D) float32 unit vectors: each phrase alone, in each template, and the templates' mean.
        truth: (T, K) bool, whether a phrase is true of a kind of region.
        kinds: T kinds of regions; their number by text.
        weight: (T,) float32, how much a region of the kind counts: less if its name is frequent; about 1 on average.
        prior: (K,) float32, the logit of how often a phrase is true of a region, regions weighted.
    """

    phrases: tuple[str, ...]
    embeddings: Tensor
    truth: Tensor
    kinds: dict[RegionText, int]
    weight: Tensor
    prior: Tensor

    def draw_embeddings(self, generator: torch.Generator) -> Tensor:
        """Returns (K, D) embeddings, each phrase's in a wording of its own."""
        variants, count, _ = self.embeddings.shape
        wording = torch.randint(variants, (count,), generator=generator)
        return self.embeddings[wording, torch.arange(count)]


def make_phrase_bank(
    texts: Iterable[RegionText],
    encoder: TextEncoder,
    templates: Sequence[str] = DEFAULT_TEMPLATES,
) -> PhraseBank:
    """Collects the phrases of all regions and embeds them.

    Args:
        texts: of every region; those without phrases are left out.
        encoder: text tower.
        templates: sentences with one `{}` each.
    """
    counts: dict[RegionText, int] = {}
    names: dict[str, int] = {}
    for text in texts:
        if text.phrases:
            counts[text] = counts.get(text, 0) + 1
            names[text.name] = names.get(text.name, 0) + 1
    kinds = {text: number for number, text in enumerate(counts)}
    phrases = tuple(dict.fromkeys(phrase for text in kinds for phrase in text.phrases))
    number = {phrase: index for index, phrase in enumerate(phrases)}
    truth = torch.zeros(len(kinds), len(phrases), dtype=torch.bool)
    for text, row in kinds.items():
        truth[row, [number[phrase] for phrase in text.phrases]] = True
    weight = torch.tensor([names[text.name] ** -0.5 for text in kinds])
    share = torch.tensor([float(count) for count in counts.values()])
    weight = (weight / ((weight * share).sum() / share.sum())).clamp(max=4.0)
    often = (truth * (weight * share)[:, None]).sum(dim=0) / (weight * share).sum()
    return PhraseBank(
        phrases, _embed(phrases, encoder, templates), truth, kinds, weight, often.clamp(1e-5, 1 - 1e-5).logit()
    )


def _embed(phrases: Sequence[str], encoder: TextEncoder, templates: Sequence[str]) -> Tensor:
    """Returns the (V, K, D) wordings."""
    wordings = torch.stack(
        [
            torch.cat(
                [
                    encoder.encode_text([template.format(p) for p in phrases[i : i + 256]])
                    for i in range(0, len(phrases), 256)
                ]
            )
            for template in templates
        ]
    )
    mean = torch.nn.functional.normalize(wordings.mean(dim=0, keepdim=True), dim=-1)
    return torch.cat([wordings, mean])
