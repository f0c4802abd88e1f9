"""Deformable sampling: attention over several feature maps at once, and deformable convolution. Pure torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ago_ros.occupancy.ago._sampling_cpu import CompiledSampling

Shape = tuple[int, int]


def sample_levels(value: Tensor, shapes: Sequence[Shape], locations: Tensor, weights: Tensor) -> Tensor:
    """Sums weighted samples of several feature maps. Source: Deformable DETR, equation 3, without its projections.

    Samples are taken in float32 whatever the type of the values: places in half precision would be off by half a cell.
    On a CPU compiled kernels do it. Else, and under `torch.compile`, torch's operations do: the levels are summed one
    after another, so that only one level's samples are held at a time.

    Args:
        value: (B, S, heads, D), the maps' cells row by row, one map after another.
        shapes: rows and columns of each map; S is the sum of their products.
        locations: (B, Q, heads, levels, points, 2), x and y in 0..1 of a map; outside, a map is zero.
        weights: (B, Q, heads, levels, points).

    Returns:
        (B, Q, heads * D), of the type of `value`.
    """
    if value.device.type == "cpu" and not torch.compiler.is_compiling():
        return CompiledSampling.apply(value.float(), shapes, locations.float(), weights.float()).to(value.dtype)
    return _sample_by_torch(value, shapes, locations, weights)


def _sample_by_torch(value: Tensor, shapes: Sequence[Shape], locations: Tensor, weights: Tensor) -> Tensor:
    batch, _, heads, depth = value.shape
    queries = locations.shape[1]
    grids = (2 * locations.float() - 1).permute(3, 0, 2, 4, 1, 5).flatten(1, 2)
    shares = weights.float().permute(3, 0, 2, 4, 1).flatten(1, 2).unsqueeze(2).contiguous()
    total = value.new_zeros(batch * heads, depth, queries, dtype=torch.float32)
    start = 0
    for level, (rows, columns) in enumerate(shapes):
        cells = value[:, start : start + rows * columns].permute(0, 2, 3, 1)
        maps = cells.reshape(batch * heads, depth, rows, columns).float()
        total = total + (_sample(maps, grids[level]) * shares[level]).sum(dim=2)
        start += rows * columns
    return total.view(batch, heads * depth, queries).transpose(1, 2).to(value.dtype)


def _sample(maps: Tensor, grid: Tensor) -> Tensor:
    return functional.grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


class DeformableConv2d(nn.Module):
    """A convolution whose taps the input moves and weighs at every place. Source: DCNv2 (Zhu et al. 2019).

    At first the taps lie where an ordinary convolution has them, and each weighs one half.

    Args:
        convolution: the convolution that it stands for; its weight and bias are taken over. One group, no dilation.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        if convolution.groups != 1 or set(convolution.dilation) != {1}:
            raise ValueError("a deformable convolution has one group and no dilation")
        self.weight, self.bias = convolution.weight, convolution.bias
        self.stride = convolution.stride
        self.padding = [int(width) for width in convolution.padding]
        rows, columns = self.weight.shape[2:]
        self.modulation = nn.Conv2d(
            convolution.in_channels,
            3 * rows * columns,
            (rows, columns),
            (self.stride[0], self.stride[1]),
            (self.padding[0], self.padding[1]),
        )
        for weight in self.modulation.parameters():
            nn.init.zeros_(weight)

    def forward(self, pixels: Tensor) -> Tensor:
        """Convolves (B, C, H, W) to (B, O, H', W')."""
        rows, columns = self.weight.shape[2:]
        taps = rows * columns
        asked = self.modulation(pixels).float()
        moved, share = asked[:, : 2 * taps].unflatten(1, (taps, 2)), asked[:, 2 * taps :].sigmoid()
        height, width = asked.shape[2:]
        device = pixels.device
        tap = (
            torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")).flatten(1).to(device)
        )
        y = torch.arange(height, device=device) * self.stride[0] - self.padding[0]
        x = torch.arange(width, device=device) * self.stride[1] - self.padding[1]
        y = moved[:, :, 0] + (y[:, None] + tap[0, :, None, None])
        x = moved[:, :, 1] + (x[None, :] + tap[1, :, None, None])
        grid = torch.stack([(2 * x + 1) / pixels.shape[3] - 1, (2 * y + 1) / pixels.shape[2] - 1], dim=-1)
        sampled = _sample(pixels.float(), grid.flatten(1, 2)).unflatten(2, (taps, height)) * share[:, None]
        matrix = self.weight.flatten(1)
        result = matrix @ sampled.flatten(3).flatten(1, 2).to(matrix.dtype)
        if self.bias is not None:
            result = result + self.bias[:, None]
        return result.unflatten(2, (height, width)).to(pixels.dtype)
