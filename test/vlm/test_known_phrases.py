"""Phrases read through known ones: against a plain loop; what is known stays, what is not moves to its like."""

import math

import torch
from torch.nn.functional import normalize

from ago_ros.vlm.known_phrases import KnownPhrases


def _unit(*rows) -> torch.Tensor:
    return normalize(torch.tensor(rows, dtype=torch.float32), dim=-1)


def test_reading_is_a_weighted_mean_of_what_is_known():
    torch.manual_seed(0)
    embeddings, plain = normalize(torch.randn(5, 8), dim=-1), torch.tensor([True, False, True, False, False])
    text = normalize(torch.randn(8), dim=-1)
    weights = [math.exp(12 * float(text @ known) + 2 * float(is_plain)) for known, is_plain in zip(embeddings, plain)]
    mean = sum(weight * known for weight, known in zip(weights, embeddings, strict=True))
    expected = 0.25 * text + 0.75 * mean / mean.norm()
    read = KnownPhrases(embeddings, plain).read(text[None])[0]
    assert torch.allclose(read, expected / expected.norm(), atol=1e-5)


def test_what_is_known_stays_and_a_synonym_moves_to_its_like():
    known = KnownPhrases(_unit([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]), torch.ones(3, dtype=torch.bool))
    assert torch.allclose(known.read(known.embeddings), known.embeddings, atol=1e-3)
    synonym = _unit([0.6, 0.2, 0.0, 0.75])
    before, after = (known.embeddings @ text[0] for text in (synonym, known.read(synonym)))
    assert after[0] > 0.95 > 0.7 > before[0]
    assert after[1] < before[1]


def test_of_two_as_near_the_plain_phrase_counts_more():
    embeddings = _unit([1, 0.3, 0], [1, -0.3, 0])
    for plain in ([True, False], [False, True]):
        read = KnownPhrases(embeddings, torch.tensor(plain)).read(_unit([1, 0, 0]))[0]
        assert float(read[1]) * (1 if plain[0] else -1) > 0.1
