"""What the images say of the voxels that they show, in a vision-language model's space: AGO's alignment learns from it.

Stored are the features of the image cells, in half precision, and for each voxel which places in the images show it.
The features of the voxels are samples of the cells', so nothing is lost, and a file is a fraction of what they take.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, normalize

from ago_ros.datasets.errors import DatasetError
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy.image_features import view_voxels
from ago_ros.occupancy.pseudo_labels.files import read_arrays, write_arrays
from ago_ros.sensors.frame import SensorFrame
from ago_ros.vlm.interface import VisionLanguageModel

_PLACES = 65535
"""Places in an image are stored as 16-bit shares of its width and height."""
_ARRAYS = ("cells", "voxel", "camera", "place")


@dataclass(frozen=True, eq=False)
class ImageEmbeddings:
    """The images' features, and where they show voxels.

    Attributes:
        cells: (C, h, w, D) float16, unit vectors of the cells of each image that shows a voxel.
        voxel: (V,) int32, flat index of a voxel that is shown; one that two cameras show comes twice.
        camera: (V,) uint8, which image shows it.
        place: (V, 2) uint16, where: u / width and v / height, in 65535ths.
    """

    cells: Tensor
    voxel: Tensor
    camera: Tensor
    place: Tensor

    def features(self) -> tuple[Tensor, Tensor]:
        """Returns (M,) int64 flat indices of the voxels, ascending, and their (M, D) float32 unit features.

        A feature is bilinear between the centres of the cells, and the mean over the cameras that show the voxel.
        """
        shown = torch.zeros(len(self.voxel), self.cells.shape[-1])
        for number, cells in enumerate(self.cells.float()):
            rows = (self.camera == number).nonzero().squeeze(1)
            places = 2 * self.place.float()[rows] / _PLACES - 1
            sampled = grid_sample(
                cells.permute(2, 0, 1)[None], places[None, None], padding_mode="border", align_corners=False
            )
            shown[rows] = normalize(sampled[0, :, 0].T, dim=1)
        voxels, owner = self.voxel.long().unique(return_inverse=True)
        total = torch.zeros(len(voxels), shown.shape[1]).index_add(0, owner, shown)
        return voxels, normalize(total, dim=1)


@torch.inference_mode()
def embed_images(
    vlm: VisionLanguageModel, frame: SensorFrame, occupied: Tensor, grid: VoxelGrid = OCC3D_GRID
) -> ImageEmbeddings:
    """Encodes a frame's images, and finds where they show the occupied voxels: those that no other hides.

    Args:
        vlm: gives the dense features.
        frame: the images, of one size, each with its own stamp and pose.
        occupied: (M, 3) int64, the voxels that are not empty.
        grid: the voxels, in the ego frame at the sweep's stamp.
    """
    flat = grid.flatten(occupied)
    views = view_voxels(frame, grid, occupied)
    if not views:
        nothing = torch.zeros(0)
        return ImageEmbeddings(
            torch.zeros(0, 1, 1, vlm.dim, dtype=torch.float16), nothing.to(torch.int32), nothing.to(torch.uint8),
            torch.zeros(0, 2).to(torch.uint16),
        )  # fmt: skip
    cells, voxels, cameras, places = [], [], [], []
    for number, view in enumerate(views):
        cells.append(vlm.encode_dense(view.image.image[None]).cpu())
        size = view.pixels.new_tensor([view.image.camera.width, view.image.camera.height])
        places.append((view.pixels / size * _PLACES).round())
        voxels.append(flat[view.voxels])
        cameras.append(torch.full((len(view.voxels),), number))
    return ImageEmbeddings(
        torch.cat(cells).to(torch.float16),
        torch.cat(voxels).to(torch.int32),
        torch.cat(cameras).to(torch.uint8),
        torch.cat(places).to(torch.uint16),
    )


def embeddings_path(root: str | Path, scene: str, sample_token: str) -> Path:
    """Names the file of a keyframe's embeddings below the folder that `ago label` wrote."""
    return Path(root) / "embeddings" / scene / f"{sample_token}.npz"


def write_embeddings(path: str | Path, embeddings: ImageEmbeddings) -> None:
    """Writes a file of embeddings; it is there whole or not at all."""
    write_arrays(path, {name: getattr(embeddings, name).numpy() for name in _ARRAYS}, compressed=False)


def read_embeddings(path: str | Path) -> ImageEmbeddings:
    """Reads a file of embeddings.

    Raises:
        DatasetError: it is missing or damaged, or holds something else.
    """
    arrays = read_arrays(path, _ARRAYS)
    shapes = {name: array.shape for name, array in arrays.items()}
    count = len(arrays["voxel"])
    if arrays["cells"].ndim != 4 or shapes["place"] != (count, 2) or shapes["camera"] != (count,):
        raise DatasetError(f"{path}: its arrays do not fit together ({shapes}); write it anew with `ago label`")
    return ImageEmbeddings(**{name: torch.from_numpy(array) for name, array in arrays.items()})


def estimate_bytes(vlm: VisionLanguageModel, height: int, width: int, cameras: int, keyframes: int) -> int:
    """Estimates the size of the embeddings' files; exact for the features, with a typical number of voxels shown.

    Args:
        vlm: asked how many cells it makes of an image.
        height: of the images, pixels.
        width: likewise.
        cameras: images of a keyframe.
        keyframes: how many.
    """
    rows, columns, dim = vlm.encode_dense(torch.zeros(1, height, width, 3, dtype=torch.uint8)).shape[1:]
    return keyframes * (cameras * rows * columns * dim * 2 + _SHOWN * 9)


_SHOWN = 12_000
"""Voxels that the images of a keyframe show, measured on the drive world; each takes 9 bytes."""
