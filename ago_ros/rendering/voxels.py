"""3D views of a labelled grid, drawn off screen with PyVista."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.rendering.palette import probability_colors, scale_colors, voxel_colors
from ago_ros.scene.semantic_grid import SemanticGrid

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")  # read when VTK loads: needs no X server
import pyvista


@dataclass(frozen=True)
class View:
    """Where a picture is taken from, in the ego frame, metres.

    Attributes:
        position: of the eye.
        target: point in the middle of the picture.
        up: direction that points up in the picture.
        parallel_scale: half the picture's height for a view without perspective; None for perspective.
    """

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    parallel_scale: float | None = None


BEHIND = View(position=(-32.0, 0.0, 22.0), target=(6.0, 0.0, 0.0))
"""Over the robot's shoulder, looking where it looks."""


def above(grid: VoxelGrid) -> View:
    """Returns the view of a map of `grid`: x up, y to the left."""
    (x0, y0, _), (x1, y1, z1) = grid.origin, grid.upper
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    return View((*middle, z1 + 60.0), (*middle, 0.0), (1.0, 0.0, 0.0), max(x1 - x0, y1 - y0) / 2)


def render_grid(grid: SemanticGrid, view: View = BEHIND, size: tuple[int, int] = (960, 640)) -> Tensor:
    """Draws the occupied voxels of a grid as cubes, with the robot's place marked.

    Args:
        grid: what to draw; coloured by phrase, or by height where it is class-agnostic.
        view: where from.
        size: width and height of the picture, pixels.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    indices = grid.occupied.nonzero()
    return render_cubes(grid.grid, indices, voxel_colors(grid, indices), view, size)


def render_probability(
    grid: SemanticGrid, probability: Tensor, view: View = BEHIND, size: tuple[int, int] = (960, 640)
) -> Tensor:
    """Draws where something may be: probable voxels in colour, the scene around them in grey.

    Args:
        grid: the scene.
        probability: (X, Y, Z) float32 on the same voxels.
        view: where from.
        size: width and height of the picture, pixels.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    likely, heat = probability_colors(probability)
    scene = (grid.occupied & ~likely).nonzero()
    answer = likely.nonzero()
    shade = scale_colors(grid.grid.centers(scene)[:, 2], grid.grid.origin[2] - 3, grid.grid.upper[2] + 3, "gray")
    return render_cubes(grid.grid, torch.cat([scene, answer]), torch.cat([shade, heat]), view, size)


def render_cubes(grid: VoxelGrid, indices: Tensor, colors: Tensor, view: View, size: tuple[int, int]) -> Tensor:
    """Draws voxels as cubes.

    Args:
        grid: where the voxels lie.
        indices: (M, 3) int64; none draws the empty scene.
        colors: (M, 3) uint8 RGB.
        view: where from.
        size: width and height of the picture, pixels.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    plotter = pyvista.Plotter(off_screen=True, window_size=list(size), lighting="light kit")
    plotter.background_color = pyvista.Color("white")
    if len(indices):
        cloud = pyvista.PolyData(grid.centers(indices).numpy())
        cloud["color"] = colors.numpy()
        edge = 0.92 * grid.voxel_size
        cubes = cloud.glyph(geom=pyvista.Cube(x_length=edge, y_length=edge, z_length=edge), scale=False, orient=False)
        plotter.add_mesh(cubes, scalars="color", rgb=True)
    plotter.add_mesh(pyvista.Arrow(start=(0, 0, 0), direction=(1, 0, 0), scale=4.0), color="black")
    plotter.camera.position, plotter.camera.focal_point, plotter.camera.up = view.position, view.target, view.up
    if view.parallel_scale is not None:
        plotter.camera.parallel_projection = True
        plotter.camera.parallel_scale = view.parallel_scale
    plotter.reset_camera_clipping_range()
    picture = np.asarray(plotter.screenshot(return_img=True))
    plotter.close()
    return torch.from_numpy(np.ascontiguousarray(picture[..., :3]))
