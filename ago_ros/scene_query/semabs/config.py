"""Sizes of the networks, read from YAML or from what was saved beside weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.settings import build, read_settings

HEADS = ("complete", "locate")

PAPER_GRID = VoxelGrid((-1.0, -1.0, -0.1), 2.0 / 128, (128, 128, 128))
"""SemAbs' bounds and resolution, section 6.2."""


@dataclass(frozen=True)
class EncoderConfig:
    """Size of what turns points into a volume of features. The defaults are the paper's.

    Attributes:
        inputs: values that a point has besides its place: 1 for relevancy, 3 for colour.
        point_width: of the two hidden layers that each point passes.
        channels: D of the volume, before and after the UNet.
        widths: of the UNet's levels; each level halves the resolution.
        groups: of its GroupNorm.
        free_space: whether the volume also says which voxels rays have passed through; ours, the paper tells points
            alone.
    """

    inputs: int = 1
    point_width: int = 128
    channels: int = 16
    widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    groups: int = 8
    free_space: bool = False

    def __post_init__(self) -> None:
        """Refuses sizes that no network has."""
        object.__setattr__(self, "widths", tuple(self.widths))
        if not self.widths or min(self.inputs, self.point_width, self.channels, self.groups, *self.widths) < 1:
            raise ValueError(f"every size must be at least 1, got {self}")
        for width in (self.channels, *self.widths):
            if width > self.groups and width % self.groups:
                raise ValueError(f"channels and widths must be multiples of groups: got {width} and {self.groups}")


@dataclass(frozen=True)
class SemAbsConfig:
    """A SemAbs network.

    Attributes:
        encoder: its size; `inputs` is 1.
        heads: what it answers: "complete" (OVSSC), "locate" (VOOL), or both on one encoder.
        relation_width: 0 compares a relation's embedding with the features as they are, as the paper has it; more puts
            two layers up to this many values between them, as the released weights do.
        temperature: of that comparison.
        relevancy_scale: factor that brings the relevancy of the model in use to about -1..1.
        grid: the voxels that it was trained on; any other grid can be given when encoding.
        released: lays points and queries into the volume as the released code does; for released weights alone.
    """

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    heads: tuple[str, ...] = HEADS
    relation_width: int = 0
    temperature: float = 0.07
    relevancy_scale: float = 1.0
    grid: VoxelGrid = PAPER_GRID
    released: bool = False

    def __post_init__(self) -> None:
        """Refuses what is no SemAbs network."""
        object.__setattr__(self, "heads", tuple(self.heads))
        if not self.heads or set(self.heads) - set(HEADS):
            raise ValueError(f"heads must be some of {', '.join(HEADS)}, got {self.heads}")
        if self.encoder.inputs != 1:
            raise ValueError(f"a point has one relevancy: encoder.inputs must be 1, got {self.encoder.inputs}")
        if self.released and self.encoder.free_space:
            raise ValueError("released weights know nothing of free space: set encoder.free_space to false")
        if self.relation_width < 0 or not self.temperature > 0 or not self.relevancy_scale > 0:
            raise ValueError(
                "relation_width must not be negative, temperature and relevancy_scale must be positive: got "
                f"{self.relation_width}, {self.temperature}, {self.relevancy_scale}"
            )


@dataclass(frozen=True)
class SemAwareConfig:
    """The baseline that sees colours and learns what words mean.

    Attributes:
        encoder: its size; `inputs` is 3.
        text_dim: dimension of the text embeddings.
        temperature: of the comparison with them.
        grid: the voxels that it was trained on.
    """

    encoder: EncoderConfig = field(default_factory=lambda: EncoderConfig(inputs=3))
    text_dim: int = 384
    temperature: float = 0.07
    grid: VoxelGrid = PAPER_GRID

    def __post_init__(self) -> None:
        """Refuses what is no SemAware network."""
        if self.encoder.inputs != 3:
            raise ValueError(f"a point has three colours: encoder.inputs must be 3, got {self.encoder.inputs}")
        if self.text_dim < 1 or not self.temperature > 0:
            raise ValueError(f"text_dim and temperature must be positive: got {self.text_dim}, {self.temperature}")


KINDS: dict[str, type[SemAbsConfig] | type[SemAwareConfig]] = {"semabs": SemAbsConfig, "semaware": SemAwareConfig}


def make_config(settings: Mapping[str, Any]) -> SemAbsConfig | SemAwareConfig:
    """Builds a configuration from what YAML or JSON holds.

    Args:
        settings: `network`, one of KINDS, and its attributes; `encoder` and `grid` are mappings themselves.

    Raises:
        ValueError: a setting that there is not, or a value that cannot be.
    """
    rest = dict(settings)
    kind = rest.pop("network", "semabs")
    if kind not in KINDS:
        raise ValueError(f"unknown network {kind!r}: use one of {', '.join(KINDS)}")
    return build(KINDS[kind], rest)


def settings_of(config: SemAbsConfig | SemAwareConfig) -> dict[str, Any]:
    """Returns what `make_config` builds the configuration from."""
    kind = next(name for name, cls in KINDS.items() if isinstance(config, cls))
    return {"network": kind, **asdict(config)}


def read_network_config(path: Path) -> SemAbsConfig | SemAwareConfig:
    """Reads a configuration from YAML.

    Raises:
        OSError: there is no such file.
        ValueError: it holds a setting that there is not, or a value that cannot be.
    """
    return read_settings(path, make_config)
