"""The attentions of the plane encoder: between the three planes, and from the planes into the images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ago_ros.occupancy.ago.deformable import Shape, sample_levels


class DeformableQuery(nn.Module):
    """Asks feature maps at learned places around given anchors. Source: Deformable DETR; anchors after TPVFormer.

    Args:
        dim: F of the queries.
        heads: the channels are shared out among so many.
        levels: number of maps.
        anchors: given places of each query in each map.
        points: samples for each head and map, a multiple of the anchors.
    """

    def __init__(self, dim: int, heads: int, levels: int, anchors: int, points: int) -> None:
        super().__init__()
        self.heads, self.levels, self.anchors, self.points = heads, levels, anchors, points
        self.offsets = nn.Linear(dim, heads * levels * points * 2)
        self.weights = nn.Linear(dim, heads * levels * points)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Lets every head look in a direction of its own, farther with each of its points, with equal weights."""
        angle = torch.arange(self.heads) * (2 * math.pi / self.heads)
        direction = torch.stack([angle.cos(), angle.sin()], dim=-1)
        direction = direction / direction.abs().amax(dim=-1, keepdim=True)
        reach = torch.arange(1, self.points // self.anchors + 1)
        bias = direction[:, None, None, None] * reach[:, None, None]
        bias = bias.expand(self.heads, self.levels, len(reach), self.anchors, 2)
        with torch.no_grad():
            self.offsets.bias.copy_(bias.flatten())
        for weight in (self.offsets.weight, self.weights.weight, self.weights.bias):
            nn.init.zeros_(weight)

    def forward(self, query: Tensor, anchors: Tensor, value: Tensor, shapes: Sequence[Shape]) -> Tensor:
        """Returns the weighted samples.

        Args:
            query: (B, Q, F).
            anchors: (B or 1, Q, levels or 1, A, 2), x and y in 0..1 of each map.
            value: (B, S, heads, D), the maps' cells.
            shapes: rows and columns of each map.

        Returns:
            (B, Q, F).
        """
        split = (self.heads, self.levels, self.points // self.anchors, self.anchors)
        offsets = self.offsets(query).unflatten(-1, (*split, 2)).float()
        cell = torch.tensor([[1 / columns, 1 / rows] for rows, columns in shapes], device=query.device)
        places = anchors[:, :, None, :, None] + offsets * cell[:, None, None]
        weights = self.weights(query).unflatten(-1, (self.heads, -1)).softmax(dim=-1)
        return sample_levels(value, shapes, places.flatten(4, 5), weights.unflatten(-1, (self.levels, self.points)))


class CrossViewAttention(nn.Module):
    """Lets every cell of a plane ask all three planes along the line that stands on it. Source: TPVFormer.

    Args:
        dim: F.
        heads: number of heads.
        anchors: on each line.
        points: samples for each head and plane.
    """

    def __init__(self, dim: int, heads: int, anchors: int, points: int) -> None:
        super().__init__()
        self.heads = heads
        self.value = nn.ModuleList(nn.Linear(dim, dim) for _ in range(3))
        self.ask = nn.ModuleList(DeformableQuery(dim, heads, 3, anchors, points) for _ in range(3))
        self.out = nn.ModuleList(nn.Linear(dim, dim) for _ in range(3))
        _init_linear(*self.value, *self.out)

    def forward(
        self, planes: Sequence[Tensor], positions: Sequence[Tensor], anchors: Sequence[Tensor], shapes: Sequence[Shape]
    ) -> list[Tensor]:
        """Returns what each cell is told.

        Args:
            planes: three of (B, Q_p, F).
            positions: three of (Q_p, F), added to the queries.
            anchors: three of (1, Q_p, 3, A, 2); see `planes.on_planes`.
            shapes: rows and columns of each plane.

        Returns:
            three of (B, Q_p, F).
        """
        value = torch.cat([layer(plane) for layer, plane in zip(self.value, planes, strict=True)], dim=1)
        value = value.unflatten(-1, (self.heads, -1))
        return [
            out(ask(plane + position, anchor, value, shapes))
            for out, ask, plane, position, anchor in zip(self.out, self.ask, planes, positions, anchors, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class PlaneViews:
    """Which cells of a plane are seen in which image, and where.

    Attributes:
        image_batch: (M,) int64, the sample of the batch that each image belongs to.
        index: (M, L) int64, the cells that each image sees, filled up with others to the longest list.
        seen: (M, L) bool, whether the entry of `index` counts.
        anchors: (M, L, 1, A, 2), where their lines lie in the image, 0..1.
        count: (B, Q), how many images of the sample see each cell.
    """

    image_batch: Tensor
    index: Tensor
    seen: Tensor
    anchors: Tensor
    count: Tensor


def gather_views(places: Tensor, inside: Tensor, image_batch: Tensor, batch: int) -> PlaneViews:
    """Lists for every image of every sample, by itself, the cells that it sees. A cell is seen where any anchor is.

    Args:
        places: (M, Q, A, 2), the anchors in the images, 0..1.
        inside: (M, Q, A) bool, whether an anchor falls in the image.
        image_batch: (M,) int64, the sample of the batch that each image belongs to.
        batch: number of samples.
    """
    seen = inside.any(dim=-1)
    longest = max(1, int(seen.sum(dim=1).max()))
    order = seen.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :longest]
    count = places.new_zeros(batch, seen.shape[1]).index_add(0, image_batch, seen.to(places.dtype))
    anchors = places.gather(1, order[..., None, None].expand(-1, -1, *places.shape[2:]))
    return PlaneViews(image_batch, order, seen.gather(1, order), anchors.unsqueeze(2), count)


class ImageCrossAttention(nn.Module):
    """Lets every cell of a plane ask the images that see its line, and averages their answers. Source: TPVFormer.

    Args:
        dim: F.
        heads: number of heads.
        levels: feature maps of an image.
        anchors: on the line of a cell, for each plane.
        points: samples for each head and map, for each plane.
    """

    def __init__(self, dim: int, heads: int, levels: int, anchors: Sequence[int], points: Sequence[int]) -> None:
        super().__init__()
        self.heads = heads
        self.value = nn.Linear(dim, dim)
        self.ask = nn.ModuleList(DeformableQuery(dim, heads, levels, *pair) for pair in zip(anchors, points))
        self.out = nn.Linear(dim, dim)
        _init_linear(self.value, self.out)

    def forward(
        self,
        planes: Sequence[Tensor],
        positions: Sequence[Tensor],
        views: Sequence[PlaneViews],
        cells: Tensor,
        shapes: Sequence[Shape],
    ) -> list[Tensor]:
        """Returns what each cell is told.

        Args:
            planes: three of (B, Q_p, F).
            positions: three of (Q_p, F), added to the queries.
            views: of each plane.
            cells: (M, S, F), the images' feature maps.
            shapes: rows and columns of each map.

        Returns:
            three of (B, Q_p, F).
        """
        value = self.value(cells).unflatten(-1, (self.heads, -1))
        return [
            self.out(_ask_images(ask, plane + position, view, value, shapes))
            for ask, plane, position, view in zip(self.ask, planes, positions, views, strict=True)
        ]


def _ask_images(ask: nn.Module, query: Tensor, view: PlaneViews, value: Tensor, shapes: Sequence[Shape]) -> Tensor:
    batch, queries, dim = query.shape
    place = view.image_batch[:, None] * queries + view.index
    told = ask(query.flatten(0, 1)[place], view.anchors, value, shapes) * view.seen[..., None]
    total = told.new_zeros(batch * queries, dim).index_add(0, place.flatten(), told.flatten(0, 1))
    return total.unflatten(0, (batch, queries)) / view.count.clamp(min=1)[..., None].to(total.dtype)


def _init_linear(*layers: nn.Module) -> None:
    for layer in layers:
        assert isinstance(layer, nn.Linear)
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
