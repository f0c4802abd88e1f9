"""Completions that read phrases: of a trained network, from pixels or as services answer, and of objects' boxes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ago_ros.datasets.rgbd import RgbdView
from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES
from ago_ros.evaluation.completion import Completer
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.rgbd import encode_view
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.objects import complete
from ago_ros.scene_query.semabs.free_space import FreeSpace
from ago_ros.scene_query.semabs.input_maps import input_maps
from ago_ros.scene_query.semabs.learned import LearnedFields
from ago_ros.scene_query.semabs.points import RelevancyView, from_depth
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.vocabulary import make_vocabulary

ROOM_NOUNS = tuple(name for name in CLASSES if name not in NOVEL_CLASSES)
"""The classes of the room world that a network may have been trained on."""
LIKELIEST = 10
"""Phrases completed of each view: as many as a view of the training is asked of, at most."""


def from_pixels(
    fields: LearnedFields,
    model: VisionLanguageModel,
    phrases: Sequence[str] = ROOM_NOUNS,
    likeliest: int = LIKELIEST,
) -> Completer:
    """Makes the completion of a network that is fed every pixel with depth, as in its training.

    Each of the phrases whose maps peak highest in a view is completed (SemAbs, section 3.1); a voxel is added where the
    logit of any of them is above the network's threshold.

    Args:
        fields: the trained network.
        model: that reads the maps; one that remembers texts saves most of the time.
        phrases: that may be in view.
        likeliest: how many of them are completed.
    """
    drawn = fields.reading.drawn_with
    side, stride = int(drawn["image_side"]), int(drawn["depth_stride"])
    threshold = fields.reading.decisions["complete"].threshold

    @torch.no_grad()
    def add(view: RgbdView, grid: VoxelGrid, state: Tensor) -> Tensor:
        small = view.resized(side, side // stride)
        maps = input_maps(model, small.image, phrases, fields.relevancy)
        chosen = maps.flatten(1).amax(dim=1).topk(min(likeliest, len(maps))).indices
        lifted = from_depth(RelevancyView(maps[chosen], small.camera, small.view_from_camera), small.depth)
        free = FreeSpace(state == VoxelState.FREE, grid, torch.eye(4, dtype=torch.float64))
        volumes = fields.network.encode([lifted], grid, [free])
        places = grid.centers().reshape(-1, 3)
        found = torch.zeros(grid.num_voxels, dtype=torch.bool)
        for row in range(len(volumes)):
            found |= fields.network.complete(volumes.pick([row]), places)[0].cpu() > threshold
        return found.view(grid.shape)

    return add


def of_objects(
    model: VisionLanguageModel, phrases: Sequence[str] = ROOM_NOUNS, fields: LearnedFields | None = None
) -> Completer:
    """Makes the completion that `complete_objects` answers with, of all phrases together.

    Args:
        model: labels the voxels.
        phrases: the vocabulary.
        fields: a trained network; None: boxes around what is seen of each object.
    """
    vocabulary = make_vocabulary(phrases, model)

    def add(view: RgbdView, grid: VoxelGrid, state: Tensor) -> Tensor:
        encoding = encode_view(view, grid, model, fields.relevancy if fields else None)
        completed, _ = complete(encoding, vocabulary, phrases, model, fields=fields)
        return completed.occupied

    return add
