"""Settings of a training of AGO, read from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ago_ros.occupancy.ago.config import AgoConfig, read_ago_config
from ago_ros.settings import build, read_settings
from ago_ros.training.loop import LoopConfig


@dataclass(frozen=True)
class VoxelBudget:
    """How many voxels of a keyframe each loss looks at, at most; all of them cost memory and tell little more (ours).

    Attributes:
        occupied: drawn so that rare categories come oftener than they occur: a category's share is as the square root
            of its number.
        free: evenly drawn. The fewer, the sooner a voxel is taken for occupied.
        aligned: of those that images show.
    """

    occupied: int = 6000
    free: int = 18000
    aligned: int = 4000

    def __post_init__(self) -> None:
        """Refuses to look at nothing."""
        if min(self.occupied, self.free, self.aligned) < 1:
            raise ValueError(f"occupied, free and aligned must be at least 1: {self}")


@dataclass(frozen=True)
class FewShotConfig:
    """How a pretrained model is taken further.

    Attributes:
        steps: updates.
        learning_rate: highest.
        scenes: k, drawn by the seed.
    """

    steps: int
    learning_rate: float
    scenes: int = 4

    def __post_init__(self) -> None:
        """Refuses to train on nothing."""
        if self.scenes < 1:
            raise ValueError(f"scenes must be at least 1, got {self.scenes}")


@dataclass(frozen=True)
class AgoTrainingConfig:
    """All settings of a training.

    Attributes:
        loop: steps, learning rate, checkpoints.
        model: sizes.
        few_shot: what is different in few-shot training.
        batch: keyframes of a draw.
        voxels: how many voxels the losses look at.
        noise_pool: words that noise prompts are drawn from.
        backbone: pretrained weights of the image backbone, a folder or a Hugging Face id; empty: trained from nothing.
        checkpointing: compute layers anew in the backward pass, which saves memory.
        validation_frames: keyframes, at most, of the last scene, which is then not trained on; 0: no validation.
        threads: of torch; 0 leaves it to torch.
    """

    loop: LoopConfig
    model: AgoConfig
    few_shot: FewShotConfig
    batch: int = 1
    voxels: VoxelBudget = field(default_factory=VoxelBudget)
    noise_pool: int = 500
    backbone: str = ""
    checkpointing: bool = False
    validation_frames: int = 0
    threads: int = 0

    def __post_init__(self) -> None:
        """Refuses numbers that mean nothing."""
        if self.batch < 1 or min(self.noise_pool, self.validation_frames, self.threads) < 0:
            raise ValueError("batch must be at least 1; noise_pool, validation_frames and threads at least 0")


def read_config(path: Path) -> AgoTrainingConfig:
    """Reads settings such as config/training/ago_tiny.yaml.

    `model` names a file of config/ago, or is the path of one, seen from the folder of the settings.

    Raises:
        OSError: there is no such file.
        ValueError: it holds a setting that there is not, or a value that cannot be.
    """

    def make(settings: dict[str, Any]) -> AgoTrainingConfig:
        model = str(settings.pop("model"))
        sizes = path.parent / model if model.endswith(".yaml") else path.parents[1] / "ago" / f"{model}.yaml"
        return build(AgoTrainingConfig, settings, model=read_ago_config(sizes))

    return read_settings(path, make)
