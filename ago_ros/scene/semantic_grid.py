"""SemanticGrid: a labelled voxel grid, as it is published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ago_ros.geometry.voxel_grid import VoxelGrid

LABEL_UNCLASSIFIED = 65533
"""Occupied, and no phrase was scored: no image tower is configured, or no image shows the voxel."""
LABEL_FREE = 65534
LABEL_UNOBSERVED = 65535


@dataclass(frozen=True, eq=False)
class SemanticGrid:
    """Voxels labelled with phrases.

    Attributes:
        stamp_ns: stamp of the sensor frame.
        grid: where the voxels lie, in the ego frame at `stamp_ns`.
        labels: (X, Y, Z) int32: index into `vocabulary`, or LABEL_UNCLASSIFIED, LABEL_FREE, LABEL_UNOBSERVED.
        confidence: (X, Y, Z) float32 in 0..1; 0 where no phrase was scored.
        vocabulary: the phrases; empty for a class-agnostic grid.
    """

    stamp_ns: int
    grid: VoxelGrid
    labels: Tensor
    confidence: Tensor
    vocabulary: tuple[str, ...] = ()

    @property
    def occupied(self) -> Tensor:
        """(X, Y, Z) bool: the voxels with a phrase or with LABEL_UNCLASSIFIED."""
        return self.labels <= LABEL_UNCLASSIFIED


def save_grid(grid: SemanticGrid, path: str | Path) -> None:
    """Writes a grid to an .npz file, with the names and units of its attributes."""
    np.savez_compressed(
        path,
        stamp_ns=grid.stamp_ns,
        origin=grid.grid.origin,
        voxel_size=grid.grid.voxel_size,
        labels=grid.labels.numpy().astype(np.uint16),
        confidence=grid.confidence.numpy(),
        vocabulary=np.array(grid.vocabulary, dtype=np.str_),
    )


def load_grid(path: str | Path) -> SemanticGrid:
    """Reads a grid that `save_grid` wrote.

    Raises:
        OSError: there is no such file.
    """
    with np.load(path, allow_pickle=False) as saved:
        labels = torch.from_numpy(saved["labels"].astype(np.int32))
        x, y, z = saved["origin"].tolist()
        width, length, height = labels.shape
        return SemanticGrid(
            stamp_ns=int(saved["stamp_ns"]),
            grid=VoxelGrid((x, y, z), float(saved["voxel_size"]), (width, length, height)),
            labels=labels,
            confidence=torch.from_numpy(saved["confidence"]),
            vocabulary=tuple(saved["vocabulary"].tolist()),
        )
