"""The pictures of one frame: what the cameras see with the voxels over it, and the grid from behind and above."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from ago_ros.rendering.images import save_png
from ago_ros.rendering.mosaic import camera_mosaic, probability_mosaic
from ago_ros.rendering.voxels import above, render_grid, render_probability
from ago_ros.scene.semantic_grid import SemanticGrid
from ago_ros.sensors.frame import SensorFrame


def save_pictures(frame: SensorFrame, grid: SemanticGrid, probability: Tensor | None, folder: Path) -> list[Path]:
    """Draws a frame and writes it as PNG: `cameras`, `behind`, `above`, and of an answer `answer`, `answer_cameras`.

    Args:
        frame: images and their poses.
        grid: labelled voxels in the frame's ego frame.
        probability: (X, Y, Z) float32, where something may be; None draws no answer.
        folder: where the files go.

    Returns:
        The files.
    """
    pictures = {
        "cameras": camera_mosaic(frame, grid),
        "behind": render_grid(grid),
        "above": render_grid(grid, above(grid.grid), (800, 800)),
    }
    if probability is not None:
        pictures["answer"] = render_probability(grid, probability)
        pictures["answer_cameras"] = probability_mosaic(frame, grid, probability)
    return [save_png(picture, folder / f"{name}.png") for name, picture in pictures.items()]
