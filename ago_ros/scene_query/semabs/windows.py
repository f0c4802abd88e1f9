"""Which part of a scene a network looks at, and how it lies in the network's own grid. Source: ours.

A network knows relations by the axes of its grid: the viewer looks along +x, with y to the left and z up. A robot in
the middle of its grid sees all round, and "behind" points another way for every reference. So the scene is cut into
windows, one for each of eight headings: a window begins at the viewer and reaches half the grid's longer edge ahead,
40 m in a street. A viewer outside of its grid, such as one that looks at a table, has one window that covers the grid.
Either is shrunk or stretched to the grid that the network was trained on, with the floor where it was there: a network
has no metres of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.voxel_grid import VoxelGrid

HEADINGS = 8


@dataclass(frozen=True, eq=False)
class Window:
    """A part of a scene in the network's grid.

    Attributes:
        trained: the network's grid; floors are at z = 0, in it as in the scene.
        trained_from_ego: (4, 4) float64: a turn, a shift, and one factor on all axes.
    """

    trained: VoxelGrid
    trained_from_ego: Tensor

    def place(self, points: Tensor) -> Tensor:
        """Takes (N, 3) points, ego frame, metres, to (N, 3) float64 in the frame of the network's grid."""
        return se3.transform_points(self.trained_from_ego, points.to(torch.float64))


def make_window(grid: VoxelGrid, viewpoint: Tensor, trained: VoxelGrid, heading: int) -> Window:
    """Makes a window.

    Args:
        grid: of the scene, ego frame.
        viewpoint: (3,) where the scene is seen from, ego frame, metres.
        trained: the network's grid.
        heading: 0 to HEADINGS - 1, counted from +x to the left; a viewer outside of the grid has heading 0 only.
    """
    eye = viewpoint[:2].to(torch.float64)
    middle = _middle(grid)
    longer = max(grid.shape[:2]) * grid.voxel_size
    if looks_all_round(grid, viewpoint):
        side, angle = longer / 2, heading * 2 * math.pi / HEADINGS
        middle = eye + side / 2 * torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
    else:
        side, (ahead, left) = longer, (middle - eye).tolist()
        angle = math.atan2(left, ahead)
    factor = max(trained.shape[:2]) * trained.voxel_size / side
    c, s = factor * math.cos(angle), factor * math.sin(angle)
    linear = torch.tensor([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, factor]], dtype=torch.float64)
    shift = -linear @ torch.cat([middle, middle.new_zeros(1)])
    shift[:2] += _middle(trained)
    return Window(trained, se3.from_rotation(linear, shift))


def looks_all_round(grid: VoxelGrid, viewpoint: Tensor) -> bool:
    """Whether the viewer stands within the grid, seen from above."""
    place = grid.to_grid(viewpoint[None])[0, :2]
    return bool(((place >= 0) & (place < torch.tensor(grid.shape[:2]))).all())


def headings_towards(grid: VoxelGrid, viewpoint: Tensor, places: Tensor) -> tuple[int, ...]:
    """Returns the headings nearest to the directions in which (N, 3) places lie, each once."""
    if not looks_all_round(grid, viewpoint):
        return (0,) if len(places) else ()
    ahead, left = (places[:, :2].to(torch.float64) - viewpoint[:2].to(torch.float64)).unbind(dim=1)
    turns = torch.round(torch.atan2(left, ahead) * HEADINGS / (2 * math.pi)).to(torch.int64) % HEADINGS
    return tuple(turns.unique().tolist())


def _middle(grid: VoxelGrid) -> Tensor:
    """Returns the (2,) float64 x and y of a grid's middle, metres."""
    return (torch.tensor(grid.origin[:2]).to(torch.float64) + torch.tensor(grid.upper[:2]).to(torch.float64)) / 2
