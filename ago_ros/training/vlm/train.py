"""Trains the vision-language model: data, tower, calibration, and the folder that `load_vlm` takes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ago_ros.datasets.captioned_views.unseen import without_unseen
from ago_ros.training.loop import fit
from ago_ros.training.vlm.calibration import collect_cosines, fit_calibration
from ago_ros.training.vlm.config import VlmTrainingConfig
from ago_ros.training.vlm.crops import CropBatch, CropSampler
from ago_ros.training.vlm.data import read_worlds
from ago_ros.training.vlm.objective import ContrastiveModel, contrastive_loss
from ago_ros.training.vlm.phrases import PhraseBank, make_phrase_bank
from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.known_phrases import KnownPhrases
from ago_ros.vlm.small import Calibration, SmallModel, save_small
from ago_ros.vlm.tower import ImageTower


def train_vlm(
    config: VlmTrainingConfig,
    data: Path,
    out: Path,
    encoder: TextEncoder,
    device: str | torch.device = "cpu",
    progress: Callable[[int, int], None] | None = None,
    report: Callable[[str], None] | None = None,
) -> SmallModel:
    """Trains on the views of a data set, and writes checkpoint, log and, at the end, the model to a folder.

    Args:
        config: settings.
        data: folder that `data.draw_missing` filled.
        out: folder of this training; one that was begun goes on where it was.
        encoder: text tower; it is not trained.
        device: where the image tower is trained.
        progress: told how many steps are done, and how many there are.
        report: told in a line what the training will take.

    Returns:
        The trained, calibrated model.

    Raises:
        DatasetError: views are missing or damaged.
        ValueError: the folder holds the training of another model.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.loop.seed)
    worlds = {world: without_unseen(views) for world, views in read_worlds(data, config.data, "train").items()}
    bank = make_phrase_bank((text for views in worlds.values() for view in views for text in view.texts), encoder)
    sampler = CropSampler(worlds, bank, config.crops, config.tower.patch)
    on_device = _moved_bank(bank, device)
    tower = ImageTower(config.tower)
    tower.text_mean.copy_(bank.embeddings[:, bank.plain].mean(dim=(0, 1)))
    model = ContrastiveModel(tower).to(device)

    def draw(step: int) -> CropBatch:
        return sampler.draw(np.random.default_rng((config.loop.seed, step)))

    def loss_of(step: int) -> dict[str, Tensor]:
        batch = _moved_batch(ahead(step), device)
        phrases = on_device.draw(config.plain, config.looks, torch.Generator().manual_seed(step))
        return contrastive_loss(model, batch, phrases)

    model.train()
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = Ahead(draw, pool)
        fit(model, loss_of, config.loop, out, progress, report=report)
    return finish(model, bank, config, data, out, encoder)


class Ahead:
    """Draws the batch of the next step while this one is learned from.

    Args:
        draw: makes the batch of a step.
        pool: a thread to draw in.
    """

    def __init__(self, draw: Callable[[int], CropBatch], pool: Executor) -> None:
        self._draw = draw
        self._pool = pool
        self._drawn: dict[int, Future[CropBatch]] = {}

    def __call__(self, step: int) -> CropBatch:
        """Returns the batch of a step, and begins with the next."""
        drawn = self._drawn.pop(step, None)
        self._drawn = {step + 1: self._pool.submit(self._draw, step + 1)}
        return drawn.result() if drawn else self._draw(step)


def finish(
    model: ContrastiveModel, bank: PhraseBank, config: VlmTrainingConfig, data: Path, out: Path, encoder: TextEncoder
) -> SmallModel:
    """Calibrates a trained model on the validation views, and writes it to `out`."""
    tower, side = model.tower.cpu(), config.view_side
    known = KnownPhrases(tower.center(bank.embeddings[-1]), bank.plain)
    first = Calibration(float(model.scale.detach()), float(model.bias.detach()[0]))
    draft = SmallModel(str(out), tower, encoder, first, side, known)
    pairs = [
        collect_cosines(draft, without_unseen(views)) for views in read_worlds(data, config.data, "validation").values()
    ]
    cosines, truths = (torch.cat([pair[i].flatten() for pair in pairs]) for i in (0, 1))
    calibration = fit_calibration(cosines, truths, first)
    save_small(out, tower, calibration, side, known)
    return SmallModel(str(out), tower, encoder, calibration, side, known)


def _moved_bank(bank: PhraseBank, device: str | torch.device) -> PhraseBank:
    return replace(
        bank,
        **{
            field: getattr(bank, field).to(device)
            for field in ("embeddings", "truth", "weight", "prior", "plain", "name")
        },
    )


def _moved_batch(batch: CropBatch, device: str | torch.device) -> CropBatch:
    return CropBatch(**{name: value.to(device) for name, value in vars(batch).items()})
