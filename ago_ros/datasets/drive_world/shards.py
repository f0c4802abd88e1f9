"""Shards: scenes packed small for training, one `.npz` each, read back without the renderer.

A shard holds the keyframes of one scene: JPEGs, poses, Occ3D semantics and camera mask (LZMA), boxes, and for each
image the captioned regions. It leaves out LiDAR points and `mask_lidar`, which would double its size.
"""

from __future__ import annotations

import io
import lzma
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import OCC3D_GRID
from ago_ros.sensors.frame import CameraImage

SHARD_VERSION = 1
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]
REGION_COLUMNS = ("keyframe", "camera", "thing", "left", "top", "right", "bottom", "pixels")
FIELDS = (
    "version", "cameras", "size", "stamps_ns", "map_from_ego", "camera_stamps_ns", "map_from_ego_at_camera",
    "ego_from_camera", "intrinsics", "jpeg", "jpeg_ends", "labels", "label_ends", "boxes", "box_thing", "box_keyframe",
    "regions", "names", "captions", "categories", "thing_labels",
)  # fmt: skip


def pack_grid(semantics: NDArray[np.uint8], mask_camera: NDArray[np.bool_]) -> bytes:
    """Compresses the labels of one keyframe."""
    raw = semantics.tobytes() + np.packbits(mask_camera).tobytes()
    return lzma.compress(raw, format=lzma.FORMAT_RAW, filters=FILTERS)


def unpack_grid(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Undoes `pack_grid`."""
    raw = np.frombuffer(lzma.decompress(data, format=lzma.FORMAT_RAW, filters=FILTERS), dtype=np.uint8)
    count, shape = OCC3D_GRID.num_voxels, OCC3D_GRID.shape
    return raw[:count].reshape(shape).copy(), np.unpackbits(raw[count:], count=count).astype(bool).reshape(shape)


@dataclass(frozen=True)
class ShardRegion:
    """A thing in an image.

    Attributes:
        camera: name of the camera.
        thing: row of the shard's captions.
        caption: what it is, in plain words.
        box: left, top, right, bottom in pixels; right and bottom are past the last.
        pixels: how many of its pixels are visible.
    """

    camera: str
    thing: int
    caption: str
    box: tuple[int, int, int, int]
    pixels: int


@dataclass(frozen=True, eq=False)
class ShardFrame:
    """A keyframe.

    Attributes:
        stamp_ns: time of the keyframe.
        map_from_ego: (4, 4) float64.
        cameras: images by name, each with its own stamp and pose.
        semantics: (200, 200, 16) uint8 Occ3D ids, ego frame.
        mask_camera: (200, 200, 16) bool.
        boxes: (N, 7) float64 [x, y, z, l, w, h, yaw], map frame.
        box_things: (N,) int64 rows of the shard's names, captions and categories.
        regions: what is where in the images.
    """

    stamp_ns: int
    map_from_ego: Tensor
    cameras: Mapping[str, CameraImage]
    semantics: Tensor
    mask_camera: Tensor
    boxes: Tensor
    box_things: Tensor
    regions: list[ShardRegion]


class Shard:
    """The keyframes of one scene, decoded one by one.

    Args:
        path: a file that `ago world drive --shards` wrote.

    Attributes:
        names: sub-category of each thing of the scene ("hatchback").
        captions: description of each thing ("a red hatchback").
        categories: nuScenes category of each thing, or "building", "street" or "vegetation".

    Raises:
        DatasetError: the file is missing, damaged, or no shard.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            with np.load(io.BytesIO(self.path.read_bytes()), allow_pickle=False) as archive:
                self._data = {name: archive[name] for name in FIELDS}
        except FileNotFoundError:
            raise DatasetError(f"{path}: no such shard; write shards with `ago world drive --shards`") from None
        except (KeyError, OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DatasetError(f"{path}: damaged or no shard ({error}); write it again") from error
        if int(self._data["version"]) != SHARD_VERSION:
            raise DatasetError(f"{path}: version {self._data['version']}, this reads {SHARD_VERSION}; write it again")
        self.names: list[str] = self._data["names"].tolist()
        self.captions: list[str] = self._data["captions"].tolist()
        self.categories: list[str] = self._data["categories"].tolist()

    def __len__(self) -> int:
        """Number of keyframes."""
        return len(self._data["stamps_ns"])

    def frame(self, index: int) -> ShardFrame:
        """Decodes a keyframe.

        Raises:
            IndexError: there is no such keyframe.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{self.path} has {len(self)} keyframes, not number {index}")
        data = self._data
        begin = int(data["label_ends"][index - 1]) if index else 0
        semantics, mask = unpack_grid(data["labels"][begin : data["label_ends"][index]].tobytes())
        boxes = data["box_keyframe"] == index
        return ShardFrame(
            stamp_ns=int(data["stamps_ns"][index]),
            map_from_ego=torch.from_numpy(data["map_from_ego"][index]),
            cameras={str(name): self._image(index, i) for i, name in enumerate(data["cameras"])},
            semantics=torch.from_numpy(semantics),
            mask_camera=torch.from_numpy(mask),
            boxes=torch.from_numpy(data["boxes"][boxes]),
            box_things=torch.from_numpy(data["box_thing"][boxes].astype(np.int64)),
            regions=[self._region(row) for row in data["regions"][data["regions"][:, 0] == index].tolist()],
        )

    def _region(self, row: list[int]) -> ShardRegion:
        _, camera, thing, left, top, right, bottom, pixels = row
        name = str(self._data["cameras"][camera])
        return ShardRegion(name, thing, self.captions[thing], (left, top, right, bottom), pixels)

    def _image(self, index: int, camera: int) -> CameraImage:
        data = self._data
        place = index * len(data["cameras"]) + camera
        begin = int(data["jpeg_ends"][place - 1]) if place else 0
        image = cv2.imdecode(data["jpeg"][begin : data["jpeg_ends"][place]], cv2.IMREAD_COLOR)
        if image is None:
            raise DatasetError(f"{self.path}: image {camera} of keyframe {index} is damaged; write the shard again")
        width, height = data["size"].tolist()
        return CameraImage(
            stamp_ns=int(data["camera_stamps_ns"][index, camera]),
            image=torch.from_numpy(np.ascontiguousarray(image[..., ::-1])),
            camera=PinholeCamera(torch.from_numpy(data["intrinsics"][camera]), width, height),
            ego_from_camera=torch.from_numpy(data["ego_from_camera"][camera]),
            map_from_ego=torch.from_numpy(data["map_from_ego_at_camera"][index, camera]),
        )
