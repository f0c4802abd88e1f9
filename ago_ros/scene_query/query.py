"""Queries: "target, relation, reference", and how they are read from free text."""

from __future__ import annotations

import re
from dataclasses import dataclass

RELATIONS = ("in", "on", "behind", "in front of", "left of", "right of")
"""In the viewer's frame: the viewer looks from the sensor at the reference."""

_SYNONYMS = {
    "in": ("in", "inside", "inside of", "within", "into", "contained in"),
    "on": ("on", "on top of", "atop", "upon", "onto", "resting on", "standing on", "lying on", "sitting on"),
    "behind": ("behind", "beyond", "in back of", "at the back of", "in the back of", "hidden by", "occluded by"),
    "in front of": ("in front of", "before", "ahead of", "at the front of"),
    "left of": ("left of", "to the left of", "on the left of", "on the left side of", "left side of", "at the left of"),
    "right of": (
        "right of", "to the right of", "on the right of", "on the right side of", "right side of", "at the right of",
    ),
}  # fmt: skip

_CANONICAL = {synonym: relation for relation, synonyms in _SYNONYMS.items() for synonym in synonyms}

_UNSUPPORTED = (
    "near", "next to", "beside", "close to", "by", "between", "under", "underneath", "below", "beneath", "above",
    "over", "around", "outside", "outside of", "opposite", "among", "against", "along", "not", "far from",
)  # fmt: skip

_OPENING = re.compile(
    r"^(?:please\s+)?(?:can you\s+|could you\s+)?"
    r"(?:(?:where(?:'s|\s+is|\s+are|\s+could|\s+might)?|find|locate|show(?:\s+me)?|look\s+for|search\s+for)(?:\s+|$))+"
    r"(?:be\s+)?",
)
_ARTICLE = re.compile(r"^(?:the|a|an|my|your|our|this|that|these|those|some|any)(?:\s+|$)")
_COPULA = re.compile(r"(?:\s+(?:that|which|who|is|are|be|located|placed|hidden|lying|standing|sitting|parked))+$")


class QueryError(ValueError):
    """A query that has no answer; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class Query:
    """What is sought.

    Attributes:
        target: phrase for what is sought.
        relation: one of RELATIONS, or None: anywhere.
        reference: phrase for what the relation is about; None without a relation.
    """

    target: str
    relation: str | None = None
    reference: str | None = None

    def __post_init__(self) -> None:
        """Refuses half a query."""
        if not self.target.strip():
            raise QueryError("no target: say what to look for, such as 'mug' or 'mug behind the box'")
        if (self.relation is None) != (self.reference is None):
            given, lacking = ("relation", "reference") if self.reference is None else ("reference", "relation")
            raise QueryError(f"the query has a {given} but no {lacking}: give both, or the target alone")
        if self.relation is not None and self.relation not in RELATIONS:
            raise QueryError(f"unknown relation {self.relation!r}: use one of {', '.join(RELATIONS)}")
        if self.reference is not None and not self.reference.strip():
            raise QueryError("the reference is blank: say what the relation is about")

    def __str__(self) -> str:
        """The query in plain words."""
        return self.target if self.relation is None else f"{self.target} {self.relation} {self.reference}"


def make_query(target: str, relation: str = "", reference: str = "") -> Query:
    """Builds a query from its parts; synonyms of relations are understood, and blank parts are left out.

    Raises:
        QueryError: the parts are no query.
    """
    word = " ".join(relation.lower().split())
    if word and word not in _CANONICAL:
        raise QueryError(f"unknown relation {relation!r}: use one of {', '.join(RELATIONS)}")
    return Query(_noun(target), _CANONICAL.get(word), _noun(reference) or None)


def parse_query(text: str) -> Query:
    """Reads a query from free text, such as "where is the mug behind the box?".

    Raises:
        QueryError: the text is empty, has several relations, or one that is not known.
    """
    words = " ".join(re.sub(r"[?!.,;\"]", " ", text.lower().replace("’", "'")).split())
    words = _OPENING.sub("", words)
    if not words:
        raise QueryError("the query is empty: say what to look for, such as 'mug' or 'mug behind the box'")
    found = _relations(words)
    if not found:
        _refuse_unsupported(words)
        return Query(_noun(words))
    if len(found) > 1:
        named = " and ".join(repr(words[start:end]) for start, end in found)
        raise QueryError(f"the query has {len(found)} relations, {named}: ask with one")
    start, end = found[0]
    target, reference = _noun(words[:start]), _noun(words[end:])
    if not target:
        raise QueryError(f"nothing stands before {words[start:end]!r}: say what to look for")
    if not reference:
        raise QueryError(f"nothing stands after {words[start:end]!r}: say what the relation is about")
    _refuse_unsupported(target)
    _refuse_unsupported(reference)
    return Query(target, _CANONICAL[words[start:end]], reference)


def _relations(words: str) -> list[tuple[int, int]]:
    """Finds the relations in a text as (start, end), the longest first where they overlap, in order."""
    taken: list[tuple[int, int]] = []
    for synonym in sorted(_CANONICAL, key=len, reverse=True):
        for match in re.finditer(rf"(?<![\w-]){re.escape(synonym)}(?![\w-])", words):
            if all(match.end() <= start or match.start() >= end for start, end in taken):
                taken.append(match.span())
    return sorted(taken)


def _refuse_unsupported(words: str) -> None:
    for phrase in sorted(_UNSUPPORTED, key=len, reverse=True):
        if re.search(rf"(?<![\w-]){phrase}(?![\w-])", words):
            raise QueryError(f"the relation {phrase!r} is not known: use one of {', '.join(RELATIONS)}")


def _noun(words: str) -> str:
    """Strips articles, and verbs that lead up to a relation."""
    noun = " ".join(words.split())
    noun = _COPULA.sub("", noun)
    return _ARTICLE.sub("", noun).strip()
