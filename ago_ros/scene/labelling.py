"""Labels a scene encoding with a vocabulary; cheap, so that a new vocabulary needs no new encoding."""

from __future__ import annotations

import torch

from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene.identifier import Criterion, identify
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNCLASSIFIED, LABEL_UNOBSERVED, SemanticGrid
from ago_ros.vlm.vocabulary import Vocabulary


def label(
    encoding: SceneEncoding, vocabulary: Vocabulary | None = None, criterion: Criterion = "entropy"
) -> SemanticGrid:
    """Gives every occupied voxel the phrase that scores highest.

    With two sets of features, the identifier chooses between them for each voxel, and the confidence is how far the
    entropy of the chosen scores is from its highest; with one set it is the score itself.

    Args:
        encoding: the scene; without features the grid is class-agnostic: its vocabulary is empty and every occupied
            voxel LABEL_UNCLASSIFIED. Voxels that no image shows are LABEL_UNCLASSIFIED too.
        vocabulary: the phrases; None gives a class-agnostic grid.
        criterion: by which the identifier chooses.

    Raises:
        ValueError: the vocabulary was embedded by another model than the features.
    """
    labels = torch.full(encoding.grid.shape, LABEL_UNOBSERVED, dtype=torch.int32)
    labels[encoding.state == VoxelState.FREE] = LABEL_FREE
    confidence = torch.zeros(encoding.grid.shape, dtype=torch.float32)
    x, y, z = encoding.occupied.unbind(dim=1)
    labels[x, y, z] = LABEL_UNCLASSIFIED
    if vocabulary is None or encoding.features is None:
        return SemanticGrid(encoding.stamp_ns, encoding.grid, labels, confidence)
    if vocabulary.model != encoding.model:
        raise ValueError(
            f"the vocabulary was embedded by {vocabulary.model!r}, the scene by {encoding.model!r}: embed it anew"
        )
    shown = encoding.features.abs().amax(dim=1) > 0
    scores = vocabulary.scores(encoding.features[shown])
    if encoding.adapted is None:
        best, phrase = scores.max(dim=1)
    else:
        chosen = identify(scores, vocabulary.scores(encoding.adapted[shown]), criterion)
        best, phrase = chosen.sureness, chosen.category
    labels[x[shown], y[shown], z[shown]] = phrase.to(torch.int32)
    confidence[x[shown], y[shown], z[shown]] = best
    return SemanticGrid(encoding.stamp_ns, encoding.grid, labels, confidence, vocabulary.phrases)
