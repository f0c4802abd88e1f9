"""Settings of a training of the vision-language model, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ago_ros.settings import build, read_settings
from ago_ros.training.loop import LoopConfig
from ago_ros.training.vlm.crops import CropConfig
from ago_ros.vlm.tower import TowerConfig


@dataclass(frozen=True)
class DataConfig:
    """How much is drawn from the worlds.

    Attributes:
        train_scenes: scenes of the drive world.
        validation_scenes: scenes of the drive world.
        test_scenes: scenes of the drive world.
        shots: times in each scene; each gives six pictures.
        train_rooms: rooms of the room world.
        validation_rooms: rooms of the room world.
        test_rooms: rooms of each test split of the room world.
        views: pictures of each room.
        train_showrooms: rooms of the room world where every class is about as frequent as any other.
        train_disguises: showrooms whose things wear colours and materials that are not theirs.
        close_ups: pictures of single things in each showroom, at most.
    """

    train_scenes: int = 40
    validation_scenes: int = 4
    test_scenes: int = 10
    shots: int = 4
    train_rooms: int = 100
    validation_rooms: int = 8
    test_rooms: int = 10
    views: int = 8
    train_showrooms: int = 0
    train_disguises: int = 0
    close_ups: int = 40

    def __post_init__(self) -> None:
        """Refuses to train on nothing."""
        if min(self.train_scenes + self.train_rooms, self.validation_scenes + self.validation_rooms) < 1:
            raise ValueError("give at least one scene or room to train on, and one to validate on")


@dataclass(frozen=True)
class VlmTrainingConfig:
    """All settings of a training.

    Attributes:
        loop: steps, learning rate, checkpoints.
        tower: size of the image tower.
        crops: how pictures are cut.
        data: how many are drawn.
        plain: phrases of a step that say what a thing is, beside the names, all of which are in every step.
        looks: phrases of a step that tell of colours, materials and sizes.
        view_side: short side of an image as the trained tower will see it, pixels.
        threads: of torch; 0 leaves it to torch.
    """

    loop: LoopConfig
    tower: TowerConfig = field(default_factory=TowerConfig)
    crops: CropConfig = field(default_factory=CropConfig)
    data: DataConfig = field(default_factory=DataConfig)
    plain: int = 256
    looks: int = 384
    view_side: int = 224
    threads: int = 0


def read_config(path: Path) -> VlmTrainingConfig:
    """Reads settings.

    Raises:
        OSError: there is no such file.
        ValueError: it holds a setting that there is not, or a value that cannot be.
    """
    return read_settings(path, lambda settings: build(VlmTrainingConfig, settings))
