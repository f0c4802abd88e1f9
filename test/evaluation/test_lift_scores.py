"""The lift predictor's score against labels of voxels."""

import dataclasses

import pytest
import torch

from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import CLASS_NAMES, FREE, Occ3dLabels, labels_path, write_labels
from ago_ros.evaluation.lift import score_lift, to_occ3d
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.lift import LiftPredictor
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNCLASSIFIED, LABEL_UNOBSERVED, SemanticGrid

CATEGORIES = {"car": ("car", "taxi"), "vegetation": ("tree",)}


def test_phrases_become_classes_and_the_rest_free_or_others():
    labels = torch.tensor([0, 1, 2, LABEL_UNCLASSIFIED, LABEL_FREE, LABEL_UNOBSERVED], dtype=torch.int32)
    grid = SemanticGrid(0, VoxelGrid((0, 0, 0), 1.0, (6, 1, 1)), labels.reshape(6, 1, 1), torch.zeros(6, 1, 1))
    classes = torch.tensor([4, 4, 16])
    assert to_occ3d(grid, classes).flatten().tolist() == [4, 4, 16, CLASS_NAMES.index("others"), FREE, FREE]


@pytest.fixture(scope="module")
def scored(tiny_nuscenes, tmp_path_factory):
    """Labels that say what the predictor says, but for one wrong corner outside the camera's mask."""
    root = tmp_path_factory.mktemp("labels")
    reader = NuScenesReader(tiny_nuscenes)
    scene = reader.scenes[0].name
    predictor = LiftPredictor()
    for sample in reader.samples(scene):
        predictor.reset()
        occupied = predictor.encode(reader.frame(sample.token, cameras=())).state == VoxelState.OCCUPIED
        semantics = torch.where(occupied, 0, FREE).to(torch.uint8)
        mask = torch.ones_like(occupied)
        semantics[0, 0], mask[0, 0] = 4, False
        write_labels(labels_path(root, scene, sample.token), Occ3dLabels(semantics, mask, mask))
    return reader, scene, root


def test_a_perfect_prediction_scores_one_and_the_mask_counts(scored):
    reader, scene, root = scored
    predictor = LiftPredictor(dataclasses.replace(LiftPredictor().config, max_sweeps=1))
    matrix, milliseconds = score_lift(reader, [scene], predictor, CATEGORIES, root)
    assert matrix.occupied_iou() == pytest.approx(1.0)
    assert len(milliseconds) == len(reader.samples(scene))


def test_another_scene_is_another_score(scored, tmp_path):
    reader, scene, _ = scored
    for sample in reader.samples(scene):
        empty = torch.full((200, 200, 16), FREE, dtype=torch.uint8)
        mask = torch.ones(200, 200, 16, dtype=torch.bool)
        write_labels(labels_path(tmp_path, scene, sample.token), Occ3dLabels(empty, mask, mask))
    matrix, _ = score_lift(reader, [scene], LiftPredictor(), CATEGORIES, tmp_path)
    assert matrix.occupied_iou() == 0.0
