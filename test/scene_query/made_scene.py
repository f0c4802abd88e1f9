"""Scenes made by hand: voxels with features that are one axis of the space for each phrase."""

import torch

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import SceneEncoding, VoxelState

GRID = VoxelGrid((-8.0, -6.0, -1.0), 0.5, (40, 30, 12))
AXES = ("background", "box", "mug", "car", "wall")


class OracleModel:
    """Each known phrase is one axis; every other phrase, with or without a template, is the background's."""

    name, dim, logit_scale, logit_bias = "oracle", len(AXES), 20.0, None

    def encode_text(self, phrases):
        known = [next((axis for axis in AXES[1:] if axis in phrase), "background") for phrase in phrases]
        return torch.eye(len(AXES))[[AXES.index(axis) for axis in known]]

    def encode_image(self, images):
        raise AssertionError("a query needs no image")

    def encode_dense(self, images):
        raise AssertionError("a query needs no image")


def block(lower, upper) -> torch.Tensor:
    """The (K, 3) voxels whose centres lie between two points in metres."""
    centers = GRID.centers()
    inside = ((centers > torch.tensor(lower)) & (centers < torch.tensor(upper))).all(dim=-1)
    return inside.nonzero()


def make_scene(things, hidden=(), viewpoint=(0.0, 0.0, 1.5)) -> SceneEncoding:
    """A scene in which everything is free but things, (phrase, voxels), and the voxels that no ray reached."""
    state = torch.full(GRID.shape, VoxelState.FREE, dtype=torch.uint8)
    for voxels in hidden:
        state[tuple(voxels.T)] = VoxelState.UNOBSERVED
    axis = torch.zeros(GRID.shape, dtype=torch.int64)
    for phrase, voxels in things:
        state[tuple(voxels.T)] = VoxelState.OCCUPIED
        axis[tuple(voxels.T)] = AXES.index(phrase)
    occupied = (state == VoxelState.OCCUPIED).nonzero()
    features = torch.eye(len(AXES))[axis[tuple(occupied.T)]]
    place = torch.tensor(viewpoint, dtype=torch.float64)
    return SceneEncoding(9, GRID, state, torch.eye(4, dtype=torch.float64), place, occupied, features, "oracle")
