"""Pseudo-labels on disk: in Occ3D's layout, `gts/SCENE/SAMPLE/labels.npz`, with the id UNOBSERVED besides Occ3D's."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.occ3d import FREE, UNOBSERVED
from ago_ros.geometry.voxel_grid import OCC3D_GRID


def write_pseudo_labels(path: str | Path, semantics: Tensor) -> None:
    """Writes a `labels.npz`: `semantics`, and `mask_lidar` where it is observed. A file is there whole or not at all.

    There is no `mask_camera`: it is for evaluation, and what learns from pseudo-labels must not see it.

    Args:
        path: the file, see `occ3d.labels_path`.
        semantics: (200, 200, 16) uint8 on OCC3D_GRID: a class, FREE or UNOBSERVED.
    """
    labels = semantics.numpy()
    write_arrays(path, {"semantics": labels, "mask_lidar": (labels != UNOBSERVED).astype(np.uint8)}, compressed=True)


def read_pseudo_labels(path: str | Path) -> Tensor:
    """Reads a `labels.npz` of pseudo-labels, or of Occ3D itself.

    Returns:
        (200, 200, 16) uint8: a class, FREE or UNOBSERVED.

    Raises:
        DatasetError: the file is missing or damaged, or holds something else.
    """
    semantics = read_arrays(path, ("semantics",))["semantics"]
    if semantics.shape != OCC3D_GRID.shape:
        raise DatasetError(f"{path}: semantics has the shape {semantics.shape}, labels have {OCC3D_GRID.shape}")
    other = (semantics > FREE) & (semantics != UNOBSERVED) | (semantics < 0)
    if other.any():
        raise DatasetError(f"{path}: semantics holds the id {semantics[other][0]}; ids are 0..{FREE} and {UNOBSERVED}")
    return torch.from_numpy(semantics.astype(np.uint8))


def write_arrays(path: str | Path, arrays: Mapping[str, NDArray[Any]], compressed: bool) -> None:
    """Writes an npz under another name first, so that a file that is there is whole. Makes its folder."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    try:
        (np.savez_compressed if compressed else np.savez)(begun, allow_pickle=False, **arrays)
        begun.replace(path)
    finally:
        begun.unlink(missing_ok=True)


def read_arrays(path: str | Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Reads arrays of an npz that `ago label` wrote.

    Raises:
        DatasetError: it is missing or damaged, or lacks one of them.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in names}
    except FileNotFoundError:
        raise DatasetError(f"{path}: is missing; write it with `ago label`") from None
    except KeyError as error:
        raise DatasetError(f"{path}: holds no array {error}; write it anew with `ago label`") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path}: damaged ({error}); remove it and run `ago label` again") from error
