"""The AGO predictor: occupancy from cameras alone, as scene encodings that any phrase can be asked of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, interpolate, normalize

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.ago.backbone import DEVIATION, MEAN
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.occupancy.ago.planes import project
from ago_ros.occupancy.ago.text import embed_categories
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.sensors.frame import SensorFrame
from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.loading import ModelError
from ago_ros.vlm.small import has_fast_bfloat16

_BLOCK = 4
"""Whether a camera sees a place is computed once for so many voxels along each axis."""


@dataclass(frozen=True, eq=False)
class CameraBatch:
    """The images of one frame, as `AgoModel.encode_planes` takes them for a batch of one.

    Attributes:
        images: (1, N, 3, H, W) float32, normalised.
        camera_from_ego: (1, N, 4, 4) float32, from the frame's ego frame to each camera at the time of its image.
        intrinsics: (1, N, 3, 3) float32, for images of H x W.
    """

    images: Tensor
    camera_from_ego: Tensor
    intrinsics: Tensor


def prepare_images(frame: SensorFrame, size: tuple[int, int], device: str | torch.device = "cpu") -> CameraBatch:
    """Resizes and normalises the images of a frame; a missing camera is left out.

    Args:
        frame: with one image at least.
        size: height and width to resize to, pixels.
        device: of the result.

    Raises:
        ValueError: the frame has no image.
    """
    if not frame.cameras:
        raise ValueError(
            f"the frame at {frame.stamp_ns} ns has no image, and AGO sees by cameras: are all of them down?"
        )
    images, poses, intrinsics = [], [], []
    for image in frame.cameras.values():
        pixels = image.image.permute(2, 0, 1)[None]
        images.append(interpolate(pixels, size=size, mode="bilinear", antialias=True)[0])
        poses.append(frame.camera_from_ego(image).float())
        intrinsics.append(image.camera.resized(size[1], size[0]).intrinsics.float())
    mean, deviation = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, DEVIATION))
    pixels = (torch.stack(images).to(device).float() / 255 - mean) / deviation
    return CameraBatch(pixels[None], torch.stack(poses)[None].to(device), torch.stack(intrinsics)[None].to(device))


class AgoPredictor:
    """Encodes sensor frames, each by itself. Looks at the images only. Not thread safe.

    A voxel is occupied where a category that the model was trained with scores higher than free, which needs no
    vocabulary; it is unobserved where the model says free and no camera looks.

    Args:
        model: with its categories; is put into evaluation mode.
        text: the text encoder that it was trained with.
        name: what the model was loaded from.
        adapted_scale: the adapted features, which are trained by their direction only, get this length, so that their
            scores are scaled cosines (ours); None leaves their length as it is, after the paper's equation 9.

    Raises:
        ModelError: the model has no categories, or the text encoder is not the one that it was trained with.
    """

    def __init__(self, model: AgoModel, text: TextEncoder, name: str, adapted_scale: float | None = None) -> None:
        check_text(model, text, name)
        self.model = model.eval()
        self.text = text
        self.name = name
        self.adapted_scale = adapted_scale
        self._device = model.free.device
        self._autocast = has_fast_bfloat16(self._device)

    @property
    def grid(self) -> VoxelGrid:
        """The voxels, in the ego frame."""
        return self.model.config.grid

    def reset(self) -> None:
        """Forgets earlier frames, as every predictor can; this one keeps none."""

    @torch.inference_mode()
    def warm_up(self) -> None:
        """Runs the model once, so that the first frame is as fast as the others."""
        images = torch.zeros(1, 1, 3, *self.model.config.image_size, device=self._device)
        eye = torch.eye(4, device=self._device)[None, None]
        self.model.encode_planes(images, eye, eye[..., :3, :3] * images.shape[-1])

    @torch.inference_mode()
    def encode(self, frame: SensorFrame) -> SceneEncoding:
        """Encodes the surroundings at the frame's time, in the ego frame of its sweep.

        Args:
            frame: the images; of the sweep only stamp, pose and place are used.

        Raises:
            ValueError: the frame has no image.
        """
        batch = prepare_images(frame, self.model.config.image_size, self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
            spread = self.model.encode_planes(batch.images, batch.camera_from_ego, batch.intrinsics)
        spread = [plane.float() for plane in spread]
        filled = self.model.head.occupied(spread, self.model.known, self.model.free)
        voxels = filled.nonzero()
        features, adapted = self._features(spread, voxels)
        state = torch.where(self._looked_at(batch), VoxelState.FREE, VoxelState.UNOBSERVED).to(torch.uint8)
        state[filled[0]] = VoxelState.OCCUPIED
        return SceneEncoding(
            stamp_ns=frame.stamp_ns,
            grid=self.grid,
            state=state.cpu(),
            map_from_ego=frame.lidar.map_from_ego,
            viewpoint=frame.lidar.ego_from_lidar[:3, 3].clone(),
            occupied=voxels[:, 1:].cpu(),
            features=features,
            model=self.name,
            adapted=adapted,
        )

    def _features(self, spread: list[Tensor], voxels: Tensor) -> tuple[Tensor, Tensor]:
        """Returns F3D and its adapted version, (M, C) float32 each, at (M, 4) voxels."""
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._autocast):
            features = self.model.head.decode(self.model.head.hidden_at(spread, voxels))
            adapted = self.model.adapter(features)
        adapted = adapted.float()
        if self.adapted_scale is not None:
            adapted = normalize(adapted, dim=1) * self.adapted_scale
        return features.float().cpu(), adapted.cpu()

    def _looked_at(self, batch: CameraBatch) -> Tensor:
        """Returns (X, Y, Z) bool, whether a voxel lies in the view of a camera, hidden or not."""
        grid = self.grid
        starts = [torch.arange(0, count, _BLOCK) for count in grid.shape]
        corners = torch.stack(torch.meshgrid(*starts, indexing="ij"), dim=-1)
        last = torch.tensor(grid.shape)
        middles = (corners + torch.minimum(corners + _BLOCK, last)) / 2
        points = middles * grid.voxel_size + torch.tensor(grid.origin)
        size = self.model.config.image_size
        _, inside = project(points.to(self._device), batch.camera_from_ego[0], batch.intrinsics[0], size)
        seen = inside.any(dim=0)
        for axis, count in enumerate(grid.shape):
            seen = seen.repeat_interleave(_BLOCK, dim=axis).narrow(axis, 0, count)
        return seen


def check_text(model: AgoModel, text: TextEncoder, name: str) -> None:
    """Embeds one category anew, to find out whether a text encoder is the one that a model was trained with.

    Raises:
        ModelError: it is not, or the model has no categories.
    """
    if not model.categories:
        raise ModelError(f"{name}: was never trained, it has no categories; use a folder that `ago train ago` wrote")
    if text.dim != model.config.text_dim:
        raise ModelError(f"{name}: made for texts of {model.config.text_dim} dimensions, {text.name} gives {text.dim}")
    category = next(iter(model.categories))
    anew = embed_categories({category: model.categories[category]}, text)[0]
    if cosine_similarity(anew, model.known[0].float().cpu(), dim=0) < 0.99:
        raise ModelError(
            f"{name}: was trained with another text encoder than {text.name}; give the one it was trained with"
        )
