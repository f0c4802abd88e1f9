"""A micro AGO model, a vision-language model made of hashes, and labelled keyframes for both."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize

from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import FREE, UNOBSERVED, labels_path
from ago_ros.geometry.voxel_grid import OCC3D_GRID
from ago_ros.occupancy.ago.config import AgoConfig, BackboneConfig
from ago_ros.occupancy.pseudo_labels.embeddings import embed_images, embeddings_path, write_embeddings
from ago_ros.occupancy.pseudo_labels.files import write_pseudo_labels
from ago_ros.training.ago.config import AgoTrainingConfig, FewShotConfig, VoxelBudget
from ago_ros.training.loop import LoopConfig

DIM = 24
BACKBONE = BackboneConfig(
    depths=(1, 1), widths=(16, 32), stem=8, layer="basic", stages=(1, 2), levels=2, deformable_stages=(),
    frozen_norm=False,
)  # fmt: skip


class HashedVlm:
    """Words have random places in the space, and so have colours. Remembers every text that it was shown."""

    name, dim, logit_scale, logit_bias = "hashed", DIM, 10.0, None

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        self.texts += phrases
        return normalize(torch.stack([sum(map(_word, phrase.split())) for phrase in phrases]), dim=1)

    def encode_image(self, images: Tensor) -> Tensor:
        return normalize(self.encode_dense(images).mean(dim=(1, 2)), dim=-1)

    def encode_dense(self, images: Tensor) -> Tensor:
        colours = interpolate(images.permute(0, 3, 1, 2).float(), size=(4, 7), mode="area").permute(0, 2, 3, 1)
        weights = torch.randn(3, self.dim, generator=torch.Generator().manual_seed(1))
        return normalize((colours / 255 - 0.5) @ weights, dim=-1)


def _word(word: str) -> Tensor:
    seed = zlib.crc32(word.strip(".").lower().encode())
    return torch.randn(DIM, generator=torch.Generator().manual_seed(seed))


def micro_model(**changes) -> AgoConfig:
    settings = {
        "grid": OCC3D_GRID, "planes": (10, 12, 4), "image_size": (48, 80), "dim": 16, "hidden": 12, "text_dim": DIM,
        "heads": 2, "cross_layers": 1, "self_layers": 0, "pillar_anchors": (2, 4, 4), "pillar_points": (2, 4, 4),
        "hybrid_anchors": 2, "hybrid_points": 2, "dropout": 0.0, "backbone": BACKBONE,
    }  # fmt: skip
    return AgoConfig(**{**settings, **changes})


def micro_config(model: AgoConfig | None = None, steps: int = 2, **changes) -> AgoTrainingConfig:
    config = AgoTrainingConfig(
        loop=LoopConfig(steps=steps, learning_rate=1e-3, warmup=1, log_every=1),
        model=model or micro_model(),
        few_shot=FewShotConfig(steps=steps, learning_rate=1e-3, scenes=1),
        voxels=VoxelBudget(300, 600, 200),
        noise_pool=100,
    )
    return replace(config, **changes)


def street() -> Tensor:
    """Road with a car, a bus and a bicycle on it, grass and a wall; a corner that nobody saw."""
    labels = torch.full(OCC3D_GRID.shape, FREE, dtype=torch.uint8)
    labels[:, :, 2] = 14
    labels[:, 80:120, 2] = 11
    labels[110:120, 95:100, 3:7] = 4
    labels[60:80, 105:111, 3:10] = 3
    labels[130:134, 88:90, 3:6] = 2
    labels[:, 150, 3:12] = 15
    labels[:30, :30] = UNOBSERVED
    return labels


def label_root(root: Path, out: Path, vlm: HashedVlm) -> Path:
    """Labels every keyframe of a root with the same street, and embeds its images."""
    reader, labels = NuScenesReader(root), street()
    for scene in reader.scenes:
        for sample in reader.samples(scene.name):
            write_pseudo_labels(labels_path(out, scene.name, sample.token), labels)
            embeddings = embed_images(vlm, reader.frame(sample.token), (labels < FREE).nonzero())
            write_embeddings(embeddings_path(out, scene.name, sample.token), embeddings)
    (out / "pseudo_labels.json").write_text(json.dumps({"embeddings": vlm.name}))
    return out
