"""Reads recordings in the layout of Microsoft's 7-Scenes: a folder of RGB-D frames with poses.

    frame-000000.color.png (or .jpg), .depth.png (uint16 millimetres, 0 and 65535: none), .pose.txt (4x4, to the world)
    camera-intrinsics.txt (3x3 pixels) and gravity-direction.txt (3 numbers, down, in the world's frame)

The original recordings have neither of the last two; they are to be put beside the frames. Depth and colour are taken
to be of one view, as the layout has no calibration between the two.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.images import decode_image
from ago_ros.datasets.rgbd import RgbdView, lift_depth, thin_depth
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera

INTRINSICS_FILE, GRAVITY_FILE = "camera-intrinsics.txt", "gravity-direction.txt"
NO_DEPTH = 65535
FLOOR_PERCENTILE = 1.0
"""The floor is where this share of all points lies below, in %: it is seen in some frames, and noise is little."""
_FLOOR_SIDE = 60
"""Pixels of the depth's shorter side that the floor is sought with."""
_LEAST_LEVEL = 0.05
"""A camera whose axis is this near to the vertical looks nowhere along the floor."""


def read_seven_scenes(folder: str | Path, count: int | None = None) -> list[RgbdView]:
    """Reads the frames of a recording.

    A view's frame has its x axis along the floor where the camera looks, z up, and its origin on the floor below the
    median point of the middle quarter of the image: as the room world's views have it. The floor is the height that
    `FLOOR_PERCENTILE` of the points of the frames that are read lie below. Source: ours.

    Args:
        folder: of the frames.
        count: how many frames at most, evenly spread over the recording; None reads all.

    Raises:
        DatasetError: there are no frames, or a file is missing or damaged.
    """
    folder = Path(folder)
    names = _names(folder)
    if count is not None and count < len(names):
        names = [names[number * len(names) // count] for number in range(count)]
    matrix = torch.from_numpy(_read_numbers(folder / INTRINSICS_FILE, (3, 3)))
    down = torch.from_numpy(_read_numbers(folder / GRAVITY_FILE, (3,)))
    if not 0.99 < float(down.norm()) < 1.01:
        raise DatasetError(f"{folder / GRAVITY_FILE}: must hold a unit vector that points down; restore it")
    frames = [_read_frame(folder, name, matrix) for name in names]
    map_from_world = _upright(-down)
    poses = [map_from_world @ pose for _, _, _, pose in frames]
    heights = [
        se3.transform_points(pose, lift_depth(thin_depth(depth, _FLOOR_SIDE), camera))[:, 2]
        for (_, depth, camera, _), pose in zip(frames, poses, strict=True)
    ]
    floor = float(np.percentile(torch.cat(heights).numpy(), FLOOR_PERCENTILE))
    return [
        RgbdView(name, image, depth, camera, *_place(folder / name, depth, camera, pose, floor))
        for name, (image, depth, camera, _), pose in zip(names, frames, poses, strict=True)
    ]


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; give one with frame-*.color.png, .depth.png and .pose.txt")
    names = sorted(path.name.removesuffix(".pose.txt") for path in folder.glob("frame-*.pose.txt"))
    if not names:
        raise DatasetError(f"{folder}: holds no frame-*.pose.txt; give a folder in the layout of 7-Scenes")
    return names


def _read_frame(folder: Path, name: str, matrix: Tensor) -> tuple[Tensor, Tensor, PinholeCamera, Tensor]:
    """Returns image, depth, camera and (4, 4) world_from_camera of a frame."""
    colours = [path for path in (folder / f"{name}.color.{kind}" for kind in ("png", "jpg")) if path.is_file()]
    if not colours:
        raise DatasetError(f"{folder / name}.color.png: missing, and so is .color.jpg; restore either")
    image = decode_image(colours[0].read_bytes(), colours[0])
    depth = _read_depth(folder / f"{name}.depth.png")
    if depth.shape != image.shape[:2]:
        raise DatasetError(f"{folder / name}.depth.png: is {_size(depth)} pixels, the image {_size(image)}; restore it")
    try:
        camera = PinholeCamera(matrix, image.shape[1], image.shape[0])
    except ValueError as error:
        raise DatasetError(f"{folder / INTRINSICS_FILE}: {error}") from error
    path = folder / f"{name}.pose.txt"
    pose = torch.from_numpy(_read_numbers(path, (4, 4)))
    turn = pose[:3, :3]
    rigid = (turn @ turn.T - torch.eye(3, dtype=torch.float64)).abs().max() < 0.01 and torch.linalg.det(turn) > 0
    if not rigid or pose[3].tolist() != [0, 0, 0, 1]:
        raise DatasetError(f"{path}: is no pose (a lost camera is written so); leave the frame out")
    return image, depth, camera, pose


def _read_depth(path: Path) -> Tensor:
    """Reads (H, W) float32 metres; 0 is unknown."""
    if not path.is_file():
        raise DatasetError(f"{path}: missing; restore it, or leave the frame out")
    try:
        with Image.open(path) as file:
            values = np.asarray(file)
    except (OSError, SyntaxError, ValueError) as error:
        raise DatasetError(f"{path}: the image is damaged ({error}): restore it from the original data") from error
    if values.ndim != 2 or values.dtype not in (np.uint16, np.int32):
        raise DatasetError(f"{path}: is no 16-bit image of one channel; depth must be uint16 millimetres")
    depth = np.where(values >= NO_DEPTH, 0, values).astype(np.float32) / 1000
    if not depth.any():
        raise DatasetError(f"{path}: has no depth at all; leave the frame out")
    return torch.from_numpy(depth)


def _read_numbers(path: Path, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if not path.is_file():
        raise DatasetError(f"{path}: missing; put {' x '.join(map(str, shape))} numbers there")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty file is told of below
            numbers = np.loadtxt(path, dtype=np.float64)
    except (ValueError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: holds something else than numbers ({error}); restore it") from error
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise DatasetError(f"{path}: must hold {' x '.join(map(str, shape))} finite numbers; restore it")
    return numbers


def _upright(up: Tensor) -> Tensor:
    """Returns the (4, 4) float64 rotation that takes the world to a frame with z up, by the shortest turn."""
    up = up / up.norm()
    z = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    cross, cosine = torch.linalg.cross(up, z), float(up @ z)
    if cosine < -1 + 1e-9:
        return torch.diag(torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64))
    x, y, w = cross.tolist()
    skew = torch.tensor([[0.0, -w, y], [w, 0.0, -x], [-y, x, 0.0]], dtype=torch.float64)
    turn = torch.eye(3, dtype=torch.float64) + skew + skew @ skew / (1 + cosine)
    return se3.from_rotation(turn, torch.zeros(3))


def _place(
    path: Path, depth: Tensor, camera: PinholeCamera, map_from_camera: Tensor, floor: float
) -> tuple[Tensor, Tensor]:
    """Returns (4, 4) view_from_camera and map_from_view of a frame."""
    ahead = map_from_camera[:3, 2]
    level = float(ahead[:2].norm())
    if level < _LEAST_LEVEL:
        raise DatasetError(f"{path}.pose.txt: looks straight up or down, where nothing is left or right; leave it out")
    height, width = depth.shape
    middle = depth[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None]
    known = middle[middle > 0] if bool((middle > 0).any()) else depth[depth > 0]
    focus = map_from_camera[:3, 3] + float(known.median()) * ahead
    x, y = (ahead[:2] / level).tolist()
    map_from_view = se3.identity()
    map_from_view[:2, :2] = torch.tensor([[x, -y], [y, x]], dtype=torch.float64)
    map_from_view[:3, 3] = torch.tensor([float(focus[0]), float(focus[1]), floor], dtype=torch.float64)
    return se3.invert(map_from_view) @ map_from_camera, map_from_view


def _size(picture: Tensor) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"
