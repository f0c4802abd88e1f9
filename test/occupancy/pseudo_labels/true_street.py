"""A small drive world with a segmenter that knows what each pixel shows: what is left is geometry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ago_ros.datasets.drive_world.nuscenes_writer import EPOCH_US, SceneWriter, close_root, open_root
from ago_ros.datasets.drive_world.raycasting import World
from ago_ros.datasets.drive_world.recording import duration_of, record
from ago_ros.datasets.drive_world.scene import draw_scene
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import CLASS_NAMES, FREE
from ago_ros.occupancy.pseudo_labels.masks import NOTHING, Masks

SCENE = "drive-true"
CATEGORIES = {name: (name,) for name in CLASS_NAMES[:FREE]}
"""A category for each class, numbered as the classes are."""


class TrueSegmenter:
    """Answers for the images of a recorded scene."""

    name = "truth"

    def __init__(self, masks: dict[bytes, Tensor]) -> None:
        self._masks = masks

    def segment(self, image: Tensor) -> Masks:
        category = self._masks[image.numpy().tobytes()]
        return Masks(category, (category != NOTHING).float())


@dataclass(frozen=True, eq=False)
class TrueStreet:
    """A root with one scene, its segmenter, and the class of each LiDAR point by stamp in nanoseconds."""

    root: Path
    segmenter: TrueSegmenter
    point_labels: dict[int, Tensor]


def write_true_street(root: Path, seed: int, keyframes: int, size: tuple[int, int], style: str) -> TrueStreet:
    scene = draw_scene(seed, duration_of(keyframes), style=style)
    world = World(scene)
    writer = SceneWriter(open_root(root), size, SCENE, 0, scene)
    by_stamp: dict[tuple[str, int], Tensor] = {}
    point_labels: dict[int, Tensor] = {}
    for turn in record(scene, keyframes, size, sweeps=True):
        writer.write(turn)
        point_labels[_stamp_ns(turn.time)] = torch.from_numpy(turn.sweep.label)
        for shot in turn.shots if turn.is_keyframe else ():
            picture = shot.picture
            distance = np.where(np.isfinite(picture.distance), picture.distance, 0)[..., None]
            points = (picture.origin + picture.rays * distance).reshape(-1, 3)
            labels = world.labels_of(picture.triangle.reshape(-1), points).reshape(picture.triangle.shape)
            labels[labels == FREE] = NOTHING
            by_stamp[shot.mount.channel.lower(), _stamp_ns(shot.time)] = torch.from_numpy(labels)
    close_root(root, [writer.close()])
    reader = NuScenesReader(root)
    masks = {
        image.image.numpy().tobytes(): by_stamp[name, image.stamp_ns]
        for sample in reader.samples(SCENE)
        for name, image in reader.frame(sample.token).cameras.items()
    }
    return TrueStreet(root, TrueSegmenter(masks), point_labels)


def _stamp_ns(time: float) -> int:
    return 1000 * (EPOCH_US + round(time * 1e6))
