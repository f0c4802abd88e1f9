"""Free text to questions: "where could the mug be, behind the big red box or in the cupboard?". Source: ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ago_ros.scene_query.prepositions import OTHERS, SYNONYMS, Prepositions
from ago_ros.scene_query.query import Query, QueryError, Question, make_query, noun

_OPENING = re.compile(
    r"^(?:(?:please|hey|so|and|can you|could you|would you|do you see|have you seen|i am looking for|i'm looking for"
    r"|i have lost|i've lost|i lost|i need|there is|is there|are there|there are|tell me|what's|what is"
    r"|where(?:'s|(?:\s+(?:is|are|was|could|might|may|can|would|should|did|do))*)|could|might|is|are"
    r"|i put|i leave|i lose|find|locate|show(?:\s+me)?|look\s+for|search\s+for)(?:\s+|$))+(?:be\s+)?"
)
_PARTS = (
    "back|front|rear|side|left|right|top|bottom|middle|cent(?:re|er)|corner|edge|interior|inside|outside|surface|foreground"
    "|background|shadow|vicinity|proximity|foot|end"
)
_UNLISTED = re.compile(
    rf"(?:at|in|on|to|off to|round|from)\s+(?:the|its)\s+(?:(?!and\b|or\b)[\w-]+\s+)?(?:{_PARTS})\s+(?:side\s+)?of"
    r"|(?:within|in)\s+(?:the\s+)?(?:confines|reach|proximity|range|sight)\s+of"
    r"|[\w-]+(?:ed|en)\s+by"
    r"|[\w-]+wards?\s+(?:of|from)|[\w]+\s+adjacent\s+to|adjacent\s+to|across\s+from|away\s+from"
    r"|amidst|amongst|alongside|throughout|nearer\s+to|closer\s+to|higher\s+than|lower\s+than"
)
"""Prepositions that need no list to be seen as such."""
_LISTED = re.compile(
    "|".join(re.escape(phrase) for phrase in sorted([*OTHERS, *sum(SYNONYMS.values(), ())], key=len, reverse=True))
)
_JOIN = re.compile(r"(?:\s*,)*\s+(?:as well as|and also|and then|and|or else|or|but)(?:\s+|$)|\s*,\s*")
_STARTS_THING = re.compile(r"^(?:the|a|an|my|your|our|his|her|their|this|that|these|those)\s+")


@dataclass(frozen=True)
class _Piece:
    """What stands between two joins.

    Attributes:
        join: "and", "or" or "," before it; empty for the first.
        words: what it says.
        relation: the span of its relation; None without one.
    """

    join: str
    words: str
    relation: tuple[int, int] | None

    @property
    def before(self) -> str:
        """What stands before the relation."""
        return self.words if self.relation is None else self.words[: self.relation[0]]

    @property
    def phrase(self) -> str:
        """The relation's own words."""
        assert self.relation is not None
        return self.words[slice(*self.relation)]

    @property
    def after(self) -> str:
        """What stands after the relation."""
        return "" if self.relation is None else self.words[self.relation[1] :]


def parse_question(text: str, prepositions: Prepositions | None = None) -> Question:
    """Reads a question from free text: a target, and relations joined by and/or, of which "and" binds tighter.

    A reference may stand for itself: "behind the box or the lamp" is behind the box or behind the lamp. A comma means
    what the next join does, and "and" where none follows.

    Args:
        text: such as "where is the mug behind the box?".
        prepositions: what knows synonyms of the relations; None: only those of the list.

    Raises:
        QueryError: the text is empty, is no question about a place, or has a relation that is not known.
    """
    words = " ".join(re.sub(r"[?!.;:…\"()]", " ", text.lower().replace("’", "'")).split())
    words = _OPENING.sub("", words).strip(" ,")
    if not words:
        raise QueryError("the query is empty: say what to look for, such as 'mug' or 'mug behind the box'")
    prepositions = prepositions or Prepositions()
    pieces = _join(_pieces(words, prepositions))
    first = pieces[0]
    if first.relation is None:
        return Question(((make_query(first.words),),))
    target = first.before
    if not noun(target):
        raise QueryError(f"nothing stands before {first.phrase!r}: say what to look for")
    alternatives: list[list[Query]] = []
    for piece in pieces:
        if not noun(piece.after):
            raise QueryError(f"nothing stands after {piece.phrase!r}: say what the relation is about")
        query = make_query(target, piece.phrase, piece.after, prepositions)
        if piece.join == "and":
            alternatives[-1].append(query)
        else:
            alternatives.append([query])
    return Question(tuple(tuple(together) for together in alternatives))


