"""Encodes single RGB-D views as the node encodes a sweep with its images."""

from __future__ import annotations

from ago_ros.datasets.rgbd import RgbdView
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.occupancy.rays import RayLimits
from ago_ros.scene.encoding import SceneEncoding
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy_maps import RelevancyConfig

_NO_BODY = RayLimits(ego_lower=(0.0, 0.0, 0.0), ego_upper=(0.0, 0.0, 0.0), min_range=0.0)


def encode_view(
    view: RgbdView, grid: VoxelGrid, model: VisionLanguageModel, relevancy: RelevancyConfig | None
) -> SceneEncoding:
    """Encodes a view.

    Args:
        view: becomes a sweep, of all pixels with depth, and an image.
        grid: the voxels, in the view's frame.
        model: gives features and relevancy.
        relevancy: maps that queries are answered from; None: from the features.
    """
    predictor = LiftPredictor(LiftConfig(grid=grid, max_sweeps=1, limits=_NO_BODY), model, relevancy)
    return predictor.encode(view.sensor_frame())
