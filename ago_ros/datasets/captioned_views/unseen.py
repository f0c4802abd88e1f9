"""The words that are held out: no training text may hold any of them, whichever world it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ago_ros.datasets.captioned_views.store import CaptionedView
from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES
from ago_ros.datasets.room_world.finishes import NOVEL_COLOURS, NOVEL_SUBSTANCES

UNSEEN_WORDS: frozenset[str] = (
    NOVEL_CLASSES
    | frozenset(c.synonym for c in CLASSES.values() if c.synonym)
    | frozenset(NOVEL_COLOURS)
    | NOVEL_SUBSTANCES
)
"""Novel classes, synonyms, and the colours and materials of novel looks of the room world."""

_PATTERN = re.compile(
    rf"\b(?:{'|'.join('[ -]?'.join(map(re.escape, word.split())) for word in sorted(UNSEEN_WORDS))})(?:e?s)?\b"
)
"""Plurals, and words that are joined or parted, are no less told."""


def is_unseen(phrase: str) -> bool:
    """Tells whether a phrase holds a held-out word."""
    return _PATTERN.search(phrase) is not None


def without_unseen(views: Iterable[CaptionedView]) -> list[CaptionedView]:
    """Takes the held-out phrases away from views; a region that has no other is known no more."""
    return [
        replace(
            view,
            texts=tuple(
                replace(text, phrases=tuple(p for p in text.phrases if not is_unseen(p))) for text in view.texts
            ),
        )
        for view in views
    ]
