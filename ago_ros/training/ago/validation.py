"""How well a model reproduces labels that it was not trained on."""

from __future__ import annotations

import math

import torch

from ago_ros.datasets.occ3d import UNOBSERVED
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.occupancy.ago.predictor import prepare_images
from ago_ros.occupancy.ago.variants import Setting
from ago_ros.training.ago.batches import FREE_TARGET, targets, to_grid
from ago_ros.training.ago.keyframes import Keyframes


@torch.no_grad()
def pseudo_label_scores(model: AgoModel, keyframes: Keyframes, setting: Setting, count: int) -> dict[str, float]:
    """Scores the grounded features on every observed voxel of a trained category, or free.

    Args:
        model: in evaluation mode, with the setting's categories.
        keyframes: those to score on.
        setting: its categories.
        count: at most so many, evenly spread.

    Returns:
        "score", the mean IoU over the categories that occur, 0 if none does; "iou", of occupied voxels.
    """
    device, categories = model.free.device, len(setting.trained)
    columns = torch.cat([model.known, model.free[None]])
    confusion = torch.zeros(categories + 1, categories + 1, dtype=torch.int64)
    for number in torch.linspace(0, len(keyframes) - 1, min(count, len(keyframes))).round().long().tolist():
        keyframe = keyframes.read(number)
        inputs = prepare_images(keyframe.frame, model.config.image_size, device)
        target = targets(to_grid(keyframe.semantics, model.config.grid), setting)
        voxels = (target != UNOBSERVED).nonzero()
        target = target[target != UNOBSERVED]
        target[target == FREE_TARGET] = categories
        spread = model.encode_planes(inputs.images, inputs.camera_from_ego, inputs.intrinsics)
        places = torch.cat([voxels.new_zeros(len(voxels), 1), voxels], dim=1).to(device)
        found = [model.head.score(model.head.hidden_at(spread, p), columns).argmax(dim=1) for p in places.split(65536)]
        pairs = target * (categories + 1) + torch.cat(found).cpu()
        confusion += torch.bincount(pairs, minlength=(categories + 1) ** 2).reshape(confusion.shape)
    hits = confusion.diag().double()
    ious = (hits / (confusion.sum(0) + confusion.sum(1) - hits))[:-1]
    occupied = confusion[:-1, :-1].sum() / (confusion.sum() - confusion[-1, -1]).clamp(min=1)
    score = float(ious.nanmean())
    return {"score": 0.0 if math.isnan(score) else score, "iou": float(occupied)}
