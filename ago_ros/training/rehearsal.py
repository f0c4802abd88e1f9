"""The rehearsal of a long training: what would fail after hours fails at once, and what it will take is known."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Rehearsal:
    """What was measured.

    Attributes:
        backward_s: seconds of one draw of data forward and backward.
        validation_s: seconds of one validation; 0 where there is none.
        memory: largest, bytes: of the device where that is a GPU, else of the process.
    """

    backward_s: float
    validation_s: float
    memory: int

    def describe(self, backwards: int, validations: int) -> str:
        """Says what a training takes.

        Args:
            backwards: draws of data that are still to be done by this process.
            validations: that are still to be done.

        Returns:
            One line.
        """
        minutes = (self.backward_s * backwards + self.validation_s * validations) / 60
        return (
            f"{self.backward_s:.2f} s forward and backward, {self.validation_s:.1f} s a validation: "
            f"about {minutes:.0f} min without the optimiser; {self.memory / 2**30:.2f} GiB"
        )


def rehearse(model: nn.Module, loss: Callable[[], Tensor], validation: Callable[[], object] | None) -> Rehearsal:
    """Goes forward and backward twice, of which the second is timed, and validates once; leaves the model as it was.

    Args:
        model: in training mode. Its gradients are cleared, its buffers put back.
        loss: computes one draw's loss.
        validation: computes the validation's numbers; None where there is none.

    Returns:
        Times and memory, the optimiser's two numbers for each trained weight included.
    """
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    device = trained[0].device
    for _ in range(2):
        _wait(device)
        started = time.monotonic()
        loss().backward()
        _wait(device)
        backward_s = time.monotonic() - started
    model.zero_grad()
    started = time.monotonic()
    if validation:
        validation()
    validation_s = time.monotonic() - started if validation else 0.0
    with torch.no_grad():
        for buffer, kept in buffers:
            buffer.copy_(kept)
    moments = 2 * sum(weight.numel() * weight.element_size() for weight in trained)
    return Rehearsal(backward_s, validation_s, _peak(device) + moments)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
