"""Settings of a training of SemAbs, read from YAML."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ago_ros.datasets.query_views.splits import DRIVES, TRAIN_SPLITS, VALIDATION_SPLITS
from ago_ros.scene_query.semabs.config import SemAbsConfig, make_config
from ago_ros.scene_query.semabs.input_maps import maps_config
from ago_ros.settings import build, read_settings
from ago_ros.training.loop import LoopConfig
from ago_ros.training.scene_query.asks import AskConfig
from ago_ros.vlm.relevancy_maps import RelevancyConfig


@dataclass(frozen=True)
class DrawConfig:
    """What is drawn from the room world and the drive world.

    Attributes:
        train_rooms: rooms to train on.
        validation_rooms: rooms that threshold and calibration are chosen on.
        test_rooms: rooms of each test split.
        views: of each room to train on.
        test_views: of each other room.
        train_drives: drives to train on; each is looked at once, to several sides.
        validation_drives: drives that threshold and calibration are chosen on, beside the rooms.
        test_drives: drives of the outdoor test.
        drive_views: sides of each drive, at most 8.
        drive_image: width and height of a drive's six images, pixels.
        image_side: pixels of the square images of rooms.
        depth_stride: every so many pixels of depth and colour is kept.
        map_side: pixels of the maps' shorter side.
        voxels: along a room's cube, and along a drive's window.
        maps: how the maps of all scales are read: "fast", dense features of few crops, or "attention", the paper's.
        scales: sides of the crops over the image's shorter side.
        stride: step between crops over their side, as `RelevancyConfig`; the paper's is 1/4.
        crop_side: pixels of a crop's side for "fast".
        jitters: versions of the image in other colours.
        flip: mirrored crops too.
        asks: what is asked of each view.
    """

    train_rooms: int = 150
    validation_rooms: int = 20
    test_rooms: int = 30
    views: int = 8
    test_views: int = 3
    train_drives: int = 30
    validation_drives: int = 5
    test_drives: int = 10
    drive_views: int = 4
    drive_image: tuple[int, int] = (400, 225)
    image_side: int = 224
    depth_stride: int = 2
    map_side: int = 56
    voxels: int = 64
    maps: str = "fast"
    scales: tuple[float, ...] = (1.0, 1 / 2, 1 / 3, 1 / 4)
    stride: float = 1.0
    crop_side: int = 96
    jitters: int = 0
    flip: bool = False
    asks: AskConfig = field(default_factory=AskConfig)

    def __post_init__(self) -> None:
        """Refuses to draw nothing."""
        if min(self.train_rooms, self.validation_rooms, self.views, self.test_views, self.depth_stride) < 1:
            raise ValueError("train_rooms, validation_rooms, views, test_views and depth_stride must be at least 1")
        if min(self.train_drives, self.validation_drives, self.test_drives) < 0 or not 1 <= self.drive_views <= 8:
            raise ValueError(f"no drives is 0, drive_views is 1 to 8: got {self}")
        if self.test_rooms < 0 or self.map_side < 1:
            raise ValueError(f"test_rooms and map_side cannot be {self.test_rooms} and {self.map_side}")
        if self.voxels % 32 and any(self.files_of(split)[0] for split in DRIVES):
            raise ValueError(f"voxels must be a multiple of 32 where drives are drawn: got {self.voxels}")
        self.relevancy()

    def relevancy(self) -> dict[str, RelevancyConfig]:
        """Returns how each kind of maps is read: ours at all scales, and the single scale of earlier work."""
        return {
            kind: maps_config(asdict(self), multi_scale=multi) for kind, multi in (("multi", True), ("single", False))
        }

    def files_of(self, split: str) -> tuple[int, int]:
        """Returns how many rooms or drives a split has, each a file, and how many views of each."""
        outdoors = split in DRIVES
        if split in TRAIN_SPLITS:
            return (self.train_drives, self.drive_views) if outdoors else (self.train_rooms, self.views)
        if split in VALIDATION_SPLITS:
            return (self.validation_drives, self.drive_views) if outdoors else (self.validation_rooms, self.test_views)
        return (self.test_drives, self.drive_views) if outdoors else (self.test_rooms, self.test_views)

    def splits(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Returns those of some splits that have anything."""
        return tuple(name for name in names if self.files_of(name)[0])


