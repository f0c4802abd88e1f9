"""Occ3D-nuScenes: its classes, and its voxel labels."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.geometry.voxel_grid import OCC3D_GRID

CLASS_NAMES = (
    "others", "barrier", "bicycle", "bus", "car", "construction_vehicle", "motorcycle", "pedestrian", "traffic_cone",
    "trailer", "truck", "driveable_surface", "other_flat", "sidewalk", "terrain", "manmade", "vegetation", "free",
)  # fmt: skip
"""Class names by id."""

FREE = 17
UNOBSERVED = 255
"""Of pseudo-labels only: the labels of Occ3D itself tell it by their masks."""

_ARRAYS = ("semantics", "mask_lidar", "mask_camera")

_CATEGORY_PREFIXES = {
    "human.pedestrian.adult": "pedestrian",
    "human.pedestrian.child": "pedestrian",
    "human.pedestrian.construction_worker": "pedestrian",
    "human.pedestrian.police_officer": "pedestrian",
    "movable_object.barrier": "barrier",
    "movable_object.trafficcone": "traffic_cone",
    "vehicle.bicycle": "bicycle",
    "vehicle.bus": "bus",
    "vehicle.car": "car",
    "vehicle.construction": "construction_vehicle",
    "vehicle.motorcycle": "motorcycle",
    "vehicle.trailer": "trailer",
    "vehicle.truck": "truck",
    "flat.driveable_surface": "driveable_surface",
    "flat.other": "other_flat",
    "flat.sidewalk": "sidewalk",
    "flat.terrain": "terrain",
    "static.manmade": "manmade",
    "static.vegetation": "vegetation",
}
_OTHER_CATEGORIES = frozenset(
    {
        "animal", "human.pedestrian.personal_mobility", "human.pedestrian.stroller", "human.pedestrian.wheelchair",
        "movable_object.debris", "movable_object.pushable_pullable", "noise", "static.other",
        "static_object.bicycle_rack", "vehicle.ego", "vehicle.emergency.ambulance", "vehicle.emergency.police",
    }
)  # fmt: skip


def class_of_category(category: str) -> int:
    """Maps the name of a nuScenes category to the id of its Occ3D class.

    Source: the merging of the nuScenes lidar segmentation challenge, whose ignored classes Occ3D calls others.

    Raises:
        DatasetError: nuScenes has no such category.
    """
    if category in _OTHER_CATEGORIES:
        return 0
    for prefix, name in _CATEGORY_PREFIXES.items():
        if category == prefix or category.startswith(f"{prefix}."):
            return CLASS_NAMES.index(name)
    raise DatasetError(f"'{category}' is not a nuScenes category: check category.json")


@dataclass(frozen=True, eq=False)
class Occ3dLabels:
    """The labels of one keyframe, on `OCC3D_GRID` in the ego frame at the time of its LiDAR sweep.

    Attributes:
        semantics: (200, 200, 16) uint8 class ids; FREE where nothing is.
        mask_lidar: (200, 200, 16) bool, voxels that the LiDAR observes.
        mask_camera: (200, 200, 16) bool, voxels that a camera observes; for evaluation only.
    """

    semantics: Tensor
    mask_lidar: Tensor
    mask_camera: Tensor


def labels_path(root: str | Path, scene: str, sample_token: str) -> Path:
    """Names the label file of a keyframe below the root of Occ3D (the folder that holds `gts`)."""
    return Path(root) / "gts" / scene / sample_token / "labels.npz"


def read_labels(path: str | Path) -> Occ3dLabels:
    """Reads a `labels.npz`.

    Raises:
        DatasetError: the file is missing or damaged, lacks an array, or an array has another shape or other ids.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _ARRAYS}
    except FileNotFoundError:
        raise DatasetError(f"{path}: the labels are missing; unpack the Occ3D-nuScenes archive `gts` there") from None
    except KeyError as error:
        raise DatasetError(f"{path}: holds no array {error}; is this an Occ3D-nuScenes label file?") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path}: damaged ({error}); unpack the Occ3D-nuScenes archive again") from error
    for name, array in arrays.items():
        if array.shape != OCC3D_GRID.shape:
            raise DatasetError(f"{path}: {name} has the shape {array.shape}, Occ3D-nuScenes has {OCC3D_GRID.shape}")
    semantics = arrays["semantics"]
    if semantics.min() < 0 or semantics.max() > FREE:
        raise DatasetError(f"{path}: semantics holds ids {semantics.min()}..{semantics.max()}, Occ3D has 0..{FREE}")
    return Occ3dLabels(
        torch.from_numpy(semantics.astype(np.uint8)),
        torch.from_numpy(arrays["mask_lidar"].astype(bool)),
        torch.from_numpy(arrays["mask_camera"].astype(bool)),
    )


def write_labels(path: str | Path, labels: Occ3dLabels) -> None:
    """Writes a `labels.npz` as Occ3D has it: three (200, 200, 16) uint8 arrays. Makes the folder that it lies in."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        name: getattr(labels, name).to(torch.uint8).numpy() for name in ("semantics", "mask_lidar", "mask_camera")
    }
    np.savez_compressed(path, **arrays)
