"""A very small AGO model on disk, with random weights, in the text space of a small model of `tiny_models`."""

from pathlib import Path

import torch

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.ago.checkpoint import save_ago
from ago_ros.occupancy.ago.config import AgoConfig, BackboneConfig
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.occupancy.ago.predictor import prepare_images
from ago_ros.occupancy.ago.text import embed_categories
from ago_ros.sensors.frame import SensorFrame
from ago_ros.vlm.interface import PhraseModel

CATEGORIES = {"car": ("car", "truck"), "tree": ("tree",), "box": ("box",)}
BACKBONE = BackboneConfig(
    depths=(1, 1), widths=(16, 32), stem=8, layer="basic", stages=(1, 2), levels=2, deformable_stages=(),
    frozen_norm=False,
)  # fmt: skip


@torch.no_grad()
def save_micro_ago(folder: Path, text: PhraseModel, grid: VoxelGrid, frame: SensorFrame) -> Path:
    """Writes a model to which half of the voxels of `frame` are occupied."""
    torch.manual_seed(5)
    config = AgoConfig(
        grid=grid, planes=(8, 8, 4), image_size=(48, 64), dim=16, hidden=12, text_dim=text.dim, heads=2,
        cross_layers=1, self_layers=0, pillar_anchors=(2, 4, 4), pillar_points=(4, 4, 8), hybrid_anchors=2,
        hybrid_points=4, dropout=0.0, backbone=BACKBONE,
    )  # fmt: skip
    model = AgoModel(config).eval()
    model.set_categories(CATEGORIES, embed_categories(CATEGORIES, text))
    batch = prepare_images(frame, config.image_size)
    features, _ = model(batch.images, batch.camera_from_ego, batch.intrinsics)
    margin = ((features @ model.known.T).amax(dim=-1) - features @ model.free).median()
    mean = features.mean(dim=(0, 1, 2, 3))
    model.free += margin * mean / mean.square().sum()
    save_ago(model, folder, torch.float32)
    return folder
