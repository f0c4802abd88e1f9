"""Occ3D's classes and label files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.occ3d import CLASS_NAMES, class_of_category, labels_path, read_labels, write_labels

SHAPE = (200, 200, 16)

NUSCENES_CLASSES = {
    "noise": 0, "animal": 0, "human.pedestrian.adult": 7, "human.pedestrian.child": 7,
    "human.pedestrian.construction_worker": 7, "human.pedestrian.personal_mobility": 0,
    "human.pedestrian.police_officer": 7, "human.pedestrian.stroller": 0, "human.pedestrian.wheelchair": 0,
    "movable_object.barrier": 1, "movable_object.debris": 0, "movable_object.pushable_pullable": 0,
    "movable_object.trafficcone": 8, "static_object.bicycle_rack": 0, "vehicle.bicycle": 2, "vehicle.bus.bendy": 3,
    "vehicle.bus.rigid": 3, "vehicle.car": 4, "vehicle.construction": 5, "vehicle.emergency.ambulance": 0,
    "vehicle.emergency.police": 0, "vehicle.motorcycle": 6, "vehicle.trailer": 9, "vehicle.truck": 10,
    "flat.driveable_surface": 11, "flat.other": 12, "flat.sidewalk": 13, "flat.terrain": 14, "static.manmade": 15,
    "static.other": 0, "static.vegetation": 16, "vehicle.ego": 0,
}  # fmt: skip
"""The 32 categories of nuScenes and nuScenes-lidarseg, and the challenge class that each is merged into."""


def test_every_category_has_its_class() -> None:
    assert {name: class_of_category(name) for name in NUSCENES_CLASSES} == NUSCENES_CLASSES
    assert len(CLASS_NAMES) == 18 and CLASS_NAMES[11] == "driveable_surface" and CLASS_NAMES[17] == "free"
    with pytest.raises(DatasetError, match=r"'vehicle\.carriage' is not a nuScenes category"):
        class_of_category("vehicle.carriage")


def labels() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "semantics": rng.integers(0, 18, SHAPE).astype(np.uint8),
        "mask_lidar": rng.integers(0, 2, SHAPE).astype(np.uint8),
        "mask_camera": rng.integers(0, 2, SHAPE).astype(np.uint8),
    }


def test_labels_are_read_and_written(tmp_path: Path) -> None:
    arrays = labels()
    np.savez_compressed(tmp_path / "labels.npz", **arrays)
    read = read_labels(tmp_path / "labels.npz")
    assert read.semantics.dtype == torch.uint8 and read.mask_camera.dtype == torch.bool
    for name, array in arrays.items():
        np.testing.assert_array_equal(getattr(read, name).numpy(), array)
    path = labels_path(tmp_path, "scene-0061", "token")
    assert path == tmp_path / "gts" / "scene-0061" / "token" / "labels.npz"
    write_labels(path, read)
    with np.load(path) as archive:
        assert set(archive) == set(arrays)
        for name, array in arrays.items():
            assert archive[name].dtype == np.uint8
            np.testing.assert_array_equal(archive[name], array)


def test_damaged_labels_are_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.npz"
    cases = {
        "mask_camera": {k: v for k, v in labels().items() if k != "mask_camera"},
        "shape": labels() | {"mask_lidar": np.zeros((2, 2, 2), np.uint8)},
        "ids": labels() | {"semantics": np.full(SHAPE, 18, np.uint8)},
    }
    for expected, arrays in cases.items():
        np.savez_compressed(path, **arrays)
        with pytest.raises(DatasetError, match=rf"labels\.npz.*{expected}"):
            read_labels(path)
    np.savez_compressed(path, **labels())
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DatasetError, match=r"labels\.npz: damaged"):
        read_labels(path)
    path.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"labels\.npz: damaged"):
        read_labels(path)
    with pytest.raises(DatasetError, match=r"none\.npz: the labels are missing"):
        read_labels(tmp_path / "none.npz")
