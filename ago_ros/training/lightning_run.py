"""One training as Lightning runs it: its module, and its trainer with everything off that it does unasked."""

from __future__ import annotations

import logging
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor, nn
from torch.optim import Optimizer

from ago_ros.training.loop import BEST, CHECKPOINT, LoopConfig, learning_rate_at, settings_of
from ago_ros.training.optimizers import make_optimizer
from ago_ros.training.rehearsal import rehearse
from ago_ros.training.run_log import RunLog


class TrainingModule(LightningModule):
    """What Lightning calls: the arguments are those of `fit`, and the log of the main process."""

    def __init__(
        self,
        model: nn.Module,
        loss_of: Callable[[int], dict[str, Tensor]],
        config: LoopConfig,
        folder: Path,
        run_log: RunLog | None,
        progress: Callable[[int, int], None] | None,
        validate: Callable[[], Mapping[str, float]] | None,
        report: Callable[[str], None] | None,
    ) -> None:
        super().__init__()
        self.model, self.loss_of, self.config, self.folder = model, loss_of, config, folder
        self.run_log, self.progress, self.validate, self.report = run_log, progress, validate, report
        self._terms: list[dict[str, Tensor]] = []
        self._norm = 0.0
        self._best = -float("inf")
        self._started = self._saved = time.monotonic()

    def configure_optimizers(self) -> Optimizer:
        """Returns the one optimiser."""
        return make_optimizer(self.model, self.config.weight_decay, self.config.muon)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what Lightning does not know of."""
        checkpoint |= {"settings": settings_of(self.config), "best": self._best}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Takes it up."""
        self._best = checkpoint["best"]

    def on_train_start(self) -> None:
        """Rehearses."""
        if self.report is None:
            return

        def loss() -> Tensor:
            with self.trainer.precision_plugin.train_step_context():
                return self._terms_of(self.global_rank)["loss"]

        rehearsal = rehearse(self.model, loss, self._validated if self.validate else None)
        left = self.config.steps - self.global_step
        validations = -(-left // self.config.validate_every) if self.validate else 0
        if self.trainer.is_global_zero:
            self.report(rehearsal.describe(left * self.config.accumulate, validations))
        self._saved = time.monotonic()

    def training_step(self, batch: int, batch_idx: int) -> Tensor:
        """Returns the loss of a draw."""
        if not self._terms:
            self._started = time.monotonic()
        terms = self._terms_of(batch_idx * self.trainer.world_size + self.global_rank)
        self._terms.append({name: term.detach() for name, term in terms.items()})
        return terms["loss"]

    def configure_gradient_clipping(self, optimizer: Optimizer, *_: Any, **__: Any) -> None:
        """Clips, and keeps the norm for the log."""
        self._norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip))
        if not np.isfinite(self._norm):
            raise RuntimeError(f"the gradient is {self._norm} at step {self.global_step}: lower the learning rate")

    def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None) -> None:
        """Steps at the learning rate of the step."""
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(self.global_step, self.config)
        optimizer.step(closure=optimizer_closure)

    def on_train_batch_end(self, outputs: Any, batch: int, batch_idx: int) -> None:
        """After a step: progress, log, validation, checkpoint."""
        if (batch_idx + 1) % self.config.accumulate:
            return
        done, last = self.global_step, self.global_step == self.config.steps
        if self.progress and self.trainer.is_global_zero:
            self.progress(done, self.config.steps)
        if (done - 1) % self.config.log_every == 0:
            self._log_terms(done - 1)
        self._terms.clear()
        if self.validate and (last or done % self.config.validate_every == 0):
            self._keep_best(done - 1)
        due = time.monotonic() - self._saved > self.config.checkpoint_every_s or self.trainer.received_sigterm
        if self.trainer.strategy.reduce_boolean_decision(last or due, all=False):
            self.trainer.save_checkpoint(self.folder / CHECKPOINT)
            self._saved = time.monotonic()

    def _terms_of(self, draw: int) -> dict[str, Tensor]:
        torch.manual_seed(int(np.random.SeedSequence((self.config.seed, draw)).generate_state(1)[0]))
        terms = self.loss_of(draw)
        if not torch.isfinite(terms["loss"]):
            raise RuntimeError(
                f"the loss is {terms['loss'].item()} at step {self.global_step}: lower the learning rate"
            )
        return terms

    def _log_terms(self, step: int) -> None:
        """Logs the means over the draws of a step, of all processes."""
        names = list(self._terms[0])
        means = torch.stack([torch.stack([terms[name].float() for terms in self._terms]).mean() for name in names])
        means = self.trainer.strategy.reduce(means, reduce_op="mean")
        if self.run_log:
            rest = {"gradient": self._norm, "learning_rate": learning_rate_at(step, self.config)}
            seconds = time.monotonic() - self._started
            self.run_log.write(step, {**dict(zip(names, means.tolist())), **rest, "seconds": seconds})

    def _validated(self) -> dict[str, float] | None:
        """Returns the numbers of a validation in the main process; None in the others."""
        if self.validate is None or not self.trainer.is_global_zero:
            return None
        torch.manual_seed(self.config.seed)
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        with torch.no_grad(), self.trainer.precision_plugin.val_step_context():
            numbers = {name: float(number) for name, number in self.validate().items()}
        for module, training in modes:
            module.training = training
        if not np.isfinite(numbers.get("score", np.nan)):
            raise RuntimeError(f"a validation needs a finite 'score': got {numbers}")
        return numbers

    def _keep_best(self, step: int) -> None:
        numbers = self._validated()
        if numbers is None:
            return
        if self.run_log:
            self.run_log.write(step, {f"validation/{name}": number for name, number in numbers.items()})
        if numbers["score"] > self._best:
            self._best = numbers["score"]
            partial = self.folder / f"{BEST}.partial"
            torch.save({"model": self.model.state_dict(), "step": step, "score": self._best}, partial)
            partial.rename(self.folder / BEST)


