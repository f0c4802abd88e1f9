"""Fits the scale and the bias that turn cosines into probabilities. Source: Platt scaling, on regions (ours)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ago_ros.datasets.captioned_views.store import CaptionedView
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.regions import encode_regions
from ago_ros.vlm.small import Calibration
from ago_ros.vlm.vocabulary import embed_phrases


def collect_cosines(model: VisionLanguageModel, views: Sequence[CaptionedView]) -> tuple[Tensor, Tensor]:
    """Compares every region of views of one world with the names of all classes that are in them.

    Args:
        model: the model.
        views: held out from training.

    Returns:
        (M, N) cosines, and (M, N) bool, whether the name is true of the region.
    """
    names = sorted({text.name for view in views for text in view.texts if text.phrases})
    embeddings = embed_phrases(names, model)
    cosines, truths = [], []
    for view in views:
        known = [i for i, text in enumerate(view.texts) if text.phrases]
        if not known:
            continue
        features = encode_regions(model, torch.from_numpy(view.image), torch.from_numpy(view.regions), len(view.texts))
        cosines.append(features[known] @ embeddings.T)
        truths += [[name in view.texts[i].phrases for name in names] for i in known]
    return torch.cat(cosines), torch.tensor(truths)


def fit_calibration(cosines: Tensor, truths: Tensor, first: Calibration) -> Calibration:
    """Minimises the log loss of judging each pair.

    Args:
        cosines: (M,) of pairs.
        truths: (M,) bool, whether the phrase is true.
        first: where to start.
    """
    scale = torch.tensor(first.logit_scale, requires_grad=True)
    bias = torch.tensor(first.logit_bias, requires_grad=True)
    solver = torch.optim.LBFGS([scale, bias], lr=0.5, max_iter=200, line_search_fn="strong_wolfe")
    target = truths.float()

    def closure() -> Tensor:
        solver.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(scale * cosines + bias, target)
        loss.backward()
        return loss

    solver.step(closure)
    return Calibration(float(scale), float(bias))
