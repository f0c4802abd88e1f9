"""The SemAbs network: encodes relevancy points once, then answers as many queries as are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.free_space import FreeSpace, stack_shares
from ago_ros.scene_query.semabs.points import RelevancyPoints
from ago_ros.scene_query.semabs.released_layout import ReleasedLayout
from ago_ros.scene_query.semabs.unet import ResidualUNet
from ago_ros.scene_query.semabs.volume import Aligned, Layout


@dataclass(frozen=True, eq=False)
class Volumes:
    """What points were encoded to: ask of it as often as wanted.

    Attributes:
        grid: where the voxels lie.
        features: (V, D, X, Y, Z).
    """

    grid: VoxelGrid
    features: Tensor

    def __len__(self) -> int:
        return len(self.features)

    def pick(self, rows: Sequence[int] | Tensor) -> Volumes:
        """Returns some of the volumes, in the order given; a row may come several times."""
        return Volumes(self.grid, self.features[torch.as_tensor(rows, device=self.features.device)])


class VolumeEncoder(nn.Module):
    """Layers that each point passes, scatter into a volume, UNet. Source: SemAbs sections 3.1 and 6.2.

    Args:
        config: its size.
        layout: how points lie in the volume.
    """

    def __init__(self, config: EncoderConfig, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.points = nn.Sequential(
            nn.Linear(3 + config.inputs, config.point_width),
            nn.LeakyReLU(),
            nn.Linear(config.point_width, config.point_width),
            nn.LeakyReLU(),
            nn.Linear(config.point_width, config.channels),
        )
        if config.free_space:
            self.free = nn.Parameter(torch.zeros(config.channels, 1, 1, 1))
        self.unet = ResidualUNet(config.channels, config.channels, config.widths, config.groups)

    @property
    def sees_free_space(self) -> bool:
        """Whether it is told which space is free."""
        return hasattr(self, "free")

    def forward(
        self, grid: VoxelGrid, points: Sequence[Tensor], values: Sequence[Tensor], free: Tensor | None = None
    ) -> Volumes:
        """Encodes V clouds.

        Args:
            grid: the voxels; points outside are dropped.
            points: V clouds (P, 3), frame of the grid, metres; P may differ.
            values: V times (P, F), what is known of each point.
            free: (V, X, Y, Z) in 0..1, how free each voxel is; where the network sees that, and only there.
        """
        device = self.unet.out.weight.device
        counts = torch.tensor([len(cloud) for cloud in points])
        volume = torch.repeat_interleave(torch.arange(len(points)), counts).to(device)
        everywhere, told = torch.cat(list(points)).to(device), torch.cat(list(values)).to(device)
        _, inside = grid.indices(everywhere)
        everywhere, told, volume = everywhere[inside], told[inside], volume[inside]
        features = self.points(torch.cat([self.layout.place_points(grid, everywhere), told], dim=1))
        filled = self.layout.scatter(grid, everywhere, features, volume, len(points))
        if free is not None:
            filled = filled + self.free * free.to(filled)[:, None]
        return Volumes(grid, self.unet(filled).to(torch.float32))


class PointHead(nn.Module):
    """Reads features at points, adds the place, and passes two layers: D + 3 → D → outputs."""

    def __init__(self, channels: int, outputs: int, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.layers = nn.Sequential(nn.Linear(channels + 3, channels), nn.LeakyReLU(), nn.Linear(channels, outputs))

    def forward(self, volumes: Volumes, queries: Tensor) -> Tensor:
        """Maps V volumes of D channels and queries, (Q, 3) or (V, Q, 3) in metres, to (V, Q, outputs)."""
        queries = spread(queries, volumes)
        sampled = self.layout.sample(volumes.grid, volumes.features, queries)
        return self.layers(torch.cat([sampled, self.layout.place_queries(volumes.grid, queries)], dim=-1))


class SemAbs(nn.Module):
    """Completes objects (OVSSC) and locates hidden ones (VOOL) from relevancy alone. Source: SemAbs section 3.

    Relations have the axes of the grid: the viewer must look along +x, with y to the left and z up.

    Args:
        config: size and heads.

    Attributes:
        relations: (6, R), the embedding of each of `query.RELATIONS`.
    """

    def __init__(self, config: SemAbsConfig) -> None:
        super().__init__()
        self.config = config
        self.layout: Layout = ReleasedLayout() if config.released else Aligned()
        channels = config.encoder.channels
        self.encoder = VolumeEncoder(config.encoder, self.layout)
        if "complete" in config.heads:
            self.occupancy = PointHead(channels, 1, self.layout)
        if "locate" in config.heads:
            self.relations = nn.Parameter(torch.randn(len(RELATIONS), config.relation_width or 2 * channels))
            if config.relation_width:
                self.place = PointHead(2 * channels, config.relation_width, self.layout)

    def encode(
        self,
        scenes: Sequence[RelevancyPoints],
        grid: VoxelGrid | None = None,
        free: Sequence[FreeSpace | None] | None = None,
    ) -> Volumes:
        """Encodes the phrases of scenes.

        Args:
            scenes: any number of scenes, with any number of points and phrases.
            grid: the voxels; None for those of the configuration.
            free: of each scene, for a network that sees free space; any other does not look at it.

        Returns:
            One volume for each phrase of each scene, in order.

        Raises:
            ValueError: the network sees free space, and a scene has none.
        """
        grid, shares = grid or self.config.grid, None
        if self.encoder.sees_free_space:
            phrases = torch.tensor([len(scene.relevancy) for scene in scenes])
            shares = stack_shares(free or [None] * len(scenes), grid).repeat_interleave(phrases, dim=0)
        points = [scene.points for scene in scenes for _ in scene.relevancy]
        values = [self.config.relevancy_scale * row[:, None] for scene in scenes for row in scene.relevancy]
        return self.encoder(grid, points, values, shares)

    def complete(self, volumes: Volumes, queries: Tensor) -> Tensor:
        """Tells where the objects of each phrase are, seen or not (OVSSC).

        Args:
            volumes: V phrases.
            queries: (Q, 3) or (V, Q, 3), frame of the grid, metres.

        Returns:
            (V, Q) logits; NaN outside of the grid.
        """
        if "complete" not in self.config.heads:
            raise ValueError("this network was not made to complete objects: add the head 'complete' and train it")
        return self.occupancy(volumes, queries).squeeze(-1)

    def locate(self, target: Volumes, reference: Volumes, relation: Sequence[str], queries: Tensor) -> Tensor:
        """Tells where a target can be, given its relation to a reference (VOOL).

        Args:
            target: V phrases.
            reference: V phrases.
            relation: V of `query.RELATIONS`.
            queries: (Q, 3) or (V, Q, 3), frame of the grid, metres.

        Returns:
            (V, Q) logits; NaN outside of the grid.

        Raises:
            ValueError: the network has no such head, there is no such relation, or the three do not go together.
        """
        if "locate" not in self.config.heads:
            raise ValueError("this network was not made to locate objects: add the head 'locate' and train it")
        if target.grid != reference.grid or not len(target) == len(reference) == len(relation):
            raise ValueError(
                "needs a reference and a relation for each target, on one grid: got "
                f"{len(target)}, {len(reference)} and {len(relation)} on {target.grid} and {reference.grid}"
            )
        both = Volumes(target.grid, torch.cat([target.features, reference.features], dim=1))
        if self.config.relation_width:
            features = self.place(both, queries)
        else:
            features = self.layout.sample(both.grid, both.features, spread(queries, both))
        wanted = self.relations[[relation_index(name) for name in relation]]
        return cosine_similarity(features, wanted[:, None], dim=-1) / self.config.temperature


def spread(queries: Tensor, volumes: Volumes) -> Tensor:
    """Returns queries as (V, Q, 3) on the volumes' device, from (Q, 3) that all share or (V, Q, 3).

    Raises:
        ValueError: they have another shape.
    """
    if queries.ndim == 2:
        queries = queries.expand(len(volumes), *queries.shape)
    if queries.ndim != 3 or queries.shape[::2] != (len(volumes), 3):
        raise ValueError(f"needs queries (Q, 3) or ({len(volumes)}, Q, 3), got {tuple(queries.shape)}")
    return queries.to(volumes.features.device)


def relation_index(name: str) -> int:
    """Returns a relation's place in `query.RELATIONS`.

    Raises:
        ValueError: there is no such relation.
    """
    if name not in RELATIONS:
        raise ValueError(f"unknown relation {name!r}: use one of {', '.join(RELATIONS)}")
    return RELATIONS.index(name)
