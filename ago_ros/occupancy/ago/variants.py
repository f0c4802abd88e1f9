"""What an AGO model can be trained for, and with which parts: the rows and columns of the paper's tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ago_ros.datasets.open_world import PRETRAINING, SUPER_CATEGORIES, TRANSFER, LabelSpace
from ago_ros.shipped import shipped_folder
from ago_ros.vlm.categories import OCC3D_PHRASES
from ago_ros.vlm.loading import ModelError

SUPER_PHRASES: Mapping[str, tuple[str, ...]] = {
    "vehicle": ("vehicle", "motor vehicle"),
    "two_wheeler": ("two-wheeler", "two-wheeled vehicle"),
}
"""Phrases of the super-categories (ours). None of them is a phrase of a class: classes are not told in pretraining."""

NOTE_FILE = "training.json"


@dataclass(frozen=True)
class Setting:
    """What a model is trained for.

    Attributes:
        space: its labels; the first categories are those that it is trained with.
        trained: names of the categories that it is trained with.
    """

    space: LabelSpace
    trained: tuple[str, ...]

    @property
    def phrases(self) -> dict[str, tuple[str, ...]]:
        """The phrases of the trained categories: all the text about categories that the training sees."""
        return phrases_of(self.trained)


_SELF_SUPERVISED = LabelSpace(known={name: (name,) for name in OCC3D_PHRASES}, unknown={})

SETTINGS: Mapping[str, Setting] = {
    "self-supervised": Setting(_SELF_SUPERVISED, tuple(_SELF_SUPERVISED.known)),
    "pretrain": Setting(PRETRAINING, tuple(PRETRAINING.known)),
    "few-shot": Setting(TRANSFER, TRANSFER.categories),
}
"""Zero-shot is no training: a pretrained model is asked for categories that it does not know."""


@dataclass(frozen=True)
class Variant:
    """Which parts of the method are there. Source: AGO, tables 3 and 5.

    Attributes:
        title: as tables call it.
        grounding: with the grounding loss.
        occupancy: with the occupancy loss.
        noise: with noise prompts.
        alignment: which features learn from the images: those of the adapter, the voxels' own, or none.
    """

    title: str
    grounding: bool = True
    occupancy: bool = True
    noise: bool = True
    alignment: Literal["adapted", "own", "none"] = "adapted"


VARIANTS: Mapping[str, Variant] = {
    "ago": Variant("AGO"),
    "alignment": Variant("alignment only", grounding=False, alignment="own"),
    "grounding": Variant("grounding only", alignment="none"),
    "one-embedding": Variant("both on one embedding", alignment="own"),
    "no-noise": Variant("AGO without noise prompts", noise=False),
    "plain": Variant("AGO without noise prompts and occupancy loss", noise=False, occupancy=False),
}


def phrases_of(categories: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns the phrases of categories: classes of Occ3D but others, and super-categories."""
    return {name: SUPER_PHRASES[name] if name in SUPER_CATEGORIES else OCC3D_PHRASES[name] for name in categories}


def evaluation_texts() -> tuple[str, ...]:
    """Lists every text that a model is ever evaluated with; noise prompts keep clear of their words."""
    groups = (*OCC3D_PHRASES.values(), *SUPER_PHRASES.values())
    return tuple(phrase.replace("-", " ") for group in groups for phrase in group)


@dataclass(frozen=True)
class TrainingNote:
    """How a model was trained; lies beside it.

    Attributes:
        setting: of SETTINGS.
        variant: of VARIANTS.
        seed: of the training.
        text: name of the vision-language model that gave the text, and the images' embeddings.
        logit_scale: of that model; see `AgoPredictor`'s adapted_scale.
        steps: updates.
        keyframes: that it was trained on.
    """

    setting: str
    variant: str
    seed: int
    text: str
    logit_scale: float
    steps: int
    keyframes: int

    def write(self, folder: Path) -> None:
        """Writes it into a folder."""
        (folder / NOTE_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n")


def read_note(folder: str | Path) -> TrainingNote:
    """Reads how a model was trained, by its folder or its name in SHIPPED.

    Raises:
        ModelError: there is no such note, or it says nothing that is known.
        ShippedError: the package lacks the model of that name.
    """
    path = shipped_folder(folder) / NOTE_FILE
    try:
        note = TrainingNote(**json.loads(path.read_text()))
    except FileNotFoundError:
        raise ModelError(f"{folder}: has no {NOTE_FILE}; give a folder that `ago train ago` finished") from None
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: damaged ({error}); train the model anew with `ago train ago`") from error
    if note.setting not in SETTINGS or note.variant not in VARIANTS:
        raise ModelError(f"{path}: setting {note.setting!r} or variant {note.variant!r} is not known; train it anew")
    return note
