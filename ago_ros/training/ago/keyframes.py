"""The keyframes that AGO learns from: images, voxel labels and, where they are wanted, the images' embeddings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from ago_ros.datasets.drive_world.shards import Shard
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import read_image
from ago_ros.datasets.occ3d import labels_path
from ago_ros.geometry import se3
from ago_ros.occupancy.pseudo_labels.embeddings import ImageEmbeddings, embeddings_path, read_embeddings
from ago_ros.occupancy.pseudo_labels.files import read_pseudo_labels
from ago_ros.occupancy.pseudo_labels.jobs import SETTINGS as LABEL_NOTE
from ago_ros.sensors.frame import LidarSweep, SensorFrame


@dataclass(frozen=True, eq=False)
class Keyframe:
    """What is known of a keyframe in training. Nobody is told what the cameras see of the labels.

    Attributes:
        frame: its images; the sweep has no points.
        semantics: (200, 200, 16) uint8 on OCC3D_GRID: a class, FREE or UNOBSERVED.
        embeddings: of its images; None where they are not wanted.
    """

    frame: SensorFrame
    semantics: Tensor
    embeddings: ImageEmbeddings | None


class Keyframes(Protocol):
    """Keyframes by number."""

    def __len__(self) -> int:
        """How many there are."""

    def read(self, number: int) -> Keyframe:
        """Reads one."""


class LabelledRoot:
    """Keyframes of a nuScenes root that have labels. Those that `ago label` skipped are left out.

    Args:
        root: the data.
        labels: folder that holds `gts`, and `embeddings` where they are wanted.
        embedded: with embeddings.
        scenes: names; None means all.

    Raises:
        DatasetError: no keyframe has labels, or the data cannot be read.
    """

    def __init__(
        self, root: str | Path, labels: str | Path, embedded: bool, scenes: Sequence[str] | None = None
    ) -> None:
        self._reader, self._labels, self._embedded = NuScenesReader(root), Path(labels), embedded
        names = [scene.name for scene in self._reader.scenes] if scenes is None else scenes
        samples = [(name, sample.token) for name in names for sample in self._reader.samples(name)]
        self._samples = [each for each in samples if labels_path(labels, *each).is_file()]
        if not self._samples:
            raise DatasetError(f"{labels}: none of {len(samples)} keyframes has labels; write them with `ago label`")

    def __len__(self) -> int:
        """How many there are."""
        return len(self._samples)

    def read(self, number: int) -> Keyframe:
        """Reads one.

        Raises:
            DatasetError: a file is missing or damaged.
        """
        scene, token = self._samples[number]
        records = self._reader.keyframe(token)
        if LIDAR not in records:
            raise DatasetError(f"{self._reader.root}: sample {token} has no LIDAR_TOP datum, which gives it its time")
        anchor = records[LIDAR]
        sweep = LidarSweep(anchor.stamp_ns, torch.zeros(0, 3), anchor.ego_from_sensor, anchor.map_from_ego)
        images = {name: read_image(record) for name, record in records.items() if record.camera is not None}
        embeddings = read_embeddings(embeddings_path(self._labels, scene, token)) if self._embedded else None
        return Keyframe(
            SensorFrame(sweep, images), read_pseudo_labels(labels_path(self._labels, scene, token)), embeddings
        )


class ShardKeyframes:
    """Keyframes of the drive world's shards, with its true labels. They have no embeddings.

    Args:
        paths: of the shards.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._shards = [Shard(path) for path in paths]
        self._places = [(shard, place) for shard in self._shards for place in range(len(shard))]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)

    def read(self, number: int) -> Keyframe:
        """Reads one."""
        shard, place = self._places[number]
        frame = shard.frame(place)
        sweep = LidarSweep(frame.stamp_ns, torch.zeros(0, 3), se3.identity(), frame.map_from_ego)
        return Keyframe(SensorFrame(sweep, frame.cameras), frame.semantics, None)


def scene_names(data: str | Path) -> list[str]:
    """Names the scenes of a root, or of a folder of shards."""
    shards = _shards(data)
    return [path.stem for path in shards] if shards else [scene.name for scene in NuScenesReader(data).scenes]


def open_keyframes(
    data: str | Path, labels: str | Path, scenes: Sequence[str], embedded_by: str | None = None
) -> Keyframes:
    """Opens a training set.

    Args:
        data: a nuScenes root, or a folder of the drive world's shards.
        labels: folder that holds `gts`, and `embeddings` where they are wanted; shards hold their labels.
        scenes: names.
        embedded_by: name of the vision-language model whose embeddings are wanted; None wants none.

    Raises:
        DatasetError: there are no labels, or no embeddings of that model.
    """
    if _shards(data):
        if embedded_by is not None:
            raise DatasetError(f"{data}: shards have no embeddings to align with; use a root that `ago label` labelled")
        return ShardKeyframes([Path(data) / f"{scene}.npz" for scene in scenes])
    if embedded_by is not None:
        _check_embeddings(Path(labels), embedded_by)
    return LabelledRoot(data, labels, embedded_by is not None, scenes)


def _shards(data: str | Path) -> list[Path]:
    return sorted(Path(data).glob("drive-*.npz"))


def _check_embeddings(labels: Path, vlm: str) -> None:
    """Holds the model that made the embeddings of a folder against the one that is wanted."""
    path = labels / LABEL_NOTE
    try:
        made = json.loads(path.read_text())["embeddings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path}: does not say how embeddings were made ({error}); run `ago label`") from None
    if made != vlm:
        raise DatasetError(
            f"{labels}: the embeddings are by {made or 'no model'}, not {vlm}: give --vlm {made or vlm}, or run "
            f"`ago label --embeddings --vlm {vlm}` into another folder"
        )
