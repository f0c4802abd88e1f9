"""Renders a room with Embree: colour, depth and instance of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import open3d as o3d
from numpy.typing import NDArray

from ago_ros.datasets.room_world.room import Room
from ago_ros.datasets.room_world.shading import develop, light_colours, light_rays, shade

SAMPLES = 4
_OFFSETS = np.array([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Geometry:
    """What the pixels' centres show.

    Attributes:
        depth: (H, W) float32 metres along the optical axis.
        instance: (H, W) uint16 id of the thing.
    """

    depth: NDArray[np.float32]
    instance: NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera in a room.

    Attributes:
        room_from_camera: (4, 4) float64 pose of its optical frame.
        matrix: (3, 3) float64 intrinsics, pixels.
        size: width and height, pixels.
    """

    room_from_camera: NDArray[np.float64]
    matrix: NDArray[np.float64]
    size: tuple[int, int]

    @property
    def origin(self) -> NDArray[np.float32]:
        """Where it stands, (3,) metres."""
        return self.room_from_camera[:3, 3].astype(np.float32)

    def rays(self, offsets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Directions of unit depth through every pixel's (S, 2) sample places, (H * W * S, 3), a pixel's together."""
        width, height = self.size
        rays = np.ones((height, width, len(offsets), 3), dtype=np.float32)
        rays[..., 0] = (np.arange(width)[None, :, None] + offsets[:, 0] - self.matrix[0, 2]) / self.matrix[0, 0]
        rays[..., 1] = (np.arange(height)[:, None, None] + offsets[:, 1] - self.matrix[1, 2]) / self.matrix[1, 1]
        return np.ascontiguousarray(rays.reshape(-1, 3) @ self.room_from_camera[:3, :3].T.astype(np.float32))


class Stage:
    """A room as triangles in an Embree tree."""

    def __init__(self, room: Room) -> None:
        """Builds the tree. Rays are cast in as many threads as numba may use."""
        self.room = room
        self._threads = numba.get_num_threads()
        rows = [(item.instance, part) for item in room.items for part in item.parts]
        parts = [part for _, part in rows]
        counts = [len(part.corners) for part in parts]
        self.part = np.repeat(np.arange(len(rows), dtype=np.int32), counts)
        self.axis = np.concatenate([part.axis for part in parts])
        self.texture = np.concatenate([part.texture for part in parts]).astype(np.float32)
        self.normals = np.concatenate([part.normals for part in parts]).astype(np.float32)
        self.owner = np.array([instance for instance, _ in rows], dtype=np.uint16)[self.part]
        self.looks = (
            np.array([part.paint.material for part in parts], dtype=np.int32),
            np.array([part.paint.colour for part in parts], dtype=np.float32),
            np.array([part.paint.second for part in parts], dtype=np.float32),
            np.array([part.paint.scale for part in parts], dtype=np.float32),
            np.array([part.paint.seed for part in parts], dtype=np.float32),
            np.array([part.texture.min(axis=(0, 1)) for part in parts], dtype=np.float32),
            np.array([part.texture.max(axis=(0, 1)) for part in parts], dtype=np.float32),
        )
        corners = np.concatenate([part.corners for part in parts]).astype(np.float32)
        self._tree = o3d.t.geometry.RaycastingScene(nthreads=self._threads)
        vertices = o3d.core.Tensor.from_numpy(np.ascontiguousarray(corners.reshape(-1, 3)))
        self._tree.add_triangles(
            vertices, o3d.core.Tensor.from_numpy(np.arange(len(corners) * 3, dtype=np.uint32).reshape(-1, 3))
        )

    def cast(self, origin: NDArray[np.float32], directions: NDArray[np.float32]) -> dict[str, NDArray]:
        """Casts (N, 3) directions from one origin: Open3D's answer as arrays."""
        rays = np.empty((len(directions), 6), dtype=np.float32)
        rays[:, :3], rays[:, 3:] = origin, directions
        found = self._tree.cast_rays(o3d.core.Tensor.from_numpy(rays), nthreads=self._threads)
        return {key: value.numpy() for key, value in found.items()}

    def look(self, camera: Camera) -> Geometry:
        """Casts a ray through the centre of every pixel.

        Raises:
            ValueError: the camera looks out of the room.
        """
        width, height = camera.size
        found = self.cast(camera.origin, camera.rays(np.array([[0.5, 0.5]], dtype=np.float32)))
        if not np.isfinite(found["t_hit"]).all():
            raise ValueError(f"the camera at {camera.origin.tolist()} looks out of room {self.room.seed}")
        instance = self.owner[found["primitive_ids"]].reshape(height, width)
        return Geometry(found["t_hit"].reshape(height, width), instance)

    def paint(self, camera: Camera, seed: int, noise: float) -> NDArray[np.uint8]:
        """Takes a picture, (H, W, 3) uint8 RGB.

        Args:
            camera: where from.
            seed: of grain and soft shadows.
            noise: grain, as a share of white.
        """
        directions = camera.rays(_OFFSETS)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        radiance = self._radiance(camera.origin, directions, seed & 0xFFFF)
        image = np.empty((camera.size[1], camera.size[0], 3), dtype=np.uint8)
        develop(radiance, SAMPLES, noise, seed & 0xFFFF, image)
        return image

    def _radiance(self, origin: NDArray[np.float32], directions: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
        """Linear colours along (N, 3) unit directions."""
        found = self.cast(origin, directions)
        count = len(directions)
        triangle = np.minimum(found["primitive_ids"], len(self.part) - 1).astype(np.int32)
        distance = np.where(np.isfinite(found["t_hit"]), found["t_hit"], 10.0).astype(np.float32)
        u, v = (np.ascontiguousarray(found["primitive_uvs"][:, i]) for i in (0, 1))
        normal, rays = np.empty((count, 3), np.float32), np.empty((count, 3, 6), np.float32)
        room = self.room
        lamp, day = np.array(room.lamp, dtype=np.float32), np.array(room.daylight, dtype=np.float32)
        light_rays(origin, directions, distance, triangle, u, v, self.normals, lamp, day, seed, normal, rays)
        tensor = o3d.core.Tensor.from_numpy(rays.reshape(-1, 6))
        blocked = self._tree.test_occlusions(tensor, tfar=0.97, nthreads=self._threads).numpy().reshape(count, 3)
        radiance = np.empty((count, 3), dtype=np.float32)
        shade(
            directions,
            triangle,
            u,
            v,
            normal,
            rays,
            blocked,
            lamp,
            day,
            self.part,
            self.axis,
            self.texture,
            *self.looks,
            *light_colours(room.warmth),
            room.brightness,
            radiance,
        )
        return radiance
