"""The pinhole camera, in its optical frame: x right, y down, z forward."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PinholeCamera:
    """A camera without distortion. Pixel (u, v) covers [u, u + 1) x [v, v + 1); its centre is u + 0.5, v + 0.5.

    Attributes:
        intrinsics: (3, 3) float64; focal lengths and principal point in pixels.
        width: image width, pixels.
        height: image height, pixels.
    """

    intrinsics: Tensor
    width: int
    height: int

    def __post_init__(self) -> None:
        """Refuses intrinsics that no image comes from."""
        if self.intrinsics.shape != (3, 3):
            raise ValueError(f"intrinsics must be (3, 3), got {tuple(self.intrinsics.shape)}")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"image size must be positive, got {self.width} x {self.height}")
        if not (self.intrinsics[0, 0] > 0 and self.intrinsics[1, 1] > 0):
            raise ValueError(f"focal lengths must be positive: is the camera calibrated? {self.intrinsics.tolist()}")
        if not torch.isfinite(self.intrinsics).all() or self.intrinsics[2].tolist() != [0, 0, 1]:
            raise ValueError(f"intrinsics must be finite and their last row 0 0 1, got {self.intrinsics.tolist()}")

    def project(self, points: Tensor, min_depth: float = 0.1) -> tuple[Tensor, Tensor, Tensor]:
        """Projects points into the image.

        Args:
            points: (N, 3) in the camera's optical frame, metres.
            min_depth: points nearer than this, or behind the camera, are not visible, metres.

        Returns:
            (N, 2) pixel coordinates u, v; (N,) depths in metres; (N,) bool, whether the point falls in the image.
            Type and device are those of `points`; pixels of points that are not visible mean nothing.
        """
        depth = points[:, 2]
        matrix = self.intrinsics.to(points)
        homogeneous = points @ matrix.T
        pixels = homogeneous[:, :2] / depth.clamp(min=min_depth)[:, None]
        size = torch.tensor([self.width, self.height], dtype=points.dtype, device=points.device)
        visible = (depth >= min_depth) & ((pixels >= 0) & (pixels < size)).all(dim=1)
        return pixels, depth, visible

    def rays(self, pixels: Tensor | None = None) -> Tensor:
        """Returns the direction that each pixel looks in, with z = 1, so that depth times ray is the point.

        Args:
            pixels: (N, 2) float u, v; None means every pixel's centre.

        Returns:
            (N, 3), or (H, W, 3) for every pixel; float64, optical frame.
        """
        if pixels is None:
            v, u = torch.meshgrid(torch.arange(self.height) + 0.5, torch.arange(self.width) + 0.5, indexing="ij")
            pixels = torch.stack([u, v], dim=-1)
        pixels = pixels.to(torch.float64)
        homogeneous = torch.cat([pixels, torch.ones_like(pixels[..., :1])], dim=-1)
        return homogeneous @ torch.linalg.inv(self.intrinsics).T.to(pixels)

    def resized(self, width: int, height: int) -> PinholeCamera:
        """Returns the camera whose image is this one's, resized to (width, height) pixels."""
        scale = torch.diag(torch.tensor([width / self.width, height / self.height, 1.0], dtype=torch.float64))
        return PinholeCamera(scale @ self.intrinsics, width, height)
