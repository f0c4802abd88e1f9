"""From the cells of crops' small maps to the voxels that the crops show: linear, so weights made once serve any map.

A voxel reads each window that its pixel lies in, bilinearly between the centres of the window's cells. Windows of one
scale are averaged, then scales, mirrorings and colours, then the images that show the voxel: what `relevancy_maps`
does for the pixels of one image (SemAbs section 3.2), here at the voxels' own pixels alone. Source: ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ago_ros.occupancy.image_features import VoxelView
from ago_ros.vlm.relevancy_maps.config import RelevancyConfig
from ago_ros.vlm.relevancy_maps.maps import Crop, crops_of
from ago_ros.vlm.relevancy_maps.windows import WindowGrid, window_grids


@dataclass(frozen=True, eq=False)
class _Scale:
    """The windows of one scale, and where K voxels are in them.

    Attributes:
        grid: the windows.
        places: (K, 2) float64 x, y in the resized image.
        weight: (K,) float64, of each window that shows the voxel.
    """

    grid: WindowGrid
    places: Tensor
    weight: Tensor

    def within(self, window: int) -> tuple[Tensor, Tensor]:
        """Returns which voxels a window shows, and their (I, 2) places from its upper left corner, in pixels."""
        rows, columns = divmod(window, len(self.grid.lefts))
        inside = self.places - self.places.new_tensor([self.grid.lefts[columns], self.grid.tops[rows]])
        shown = ((inside >= 0) & (inside < self.grid.side)).all(dim=1).nonzero().squeeze(1)
        return shown, inside[shown]


class CropWeights:
    """The weights of one image's crops.

    Args:
        view: the image, and the voxels that it shows.
        sightings: (M,) int64, how many images show each occupied voxel.
        side: pixels of the side of the crops that the model takes.
        config: which crops there are.
    """

    def __init__(self, view: VoxelView, sightings: Tensor, side: int, config: RelevancyConfig) -> None:
        self._view = view
        self._count = len(sightings)
        self._config = config
        height, width = view.image.image.shape[:2]
        versions = (1 + config.jitters) * (2 if config.flip else 1)
        share = 1 / (sightings[view.voxels].double() * versions * len(config.scales))
        size = view.pixels.new_tensor([view.image.camera.width, view.image.camera.height])
        self._scales = []
        for grid in window_grids(height, width, side, config):
            edge = view.pixels.new_tensor([grid.size[1], grid.size[0]])
            places = torch.minimum(view.pixels / size * edge, edge - 1e-6)
            self._scales.append(_Scale(grid, places, share / _windows_over(grid, places)))

    def crops(self) -> Iterator[Crop]:
        """Yields the crops that show any of the voxels."""
        shown = [[len(scale.within(i)[0]) > 0 for i in range(len(scale.grid))] for scale in self._scales]
        for crop in crops_of(self._view.image.image, [scale.grid for scale in self._scales], self._config):
            if shown[crop[0]][crop[1]]:
                yield crop

    def of(self, crops: Sequence[Crop], cells: int) -> Tensor:
        """Returns the weights of some crops.

        Args:
            crops: B of this image's crops.
            cells: along a side of a crop's map.

        Returns:
            (M, B * cells * cells) float32 sparse: times the crops' maps, what they add to each voxel's mean.
        """
        rows, columns, values = [], [], []
        for number, (scale_number, window, mirrored, _) in enumerate(crops):
            scale = self._scales[scale_number]
            shown, inside = scale.within(window)
            taps, tents = _taps(inside * cells / scale.grid.side - 0.5, cells, mirrored)
            rows.append(self._view.voxels[shown].repeat_interleave(4))
            columns.append((number * cells * cells + taps).flatten())
            values.append((tents * scale.weight[shown, None]).flatten())
        places = torch.stack([torch.cat(rows), torch.cat(columns)])
        size = (self._count, len(crops) * cells * cells)
        return torch.sparse_coo_tensor(places, torch.cat(values).float(), size, check_invariants=False).coalesce()


def _windows_over(grid: WindowGrid, places: Tensor) -> Tensor:
    """Returns how many windows show each of (K, 2) places."""
    counts = []
    for place, starts in zip(places.unbind(dim=1), (grid.lefts, grid.tops), strict=True):
        inside = place[:, None] - place.new_tensor(starts)
        counts.append(((inside >= 0) & (inside < grid.side)).sum(dim=1))
    return counts[0] * counts[1]


def _taps(place: Tensor, cells: int, mirrored: bool) -> tuple[Tensor, Tensor]:
    """Returns the (I, 4) cells, counted row by row, around (I, 2) places x, y in cells, and their bilinear weights."""
    place = place.clamp(0, cells - 1)
    first = place.floor()
    part = place - first
    first = first.to(torch.int64)
    second = (first + 1).clamp(max=cells - 1)
    x, y = (torch.stack([first[:, axis], second[:, axis]], dim=1) for axis in (0, 1))
    if mirrored:
        x = cells - 1 - x
    along, down = (torch.stack([1 - part[:, axis], part[:, axis]], dim=1) for axis in (0, 1))
    return (y[:, :, None] * cells + x[:, None]).flatten(1), (down[:, :, None] * along[:, None]).flatten(1)