@dataclass(frozen=True)
class AugmentConfig:
    """How points and queries are moved together. Source: SemAbs section 6.2 names the kinds; the sizes are ours.

    Attributes:
        shift: of the scene, at most this share of the grid's edge along each axis.
        scale: factors run from 1 - x to 1 + x.
        turn_deg: about the vertical, at most; little, as relations are meant along the viewer's axes.
        mirror: swaps left and right in half of the scenes, in the relations too.
        colour: factors on red, green and blue run from 1 - x to 1 + x.
    """

    shift: float = 0.05
    scale: float = 0.1
    turn_deg: float = 10.0
    mirror: bool = True
    colour: float = 0.2

    def __post_init__(self) -> None:
        """Refuses strengths that leave nothing."""
        if not (0 <= self.scale < 1 and 0 <= self.colour < 1) or min(self.shift, self.turn_deg) < 0:
            raise ValueError(f"scale and colour must be in 0..1, shift and turn_deg not negative: got {self}")


@dataclass(frozen=True)
class BatchConfig:
    """What a step learns from.

    Attributes:
        scenes: views of a step.
        asks: of each view: half descriptions, the rest completions, those of the same phrases first.
        queries: points for each ask.
        outdoor: share of the views that are of streets, where there are such.
        near: share of the points drawn around the answer instead of anywhere.
        margin: how far around, voxels.
        resolution: voxels along x of the answers that are learnt; those of the files are pooled to it.
    """

    scenes: int = 3
    asks: int = 4
    queries: int = 2048
    outdoor: float = 0.25
    near: float = 0.5
    margin: int = 3
    resolution: int = 32

    def __post_init__(self) -> None:
        """Refuses empty batches."""
        if min(self.scenes, self.asks, self.queries, self.resolution) < 1 or not (
            0 <= self.near <= 1 and 0 <= self.outdoor <= 1
        ):
            raise ValueError(
                f"scenes, asks, queries and resolution must be at least 1, near and outdoor in 0..1: got {self}"
            )


@dataclass(frozen=True)
class SceneQueryConfig:
    """All settings of a training.

    Attributes:
        loop: steps, learning rate, checkpoints.
        network: the SemAbs network; the other methods are made at its size.
        draw: the data.
        augment: of it.
        batch: of a step.
        validation_views: that the weights are chosen by while training; threshold and calibration take all.
        threads: of torch; 0 leaves it to torch.
    """

    loop: LoopConfig
    network: SemAbsConfig
    draw: DrawConfig = field(default_factory=DrawConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    batch: BatchConfig = field(default_factory=BatchConfig)
    validation_views: int = 12
    threads: int = 0

    def __post_init__(self) -> None:
        """Refuses grids that do not go into each other."""
        if self.draw.voxels % self.batch.resolution:
            raise ValueError(
                f"batch.resolution must divide draw.voxels: got {self.batch.resolution} and {self.draw.voxels}"
            )


def read_config(path: Path) -> SceneQueryConfig:
    """Reads settings.

    Raises:
        OSError: there is no such file.
        ValueError: it holds a setting that there is not, or a value that cannot be.
    """
    return read_settings(path, _build)


def _build(settings: dict[str, Any]) -> SceneQueryConfig:
    network = make_config(settings.pop("network"))
    if not isinstance(network, SemAbsConfig):
        raise ValueError("network must be a SemAbs network; the other methods are made at its size")
    return build(SceneQueryConfig, settings, network=network)


def drawn_with(config: DrawConfig, vlm: str) -> dict[str, Any]:
    """Says what views were drawn with, as their files keep it: all but how many there are."""
    rooms = ("train_rooms", "validation_rooms", "test_rooms", "views", "test_views")
    counts = (*rooms, "train_drives", "validation_drives", "test_drives", "drive_views")
    settings = {name: value for name, value in asdict(config).items() if name not in counts}
    said: dict[str, Any] = json.loads(json.dumps({"vlm": vlm, **settings}))
    return said
