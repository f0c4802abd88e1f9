"""The limit that texts set to synonyms: whether the phrases of a model's training lead to the right class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ago_ros.datasets.captioned_views.store import RegionText, shared_phrases
from ago_ros.evaluation.vlm_regions import class_mean
from ago_ros.vlm.small import SmallModel

_SAME = 0.9999
"""Cosine above which two embeddings are of one phrase: those that lie with a model are rounded to float16."""
_BATCH = 256


@dataclass(frozen=True)
class TextScore:
    """How often the plain known phrase that is nearest to a synonym is one of its class.

    Attributes:
        phrases: how many plain phrases the model knows, of any world.
        top1: mean over the regions that are asked for; a phrase of several classes counts for its share.
        class_mean: the mean over the synonyms.
    """

    phrases: int
    top1: float
    class_mean: float


def score_texts(model: SmallModel, texts: Iterable[RegionText], answers: Sequence[str]) -> TextScore | None:
    """Scores what texts alone make of synonyms.

    It estimates a limit, and is no bound: a model reads a synonym through several phrases at once.

    Args:
        model: the model.
        texts: of the things of its training's rooms.
        answers: M held-out synonyms, one for each region that is asked for.

    Returns:
        None where the model has no known phrases.

    Source: ours.
    """
    known = model.known_phrases
    if known is None:
        return None
    texts = list(dict.fromkeys(texts))
    named = {text.synonyms[0]: text.name for text in texts if text.synonyms}
    classes = _classes_of(texts)
    phrases, words = list(classes), sorted(set(answers))
    plain = known.embeddings[known.plain]
    nearest = plain[(model.embed_unread(words) @ plain.T).argmax(dim=1)]
    asked = torch.cat([model.embed_unread(phrases[i : i + _BATCH]) for i in range(0, len(phrases), _BATCH)])
    same = nearest @ asked.T > _SAME
    right = {}
    for word, row in zip(words, same, strict=True):
        led_to = set().union(*(classes[phrases[i]] for i in row.nonzero()[:, 0].tolist()))
        right[word] = (named[word] in led_to) / max(1, len(led_to))
    scores = torch.tensor([right[answer] for answer in answers])
    return TextScore(len(plain), float(scores.mean()), class_mean(scores, answers))


def _classes_of(texts: Iterable[RegionText]) -> Mapping[str, set[str]]:
    """Returns the classes of every phrase that is true of all things of a class."""
    common = shared_phrases(texts)
    classes: dict[str, set[str]] = {}
    for name in sorted(common):
        for phrase in common[name]:
            classes.setdefault(phrase, set()).add(name)
    return classes
