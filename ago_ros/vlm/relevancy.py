"""How well features match a phrase, against phrases that mean nothing in particular."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ago_ros.vlm.interface import PhraseModel
from ago_ros.vlm.vocabulary import embed_phrases

BACKGROUND_PHRASES = ("object", "things", "stuff", "texture", "background")


def relevancy(features: Tensor, phrase: Tensor, background: Tensor, logit_scale: float) -> Tensor:
    """Scores features by how surely they are the phrase rather than any background phrase.

    The probability of the phrase in a softmax over the phrase and one background phrase, for the background phrase
    that does best. 0.5 means that some background phrase fits as well. Source: Kerr et al., LERF, section 3.4.

    Args:
        features: (M, D) unit vectors; rows of zeros, which no image shows, score 0.
        phrase: (D,) unit vector.
        background: (B, D) unit vectors.
        logit_scale: factor from cosine to logit.

    Returns:
        (M,) float32 in 0..1.
    """
    match = features @ phrase.to(features)
    rival = (features @ background.to(features).T).amax(dim=1)
    score = torch.sigmoid(logit_scale * (match - rival))
    return torch.where(features.abs().amax(dim=1) > 0, score, 0.0)


def phrase_relevancy(
    features: Tensor,
    phrase: str,
    model: PhraseModel,
    background: Sequence[str] = BACKGROUND_PHRASES,
) -> Tensor:
    """Scores (M, D) features against a phrase; see `relevancy`.

    Background phrases that equal the phrase are left out.
    """
    others = [other for other in background if other != phrase]
    embeddings = embed_phrases([phrase, *others], model)
    return relevancy(features, embeddings[0], embeddings[1:], model.logit_scale)
