"""What one step of AGO's training is computed from: images, and some voxels of each keyframe with their targets."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from ago_ros.datasets.occ3d import FREE, UNOBSERVED
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy.ago.predictor import CameraBatch, prepare_images
from ago_ros.occupancy.ago.variants import Setting
from ago_ros.occupancy.pseudo_labels.embeddings import ImageEmbeddings
from ago_ros.training.ago.config import VoxelBudget
from ago_ros.training.ago.keyframes import Keyframe, Keyframes

FREE_TARGET = -1
"""Target of a free voxel; an occupied voxel of no trained category has UNOBSERVED."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B keyframes with up to N cameras.

    Attributes:
        images: (B, N, 3, H, W) float32, normalised; zero where there is no image.
        camera_from_ego: (B, N, 4, 4) float32.
        intrinsics: (B, N, 3, 3) float32.
        valid: (B, N) bool, where there is an image.
        voxels: (M, 4) int64: sample of the batch, x, y, z.
        target: (M,) int64: number of the trained category, FREE_TARGET, or UNOBSERVED where something of no trained
            category is.
        shown: (S, 4) int64, voxels that are not empty and that images show.
        embeddings: (S, C) float32, the images' unit embeddings of these.
    """

    images: Tensor
    camera_from_ego: Tensor
    intrinsics: Tensor
    valid: Tensor
    voxels: Tensor
    target: Tensor
    shown: Tensor
    embeddings: Tensor

    def to(self, device: str | torch.device) -> Batch:
        """Moves it."""
        return Batch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


class BatchSource:
    """Draws batches. A draw depends on its number and the seed only; in each epoch every keyframe comes once.

    Args:
        keyframes: what is learned from.
        setting: gives the targets.
        grid: of the model; labels are brought to it.
        image_size: height and width.
        size: B.
        budget: voxels of each keyframe.
        seed: of everything.
    """

    def __init__(
        self, keyframes: Keyframes, setting: Setting, grid: VoxelGrid, image_size: tuple[int, int], size: int,
        budget: VoxelBudget, seed: int,
    ) -> None:  # fmt: skip
        self._keyframes, self._setting, self._grid, self._image_size = keyframes, setting, grid, image_size
        self._size, self._budget, self._seed = size, budget, seed
        self._order = lru_cache(maxsize=2)(self._draw_order)

    def _draw_order(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((self._seed, epoch)).permutation(len(self._keyframes))

    def numbers(self, draw: int) -> list[int]:
        """Returns the numbers of the keyframes of a draw."""
        places = range(draw * self._size, (draw + 1) * self._size)
        count = len(self._keyframes)
        return [int(self._order(place // count)[place % count]) for place in places]

    def draw(self, draw: int) -> Batch:
        """Returns the batch of a draw."""
        generator = torch.Generator().manual_seed(int(np.random.SeedSequence((self._seed, draw)).generate_state(1)[0]))
        cameras, parts = [], []
        for place, number in enumerate(self.numbers(draw)):
            keyframe = self._keyframes.read(number)
            cameras.append(prepare_images(keyframe.frame, self._image_size))
            parts.append(self._voxels(place, keyframe, generator))
        voxels, target, shown, embeddings = (torch.cat(each) for each in zip(*parts, strict=True))
        return Batch(*_stacked(cameras), voxels, target, shown, embeddings)

    def _voxels(self, place: int, keyframe: Keyframe, generator: torch.Generator) -> tuple[Tensor, ...]:
        """Returns voxels and target, shown voxels and their embeddings, of a keyframe at a place of the batch."""
        semantics = to_grid(keyframe.semantics, self._grid)
        target = targets(semantics, self._setting).flatten()
        chosen = draw_voxels(semantics.flatten(), self._budget.occupied, self._budget.free, generator)
        if keyframe.embeddings is None:
            shown, features = torch.zeros(0, dtype=torch.int64), torch.zeros(0, 0)
        else:
            budget = self._budget.aligned
            shown, features = shown_voxels(keyframe.embeddings, self._grid, semantics, budget, generator)
        return self._numbered(place, chosen), target[chosen], self._numbered(place, shown), features

    def _numbered(self, place: int, flat: Tensor) -> Tensor:
        voxels = self._grid.unflatten(flat)
        return torch.cat([voxels.new_full((len(voxels), 1), place), voxels], dim=1)


def targets(semantics: Tensor, setting: Setting) -> Tensor:
    """Turns Occ3D's ids into the targets of a setting.

    Args:
        semantics: integers of any shape: a class, FREE or UNOBSERVED.
        setting: says which categories are trained.

    Returns:
        int64 of the same shape; see `Batch.target`. What is unobserved is UNOBSERVED too; `draw_voxels` leaves it out.
    """
    space = setting.space
    labels = space.from_occ3d(semantics)
    free = labels == space.free
    labels[labels >= len(setting.trained)] = UNOBSERVED
    labels[free] = FREE_TARGET
    return labels


def draw_voxels(semantics: Tensor, occupied: int, free: int, generator: torch.Generator) -> Tensor:
    """Draws observed voxels without putting any back; see `VoxelBudget`.

    Args:
        semantics: (V,) uint8: a class, FREE or UNOBSERVED.
        occupied: at most so many that are.
        free: at most so many that are.
        generator: its seed decides.

    Returns:
        (M,) int64 places.
    """
    filled = (semantics < FREE).nonzero().squeeze(1)
    if len(filled) > occupied:
        ids = semantics[filled].long()
        rarity = torch.bincount(ids, minlength=FREE).clamp(min=1).to(torch.float64).rsqrt()
        filled = filled[torch.multinomial(rarity[ids], occupied, generator=generator)]
    empty = (semantics == FREE).nonzero().squeeze(1)
    return torch.cat([filled, empty[torch.randperm(len(empty), generator=generator)[:free]]])


def to_grid(semantics: Tensor, grid: VoxelGrid) -> Tensor:
    """Brings labels on OCC3D_GRID to another grid.

    A voxel takes the commonest class of those whose centres lie in it, where there is one; else it is free if one of
    them is, else unobserved. Of equally common classes, the lowest is taken.

    Returns:
        uint8 of the grid's shape.
    """
    if grid == OCC3D_GRID:
        return semantics
    labels = semantics.flatten().long()
    owner = _owners(torch.arange(OCC3D_GRID.num_voxels), grid)
    counted = (owner >= 0) & (labels != UNOBSERVED)
    pairs = owner[counted] * (FREE + 1) + labels[counted]
    counts = torch.bincount(pairs, minlength=grid.num_voxels * (FREE + 1)).reshape(-1, FREE + 1)
    most, label = counts[:, :FREE].max(dim=1)
    label[most == 0] = UNOBSERVED
    label[(most == 0) & (counts[:, FREE] > 0)] = FREE
    return label.to(torch.uint8).reshape(grid.shape)


def shown_voxels(
    embeddings: ImageEmbeddings, grid: VoxelGrid, semantics: Tensor, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draws voxels that are not empty and that images show, and reads what the images say of them.

    Args:
        embeddings: of the images.
        grid: voxels whose embeddings are wanted; those of finer voxels are averaged.
        semantics: labels on that grid.
        count: at most so many.
        generator: its seed decides.

    Returns:
        (S,) int64 flat voxels, ascending, and (S, C) float32 unit embeddings.
    """
    owner = _owners(embeddings.voxel.long(), grid)
    filled = owner[(owner >= 0) & (semantics.flatten()[owner] < FREE)].unique()
    drawn = filled[torch.randperm(len(filled), generator=generator)[:count]]
    rows = torch.isin(owner, drawn)
    names = ("voxel", "camera", "place")
    fine, features = replace(embeddings, **{name: getattr(embeddings, name)[rows] for name in names}).features()
    voxels, place = _owners(fine, grid).unique(return_inverse=True)
    total = torch.zeros(len(voxels), features.shape[1]).index_add(0, place, features)
    return voxels, normalize(total, dim=1)


