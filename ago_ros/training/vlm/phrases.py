"""Every phrase of the training data, and which regions it is true of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ago_ros.datasets.captioned_views.store import RegionText, shared_phrases
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
        plain: (K,) bool, phrases that are true of all regions of a name, whatever these look like.
        name: (T,) int64, the phrase that names a kind of region; -1 where none does.
    """

    phrases: tuple[str, ...]
    embeddings: Tensor
    truth: Tensor
    kinds: dict[RegionText, int]
    weight: Tensor
    prior: Tensor
    plain: Tensor
    name: Tensor

    def draw(self, plain: int, looks: int, generator: torch.Generator) -> PhraseBank:
        """Returns a bank of all names and some of the other phrases, each in one wording: V is 1.

        Most phrases tell looks. With all of them in every step, what things are would be learned last.

        Args:
            plain: how many plain phrases that name no kind, at most.
            looks: how many phrases that are not plain, at most.
            generator: of chance.
        """
        names = self.name[self.name >= 0].unique()
        free = torch.ones_like(self.plain)
        free[names] = False
        drawn = [
            _some((free & told).nonzero()[:, 0], n, generator)
            for told, n in ((self.plain, plain), (~self.plain, looks))
        ]
        index = torch.cat([names, *drawn])
        wording = torch.randint(len(self.embeddings), (len(index),), generator=generator)
        place = torch.full((len(self.phrases) + 1,), -1, device=index.device)
        place[index] = torch.arange(len(index), device=index.device)
        return replace(
            self,
            phrases=tuple(self.phrases[i] for i in index),
            embeddings=self.embeddings[wording.to(index.device), index][None],
            truth=self.truth[:, index],
            prior=self.prior[index],
            plain=self.plain[index],
            name=place[self.name],
        )


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
    shared = set().union(*shared_phrases(kinds).values())
    return PhraseBank(
        phrases=phrases,
        embeddings=_embed(phrases, encoder, templates),
        truth=truth,
        kinds=kinds,
        weight=weight,
        prior=often.clamp(1e-5, 1 - 1e-5).logit(),
        plain=torch.tensor([phrase in shared for phrase in phrases]),
        name=torch.tensor([number[text.name] if text.name in text.phrases else -1 for text in kinds]),
    )


def _some(numbers: Tensor, count: int, generator: torch.Generator) -> Tensor:
    return numbers[torch.randperm(len(numbers), generator=generator)[:count].to(numbers.device)]


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
