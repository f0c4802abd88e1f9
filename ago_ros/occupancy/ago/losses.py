"""The three losses of AGO. The paper adds them up, each with the weight 1 (equation 8).

Logits are category scores, (..., N): the categories of text and noise, whose token scores are averaged, and in the last
column the score of the free embedding. A loss over no voxel is zero, and so is its gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ago_ros.datasets.occ3d import UNOBSERVED


def grounding_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Adds cross-entropy and Lovász-softmax. Source: AGO, equation 4.

    With p = softmax(logits), and O the V voxels that are observed:

        L = -1/V sum_{v in O} log p_v[target_v] + lovasz_softmax(p, target)

    Args:
        logits: (..., N) float, free last; noise takes part in the softmax and is never the target.
        target: (...) integer columns of `logits`; UNOBSERVED (255) where the voxel does not count.

    Returns:
        () float32, or float64 for float64 logits.

    Raises:
        ValueError: the shapes do not match, or a target is no column.
    """
    scores, columns = _observed(logits, target)
    if len(columns) and not 0 <= int(columns.min()) <= int(columns.max()) < scores.shape[1]:
        raise ValueError(f"targets {int(columns.min())} to {int(columns.max())}: there are {scores.shape[1]} columns")
    return _cross_entropy(scores, columns) + lovasz_softmax(scores.softmax(dim=1), columns)


def occupancy_loss(logits: Tensor, occupied: Tensor) -> Tensor:
    """Balances occupied against free space. Source: AGO, equation 5.

    With m_v = max of all columns but the last, f_v the last, and O the V voxels that are observed:

        L = 1/V sum_{v in O} log(1 + exp(d_v)),   d_v = f_v - m_v where v is occupied, m_v - f_v where it is free

    that is the cross-entropy of the two scores [m, f]. The paper numbers free 0 and occupied 1 beside scores in the
    order [m, f]; we take each score for what it is called.

    Args:
        logits: (..., N) float, free last.
        occupied: (...) integers: 1 occupied, whatever it is; 0 free; UNOBSERVED (255) where the voxel does not count.

    Returns:
        () float32, or float64 for float64 logits.

    Raises:
        ValueError: the shapes do not match, or `occupied` holds another value.
    """
    scores, truth = _observed(logits, occupied)
    if bool((truth > 1).any()) or bool((truth < 0).any()):
        raise ValueError(f"occupied holds {truth.unique().tolist()[:5]}: give 0, 1 or {UNOBSERVED}")
    return _cross_entropy(torch.stack([scores[:, -1], scores[:, :-1].amax(dim=1)], dim=1), truth)


def alignment_loss(adapted: Tensor, image: Tensor) -> Tensor:
    """Pulls adapted voxel features to the image's. Source: AGO, equation 7.

        L = 1/V sum_v (1 - cos(adapted_v, image_v))

    Args:
        adapted: (V, C) float, one row for each voxel that is not empty and that a camera sees.
        image: (V, C) float of any precision, the image embedding of the same voxels.

    Returns:
        () float32, or float64 for float64 features.

    Raises:
        ValueError: the shapes differ.
    """
    if adapted.ndim != 2 or adapted.shape != image.shape:
        raise ValueError(f"features must both be (V, C), got {tuple(adapted.shape)} and {tuple(image.shape)}")
    features = _at_least_float32(adapted)
    cosine = functional.cosine_similarity(features, image.to(features.dtype), dim=1)
    return (1 - cosine).sum() / max(1, len(features))


def lovasz_softmax(probabilities: Tensor, target: Tensor) -> Tensor:
    """Extends the Jaccard loss to probabilities, averaged over the classes that the target holds.

    For a class c let e_v = 1 - p_v[c] where the target is c, else p_v[c]; in order of falling error,

        L_c = sum_i e_(i) (J_i - J_(i-1)),   J_i = 1 - |T - F_i| / |T + F_i|,   J_0 = 0

    where T are the voxels of class c, F_i the first i, - takes sets apart and + unites them: J_i is the Jaccard loss if
    just the first i were wrong.

    Source: Berman et al., "The Lovász-Softmax loss", CVPR 2018; its average over the classes that occur.

    Args:
        probabilities: (V, N) float, rows that add up to 1.
        target: (V,) int64 columns.

    Returns:
        () of the type of `probabilities`.
    """
    present = target.unique()
    if not len(present):
        return probabilities.sum()
    truth = target == present[:, None]
    errors, order = (truth.to(probabilities.dtype) - probabilities[:, present].T).abs().sort(dim=1, descending=True)
    found = truth.gather(1, order).cumsum(dim=1)
    rank = torch.arange(1, len(target) + 1, device=target.device)
    total = found[:, -1:]
    jaccard = 1 - (total - found).to(torch.float64) / (total + rank - found)
    steps = torch.diff(jaccard, dim=1, prepend=jaccard.new_zeros(len(present), 1))
    return (errors * steps).sum(dim=1).mean().to(probabilities.dtype)


def _cross_entropy(scores: Tensor, target: Tensor) -> Tensor:
    """Averages over the rows; zero, with its gradient, if there are none."""
    return functional.cross_entropy(scores, target, reduction="sum") / max(1, len(target))


def _observed(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Selects the V voxels that count: (V, N) scores of at least float32, and (V,) int64 targets."""
    if logits.shape[:-1] != target.shape or logits.shape[-1] < 2:
        raise ValueError(f"logits must be (..., N > 1) and the target (...), got {logits.shape} and {target.shape}")
    observed = target != UNOBSERVED
    if bool(observed.all()):
        return _at_least_float32(logits.flatten(0, -2)), target.flatten().to(torch.int64)
    return _at_least_float32(logits[observed]), target[observed].to(torch.int64)


def _at_least_float32(values: Tensor) -> Tensor:
    """Converts half-precision values to float32."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