def parse_query(text: str, prepositions: Prepositions | None = None) -> Query:
    """Reads a question of at most one relation; see `parse_question`.

    Raises:
        QueryError: it has several, or cannot be read.
    """
    queries = list(parse_question(text, prepositions))
    if len(queries) > 1:
        raise QueryError(f"the query has {len(queries)} relations: ask with one")
    return queries[0]


def _pieces(words: str, prepositions: Prepositions) -> list[_Piece]:
    """Cuts a text at its joins; a join within a phrase for a thing cuts nothing."""
    found = _relations(words, prepositions)
    bounds = [
        match for match in _JOIN.finditer(words) if not any(s < match.end() and match.start() < e for s, e in found)
    ]
    pieces: list[_Piece] = []
    join, start = "", 0
    for match in [*bounds, None]:
        end = len(words) if match is None else match.start()
        inside = [(s - start, e - start) for s, e in found if start <= s and e <= end]
        if len(inside) > 1:
            named = " and ".join(repr(words[start + s : start + e]) for s, e in inside)
            raise QueryError(f"the query has {len(inside)} relations, {named}, with no 'and' or 'or' between them")
        pieces.append(_Piece(join, words[start:end].strip(), inside[0] if inside else None))
        if match is not None:
            join, start = ("," if "," in match[0] and not re.search(r"\w", match[0]) else _kind(match[0])), match.end()
    return pieces


def _kind(join: str) -> str:
    return "or" if re.search(r"\bor\b", join) else "and"


def _join(pieces: list[_Piece]) -> list[_Piece]:
    """Joins to one phrase what the cuts should not have parted, and gives shared relations to what shares them.

    Returns:
        Pieces that each have a relation, joined by "and" or "or"; or one without, where there is no relation at all.
    """
    joined: list[_Piece] = []
    for number, piece in enumerate(pieces):
        if piece.join == ",":
            later = [other.join for other in pieces[number + 1 :] if other.join != ","]
            piece = _Piece(later[0] if later else "and", piece.words, piece.relation)
        if not joined or (piece.relation is not None and joined[-1].relation is not None and not noun(piece.before)):
            joined.append(piece)
            continue
        last = joined[-1]
        if (
            piece.relation is None
            and last.relation is not None
            and (piece.join == "or" or _STARTS_THING.match(piece.words))
        ):
            shared = f"{last.phrase} {piece.words}"
            joined.append(_Piece(piece.join, shared, (0, len(last.phrase))))
        elif piece.relation is not None and last.relation is not None:
            raise QueryError(
                f"{noun(piece.before)!r} stands before {piece.phrase!r}: ask for one thing at a time"
                ", or begin with the relation"
            )
        else:
            joined[-1] = _merge(last, piece)
    return joined


def _merge(last: _Piece, piece: _Piece) -> _Piece:
    """Makes one piece of two, such as of a target and of what follows a comma."""
    if last.relation is None and noun(piece.before) and _STARTS_THING.match(piece.words):
        raise QueryError(f"{noun(last.words)!r} and {noun(piece.before)!r} are two targets: ask for one at a time")
    filler = f" {piece.join} " if noun(piece.before) else " "
    shift = len(last.words) + len(filler)
    relation = last.relation if piece.relation is None else tuple(shift + place for place in piece.relation)
    return _Piece(last.join, last.words + filler + piece.words, relation)  # type: ignore[arg-type]


def _relations(words: str, prepositions: Prepositions) -> list[tuple[int, int]]:
    """Finds the prepositions of place in a text as (start, end), in order; the longest where they overlap.

    Raises:
        QueryError: one of them is none of the six.
    """
    spans = {match.span() for pattern in (_LISTED, _UNLISTED) for match in _every(pattern, words)}
    taken: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if all(end <= first or start >= last for first, last in taken):
            prepositions.require(words[start:end])
            taken.append((start, end))
    return sorted(taken)


def _every(pattern: re.Pattern[str], words: str) -> list[re.Match[str]]:
    """Matches a pattern at the start of every word, where it ends with a word; the longest at each."""
    starts = [match.start() for match in re.finditer(r"(?<![\w'-])[\w]", words)]
    matches = (pattern.match(words, start) for start in starts)
    return [match for match in matches if match and not re.match(r"[\w-]", words[match.end() :])]
