"""Sizes of an AGO model, read from YAML and kept beside its weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.settings import build, read_settings


@dataclass(frozen=True)
class BackboneConfig:
    """The image backbone, a ResNet or the frozen image tower of a vision-language model, and its feature pyramid.

    Attributes:
        tower: a vision-language model of the project's own, by name or folder, whose image tower stands in place of the
            ResNet; of the other settings it needs `levels` alone. Empty: the ResNet.
        depths: layers of each stage.
        widths: channels of each stage.
        stem: channels before the first stage.
        layer: "basic" or "bottleneck".
        stages: numbers of the stages (from 1) that the pyramid is built on.
        levels: of the pyramid, the finest first; those beyond the stages are strided convolutions on the last.
        deformable_stages: stages (from 1) whose 3x3 convolutions are deformable; bottleneck layers only.
        frozen_norm: batch norms keep their statistics and are not trained, for weights that were pretrained.
    """

    tower: str = ""
    depths: tuple[int, ...] = (3, 4, 23, 3)
    widths: tuple[int, ...] = (256, 512, 1024, 2048)
    stem: int = 64
    layer: str = "bottleneck"
    stages: tuple[int, ...] = (2, 3, 4)
    levels: int = 4
    deformable_stages: tuple[int, ...] = (3, 4)
    frozen_norm: bool = True

    def __post_init__(self) -> None:
        """Refuses stages that there are not."""
        if len(self.depths) != len(self.widths):
            raise ValueError(f"depths and widths must be of one length, got {self.depths} and {self.widths}")
        if self.layer not in ("basic", "bottleneck"):
            raise ValueError(f"layer must be basic or bottleneck, got {self.layer!r}")
        known = range(1, len(self.depths) + 1)
        if not self.stages or not set(self.stages) | set(self.deformable_stages) <= set(known):
            raise ValueError(f"stages must be of {list(known)}, got {self.stages} and {self.deformable_stages}")
        if list(self.stages) != sorted(set(self.stages)):
            raise ValueError(f"stages must rise, got {self.stages}")
        if self.levels < 1:
            raise ValueError(f"levels must be at least 1, got {self.levels}")
        if self.deformable_stages and self.layer != "bottleneck":
            raise ValueError("deformable_stages needs bottleneck layers: leave it empty")


@dataclass(frozen=True)
class AgoConfig:
    """All sizes of a model.

    Attributes:
        grid: voxels of the output, in the ego frame.
        planes: cells of the three planes along x, y and z; coarser planes are interpolated to the grid.
        image_size: height and width that images are resized to, pixels.
        dim: F, of the queries; a multiple of 8 and of `heads`.
        hidden: width of the voxel head's hidden layer; the paper's is 2 F.
        text_dim: C, of the text space.
        heads: of every attention.
        cross_layers: encoder layers that look at the images.
        self_layers: encoder layers after them that do not.
        pillar_anchors: points on the line that stands on a cell of each plane.
        pillar_points: samples for each head and level, a multiple of the anchors, for each plane.
        hybrid_anchors: likewise for attention between the planes.
        hybrid_points: likewise for attention between the planes.
        dropout: in the encoder.
        backbone: the image backbone.
    """

    grid: VoxelGrid = OCC3D_GRID
    planes: tuple[int, int, int] = (200, 200, 16)
    image_size: tuple[int, int] = (896, 1600)
    dim: int = 128
    hidden: int = 256
    text_dim: int = 512
    heads: int = 8
    cross_layers: int = 3
    self_layers: int = 2
    pillar_anchors: tuple[int, int, int] = (4, 32, 32)
    pillar_points: tuple[int, int, int] = (8, 64, 64)
    hybrid_anchors: int = 16
    hybrid_points: int = 32
    dropout: float = 0.1
    backbone: BackboneConfig = field(default_factory=BackboneConfig)

    def __post_init__(self) -> None:
        """Refuses sizes that do not fit together."""
        if self.dim % 8 or self.dim % self.heads:
            raise ValueError(f"dim must be a multiple of 8 and of heads, got {self.dim} and {self.heads} heads")
        pairs = [*zip(self.pillar_points, self.pillar_anchors), (self.hybrid_points, self.hybrid_anchors)]
        if any(anchors < 1 or points < 1 or points % anchors for points, anchors in pairs):
            raise ValueError(f"points must be multiples of their anchors, got (points, anchors) {pairs}")
        for name in ("planes", "image_size"):
            if min(getattr(self, name)) < 1:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.cross_layers < 1:
            raise ValueError("cross_layers must be at least 1: a model without sees no image")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be in 0..1, got {self.dropout}")


def read_ago_config(path: Path) -> AgoConfig:
    """Reads a configuration such as config/ago/tiny.yaml.

    Raises:
        OSError: there is no such file.
        ValueError: it holds a setting that there is not, or a value that cannot be.
    """
    return read_settings(path, lambda settings: build(AgoConfig, settings))
