"""Words for things and for views."""

from __future__ import annotations

import numpy as np

from ago_ros.datasets.room_world.catalogue import CLASSES
from ago_ros.datasets.room_world.room import Item
from ago_ros.datasets.room_world.splits import Split


def name_of(item: Item, split: Split) -> str:
    """What the split's texts call a thing."""
    if split.synonyms and item.name in CLASSES and CLASSES[item.name].synonym:
        return CLASSES[item.name].synonym
    return item.name


def describe(item: Item, split: Split) -> tuple[str, ...]:
    """Phrases that are true of a thing, from its class alone to all its attributes; of a disguise, its class alone."""
    if item.look is None or split.disguised:
        return (item.name,)
    name = name_of(item, split)
    own_colours = CLASSES[item.name].colours
    colour = "" if len(own_colours) == 1 and not item.look.substance else item.look.colour
    material = item.look.substance if item.look.substance not in name else ""
    words = [
        [name],
        [colour, name],
        [material, name],
        [colour, material, name],
        [item.size_word, colour, material, name],
        [item.state, name],
    ]
    return tuple(dict.fromkeys(" ".join(w for w in phrase if w) for phrase in words))


def synonym_phrase(item: Item) -> str:
    """A phrase with the class's held-out synonym, or ""."""
    if item.look is None or not CLASSES[item.name].synonym:
        return ""
    return " ".join(w for w in (item.look.colour, CLASSES[item.name].synonym) if w)


def describe_view(
    rng: np.random.Generator, kind: str, shown: list[tuple[int, str, tuple[str, ...]]], on: list[tuple[str, str, str]]
) -> tuple[str, ...]:
    """Sentences about a whole image.

    Args:
        rng: source of chance.
        kind: of room.
        shown: pixels, class name and captions of what the image shows.
        on: (target, relation, reference) names of what is visibly on or in something.
    """
    largest = [captions for _, _, captions in sorted(shown, reverse=True)[:5]]
    phrases = [_article(captions[int(rng.integers(len(captions)))]) for captions in largest if captions]
    sentences = [_article(kind)]
    if phrases:
        sentences.append(f"{_article(kind)} with {_listed(phrases[:3])}")
        sentences.append(f"an indoor scene with {_listed(phrases)}")
    if on:
        target, relation, reference = on[int(rng.integers(len(on)))]
        sentences.append(f"{_article(target)} {relation} {_article(reference)} in {_article(kind)}")
    return tuple(sentences)


def _listed(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _article(phrase: str) -> str:
    if phrase.split()[-1] in ("shoes", "headphones", "scissors", "building blocks", "blocks", "bread"):
        return phrase
    return f"an {phrase}" if phrase[0] in "aeiou" else f"a {phrase}"
