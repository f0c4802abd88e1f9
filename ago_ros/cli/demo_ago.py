"""What the demo shows of AGO: its grid and the lift predictor's beside the true one, and the scores of both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from ago_ros.evaluation.ago import EvaluationSet
    from ago_ros.evaluation.ago_frames import Predictor, Scored
    from ago_ros.geometry.voxel_grid import VoxelGrid
    from ago_ros.scene.semantic_grid import SemanticGrid
    from ago_ros.vlm.interface import PhraseModel

AGO_MODEL = "ago-tiny-occupancy"
"""The model of the demo in the project's own world, a name of SHIPPED."""


def compare(data: EvaluationSet, model: str, out: Path) -> dict[str, Any]:
    """Scores AGO and the lift predictor by Occ3D's protocol, and draws both beside the true grid of one keyframe.

    Args:
        data: one scene, with Occ3D's labels.
        model: of AGO: a folder, or a name of SHIPPED. The lift predictor has the image tower that it was
            trained with.
        out: folder of the picture: AGO, lift, truth, from left to right.

    Returns:
        IoU and mIoU in 0..1 and the median milliseconds of a frame by predictor, and the picture's path.

    Raises:
        ModelError: a model does not load.
        DatasetError: a file or a label is missing.
    """
    from ago_ros.evaluation.ago import CLOSED, score_checkpoint, score_lift_beside
    from ago_ros.occupancy.ago.checkpoint import load_ago
    from ago_ros.occupancy.ago.predictor import AgoPredictor
    from ago_ros.occupancy.ago.text import AgoPhrases
    from ago_ros.occupancy.ago.variants import read_note
    from ago_ros.occupancy.lift import LiftPredictor
    from ago_ros.vlm.loading import load_vlm

    note = read_note(model)
    vlm = load_vlm(note.text)
    scored = {
        "ago": score_checkpoint(Path(model), vlm, data, (CLOSED,), ("none",), rays=False),
        "lift": score_lift_beside(vlm, data, rays=False),
    }
    report: dict[str, Any] = {"model": model, **{name: _figures(each) for name, each in scored.items()}}
    ago = AgoPredictor(load_ago(model), vlm, model, note.logit_scale)
    predictors: list[tuple[Predictor, PhraseModel]] = [(ago, AgoPhrases(vlm, model)), (LiftPredictor(vlm=vlm), vlm)]
    return {**report, "picture": str(_draw(data, predictors, out / "ago_lift_truth.png"))}


def _figures(scored: Scored) -> dict[str, float]:
    (score,) = scored.scores.values()
    table = score.table()
    return {"IoU": table["IoU"], "mIoU": table["mIoU"], "encode_p50_ms": scored.encode_p50_ms}


def _draw(data: EvaluationSet, predictors: list[tuple[Predictor, PhraseModel]], path: Path) -> Path:
    """Draws what predictors, and the labels, say of the middle keyframe."""
    import torch

    from ago_ros.datasets.occ3d import labels_path, read_labels
    from ago_ros.evaluation.ago_frames import occ3d_ids, phrase_labels
    from ago_ros.geometry.voxel_grid import OCC3D_GRID
    from ago_ros.rendering.images import save_png
    from ago_ros.rendering.voxels import render_grid
    from ago_ros.vlm.categories import OCC3D_PHRASES, flatten_categories
    from ago_ros.vlm.vocabulary import make_vocabulary

    reader, (scene, *_), labels = data.open()
    samples = reader.samples(scene)
    token = samples[len(samples) // 2].token
    frame = reader.frame(token)
    phrases, category = flatten_categories(OCC3D_PHRASES)
    ids = occ3d_ids(tuple(OCC3D_PHRASES))[category]
    found = [
        phrase_labels(make_vocabulary(phrases, texts), ids, predictor.encode(frame)) for predictor, texts in predictors
    ]
    truth = read_labels(labels_path(labels, scene, token)).semantics
    pictures = [
        render_grid(_as_grid(each, OCC3D_GRID, frame.stamp_ns), size=(720, 540)) for each in (*found, truth.long())
    ]
    return save_png(torch.cat(pictures, dim=1), path)


def _as_grid(ids: Tensor, grid: VoxelGrid, stamp_ns: int) -> SemanticGrid:
    """Makes a grid of Occ3D's ids, so that all are drawn in the same colours."""
    import torch

    from ago_ros.datasets.occ3d import CLASS_NAMES, FREE
    from ago_ros.scene.semantic_grid import LABEL_FREE, SemanticGrid

    labels = torch.where(ids == FREE, LABEL_FREE, ids).int()
    return SemanticGrid(stamp_ns, grid, labels, torch.zeros(grid.shape), tuple(CLASS_NAMES))
