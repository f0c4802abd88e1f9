"""From three planes to voxels, and from voxels into the text space."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, linear, softplus

from ago_ros.occupancy.ago.planes import PLANES, Shape3, plane_shapes


class VoxelHead(nn.Module):
    """Adds the planes up at every voxel, and maps the sum into the text space. Source: TPVFormer's aggregator.

    F3D = D(W2 softplus(W1 (xy + zx + yz) + b1) + b2), with D linear to C. Two things save most of the work and change
    nothing: W1 is applied to the planes, before they are spread over the voxels; and a score F3D · t is computed as
    hidden · (W2' D' t), so that voxels need no C channels to be scored.

    Args:
        shape: voxels along x, y and z; coarser planes are interpolated to them.
        dim: F of the planes.
        hidden: of W1.
        text_dim: C.
    """

    def __init__(self, shape: Shape3, dim: int, hidden: int, text_dim: int) -> None:
        super().__init__()
        self.shape = shape
        self.first = nn.Linear(dim, hidden)
        self.second = nn.Linear(hidden, dim)
        self.decoder = nn.Linear(dim, text_dim)

    def spread(self, planes: list[Tensor]) -> list[Tensor]:
        """Maps three planes (B, F, rows, columns) to (B, rows', columns', hidden) at the voxels' resolution."""
        result = []
        for number, (plane, size) in enumerate(zip(planes, plane_shapes(self.shape), strict=True)):
            wide = linear(plane.permute(0, 2, 3, 1), self.first.weight, self.first.bias if number == 0 else None)
            if wide.shape[1:3] != size:
                wide = interpolate(wide.permute(0, 3, 1, 2), size=size, mode="bilinear", align_corners=False).permute(
                    0, 2, 3, 1
                )
            result.append(wide.contiguous())
        return result

    def hidden(self, spread: list[Tensor]) -> Tensor:
        """Returns the hidden layer at every voxel: (B, X, Y, Z, hidden) from what `spread` gives."""
        xy, zx, yz = spread
        return softplus(xy[:, :, :, None] + zx.transpose(1, 2)[:, :, None] + yz[:, None])

    def hidden_at(self, spread: list[Tensor], voxels: Tensor) -> Tensor:
        """Returns the hidden layer at some voxels.

        Args:
            spread: what `spread` gives.
            voxels: (M, 4) int64: sample of the batch, x, y, z.

        Returns:
            (M, hidden).
        """
        total: Tensor | None = None
        for plane, (row, column) in zip(spread, PLANES, strict=True):
            sample, rows, columns = voxels[:, 0], voxels[:, 1 + row], voxels[:, 1 + column]
            flat = (sample * plane.shape[1] + rows) * plane.shape[2] + columns
            part = plane.flatten(0, 2).index_select(0, flat)
            total = part if total is None else total + part
        assert total is not None
        return softplus(total)

    def decode(self, hidden: Tensor) -> Tensor:
        """Maps (..., hidden) to F3D (..., C)."""
        return self.decoder(self.second(hidden))

    def score(self, hidden: Tensor, embeddings: Tensor) -> Tensor:
        """Returns F3D · embeddings without F3D. Source: AGO, equation 3.

        Args:
            hidden: (..., hidden).
            embeddings: (K, C).

        Returns:
            (..., K).
        """
        inner = embeddings @ self.decoder.weight
        constant = inner @ self.second.bias + embeddings @ self.decoder.bias
        return linear(hidden, inner @ self.second.weight, constant)

    @torch.no_grad()
    def occupied(self, spread: list[Tensor], known: Tensor, free: Tensor) -> Tensor:
        """Tells which voxels score higher with a known category than with free. Source: AGO, equation 5.

        Args:
            spread: what `spread` gives.
            known: (K, C) embeddings of categories.
            free: (C,).

        Returns:
            (B, X, Y, Z) bool.
        """
        difference = known - free
        slabs = []
        for x in range(self.shape[0]):
            slab = [spread[0][:, x : x + 1], spread[1][:, :, x : x + 1], spread[2]]
            slabs.append(self.score(self.hidden(slab), difference).amax(dim=-1) > 0)
        return torch.cat(slabs, dim=1)
