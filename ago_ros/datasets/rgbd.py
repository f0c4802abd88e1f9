"""RgbdView: one image with depth, in the frame that questions are asked in. Made from recordings and from rooms."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import torch
from torch import Tensor

from ago_ros.datasets.room_world.view import View
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame

CAMERA = "camera"
"""Name of its camera in a sensor frame."""


@dataclass(frozen=True, eq=False)
class RgbdView:
    """One image with depth.

    Attributes:
        name: unique in its recording.
        image: (H, W, 3) uint8 RGB.
        depth: (h, w) float32 metres along the optical axis, of the same view as the image; 0 is unknown.
        camera: intrinsics, for the image's size.
        view_from_camera: (4, 4) float64, optical frame to the view's frame: viewer along +x, y left, z up, its origin
            on the floor below what is looked at.
        map_from_view: (4, 4) float64, to the frame that all views of a recording share.
    """

    name: str
    image: Tensor
    depth: Tensor
    camera: PinholeCamera
    view_from_camera: Tensor
    map_from_view: Tensor

    @property
    def eye(self) -> Tensor:
        """(3,) float64 place of the camera, view frame, metres."""
        return self.view_from_camera[:3, 3]

    def points(self) -> Tensor:
        """Returns the (P, 3) float64 points of the pixels with depth, row by row, optical frame, metres."""
        return lift_depth(self.depth, self.camera)

    def resized(self, image_side: int, depth_side: int) -> RgbdView:
        """Returns the view with smaller pictures; none is made larger.

        Args:
            image_side: pixels of the image's shorter side.
            depth_side: pixels of the depth's shorter side; single pixels are kept, as a mean of depths is no surface.
        """
        width, height = _shrunk(self.image.shape[1], self.image.shape[0], image_side)
        image = cv2.resize(self.image.numpy(), (width, height), interpolation=cv2.INTER_AREA)
        return RgbdView(
            self.name,
            torch.from_numpy(image),
            thin_depth(self.depth, depth_side),
            self.camera.resized(width, height),
            self.view_from_camera,
            self.map_from_view,
        )

    def sensor_frame(self) -> SensorFrame:
        """Returns the view as a sweep and an image, whose ego frame is the view's frame, for any predictor."""
        sweep = LidarSweep(0, self.points().to(torch.float32), self.view_from_camera, self.map_from_view)
        image = CameraImage(0, self.image, self.camera, self.view_from_camera, self.map_from_view)
        return SensorFrame(sweep, {CAMERA: image})


def from_room(view: View) -> RgbdView:
    """Returns what a view of the room world shows, without its ground truth; each view has a map of its own."""
    height, width = view.depth.shape
    camera = PinholeCamera(torch.from_numpy(view.intrinsics), width, height)
    depth = torch.nan_to_num(torch.from_numpy(view.depth), nan=0.0, posinf=0.0, neginf=0.0).clamp(min=0)
    pose = torch.from_numpy(view.view_from_camera)
    return RgbdView(view.name, torch.from_numpy(view.image), depth, camera, pose, se3.identity())


def lift_depth(depth: Tensor, camera: PinholeCamera) -> Tensor:
    """Returns the (P, 3) float64 points of a (h, w) depth where it is known, row by row, optical frame, metres."""
    rays = camera.resized(depth.shape[1], depth.shape[0]).rays()
    return (rays * depth[..., None].to(torch.float64))[depth > 0]


def thin_depth(depth: Tensor, side: int) -> Tensor:
    """Returns (h, w) depth with at most `side` pixels along its shorter side: those in the middle of equal parts."""
    columns, rows = _shrunk(depth.shape[1], depth.shape[0], side)
    return depth[_middles(depth.shape[0], rows)][:, _middles(depth.shape[1], columns)]


def _shrunk(width: int, height: int, side: int) -> tuple[int, int]:
    """Returns the size whose shorter side is `side`, or the size itself where that is smaller."""
    share = min(1.0, side / min(width, height))
    return round(share * width), round(share * height)


def _middles(size: int, count: int) -> Tensor:
    """Returns the (count,) int64 pixels in the middle of `count` equal parts of a row."""
    return ((torch.arange(count, dtype=torch.float64) + 0.5) * size / count).long()
