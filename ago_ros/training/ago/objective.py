"""What AGO's training minimises. Source: AGO, equation 8; the variants are those of its tables 3 and 5."""

from __future__ import annotations

import torch
from torch import Tensor

from ago_ros.datasets.occ3d import UNOBSERVED
from ago_ros.occupancy.ago.losses import alignment_loss, grounding_loss, occupancy_loss
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.occupancy.ago.variants import Variant
from ago_ros.training.ago.batches import FREE_TARGET, Batch


def ago_losses(model: AgoModel, batch: Batch, variant: Variant, noise: Tensor) -> dict[str, Tensor]:
    """Computes the losses of a variant, each with the weight 1.

    A voxel with something in it of no trained category has no share in the grounding loss; in the occupancy loss it is
    occupied (ours: the LiDAR says so, whatever it is).

    Args:
        model: with its categories, in training mode.
        batch: on the model's device.
        variant: which losses there are, and what is aligned.
        noise: (N, C) embeddings of noise prompts; N may be 0.

    Returns:
        Scalars by name; "loss" is their sum.

    Raises:
        ValueError: there are so many prompts that UNOBSERVED would be one of them.
    """
    columns = torch.cat([model.known, noise.to(model.known), model.free[None]])
    if len(columns) > UNOBSERVED:
        raise ValueError(f"{len(columns)} categories, noise and free included: at most {UNOBSERVED} are possible")
    spread = model.encode_planes(batch.images, batch.camera_from_ego, batch.intrinsics, batch.valid)
    terms: dict[str, Tensor] = {}
    if variant.grounding or variant.occupancy:
        logits = model.head.score(model.head.hidden_at(spread, batch.voxels), columns)
        free = batch.target == FREE_TARGET
        if variant.grounding:
            terms["grounding"] = grounding_loss(logits, batch.target.masked_fill(free, len(columns) - 1))
        if variant.occupancy:
            terms["occupancy"] = occupancy_loss(logits, ~free)
    if variant.alignment != "none":
        features = model.head.decode(model.head.hidden_at(spread, batch.shown))
        aligned = model.adapter(features) if variant.alignment == "adapted" else features
        terms["alignment"] = alignment_loss(aligned, batch.embeddings)
    return {**terms, "loss": torch.stack(list(terms.values())).sum()}
