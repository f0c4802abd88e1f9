"""The optimiser of every system: AdamW, and Muon beside it for the matrices inside a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer


class Together(Optimizer):
    """Several optimisers as one, so that a trainer that knows of one optimiser steps, clips and saves them all.

    Args:
        optimizers: no two of them with a weight in common.
    """

    def __init__(self, *optimizers: Optimizer) -> None:
        self.optimizers = optimizers
        super().__init__([group for optimizer in optimizers for group in optimizer.param_groups], {})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Steps each; returns what the closure does, which is called once."""
        with torch.enable_grad():
            loss = closure() if closure else None
        for optimizer in self.optimizers:
            optimizer.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Returns the states of all."""
        return {"optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up the states of all.

        Raises:
            ValueError: they are of other optimisers, or of other weights.
        """
        for optimizer, state in zip(self.optimizers, state_dict["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.param_groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]


def make_optimizer(model: nn.Module, weight_decay: float, muon: bool) -> Optimizer:
    """Makes the optimiser of a model's trained weights; its learning rate is set at every step.

    Args:
        model: weights that need no gradient are left alone.
        weight_decay: of matrices; vectors and numbers have none.
        muon: Muon for the weights of linear layers, where it learns in fewer steps than AdamW; AdamW for the rest.

    Returns:
        One optimiser.

    Raises:
        ValueError: the model has nothing to train.
    """
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    if not trained:
        raise ValueError("the model has no weight that needs a gradient: there is nothing to train")
    matrices = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)]
    inner = {id(weight) for weight in matrices if weight.requires_grad} if muon else set()
    rest = [weight for weight in trained if id(weight) not in inner]
    groups = [
        {"params": [weight for weight in rest if weight.ndim >= 2], "weight_decay": weight_decay},
        {"params": [weight for weight in rest if weight.ndim < 2], "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    if not inner:
        return adam
    hidden = [weight for weight in trained if id(weight) in inner]
    return Together(adam, torch.optim.Muon(hidden, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"))
