"""The training of every system: what is set, what the learning rate is, and `fit`."""

from __future__ import annotations

import math
import os
import pickle
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

CHECKPOINT, BEST = "checkpoint.pt", "best.pt"


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
        seed: of the data and of what the model draws; step n is the same whether the run was interrupted or not.
        accumulate: draws of data to each update of each process.
        precision: "32", or "bf16": the forward pass in bfloat16 where torch holds that safe.
        validate_every: steps between validations; there is one at the end, too.
        chatter: let Lightning say what it does, and warn.
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
    accumulate: int = 1
    precision: str = "32"
    validate_every: int = 500
    chatter: bool = False

    def __post_init__(self) -> None:
        """Refuses numbers that no training can have."""
        if self.steps < 1 or self.learning_rate <= 0 or self.warmup < 0:
            raise ValueError(
                f"steps must be at least 1, learning_rate above 0, warmup at least 0: got {self.steps}, "
                f"{self.learning_rate}, {self.warmup}"
            )
        if min(self.accumulate, self.log_every, self.validate_every) < 1 or self.seed < 0:
            raise ValueError(
                "accumulate, log_every and validate_every must be at least 1, seed at least 0: got "
                f"{self.accumulate}, {self.log_every}, {self.validate_every}, {self.seed}"
            )
        if self.precision not in ("32", "bf16"):
            raise ValueError(f"precision must be '32' or 'bf16': got '{self.precision}'")


def learning_rate_at(step: int, config: LoopConfig) -> float:
    """Returns the learning rate of a step, counted from 0."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    share = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


def is_main_process() -> bool:
    """Tells whether this process is the one that writes, of those that torchrun has started or of one."""
    return int(os.environ.get("RANK", "0")) == 0


def fit(
    model: nn.Module,
    loss_of: Callable[[int], dict[str, Tensor]],
    config: LoopConfig,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    validate: Callable[[], Mapping[str, float]] | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Trains a model, from its checkpoint in the folder if there is one.

    Started by torchrun, it trains on all of its processes: the gradient is the mean of theirs. Everything around `fit`
    runs in each of them; only the main one writes (`is_main_process`). The same seed gives the same weights;
    on a GPU torch warns of the operations that differ in the last bits.

    Args:
        model: in training mode, on its device; left in evaluation mode, with the weights of the best validation
            where there is one, else the last.
        loss_of: the terms of the loss of draw n by name, each a scalar; what is minimised is "loss". Where a step is
            one draw, n is the step; else no two draws of a run, its processes together, have the same n. torch's
            random numbers are seeded by n. It moves the data to the device of the model.
        config: see `LoopConfig`.
        folder: of checkpoint, best weights and logs: one line of JSON, and TensorBoard's numbers, for every
            `log_every` steps and every validation.
        progress: told how many steps are done, and how many there are.
        validate: numbers of a validation by name, the model in evaluation mode without gradients; the weights of the
            highest "score" are kept. The main process calls it.
        report: told in a line what the training will take. Where it is given, a draw and the validation are rehearsed
            before the first step.

    Raises:
        ValueError: the checkpoint is damaged, another model's, or of a training with other settings.
        RuntimeError: loss, gradient or score is no longer finite.
    """
    from ago_ros.training.lightning_run import TrainingModule, train  # Lightning takes seconds to import
    from ago_ros.training.run_log import RunLog

    folder.mkdir(parents=True, exist_ok=True)
    first = _first_step(folder / CHECKPOINT, model, config)
    with RunLog(folder, first) if is_main_process() else nullcontext() as log:
        train(TrainingModule(model, loss_of, config, folder, log, progress, validate, report), resume=first > 0)
    if validate:
        model.load_state_dict(_load(folder / BEST)["model"])
    model.zero_grad()
    model.eval()


def settings_of(config: LoopConfig) -> dict[str, int | bool]:
    """Returns what an interrupted training must be taken up with: its steps and optimisers mean nothing else."""
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    return {"processes": processes, "accumulate": config.accumulate, "muon": config.muon}


def _first_step(path: Path, model: nn.Module, config: LoopConfig) -> int:
    """Returns the step from which a checkpoint goes on; 0 where there is none."""
    if not path.is_file():
        return 0
    state = _load(path)
    known = {name: value.shape for name, value in state.get("state_dict", {}).items()}
    if known != {f"model.{name}": value.shape for name, value in model.state_dict().items()}:
        raise ValueError(f"{path}: the checkpoint of another model; delete it or choose another folder")
    begun, now = state["settings"], settings_of(config)
    if begun != now:
        raise ValueError(f"{path}: begun with {begun}, not {now}; go on with that, or choose another folder")
    return int(state["global_step"])


def _load(path: Path) -> dict:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: the training had no validation; choose another folder") from error
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: damaged, or no checkpoint; delete it or choose another folder") from error
