"""The sigmoid contrastive loss between regions, patches and whole crops on one side, and all phrases on the other."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, normalize

from ago_ros.training.vlm.crops import CropBatch
from ago_ros.training.vlm.phrases import PhraseBank
from ago_ros.vlm.small import has_fast_bfloat16
from ago_ros.vlm.tower import ImageTower

_FIRST_SCALE = 15.0
_HASTE = 10.0
"""Scale and biases have far to go, and learn this many times as fast as the weights."""
_PATCH_SHARE, _CROP_SHARE, _NAME_SHARE = 0.5, 0.15, 2.0
_SHORT = 400
"""Tokens up to which plain attention trains faster on CPUs than the fused one."""


class ContrastiveModel(nn.Module):
    """What is trained: the image tower, and the scale and biases of its cosines.

    To the logit of a phrase comes the logit of how often it is true, which falls away after training. So features
    need not say what is frequent, only what is there. Source: Menon et al., logit adjustment, for sigmoids (ours).

    Args:
        tower: the image tower.
    """

    def __init__(self, tower: ImageTower) -> None:
        super().__init__()
        self.tower = tower
        self.slow_log_scale = nn.Parameter(torch.tensor(math.log(_FIRST_SCALE) / _HASTE))
        self.slow_bias = nn.Parameter(torch.zeros(2))

    @property
    def scale(self) -> Tensor:
        """Factor from cosine to logit."""
        return (_HASTE * self.slow_log_scale).exp()

    @property
    def bias(self) -> Tensor:
        """(2,), added to the scaled cosine of a region and of a whole crop."""
        return _HASTE * self.slow_bias

    def encode(self, pixels: Tensor) -> Tensor:
        """Returns (B, 1 + P, D) float32 tokens of (B, 3, H, W) crops."""
        device = pixels.device
        short = device.type == "cpu" and pixels[0, 0].numel() <= _SHORT * self.tower.config.patch**2
        self.tower.vit.set_attn_implementation("eager" if short else "sdpa")
        with torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device)):
            tokens = self.tower(pixels)
        return tokens.float()

    def logits(self, features: Tensor, phrases: Tensor, prior: Tensor, *, crops: bool = False) -> Tensor:
        """Returns (M, K) logits of (M, D) features of any length against (K, D) unit vectors with (K,) priors."""
        return self.scale * (normalize(features, dim=-1) @ phrases.T) + self.bias[int(crops)] + prior


def contrastive_loss(model: ContrastiveModel, batch: CropBatch, bank: PhraseBank) -> dict[str, Tensor]:
    """Judges every row (region, patch, crop) by every phrase; pairs that are true but unsaid do not count.

    As the truth of every pair is known, phrases that are the same, or true of several regions of a batch, are never
    taken for false. Source: Zhai et al., SigLIP, eq. 1, with known truth in place of the batch's diagonal (ours).

    Regions also choose among the names of all kinds: judged pair by pair, names that are seldom true are learned last.

    Args:
        model: tower, scale and bias.
        batch: crops.
        bank: the K phrases of this step, each in one wording.

    Returns:
        "loss", and its parts "region", "name", "patch" and "crop".
    """
    phrases = model.tower.center(bank.embeddings[0])
    tokens = model.encode(batch.pixels)
    regions = torch.einsum("brp,bpd->brd", batch.region_cover, tokens[:, 1:])
    patches = tokens[:, 1:].gather(1, batch.patch[..., None].expand(-1, -1, tokens.shape[-1]))
    parts = {
        "region": _kind_loss(model, regions, batch.region_kind, batch.recoloured, bank, phrases),
        "name": _name_loss(model, regions, batch.region_kind, bank, phrases),
        "patch": _kind_loss(model, patches, batch.patch_kind, batch.recoloured, bank, phrases),
        "crop": _crop_loss(model, tokens[:, 0], batch, bank, phrases),
    }
    shares = {"region": 1.0, "name": _NAME_SHARE, "patch": _PATCH_SHARE, "crop": _CROP_SHARE}
    return {"loss": torch.stack([share * parts[part] for part, share in shares.items()]).sum(), **parts}


def _kind_loss(
    model: ContrastiveModel, features: Tensor, kind: Tensor, recoloured: Tensor, bank: PhraseBank, phrases: Tensor
) -> Tensor:
    """Loss of (B, R, D) rows that show one of the (B, R) kinds each; rows of kind -1 do not count."""
    known = kind >= 0
    truth, weight = bank.truth[kind[known]], bank.weight[kind[known]]
    told = ~recoloured[:, None].expand_as(kind)[known][:, None] | bank.plain
    logits = model.logits(features[known], phrases, bank.prior)
    pairs = binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
    rows = (pairs * told).sum(dim=1)
    return (rows * weight).sum() / weight.sum().clamp(min=1e-6)


def _name_loss(model: ContrastiveModel, features: Tensor, kind: Tensor, bank: PhraseBank, phrases: Tensor) -> Tensor:
    """Cross-entropy of (B, R, D) rows among the names of all kinds; another name that is true of the row is no choice.

    Names are weighed by how frequent they are, so that features need not say so.
    """
    known = (kind >= 0) & (bank.name[kind] >= 0)
    kinds, names = kind[known], bank.name[bank.name >= 0].unique()
    logits = model.logits(features[known], phrases[names], bank.prior[names])
    own = names == bank.name[kinds][:, None]
    logits = logits.masked_fill(bank.truth[kinds][:, names] & ~own, -torch.inf)
    losses = cross_entropy(logits, own.int().argmax(dim=1), reduction="none")
    weight = bank.weight[kinds]
    return (losses * weight).sum() / weight.sum().clamp(min=1e-6)


def _crop_loss(
    model: ContrastiveModel, features: Tensor, batch: CropBatch, bank: PhraseBank, phrases: Tensor
) -> Tensor:
    """Loss of whole crops: true is what is true of a kind that covers a fair part, unsaid what is so of a small one."""
    truth = torch.stack([bank.truth[kinds].any(dim=0) for kinds in batch.present])
    unsaid = torch.stack([bank.truth[kinds].any(dim=0) for kinds in batch.hinted]) & ~truth
    unsaid |= batch.recoloured[:, None] & ~bank.plain
    logits = model.logits(features, phrases, bank.prior, crops=True)
    pairs = binary_cross_entropy_with_logits(logits, truth.float(), reduction="none")
    return (pairs * ~unsaid).sum(dim=1).mean()
