"""Queries: "target, relation, reference", and questions made of several of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ago_ros.scene_query.prepositions import RELATIONS, Prepositions, QueryError

_ARTICLE = re.compile(r"^(?:the|a|an|my|your|our|his|her|their|this|that|these|those|some|any)(?:\s+|$)")
_ANOTHER = re.compile(r"^(?:another|(?:(?:the|an?|some|any)\s+)?(?:other|second))\s+")
_TRAILING = re.compile(
    r"(?:^|\s+)(?:that|which|who|is|are|was|be|been|being|have|has|gone|located|placed|put|kept|stored|left|hidden|hiding"
    r"|lying|laid|standing|sitting|sat|resting|parked|right|just|directly|immediately|somewhere|maybe|perhaps|possibly"
    r"|probably|also|either|both|it|and|or|but)+$"
)

_EXCLUSIVE = (
    {"left of", "right of"},
    {"behind", "in front of"},
    *({"in", other} for other in RELATIONS if other != "in"),
)
"""Pairs of relations that one thing cannot have to one reference."""


@dataclass(frozen=True)
class Query:
    """What is sought, by at most one relation.

    Attributes:
        target: phrase for what is sought.
        relation: one of RELATIONS, or None: anywhere.
        reference: phrase for what the relation is about; None without a relation.
        another: the target may be of the reference's own kind: "another box behind the box".
    """

    target: str
    relation: str | None = None
    reference: str | None = None
    another: bool = False

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
        return self.sought if self.relation is None else f"{self.sought} {self.place}"

    @property
    def sought(self) -> str:
        """The target in plain words."""
        return f"another {self.target}" if self.another else self.target

    @property
    def place(self) -> str:
        """Relation and reference in plain words; empty without a relation."""
        return "" if self.relation is None else f"{self.relation} {self.reference}"


@dataclass(frozen=True)
class Question:
    """What is sought, by relations joined by and/or: one of the alternatives must hold, with all of its relations.

    Any tree of "and" and "or" can be written so; "and" binds tighter than "or".

    Attributes:
        alternatives: each a tuple of queries that hold together. All have the same target; what is asked twice is kept
            once. A target alone is one alternative of one query without a relation.
    """

    alternatives: tuple[tuple[Query, ...], ...]

    def __post_init__(self) -> None:
        """Drops what is asked twice.

        Raises:
            QueryError: there is nothing to ask, or more than one target.
        """
        kept = tuple(dict.fromkeys(tuple(dict.fromkeys(together)) for together in self.alternatives))
        if not kept or not all(kept):
            raise QueryError("the query is empty: say what to look for, such as 'mug' or 'mug behind the box'")
        object.__setattr__(self, "alternatives", kept)
        targets = {query.target for query in self}
        if len(targets) > 1:
            raise QueryError(
                f"the query has {len(targets)} targets, {', '.join(sorted(targets))}: ask for one at a time"
            )

    def __iter__(self) -> Iterator[Query]:
        """Every query, alternative by alternative."""
        return (query for together in self.alternatives for query in together)

    def __str__(self) -> str:
        """The question in plain words."""
        places = [" and ".join(query.place for query in together) for together in self.alternatives]
        return " ".join([self.alternatives[0][0].sought, " or ".join(places)]).strip()

    @property
    def target(self) -> str:
        """What is sought."""
        return self.alternatives[0][0].target

    @property
    def phrases(self) -> tuple[str, ...]:
        """The target and the references, each once, the target first."""
        return tuple(dict.fromkeys([self.target, *(query.reference for query in self if query.reference is not None)]))

    def contradictions(self) -> tuple[str, ...]:
        """Says of each alternative why no place can satisfy it; empty where one can.

        A thing is in no relation to itself, and not both left and right of, behind and in front of, or in and elsewhere
        from one reference.
        """
        return tuple(_contradiction(together) for together in self.alternatives)


def _contradiction(together: tuple[Query, ...]) -> str:
    for number, one in enumerate(together):
        if one.target == one.reference and not one.another:
            return f"no {one.target} is {one.relation} itself: say 'another {one.target}' if a second one is meant"
        for other in together[number + 1 :]:
            if one.reference == other.reference and {one.relation, other.relation} in _EXCLUSIVE:
                return f"nothing is both {one.place} and {other.place}: join them with 'or', or name another reference"
    return ""


def make_query(target: str, relation: str = "", reference: str = "", prepositions: Prepositions | None = None) -> Query:
    """Builds a query from its parts; synonyms of relations are understood, and blank parts are left out.

    Args:
        target: what is sought; "another X" is an X that may stand in relation to an X.
        relation: a preposition.
        reference: what the relation is about.
        prepositions: what knows synonyms; None: only those of the list.

    Raises:
        QueryError: the parts are no query.
    """
    read = (prepositions or Prepositions()).require(relation) if relation.strip() else None
    return Query(noun(target), read, noun(reference) or None, bool(_ANOTHER.match(_words(target))))


def noun(words: str) -> str:
    """Strips articles from a phrase, and verbs and adverbs that lead up to a relation; lower case."""
    phrase = _words(words)
    while (shorter := _TRAILING.sub("", phrase)) != phrase:
        phrase = shorter
    return _ARTICLE.sub("", _ANOTHER.sub("", phrase)).strip()


def _words(text: str) -> str:
    return " ".join(text.lower().split())
