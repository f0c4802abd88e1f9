"""An answer as one picture: over the image, from above and from the side, beside the truth."""

from __future__ import annotations

import math
import textwrap

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ago_ros.datasets.rgbd import CAMERA, RgbdView
from ago_ros.geometry.boxes import corners
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.rendering.mosaic import draw_voxels
from ago_ros.rendering.palette import probability_colors, scale_colors
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.answer import Answer, Region

_TRUTH, _REGION, _POSE, _EYE = "#00c853", "#2979ff", "#d500f9", "#000000"
_INCHES, _DPI = (10.4, 3.35), 100
_MOST_REGIONS = 3
_MARGIN_M = 0.15
_NEAREST_M = 0.2


def draw_answer(answer: Answer, state: Tensor, view: RgbdView, truth: Tensor) -> Tensor:
    """Draws an answer: four panels under the question and what was found.

    The image with the probability over it; the image with the truth over it; the scene from above, x up and y to the
    left; and from the side, x to the right and z up. In the last two the probability is the highest along the line of
    sight, occupied voxels are grey, and there are lines around the truth (green) and the first regions (blue), an arrow
    at the place that the first region would be seen from (violet), and a mark at the present one (black).

    Args:
        answer: in the view's frame.
        state: (X, Y, Z) uint8 of VoxelState.
        view: that was asked.
        truth: (X, Y, Z) bool, where what is sought truly is.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    told = answer.message.removeprefix(f"{answer.understood}: ")
    status = answer.status.name.lower().replace("_", " ")
    figure.suptitle(f"{answer.understood} — {status}\n{_wrap(told)}", fontsize=9)
    panels = figure.subplots(1, 4)
    likely, heat = _heat(answer.probability)
    green = torch.tensor([[0, 200, 83]], dtype=torch.uint8).expand(int(truth.sum()), 3)
    _show(panels[0], _over_image(view, answer.grid, likely, heat), "probability")
    _show(panels[1], _over_image(view, answer.grid, truth, green), "truth")
    _draw_map(panels[2], answer, state, view.eye, truth, (1, 0), "from above")
    _draw_map(panels[3], answer, state, view.eye, truth, (0, 2), "from the side")
    canvas.draw()
    return torch.from_numpy(np.array(canvas.buffer_rgba())[..., :3].copy())


def _heat(probability: Tensor) -> tuple[Tensor, Tensor]:
    """Like `probability_colors`, in colours none of which is as dark as a shadow."""
    likely, _ = probability_colors(probability)
    return likely, scale_colors(probability[likely], 0.0, float(probability.max()), "plasma")


def _over_image(view: RgbdView, grid: VoxelGrid, mask: Tensor, colors: Tensor) -> NDArray[np.uint8]:
    frame = view.sensor_frame()
    image = frame.cameras[CAMERA]
    drawn = draw_voxels(
        image, frame.camera_from_ego(image), grid.centers(mask.nonzero()), colors, grid.voxel_size, _NEAREST_M
    )
    return np.asarray(drawn, dtype=np.uint8)


def _show(panel: Axes, picture: NDArray[np.uint8], title: str) -> None:
    panel.imshow(picture)
    panel.set_title(title, fontsize=8)
    panel.set_axis_off()


def _draw_map(
    panel: Axes, answer: Answer, state: Tensor, eye: Tensor, truth: Tensor, axes: tuple[int, int], title: str
) -> None:
    """Draws the scene along the axis that is none of the two; y runs to the left."""
    grid, (across, up) = answer.grid, axes
    (along,) = {0, 1, 2} - set(axes)
    low, high = grid.origin, grid.upper
    sides = (-high[1], -low[1]) if across == 1 else (low[across], high[across])
    extent = (*sides, low[up], high[up])

    def flat(volume: Tensor) -> Tensor:
        seen = volume.amax(dim=along)
        upright = seen.T if across < up else seen
        return upright.flip(1) if across == 1 else upright

    occupied = flat((state == VoxelState.OCCUPIED).float() * _shade(grid, along))
    likely, heat = _heat(flat(answer.probability))
    picture = (255 * (1 - 0.55 * occupied))[..., None].expand(-1, -1, 3).round().to(torch.uint8).contiguous()
    picture[likely] = heat
    panel.imshow(picture.numpy(), origin="lower", extent=extent, interpolation="nearest")
    shape = flat(truth.float()).numpy()
    if shape.any():
        _outline(panel, shape > 0, extent)
    sign = -1 if across == 1 else 1
    for region in answer.regions[:_MOST_REGIONS]:
        _draw_region(panel, region, across, up, sign)
    pose = next((region.view for region in answer.regions if region.view is not None), None)
    if pose is not None:
        ahead = (math.cos(pose.yaw), math.sin(pose.yaw), 0.0)
        panel.arrow(
            sign * pose.position[across], pose.position[up], 0.3 * sign * ahead[across], 0.3 * ahead[up],
            color=_POSE, head_width=0.1, zorder=4,
        )  # fmt: skip
    places = [sign * float(eye[across])], [float(eye[up])]
    panel.plot(*places, marker="o", color=_EYE, markersize=4, zorder=3)
    more = [] if pose is None else [pose.position]
    _set_bounds(panel, extent, [(sign * p[across], p[up]) for p in (eye.tolist(), *more)])
    panel.set_title(title, fontsize=8)
    panel.tick_params(labelsize=6)


def _shade(grid: VoxelGrid, along: int) -> Tensor:
    """Returns (X, Y, Z) float32 in 0..1: from above, the higher the darker; from the side all alike."""
    if along != 2:
        return torch.full(grid.shape, 0.5)
    return torch.linspace(0.1, 1.0, grid.shape[2]).expand(grid.shape)


def _outline(panel: Axes, mask: NDArray[np.bool_], extent: tuple[float, float, float, float]) -> None:
    """Draws the edges between the cells of a mask and those around it."""
    rows, columns = mask.shape
    x = np.linspace(extent[0], extent[1], columns + 1)
    y = np.linspace(extent[2], extent[3], rows + 1)
    around = np.pad(mask, 1)
    level = np.argwhere(around[1:, 1:-1] != around[:-1, 1:-1])
    upright = np.argwhere(around[1:-1, 1:] != around[1:-1, :-1])
    lines = [[(x[c], y[r]), (x[c + 1], y[r])] for r, c in level]
    lines += [[(x[c], y[r]), (x[c], y[r + 1])] for r, c in upright]
    panel.add_collection(LineCollection(lines, colors=_TRUTH, linewidths=1.4, zorder=2))


def _draw_region(panel: Axes, region: Region, across: int, up: int, sign: int) -> None:
    """Draws a region's box: its ground plan from above, what it spans from the side."""
    points = corners(torch.tensor(region.box, dtype=torch.float64)).numpy()
    ring = points[:4][:, [across, up]]
    if up == 2:
        (left, bottom), (right, top) = (getattr(points, end)(axis=0)[[across, up]] for end in ("min", "max"))
        ring = np.array([(left, bottom), (right, bottom), (right, top), (left, top)])
    ring = np.vstack([ring, ring[:1]])
    panel.plot(sign * ring[:, 0], ring[:, 1], color=_REGION, linewidth=1)


def _set_bounds(panel: Axes, extent: tuple[float, float, float, float], places: list[tuple[float, float]]) -> None:
    across, up = zip(*places, strict=True)
    panel.set_xlim(min(extent[0], *across) - _MARGIN_M, max(extent[1], *across) + _MARGIN_M)
    panel.set_ylim(min(extent[2], *up) - _MARGIN_M, max(extent[3], *up) + _MARGIN_M)


def _wrap(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 150)[:2])