def _owners(fine: Tensor, grid: VoxelGrid) -> Tensor:
    """Returns the flat voxel of a grid that the centre of each flat voxel of OCC3D_GRID lies in; -1 outside of it."""
    if grid == OCC3D_GRID:
        return fine
    return _owner_table(grid)[fine]


@lru_cache(maxsize=1)
def _owner_table(grid: VoxelGrid) -> Tensor:
    """Returns the owner of every voxel of OCC3D_GRID."""
    voxels, inside = grid.indices(OCC3D_GRID.centers().reshape(-1, 3))
    owner = torch.full((OCC3D_GRID.num_voxels,), -1)
    owner[inside] = grid.flatten(voxels)
    return owner


def _stacked(cameras: list[CameraBatch]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Puts keyframes together, and fills up those with fewer cameras: images, poses, intrinsics and what is valid."""
    most = max(each.images.shape[1] for each in cameras)
    names = ("images", "camera_from_ego", "intrinsics")
    parts = [[_filled(getattr(each, name)[0], most) for each in cameras] for name in names]
    counts = torch.tensor([each.images.shape[1] for each in cameras])
    valid = torch.arange(most) < counts[:, None]
    return torch.stack(parts[0]), torch.stack(parts[1]), torch.stack(parts[2]), valid


def _filled(values: Tensor, count: int) -> Tensor:
    """Appends zeros up to a length."""
    return torch.cat([values, values.new_zeros(count - len(values), *values.shape[1:])])
