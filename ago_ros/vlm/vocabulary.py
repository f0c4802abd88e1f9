"""Phrases with their embeddings, computed once for each set of phrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ago_ros.vlm.interface import PhraseModel, TextEncoder

MAX_PHRASES = 65533
"""Labels are uint16, and the three highest values mean unclassified, free and unobserved."""

DEFAULT_TEMPLATES = ("{}", "a photo of a {}.", "there is a {} in the scene.")


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Phrases that voxels are labelled with.

    Attributes:
        phrases: N different phrases, in the order of the label ids.
        embeddings: (N, D) float32 unit vectors.
        model: name of the vision-language model that they belong to.
        logit_scale: factor from cosine to logit.
        logit_bias: bias of a sigmoid model; None for a softmax model.
    """

    phrases: tuple[str, ...]
    embeddings: Tensor
    model: str
    logit_scale: float
    logit_bias: float | None = None

    def __post_init__(self) -> None:
        """Refuses phrases that labels cannot tell apart."""
        check_phrases(self.phrases)
        if self.embeddings.ndim != 2 or len(self.embeddings) != len(self.phrases):
            raise ValueError(f"{len(self.phrases)} phrases, but embeddings of shape {tuple(self.embeddings.shape)}")

    def scores(self, features: Tensor) -> Tensor:
        """Scores features against every phrase.

        Args:
            features: (M, D) unit vectors; AGO's have a length of their own.

        Returns:
            (M, N) in 0..1: softmax over the phrases, or one sigmoid for each phrase of a sigmoid model.
        """
        logits = self.logit_scale * (features @ self.embeddings.to(features).T)
        if self.logit_bias is None:
            return logits.softmax(dim=1)
        return (logits + self.logit_bias).sigmoid()


def check_phrases(phrases: Sequence[str]) -> None:
    """Refuses a list of phrases that cannot be a vocabulary.

    Raises:
        ValueError: there are none or too many, one is blank, or one comes twice.
    """
    if not phrases:
        raise ValueError("the vocabulary is empty: give at least one phrase")
    if len(phrases) > MAX_PHRASES:
        raise ValueError(f"{len(phrases)} phrases given, at most {MAX_PHRASES} fit: leave some out")
    seen = set()
    for phrase in phrases:
        if not phrase.strip():
            raise ValueError("the vocabulary has a blank phrase: leave it out")
        if phrase in seen:
            raise ValueError(f"the phrase {phrase!r} comes twice: leave one out")
        seen.add(phrase)


def embed_phrases(phrases: Sequence[str], model: TextEncoder, templates: Sequence[str] = DEFAULT_TEMPLATES) -> Tensor:
    """Averages each phrase's unit embeddings over the templates.

    Args:
        phrases: N phrases.
        model: encodes them.
        templates: sentences with one `{}` each.

    Returns:
        (N, D) float32 unit vectors.
    """
    sentences = [template.format(phrase) for phrase in phrases for template in templates]
    embeddings = model.encode_text(sentences).unflatten(0, (len(phrases), len(templates)))
    return torch.nn.functional.normalize(embeddings.mean(dim=1), dim=-1)


def make_vocabulary(
    phrases: Sequence[str], model: PhraseModel, templates: Sequence[str] = DEFAULT_TEMPLATES
) -> Vocabulary:
    """Embeds phrases, to be used for any number of frames.

    Raises:
        ValueError: the phrases cannot be a vocabulary; see `check_phrases`.
    """
    check_phrases(phrases)
    return Vocabulary(
        tuple(phrases), embed_phrases(phrases, model, templates), model.name, model.logit_scale, model.logit_bias
    )


def with_phrases(vocabulary: Vocabulary, phrases: Sequence[str], model: PhraseModel) -> Vocabulary:
    """Returns the vocabulary with those of the phrases that it lacks at its end.

    Raises:
        ValueError: the phrases cannot be a vocabulary, or the model is not the vocabulary's.
    """
    lacking = [phrase for phrase in dict.fromkeys(phrases) if phrase not in vocabulary.phrases]
    if not lacking:
        return vocabulary
    if vocabulary.model != model.name:
        raise ValueError(f"the vocabulary was embedded by {vocabulary.model!r}, not by {model.name!r}: embed it anew")
    added = make_vocabulary(lacking, model)
    return replace(
        vocabulary,
        phrases=vocabulary.phrases + added.phrases,
        embeddings=torch.cat([vocabulary.embeddings, added.embeddings]),
    )
