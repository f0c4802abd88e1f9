"""Which of the six relations a preposition means: by list, else by likeness of text to the list, else refused."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

from torch import Tensor

from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.loading import ModelError

RELATIONS = ("in", "on", "behind", "in front of", "left of", "right of")
"""In the viewer's frame: the viewer looks from the sensor at the reference."""

SYNONYMS = {
    "in": ("in", "inside", "inside of", "within", "into", "contained in", "in the interior of", "enclosed by"),
    "on": (
        "on", "on top of", "atop", "upon", "onto", "resting on", "standing on", "lying on", "sitting on",
        "on the surface of", "on the top of", "at the top of", "up on",
    ),
    "behind": (
        "behind", "beyond", "in back of", "at the back of", "in the back of", "on the back of", "hidden by",
        "occluded by", "at the rear of", "to the rear of", "on the far side of", "on the other side of",
        "to the back of", "on the back side of", "past", "concealed by", "obscured by", "covered by", "masked by",
    ),
    "in front of": (
        "in front of", "before", "ahead of", "at the front of", "to the front of", "on the front side of",
        "on the near side of", "on this side of", "in the foreground of",
    ),
    "left of": (
        "left of", "to the left of", "on the left of", "on the left side of", "left side of", "at the left of",
        "on the left-hand side of", "on the left hand side of",
    ),
    "right of": (
        "right of", "to the right of", "on the right of", "on the right side of", "right side of", "at the right of",
        "on the right-hand side of", "on the right hand side of",
    ),
}  # fmt: skip
"""Phrases that are understood without a model, and that others are held against."""

OTHERS = (
    "near", "nearby", "next to", "beside", "close to", "by", "between", "in between", "under", "underneath", "below",
    "beneath", "above", "over", "around", "outside", "outside of", "opposite", "among", "amid", "amidst", "against",
    "along", "alongside", "throughout", "not", "far from", "at the bottom of", "at the foot of", "at the base of",
    "in the corner of", "at the corner of", "at the edge of", "on the edge of", "on the side of", "at the side of",
    "on either side of", "on both sides of", "in the middle of", "in the centre of", "in the vicinity of",
    "at the end of", "on the wall of", "surrounded by", "leaning against", "hanging from",
)  # fmt: skip
"""Prepositions that mean a place, but none of the six: refused."""

DISTRACTORS = (
    "at", "up", "down", "attached to", "covered with", "filled with", "belonging to", "made of", "looking at",
    "touching", "facing", "off", "after", "during", "until", "about", "towards", "through", "without", "with", "for",
    "from",
)  # fmt: skip
"""What is likest to these is no place of the six either, though it may stand within a phrase for a thing."""

THRESHOLD = 0.62
"""Cosine from which two prepositions mean the same. Chosen on the examples of the tests: below it, errors begin."""

_TEMPLATE = "it is {} it"
_SIDES = {"left of": "left", "right of": "right"}


class QueryError(ValueError):
    """A query that has no answer; the message is one line that says why and what to do."""


class Prepositions:
    """Reads prepositions.

    A phrase that is on a list, or that ends in one that is ("lurking behind"), needs no model. Any other one takes the
    meaning of the listed phrase that it is likest to, as sentences "it is ... it", if their cosine reaches the
    threshold. Sentence models hold opposites for alike, so that "left of" and "right of" are only taken for phrases
    that bear the word. Source: ours.

    Args:
        load_encoder: loads the text encoder, when first needed; None: the lists only. Queries may come side by side.
        threshold: cosine from which two prepositions mean the same.
    """

    def __init__(self, load_encoder: Callable[[], TextEncoder] | None = None, threshold: float = THRESHOLD) -> None:
        self._load_encoder = load_encoder
        self._threshold = threshold
        self._listed = {phrase: relation for relation, phrases in SYNONYMS.items() for phrase in phrases}
        self._prototypes = (*self._listed, *OTHERS, *DISTRACTORS)
        self._lock = threading.Lock()
        self._encoded: tuple[TextEncoder, Tensor] | None = None

    def relation(self, phrase: str) -> str | None:
        """Returns the relation that a phrase means, or None if it means none of the six."""
        words = " ".join(phrase.lower().split())
        known = self.listed(words)
        if known or self._load_encoder is None:
            return self._listed.get(known)
        nearest, likeness = self.nearest(words)
        return self._listed.get(nearest) if likeness >= self._threshold else None

    def listed(self, words: str) -> str:
        """Returns the longest listed preposition that a phrase is, or ends in; empty where there is none.

        "by" at the end says nothing: what is concealed by a thing is not beside it.
        """
        parts = words.split()
        ends = (" ".join(parts[first:]) for first in range(len(parts)))
        return next((end for end in ends if end in self._prototypes and (end == words or end != "by")), "")

    def require(self, phrase: str) -> str:
        """Returns the relation that a phrase means.

        Raises:
            QueryError: it means none of the six.
        """
        relation = self.relation(phrase)
        if relation is None:
            raise QueryError(f"the relation {phrase!r} is not known: use one of {', '.join(RELATIONS)}")
        return relation

    def nearest(self, phrase: str) -> tuple[str, float]:
        """Returns the listed phrase that a phrase is likest to, and their cosine.

        Raises:
            QueryError: the text encoder cannot be loaded.
        """
        with self._lock:
            encoder, prototypes = self._encoded = self._encoded or self._encode()
            likeness = (prototypes @ encoder.encode_text([_TEMPLATE.format(phrase)])[0]).tolist()
        sides = {side for side in _SIDES.values() if re.search(rf"\b{side}", phrase)}
        allowed = [number for number, known in enumerate(self._prototypes) if self._may_mean(known, sides)]
        best = max(allowed, key=lambda number: likeness[number])
        return self._prototypes[best], likeness[best]

    def _may_mean(self, known: str, sides: set[str]) -> bool:
        """Whether a phrase that bears the words of `sides` may mean a listed phrase."""
        relation = self._listed.get(known)
        if relation is None:
            return True
        return {_SIDES[relation]} == sides if relation in _SIDES else not sides

    def _encode(self) -> tuple[TextEncoder, Tensor]:
        """Loads the encoder; returns it, and the (N, D) unit vectors of what phrases are held against."""
        assert self._load_encoder is not None
        try:
            encoder = self._load_encoder()
        except ModelError as error:
            raise QueryError(f"{error}; without it, use one of {', '.join(RELATIONS)}") from error
        return encoder, encoder.encode_text([_TEMPLATE.format(phrase) for phrase in self._prototypes])
