"""What the classes of the room world are called besides their names: never what the tests ask for."""

import re

import pytest

from ago_ros.datasets.captioned_views.unseen import is_unseen
from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES
from ago_ros.datasets.room_world.descriptions import KINDS, USES, descriptions
from ago_ros.datasets.room_world.finishes import COLOURS

_SMALL_WORDS = {"a", "an", "and", "for", "in", "is", "of", "on", "or", "s", "that", "the", "to", "with"}


def _stems(phrase: str) -> set[str]:
    return {word[:4] for word in re.findall(r"[a-z]+", phrase.lower())} - _SMALL_WORDS


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_no_description_gives_away_the_held_out_words(name):
    unsaid = _stems(CLASSES[name].synonym) - _stems(name)
    for phrase in descriptions(name):
        assert not is_unseen(phrase)
        assert not unsaid or not unsaid <= _stems(phrase), f"{phrase!r} says {CLASSES[name].synonym!r}"


def test_every_trained_class_is_described_and_no_novel_one():
    trained = set(CLASSES) - NOVEL_CLASSES
    assert set(USES) == trained
    assert all(set(members) <= trained for members in KINDS.values())
    assert all(descriptions(name) == () for name in NOVEL_CLASSES)


def test_descriptions_tell_no_colours():
    words = set(re.findall(r"[a-z]+", " ".join(phrase for name in CLASSES for phrase in descriptions(name))))
    assert not words & set(COLOURS)
