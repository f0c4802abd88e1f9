"""A made recording in the layout of 7-Scenes: a floor and a wall, from a world whose gravity points along +y."""

from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT, FOCAL = 64, 48, 60.0
WORLD_FROM_UPRIGHT = np.array([[0.0, 1, 0, 3], [0, 0, -1, -2], [-1, 0, 0, 5], [0, 0, 0, 1]])
"""z up becomes -y: gravity is +y."""
WALL_X, EYE_Z = 2.0, 1.2
EYES = ((-1.0, 0.0, 0.0), (-1.0, 0.3, 0.2), (-0.8, -0.4, -0.3))
"""x, y and heading of each frame; all look 30 degrees down."""


def upright_from_camera(x: float, y: float, yaw: float, down_deg: float = 30.0) -> np.ndarray:
    c, s, d = np.cos(yaw), np.sin(yaw), np.radians(down_deg)
    ahead = np.array([c * np.cos(d), s * np.cos(d), -np.sin(d)])
    right = np.array([s, -c, 0.0])
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = right, np.cross(ahead, right), ahead, (x, y, EYE_Z)
    return pose


def depth_of(pose: np.ndarray) -> np.ndarray:
    """(H, W) metres along the optical axis, to the floor z = 0 or the wall x = WALL_X, whichever is nearer."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    rays = np.stack([(columns - WIDTH / 2) / FOCAL, (rows - HEIGHT / 2) / FOCAL, np.ones_like(rows)], -1)
    rays = rays @ pose[:3, :3].T
    with np.errstate(divide="ignore"):
        floor, wall = -pose[2, 3] / rays[..., 2], (WALL_X - pose[0, 3]) / rays[..., 0]
    floor[floor <= 0], wall[wall <= 0] = np.inf, np.inf
    return np.minimum(floor, wall)


def write_seven_scenes(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    np.savetxt(folder / "camera-intrinsics.txt", [[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
    np.savetxt(folder / "gravity-direction.txt", [0.0, 1.0, 0.0])
    for number, eye in enumerate(EYES):
        pose = upright_from_camera(*eye)
        depth = np.round(depth_of(pose) * 1000).astype(np.uint16)
        depth[0, 0], depth[0, 1] = 0, 65535
        name = folder / f"frame-{number * 25:06d}"
        np.savetxt(f"{name}.pose.txt", WORLD_FROM_UPRIGHT @ pose)
        Image.fromarray(depth).save(f"{name}.depth.png")
        grey = np.clip(depth / 16, 0, 255).astype(np.uint8)
        Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(f"{name}.color.{'png' if number else 'jpg'}")
    return folder
