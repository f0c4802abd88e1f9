"""The text side: embeddings of category phrases, and noise prompts from a general dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ago_ros.vlm.categories import category_scores, flatten_categories
from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.loading import load_tokenizer
from ago_ros.vlm.vocabulary import DEFAULT_TEMPLATES, embed_phrases


def embed_categories(
    categories: Mapping[str, Sequence[str]], encoder: TextEncoder, templates: Sequence[str] = DEFAULT_TEMPLATES
) -> Tensor:
    """Averages the embeddings of each category's phrases.

    AGO averages scores (equation 4); a score is linear in the embedding, so this comes to the same and costs less.

    Args:
        categories: phrases by category, K of them.
        encoder: the frozen text encoder.
        templates: sentences with one `{}` each.

    Returns:
        (K, C) float32, not of unit length.

    Raises:
        ValueError: a phrase belongs to two categories, or a category has none.
    """
    phrases, category = flatten_categories(categories)
    return category_scores(embed_phrases(phrases, encoder, templates).T, category, "mean").T.contiguous()


@dataclass(frozen=True, eq=False)
class AgoPhrases:
    """A PhraseModel for what an AGO model encoded: its scores are plain dot products. Source: AGO, equation 3.

    Attributes:
        encoder: the text encoder that the AGO model was trained with.
        name: of the AGO model; see `SceneEncoding.model`.
    """

    encoder: TextEncoder
    name: str

    @property
    def dim(self) -> int:
        """Dimension C of the text space."""
        return self.encoder.dim

    @property
    def logit_scale(self) -> float:
        """One: the features' length is learned."""
        return 1.0

    @property
    def logit_bias(self) -> None:
        """None: phrases compete."""
        return

    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, C) float32 unit vectors of N phrases."""
        return self.encoder.encode_text(phrases)


@lru_cache(maxsize=1)
def general_dictionary() -> tuple[str, ...]:
    """Lists English words, about 21,000, the commonest first: the whole words that the embedded text encoder knows.

    Raises:
        ModelError: the package that carries the text encoder is not installed.
    """
    numbers = load_tokenizer().get_vocab()
    words = [word for word in numbers if len(word) > 2 and word.isascii() and word.isalpha()]
    return tuple(sorted(words, key=numbers.__getitem__))


def draw_words(count: int, seed: int, besides: Sequence[str] = ()) -> tuple[str, ...]:
    """Draws different words from the general dictionary.

    Args:
        count: number of words.
        seed: the same seed gives the same words.
        besides: phrases; none of their words is drawn.

    Raises:
        ValueError: the dictionary has not so many.
    """
    barred = {word for phrase in besides for word in phrase.lower().split()}
    words = [word for word in general_dictionary() if word not in barred]
    if not 0 <= count <= len(words):
        raise ValueError(f"{count} words asked for, the dictionary has {len(words)}")
    order = torch.randperm(len(words), generator=torch.Generator().manual_seed(seed))
    return tuple(words[i] for i in order[:count].tolist())


class NoisePrompts:
    """Negative prompts of the grounding training: other words at every step. Source: AGO, section 3.1.

    The paper leaves open how noise is grouped; here every word is a category of its own, which is never true (ours). A
    pool of words is drawn and embedded once, and each step draws from it.

    Args:
        encoder: the frozen text encoder.
        pool: words in the pool.
        seed: of the pool.
        besides: phrases of the categories; none of their words is in the pool.
        templates: sentences with one `{}` each, as for the categories.

    Attributes:
        words: the pool.
        embeddings: (pool, C) float32 unit vectors.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        pool: int = 500,
        seed: int = 0,
        besides: Sequence[str] = (),
        templates: Sequence[str] = DEFAULT_TEMPLATES,
    ) -> None:
        self.words = draw_words(pool, seed, besides)
        self.embeddings = embed_phrases(self.words, encoder, templates)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draws (count, C) embeddings of different words; the generator's seed decides which.

        Raises:
            ValueError: the pool has not so many.
        """
        if count > len(self.words):
            raise ValueError(f"{count} noise prompts asked for, the pool has {len(self.words)}: make it larger")
        return self.embeddings[torch.randperm(len(self.words), generator=generator)[:count]]