def train(module: TrainingModule, resume: bool) -> None:
    """Runs a training; its model ends where Lightning had it.

    Args:
        module: what is trained, on its device.
        resume: from the checkpoint in its folder.
    """
    config, deterministic = module.config, torch.are_deterministic_algorithms_enabled()
    with _quiet(config.chatter):
        trainer = _make_trainer(config, next(module.model.parameters()).device, module.folder)
        try:
            path = module.folder / CHECKPOINT if resume else None
            trainer.fit(module, train_dataloaders=count(), ckpt_path=path, weights_only=True)
        except SIGTERMException as stop:
            raise SystemExit(128 + signal.SIGTERM) from stop
        except SystemExit as stop:  # what Lightning makes of Ctrl-C
            if not isinstance(stop.__context__, KeyboardInterrupt):
                raise
            raise KeyboardInterrupt from None
        finally:
            torch.use_deterministic_algorithms(deterministic)
            module.model.to(trainer.strategy.root_device)


def _make_trainer(config: LoopConfig, device: torch.device, folder: Path) -> Trainer:
    """Makes a trainer for the processes that torchrun has started, or for this one."""
    processes, here = (int(os.environ.get(name, "1")) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    alone = processes == 1
    cuda = device.type == "cuda"
    return Trainer(
        accelerator="gpu" if cuda else device.type,
        devices=([device.index or 0] if cuda else 1) if alone else here,
        num_nodes=1 if alone else processes // here,
        strategy="auto" if alone else DDPStrategy(find_unused_parameters=True),
        plugins=[LightningEnvironment() if alone else TorchElasticEnvironment()],
        precision="bf16-mixed" if config.precision == "bf16" else "32-true",
        deterministic="warn" if cuda else None,  # on a CPU it is so already
        max_steps=config.steps,
        max_epochs=-1,
        accumulate_grad_batches=config.accumulate,
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        use_distributed_sampler=False,
    )


@contextmanager
def _quiet(chatter: bool) -> Iterator[None]:
    """Keeps Lightning from talking, unless it is asked to."""
    if chatter:
        yield
        return
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\.")
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
