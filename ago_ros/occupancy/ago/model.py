"""The AGO model: open-world occupancy from cameras. Source: AGO (Li et al. 2025); its encoder is TPVFormer's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ago_ros.occupancy.ago.backbone import ImageBackbone, flatten_levels
from ago_ros.occupancy.ago.config import AgoConfig
from ago_ros.occupancy.ago.encoder import PlaneEncoder
from ago_ros.occupancy.ago.voxel_head import VoxelHead


class AgoModel(nn.Module):
    """Images to voxel features that live in a text space, and to their adapted twins in the image space beside it.

    `forward` gives features of all voxels, which is much: 1.3 GB a sample at 200x200x16 with C = 512. `encode_planes`
    with the voxel head's `hidden_at` or `score` gives the same at some voxels, or for some phrases, at a small cost.

    Args:
        config: sizes.

    Attributes:
        categories: phrases of the categories that it was trained with.
        known: (K, C), their embeddings, averaged over the phrases of each: a score averaged over phrases is the score
            of the average.
        free: (C,), the learned embedding of free space.
    """

    known: Tensor

    def __init__(self, config: AgoConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = ImageBackbone(config.backbone, config.dim)
        self.levels = nn.Parameter(torch.randn(config.backbone.levels, config.dim))
        self.encoder = PlaneEncoder(config)
        self.head = VoxelHead(config.grid.shape, config.dim, config.hidden, config.text_dim)
        width = config.text_dim
        self.adapter = nn.Sequential(nn.Linear(width, width), nn.Softplus(), nn.Linear(width, width))
        self.free = nn.Parameter(nn.functional.normalize(torch.randn(width), dim=0))
        self.categories: dict[str, tuple[str, ...]] = {}
        self.register_buffer("known", torch.zeros(0, width))

    def set_categories(self, categories: Mapping[str, Sequence[str]], embeddings: Tensor) -> None:
        """Keeps the categories of the training, by whose scores free and occupied are told apart.

        Args:
            categories: phrases by category, K of them.
            embeddings: (K, C), averaged over the phrases of each.
        """
        if embeddings.shape != (len(categories), self.config.text_dim):
            wanted = (len(categories), self.config.text_dim)
            raise ValueError(
                f"embeddings must be {wanted}, got {tuple(embeddings.shape)}: use the model's text encoder"
            )
        self.categories = {name: tuple(phrases) for name, phrases in categories.items()}
        self.known = embeddings.detach().to(self.free.device, self.free.dtype).clone()

    @property
    def checkpointing(self) -> bool:
        """Whether layers are computed anew in the backward pass, which saves memory."""
        return self.encoder.checkpointing

    @checkpointing.setter
    def checkpointing(self, value: bool) -> None:
        self.encoder.checkpointing = value

    def encode_planes(
        self, images: Tensor, camera_from_ego: Tensor, intrinsics: Tensor, valid: Tensor | None = None
    ) -> list[Tensor]:
        """Encodes images to planes that the voxel head reads.

        Args:
            images: (B, N, 3, H, W) float32, normalised; of any size.
            camera_from_ego: (B, N, 4, 4), from the ego frame at the frame's time.
            intrinsics: (B, N, 3, 3) for images of that size.
            valid: (B, N) bool, which cameras gave an image; None means all. Others are not looked at.

        Returns:
            three of (B, rows, columns, hidden); see `VoxelHead.spread`.

        Raises:
            ValueError: shapes do not fit, or no image is valid.
        """
        batch, cameras = images.shape[:2]
        if camera_from_ego.shape != (batch, cameras, 4, 4) or intrinsics.shape != (batch, cameras, 3, 3):
            raise ValueError(
                f"{batch} x {cameras} images, but poses {tuple(camera_from_ego.shape)} and intrinsics "
                f"{tuple(intrinsics.shape)}"
            )
        if valid is None:
            valid = torch.ones(batch, cameras, dtype=torch.bool, device=images.device)
        if not valid.any():
            raise ValueError("no camera has an image: AGO sees nothing without")
        cells, shapes = flatten_levels(self.backbone(images[valid]), self.levels)
        size = (images.shape[3], images.shape[4])
        image_batch = valid.nonzero()[:, 0]
        planes = self.encoder(cells, shapes, camera_from_ego[valid], intrinsics[valid], size, image_batch, batch)
        return self.head.spread(planes)

    def forward(
        self, images: Tensor, camera_from_ego: Tensor, intrinsics: Tensor, valid: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Encodes images to features of all voxels. Source: AGO, equations 2 and 6.

        Args:
            images: see `encode_planes`, as for the others.
            camera_from_ego: (B, N, 4, 4).
            intrinsics: (B, N, 3, 3).
            valid: (B, N) bool.

        Returns:
            F3D (B, X, Y, Z, C) in the text space, and its adapted version of the same shape.
        """
        features = self.head.decode(self.head.hidden(self.encode_planes(images, camera_from_ego, intrinsics, valid)))
        return features, self.adapter(features)

    def count_parameters(self) -> int:
        """Number of weights, frozen ones included."""
        return sum(weight.numel() for weight in self.parameters())
