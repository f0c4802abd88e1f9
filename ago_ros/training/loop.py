"""The training loop of every system: warm-up and cosine, checkpoints, resume, a log."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"


@dataclass(frozen=True)
class LoopConfig:
    """How a model is trained.

    Attributes:
        steps: updates in all.
        learning_rate: highest.
        warmup: steps up to it; from there it falls to zero on a cosine.
        weight_decay: of matrices; vectors and numbers have none.
        clip: largest norm of the gradient.
        muon: train the weights of linear layers by Muon.
        log_every: steps.
        checkpoint_every_s: seconds between checkpoints; there is one at the end, too.
        seed: of the data; step n draws the same data whether the run was interrupted or not.
    """

    steps: int
    learning_rate: float
    warmup: int = 100
    weight_decay: float = 0.05
    clip: float = 1.0
    muon: bool = False
    log_every: int = 20
    checkpoint_every_s: float = 120.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses numbers that no training can have."""
        if self.steps < 1 or self.learning_rate <= 0 or self.warmup < 0:
            raise ValueError(
                f"steps must be at least 1, learning_rate above 0, warmup at least 0: got {self.steps}, "
                f"{self.learning_rate}, {self.warmup}"
            )


def learning_rate_at(step: int, config: LoopConfig) -> float:
    """Returns the learning rate of a step, counted from 0."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    share = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def fit(
    model: nn.Module,
    loss_of: Callable[[int], dict[str, Tensor]],
    config: LoopConfig,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Trains a model, from its checkpoint in the folder if there is one.

    Args:
        model: in training mode, on its device; left in evaluation mode.
        loss_of: the terms of the loss of a step's data by name, each a scalar; what is minimised is "loss".
        config: see `LoopConfig`.
        folder: of the checkpoint and the log, one line of JSON for every `log_every` steps.
        progress: told how many steps are done, and how many there are.

    Raises:
        ValueError: the checkpoint is another model's.
        RuntimeError: the loss is no longer finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimizers = _optimizers(model, config)
    first = _resume(model, optimizers, folder / CHECKPOINT)
    saved = time.monotonic()
    for step in range(first, config.steps):
        started = time.monotonic()
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = learning_rate_at(step, config)
        terms = loss_of(step)
        if not torch.isfinite(terms["loss"]):
            raise RuntimeError(f"the loss is {terms['loss'].item()} at step {step}: lower the learning rate")
        terms["loss"].backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad()
        if progress:
            progress(step + 1, config.steps)
        if step % config.log_every == 0:
            numbers = {name: round(float(term.detach()), 5) for name, term in terms.items()}
            seconds = round(time.monotonic() - started, 3)
            _log(folder / LOG, {"step": step, **numbers, "gradient": round(float(norm), 4), "seconds": seconds})
        if time.monotonic() - saved > config.checkpoint_every_s:
            _save(model, optimizers, step + 1, config, folder / CHECKPOINT)
            saved = time.monotonic()
    _save(model, optimizers, config.steps, config, folder / CHECKPOINT)
    model.eval()


def _optimizers(model: nn.Module, config: LoopConfig) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the network, where it learns in fewer steps than AdamW; AdamW for the rest."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    matrices = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)]
    inner = {id(weight) for weight in matrices if weight.requires_grad} if config.muon else set()
    rest = [weight for weight in trained if id(weight) not in inner]
    groups = [
        {"params": [weight for weight in rest if weight.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [weight for weight in rest if weight.ndim < 2], "weight_decay": 0.0},
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, betas=(0.9, 0.98))]
    if inner:
        hidden = [weight for weight in trained if id(weight) in inner]
        optimizers.append(torch.optim.Muon(hidden, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"))
    return optimizers


def _resume(model: nn.Module, optimizers: list[torch.optim.Optimizer], path: Path) -> int:
    """Takes up a checkpoint; returns the first step to do."""
    if not path.is_file():
        return 0
    device = next(model.parameters()).device
    state = torch.load(path, map_location=device, weights_only=True)
    try:
        model.load_state_dict(state["model"])
    except RuntimeError as error:
        raise ValueError(f"{path}: the checkpoint of another model; delete it or choose another folder") from error
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return int(state["step"])


def _save(model: nn.Module, optimizers: list[torch.optim.Optimizer], step: int, config: LoopConfig, path: Path) -> None:
    state = {
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "step": step,
        "config": asdict(config),
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.rename(path)


def _log(path: Path, row: dict[str, float]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
