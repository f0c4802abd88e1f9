"""The plane encoder: learned queries on three planes, refined by each other and by the images. Source: TPVFormer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ago_ros.occupancy.ago.attention import CrossViewAttention, ImageCrossAttention, PlaneViews, gather_views
from ago_ros.occupancy.ago.config import AgoConfig
from ago_ros.occupancy.ago.deformable import Shape
from ago_ros.occupancy.ago.planes import PLANES, on_planes, pillars, plane_shapes, project, to_metres


class PlanePositions(nn.Module):
    """Learned embeddings of the rows and columns of each plane; the third axis' channels are zero. Source: TPVFormer.

    Args:
        shape: cells along x, y and z.
        dim: F; x and y have 3/8 of the channels each, z a quarter.
    """

    def __init__(self, shape: tuple[int, int, int], dim: int) -> None:
        super().__init__()
        widths = (3 * dim // 8, 3 * dim // 8, dim // 4)
        self.axes = nn.ParameterList(nn.Parameter(torch.rand(n, width)) for n, width in zip(shape, widths))

    def forward(self) -> list[Tensor]:
        """Returns three of (Q_p, F)."""
        result = []
        for row, column in PLANES:
            rows, columns = len(self.axes[row]), len(self.axes[column])
            parts: list[Tensor] = [axis.new_zeros(rows, columns, axis.shape[1]) for axis in self.axes]
            parts[row] = self.axes[row][:, None].expand(-1, columns, -1)
            parts[column] = self.axes[column][None].expand(rows, -1, -1)
            result.append(torch.cat(parts, dim=-1).flatten(0, 1))
        return result


class PlaneLayer(nn.Module):
    """One layer: attention between planes, into the images where asked, and a feed-forward net; norms come after.

    Args:
        config: sizes.
        looks: whether it looks at the images.
    """

    def __init__(self, config: AgoConfig, looks: bool) -> None:
        super().__init__()
        dim, heads = config.dim, config.heads
        self.between = CrossViewAttention(dim, heads, config.hybrid_anchors, config.hybrid_points)
        self.look = None
        if looks:
            levels = config.backbone.levels
            self.look = ImageCrossAttention(dim, heads, levels, config.pillar_anchors, config.pillar_points)
        self.feed = nn.Sequential(
            nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Dropout(config.dropout), nn.Linear(2 * dim, dim)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3 if looks else 2))
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        queries: Tensor,
        positions: Sequence[Tensor],
        anchors: Sequence[Tensor],
        plane_shapes: Sequence[Shape],
        views: Sequence[PlaneViews],
        cells: Tensor,
        image_shapes: Sequence[Shape],
    ) -> Tensor:
        """Refines (B, Q, F), the queries of the three planes one after another; see the attentions for the rest."""
        sizes = [rows * columns for rows, columns in plane_shapes]
        told = self.between(queries.split(sizes, dim=1), positions, anchors, plane_shapes)
        queries = self.norms[0](queries + self.dropout(torch.cat(told, dim=1)))
        if self.look is not None:
            told = self.look(queries.split(sizes, dim=1), positions, views, cells, image_shapes)
            queries = self.norms[1](queries + self.dropout(torch.cat(told, dim=1)))
        return self.norms[-1](queries + self.dropout(self.feed(queries)))


class PlaneEncoder(nn.Module):
    """Lifts the images' feature maps onto the three planes.

    Args:
        config: sizes.

    Attributes:
        checkpointing: layers are computed anew in the backward pass, which saves memory.
    """

    def __init__(self, config: AgoConfig) -> None:
        super().__init__()
        self.config = config
        self.checkpointing = False
        self.shapes = plane_shapes(config.planes)
        self.queries = nn.Parameter(torch.randn(sum(rows * columns for rows, columns in self.shapes), config.dim))
        self.positions = PlanePositions(config.planes, config.dim)
        looks = [True] * config.cross_layers + [False] * config.self_layers
        self.layers = nn.ModuleList(PlaneLayer(config, look) for look in looks)
        for plane in range(3):
            between = on_planes(pillars(config.planes, plane, config.hybrid_anchors))
            into = to_metres(config.grid, pillars(config.planes, plane, config.pillar_anchors[plane]))
            self.register_buffer(f"anchors_{plane}", between[None], persistent=False)
            self.register_buffer(f"points_{plane}", into, persistent=False)

    def forward(
        self,
        cells: Tensor,
        image_shapes: Sequence[Shape],
        camera_from_ego: Tensor,
        intrinsics: Tensor,
        size: tuple[int, int],
        image_batch: Tensor,
        batch: int,
    ) -> list[Tensor]:
        """Encodes images of one or more samples.

        Args:
            cells: (M, S, F), the feature maps of M images.
            image_shapes: rows and columns of each map.
            camera_from_ego: (M, 4, 4).
            intrinsics: (M, 3, 3) for images of `size`.
            size: height and width of the images, pixels.
            image_batch: (M,) int64, the sample that each image belongs to.
            batch: B, number of samples.

        Returns:
            three of (B, F, rows, columns): the planes xy, zx and yz.
        """
        views = [
            gather_views(
                *project(self.get_buffer(f"points_{plane}"), camera_from_ego, intrinsics, size), image_batch, batch
            )
            for plane in range(3)
        ]
        positions = self.positions()
        anchors = [self.get_buffer(f"anchors_{plane}") for plane in range(3)]
        queries = self.queries.expand(batch, -1, -1)
        for layer in self.layers:
            inputs = (queries, positions, anchors, self.shapes, views, cells, image_shapes)
            if self.checkpointing and self.training:
                queries = checkpoint(layer, *inputs, use_reentrant=False)
            else:
                queries = layer(*inputs)
        parts = queries.split([rows * columns for rows, columns in self.shapes], dim=1)
        return [part.transpose(1, 2).unflatten(2, shape) for part, shape in zip(parts, self.shapes, strict=True)]
