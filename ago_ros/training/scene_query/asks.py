"""What is asked of a view of a room or a street, and the true answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ago_ros.datasets.captioned_views.unseen import is_unseen
from ago_ros.datasets.query_views.store import Ask, pack
from ago_ros.datasets.room_world.catalogue import NOVEL_CLASSES
from ago_ros.datasets.room_world.relations import consistent_places
from ago_ros.datasets.room_world.splits import SPLITS
from ago_ros.datasets.room_world.view import STRUCTURE, UNSEEN, SceneObject, SceneTruth, class_mask
from ago_ros.scene_query.query import RELATIONS

TRAINED = ("train", "validation")
"""Splits that may be trained or tuned on: no held-out word or class may be asked there."""


@dataclass(frozen=True)
class AskConfig:
    """How much is asked of a view.

    Attributes:
        completions: phrases to complete, at most.
        each_relation: descriptions of each relation, at most.
        seed: of the choice.
    """

    completions: int = 10
    each_relation: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses to ask nothing."""
        if min(self.completions, self.each_relation) < 1:
            raise ValueError(
                f"completions and each_relation must be at least 1: got {self.completions}, {self.each_relation}"
            )


Triple = tuple[str, str, str]
"""Classes of target and reference around a relation."""


def ask_view(view: SceneTruth, split: str, config: AskConfig) -> tuple[tuple[Ask, ...], tuple[bytes, ...]]:
    """Chooses what is asked of a view: the same for the same view and seed.

    Completions are of classes that the view shows; their answer holds every object of the class, hidden ones too.
    Descriptions are drawn anew for each relation, half of them, where there are such, with targets that the view does
    not show; their answer is every place that the description is consistent with.

    Args:
        view: with relations.
        split: of the room world; says what is scored, and what may be asked at all.
        config: how much.

    Returns:
        The questions; and the packed voxel sets that they name, the first of which is what no ray has reached.
    """
    rng = np.random.default_rng([config.seed, view.room, *view.name.encode()])
    words = {thing.name: thing.captions[0] for thing in view.objects.values()}
    if split in TRAINED:
        words = {name: word for name, word in words.items() if not is_unseen(word) and name not in NOVEL_CLASSES}
    packed = [pack(view.visibility == UNSEEN)]
    asks = []
    for name in _completions(view, words, split, config.completions, rng):
        asks.append(Ask(words[name], "", "", name, _is_scored([name], words, split), len(packed)))
        packed.append(pack(class_mask(view, name)))
    for triple in _descriptions(view, words, split, config.each_relation, rng):
        target, relation, reference = triple
        answer = consistent_places(view, *triple)
        if not answer.any():
            continue
        number, hidden = len(packed), -1
        packed.append(pack(answer))
        if _all_hidden(view, triple):
            sought = np.isin(view.occupancy, targets_of(view, triple)) & (view.visibility == UNSEEN)
            if sought.any():
                hidden = len(packed)
                packed.append(pack(sought))
        scored = _is_scored([target, reference], words, split)
        asks.append(Ask(words[target], relation, words[reference], " ".join(triple), scored, number, hidden))
    return tuple(asks), tuple(packed)


def targets_of(view: SceneTruth, triple: Triple) -> list[int]:
    """Returns the instances that are the target of a description."""
    target, relation, reference = triple
    names = {instance: thing.name for instance, thing in view.objects.items()}
    return sorted({a for a, r, b in view.relations if r == relation and names[a] == target and names[b] == reference})


def phrases_of(asks: Sequence[Ask], split: str) -> tuple[str, ...]:
    """Lists the phrases whose relevancy any method needs: classes, and whole descriptions.

    Raises:
        ValueError: a phrase of a training split holds a held-out word.
    """
    phrases = [ask.target for ask in asks]
    phrases += [ask.reference for ask in asks if ask.relation]
    phrases += [f"{ask.target} {ask.relation} {ask.reference}" for ask in asks if ask.relation]
    for phrase in phrases:
        if split in TRAINED and is_unseen(phrase):
            raise ValueError(f"the phrase {phrase!r} is held out, and may not be asked in split {split}")
    return tuple(dict.fromkeys(phrases))


def _completions(
    view: SceneTruth, words: dict[str, str], split: str, count: int, rng: np.random.Generator
) -> list[str]:
    """Draws classes that the view shows and that have voxels, those that the split is about first."""
    present = set(np.unique(view.occupancy).tolist())
    names = sorted(
        {
            thing.name
            for instance, thing in view.objects.items()
            if not thing.hidden and thing.name not in STRUCTURE and thing.name in words and instance in present
        }
    )
    rng.shuffle(names)
    return sorted(names, key=lambda name: not _is_scored([name], words, split))[:count]


def _descriptions(
    view: SceneTruth, words: dict[str, str], split: str, count: int, rng: np.random.Generator
) -> list[Triple]:
    """Draws descriptions of each relation, those that the split is about and those of hidden targets first."""
    names = {instance: thing.name for instance, thing in view.objects.items()}
    shown = {thing.name for thing in view.objects.values() if not thing.hidden}
    found: dict[str, set[Triple]] = {relation: set() for relation in RELATIONS}
    for a, relation, b in view.relations:
        triple = (names[a], relation, names[b])
        if names[a] != names[b] and names[a] in words and names[b] in words and names[b] in shown:
            found[relation].add(triple)
    chosen = []
    for relation in RELATIONS:
        triples = sorted(found[relation])
        rng.shuffle(triples)
        about = [triple for triple in triples if _is_scored([triple[0], triple[2]], words, split)]
        pool = (about or triples)[: 20 * count]
        hidden = [triple for triple in pool if _all_hidden(view, triple)][: (count + 1) // 2]
        rest = [triple for triple in pool if triple not in hidden]
        chosen += [*hidden, *rest][:count]
    return [(str(a), str(relation), str(b)) for a, relation, b in chosen]


def _all_hidden(view: SceneTruth, triple: Triple) -> bool:
    things: list[SceneObject] = [view.objects[instance] for instance in targets_of(view, triple)]
    return bool(things) and all(thing.hidden for thing in things)


def _is_scored(names: Sequence[str], words: dict[str, str], split: str) -> bool:
    """Whether a split is about any of some classes."""
    if SPLITS[split].synonyms:
        return any(words[name] != name for name in names)
    return any(name in NOVEL_CLASSES for name in names) if SPLITS[split].novel_classes else True
