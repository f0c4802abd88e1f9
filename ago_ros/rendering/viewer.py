"""The live viewer: what RViz shows, in Rerun, also in a browser or from a file."""

from __future__ import annotations

from pathlib import Path

import rerun as rr
from torch import Tensor

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.rendering.palette import probability_colors, voxel_colors
from ago_ros.scene.semantic_grid import SemanticGrid


class LiveViewer:
    """Shows grids, images and answers as they come, in the map frame."""

    def __init__(self, save: str | Path | None = None) -> None:
        """Opens the viewer's window, or a recording.

        Args:
            save: file to record to (`.rrd`, opened later with `rerun FILE`) instead of opening a window.

        Raises:
            RuntimeError: no window can be opened here.
        """
        self._stream = rr.RecordingStream("ago_ros")
        if save is not None:
            self._stream.save(str(save))
        else:
            self._stream.spawn()
        self._stream.log("map", rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)

    def show_grid(self, grid: SemanticGrid, map_from_ego: Tensor) -> None:
        """Shows the occupied voxels of a grid and moves the robot to its pose."""
        self._at(grid.stamp_ns)
        self._move("map/base_link", map_from_ego)
        indices = grid.occupied.nonzero()
        labels = grid.labels[tuple(indices.T)]
        self._stream.log(
            "map/base_link/occupancy",
            self._cubes(grid.grid.centers(indices), grid.grid.voxel_size, voxel_colors(grid, indices)),
            rr.AnyValues(label=labels.numpy()),
        )

    def show_answer(self, stamp_ns: int, centers: Tensor, probability: Tensor, voxel_size: float) -> None:
        """Shows where something may be.

        Args:
            stamp_ns: the frame that was asked.
            centers: (M, 3) float32, centres of the voxels, ego frame, metres.
            probability: (M,) float32; voxels far below the peak are left out.
            voxel_size: metres.
        """
        self._at(stamp_ns)
        likely, colors = probability_colors(probability)
        self._stream.log("map/base_link/answer", self._cubes(centers[likely], voxel_size, colors))

    def show_jpeg(self, name: str, stamp_ns: int, jpeg: bytes, camera: PinholeCamera, ego_from_camera: Tensor) -> None:
        """Shows a camera's picture, still compressed, where the camera sits."""
        self._at(stamp_ns)
        self._move(f"map/base_link/{name}", ego_from_camera)
        pinhole = rr.Pinhole(
            image_from_camera=camera.intrinsics.numpy(), width=camera.width, height=camera.height,
            image_plane_distance=2.0,
        )  # fmt: skip
        self._stream.log(f"map/base_link/{name}", pinhole)
        self._stream.log(f"map/base_link/{name}", rr.EncodedImage(contents=jpeg, media_type="image/jpeg"))

    def close(self) -> None:
        """Writes what is still buffered."""
        self._stream.flush()
        self._stream.disconnect()

    def _at(self, stamp_ns: int) -> None:
        self._stream.set_time("stamp", timestamp=stamp_ns * 1e-9)

    def _move(self, entity: str, parent_from_child: Tensor) -> None:
        rotation = rr.Quaternion(xyzw=se3.to_quaternion(parent_from_child).numpy())
        self._stream.log(entity, rr.Transform3D(translation=parent_from_child[:3, 3].numpy(), quaternion=rotation))

    @staticmethod
    def _cubes(centers: Tensor, voxel_size: float, colors: Tensor) -> rr.Boxes3D:
        half = [[0.48 * voxel_size] * 3]
        return rr.Boxes3D(centers=centers.numpy(), half_sizes=half, colors=colors.numpy(), fill_mode="solid")
