"""Camera pictures with the voxels drawn over them."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.rendering.palette import probability_colors, voxel_colors
from ago_ros.scene.semantic_grid import SemanticGrid
from ago_ros.sensors.frame import CameraImage, SensorFrame

NUSCENES_ORDER = ("cam_front_left", "cam_front", "cam_front_right", "cam_back_left", "cam_back", "cam_back_right")


def draw_voxels(
    image: CameraImage, camera_from_ego: Tensor, centers: Tensor, colors: Tensor, size: float, min_depth: float = 1.0
) -> Tensor:
    """Draws voxels over an image, far ones first, each as a square as large as it looks.

    Args:
        image: the picture to draw on; it stays as it is.
        camera_from_ego: (4, 4) float64.
        centers: (M, 3) float32, ego frame, metres.
        colors: (M, 3) uint8 RGB.
        size: edge of a voxel, metres.
        min_depth: voxels nearer than this are left out, metres.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    pixels, depth, visible = image.camera.project(se3.transform_points(camera_from_ego, centers), min_depth)
    picture = image.image.numpy().copy()
    overlay = picture.copy()
    order = torch.argsort(depth[visible], descending=True)
    half = 0.45 * size * float(image.camera.intrinsics[0, 0]) / depth[visible][order]
    corners = torch.stack([pixels[visible][order] - half[:, None], pixels[visible][order] + half[:, None]], dim=1)
    for (low, high), color in zip(corners.round().int().tolist(), colors[visible][order].tolist(), strict=True):
        cv2.rectangle(overlay, low, high, color, thickness=-1)
    return torch.from_numpy(cv2.addWeighted(overlay, 0.45, picture, 0.55, 0.0))


def camera_mosaic(frame: SensorFrame, grid: SemanticGrid, tile_width: int = 480) -> Tensor:
    """Lays the frame's images out as the cameras look, with the grid's occupied voxels over them.

    Args:
        frame: images and their poses.
        grid: labelled voxels in the frame's ego frame.
        tile_width: width of each camera's picture, pixels.

    Returns:
        (H, W, 3) uint8 RGB; a missing camera's tile is black and says so.

    Raises:
        ValueError: the frame has no images at all.
    """
    indices = grid.occupied.nonzero()
    return _mosaic(frame, grid.grid.centers(indices), voxel_colors(grid, indices), grid.grid.voxel_size, tile_width)


def probability_mosaic(frame: SensorFrame, grid: SemanticGrid, probability: Tensor, tile_width: int = 480) -> Tensor:
    """Like `camera_mosaic`, with the voxels where something may be: (X, Y, Z) float32 `probability`."""
    likely, colors = probability_colors(probability)
    return _mosaic(frame, grid.grid.centers(likely.nonzero()), colors, grid.grid.voxel_size, tile_width)


def _mosaic(frame: SensorFrame, centers: Tensor, colors: Tensor, voxel_size: float, tile_width: int) -> Tensor:
    if not frame.cameras:
        raise ValueError("the frame has no camera images to draw on")
    names = set(frame.cameras) | set(frame.missing)
    ordered = [name for name in NUSCENES_ORDER if name in names] + sorted(names - set(NUSCENES_ORDER))
    first = next(iter(frame.cameras.values())).camera
    tile_size = (tile_width, round(tile_width * first.height / first.width))
    tiles = []
    for name in ordered:
        image = frame.cameras.get(name)
        if image is None:
            tile = np.zeros((tile_size[1], tile_size[0], 3), np.uint8)
        else:
            drawn = draw_voxels(image, frame.camera_from_ego(image), centers, colors, voxel_size)
            tile = np.asarray(cv2.resize(drawn.numpy(), tile_size, interpolation=cv2.INTER_AREA), np.uint8)
        caption = name if image is not None else f"{name}: no image"
        for color, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
            cv2.putText(tile, caption, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, color, thickness, cv2.LINE_AA)
        tiles.append(tile)
    columns = min(3, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return torch.from_numpy(np.vstack(rows))
