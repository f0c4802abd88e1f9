"""The categories of AGO's open-world protocol: what is known and what is not, at each stage, on Occ3D's labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.datasets.occ3d import CLASS_NAMES, FREE, UNOBSERVED

SUPER_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "vehicle": ("car", "bus", "construction_vehicle", "trailer", "truck"),
    "two_wheeler": ("bicycle", "motorcycle"),
}
"""Known as a whole from pretraining on; their classes are told apart from the second stage on."""

_KNOWN = ("pedestrian", "driveable_surface", "sidewalk")
_REFINED = tuple(name for members in SUPER_CATEGORIES.values() for name in members)
_UNKNOWN = ("barrier", "traffic_cone", "terrain", "manmade", "vegetation")


@dataclass(frozen=True, eq=False)
class LabelSpace:
    """The categories of one stage, numbered in order, known ones first.

    Behind the N categories come two labels that are in no mean: `rest` (N), for the classes that are in no category,
    and `free` (N + 1). They still count against whoever takes them for a category.

    Attributes:
        known: Occ3D classes by category.
        unknown: Occ3D classes by category.
    """

    known: Mapping[str, tuple[str, ...]]
    unknown: Mapping[str, tuple[str, ...]]

    @property
    def categories(self) -> tuple[str, ...]:
        """The names of all categories, in order."""
        return (*self.known, *self.unknown)

    @property
    def rest(self) -> int:
        """The label of occupied voxels of no category."""
        return len(self.categories)

    @property
    def free(self) -> int:
        """The label of free voxels, and the highest."""
        return self.rest + 1

    def from_occ3d(self, labels: Tensor) -> Tensor:
        """Turns Occ3D's ids into labels of this space.

        Args:
            labels: integers of any shape, 0..17; UNOBSERVED (255) stays what it is.

        Returns:
            int64 of the same shape: 0..N - 1 a category, `rest`, `free`, or UNOBSERVED.

        Raises:
            ValueError: an id is none of these.
        """
        known = ((labels >= 0) & (labels <= FREE)) | (labels == UNOBSERVED)
        if not bool(known.all()):
            raise ValueError(f"ids {labels[~known].unique().tolist()[:5]} are none of Occ3D's: 0..{FREE}, {UNOBSERVED}")
        table = torch.full((UNOBSERVED + 1,), self.rest, dtype=torch.int64, device=labels.device)
        for number, members in enumerate([*self.known.values(), *self.unknown.values()]):
            table[[CLASS_NAMES.index(name) for name in members]] = number
        table[FREE], table[UNOBSERVED] = self.free, UNOBSERVED
        return table[labels.to(torch.int64)]


def _one_by_one(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Makes a category of each class."""
    return {name: (name,) for name in names}


PRETRAINING = LabelSpace(known={**_one_by_one(_KNOWN), **SUPER_CATEGORIES}, unknown=_one_by_one(_UNKNOWN))
TRANSFER = LabelSpace(known=_one_by_one(_KNOWN), unknown=_one_by_one(_REFINED + _UNKNOWN))

STAGES: Mapping[str, LabelSpace] = {"pretraining": PRETRAINING, "zero-shot": TRANSFER, "few-shot": TRANSFER}
"""The label space of each stage. Source: AGO, table 2.

15 of Occ3D's classes take part, others and other_flat do not. The paper's table names its columns in colours: that the
known are pedestrian, driveable_surface and sidewalk is inferred from their scores, and the order of bus,
construction_vehicle and trailer is ours; every mean of the table follows from this split.
"""
