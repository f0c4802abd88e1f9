import pytest
import torch

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene.labelling import label
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNCLASSIFIED, LABEL_UNOBSERVED
from ago_ros.vlm.vocabulary import Vocabulary

GRID = VoxelGrid((0.0, 0.0, 0.0), 1.0, (2, 3, 4))
OCCUPIED = torch.tensor([[0, 1, 2], [1, 0, 3], [1, 2, 0]])
FEATURES = torch.tensor([[0.0, 1.0], [0.8, 0.6], [0.0, 0.0]])
VOCABULARY = Vocabulary(("car", "tree"), torch.eye(2), "m", 5.0)


def encoding(features: torch.Tensor | None = FEATURES, model: str = "m") -> SceneEncoding:
    state = torch.full(GRID.shape, VoxelState.UNOBSERVED, dtype=torch.uint8)
    state[:, :, 1] = VoxelState.FREE
    state[tuple(OCCUPIED.T)] = VoxelState.OCCUPIED
    return SceneEncoding(5, GRID, state, torch.eye(4), torch.zeros(3), OCCUPIED, features, model)


def test_every_voxel_takes_its_best_phrase():
    grid = label(encoding(), VOCABULARY)
    assert grid.labels[tuple(OCCUPIED.T)].tolist() == [1, 0, LABEL_UNCLASSIFIED]
    expected = torch.softmax(5 * FEATURES, dim=1).amax(dim=1)
    expected[2] = 0.0
    torch.testing.assert_close(grid.confidence[tuple(OCCUPIED.T)], expected)
    assert (grid.labels[:, :, 1] == LABEL_FREE).all()
    assert int((grid.labels == LABEL_UNOBSERVED).sum()) == 24 - 6 - 3
    assert float(grid.confidence.sum()) == pytest.approx(float(expected.sum()))
    assert grid.vocabulary == ("car", "tree")
    assert grid.stamp_ns == 5
    assert int(grid.occupied.sum()) == 3


@pytest.mark.parametrize(("features", "vocabulary"), [(None, VOCABULARY), (FEATURES, None), (None, None)])
def test_without_features_or_phrases_the_grid_is_class_agnostic(features, vocabulary):
    grid = label(encoding(features), vocabulary)
    assert grid.vocabulary == ()
    assert (grid.labels[tuple(OCCUPIED.T)] == LABEL_UNCLASSIFIED).all()
    assert int(grid.occupied.sum()) == 3
    assert not grid.confidence.any()


def test_vocabulary_of_another_model_is_refused():
    with pytest.raises(ValueError, match="embedded by 'm', the scene by 'other'"):
        label(encoding(model="other"), VOCABULARY)
