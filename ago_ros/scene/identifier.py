"""The open-world identifier: chooses, voxel by voxel, between two predictions. Source: AGO, section 3.3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

Criterion = Literal["entropy", "confidence", "none"]


@dataclass(frozen=True, eq=False)
class Identified:
    """The chosen prediction of M voxels.

    Attributes:
        probabilities: (M, K) float32.
        entropy: (M,) float32, of the chosen prediction, in nats.
        adapted: (M,) bool, whether the adapter's prediction was chosen.
    """

    probabilities: Tensor
    entropy: Tensor
    adapted: Tensor

    @property
    def category(self) -> Tensor:
        """(M,) int64, the most probable of the K."""
        return self.probabilities.argmax(dim=1)

    @property
    def sureness(self) -> Tensor:
        """(M,) float32 in 0..1: one minus the entropy's share of the highest possible, log K."""
        count = self.probabilities.shape[1]
        if count < 2:
            return torch.ones_like(self.entropy)
        return (1 - self.entropy / torch.tensor(float(count)).log()).clamp(0, 1)


def entropy(probabilities: Tensor) -> Tensor:
    """Returns the entropy in nats of (M, K) probabilities, (M,); 0 log 0 is 0."""
    return torch.special.entr(probabilities).sum(dim=1)


def identify(grounded: Tensor, adapted: Tensor, criterion: Criterion = "entropy") -> Identified:
    """Takes each voxel's surer prediction. Source: AGO, equation 9; table 4 compares the criteria.

    Args:
        grounded: (M, K), probabilities of K phrases by the grounded features; each row adds up to 1.
        adapted: (M, K), the same by the adapted features.
        criterion: "entropy" takes the lower entropy, "confidence" the higher maximum, and where both are equal the
            grounded one is taken; "none" takes the grounded one always.

    Raises:
        ValueError: the shapes differ, or there is no such criterion.
    """
    if grounded.shape != adapted.shape:
        raise ValueError(f"two predictions of one shape are needed, got {grounded.shape} and {adapted.shape}")
    if criterion not in get_args(Criterion):
        raise ValueError(f"criterion must be one of {', '.join(get_args(Criterion))}, got {criterion!r}")
    first, second = entropy(grounded), entropy(adapted)
    if criterion == "entropy":
        choice = second < first
    elif criterion == "confidence":
        choice = adapted.amax(dim=1) > grounded.amax(dim=1)
    else:
        choice = torch.zeros(len(grounded), dtype=torch.bool, device=grounded.device)
    return Identified(torch.where(choice[:, None], adapted, grounded), torch.where(choice, second, first), choice)
