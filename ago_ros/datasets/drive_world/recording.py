"""Records a scene: what every sensor gives at each of its stamps, with the ground truth of the keyframes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.drive_world.camera import Picture, take_picture
from ago_ros.datasets.drive_world.lidar import Sweep, sweep_lidar
from ago_ros.datasets.drive_world.raycasting import World
from ago_ros.datasets.drive_world.rig import CAMERA_TICKS, CAMERAS, LIDAR_HZ, SWEEPS_PER_KEYFRAME, CameraMount
from ago_ros.datasets.drive_world.scene import Scene
from ago_ros.datasets.drive_world.visibility import Probes
from ago_ros.datasets.drive_world.voxels import Voxelizer, occ3d_labels, seen_by_cameras, seen_by_lidar
from ago_ros.datasets.occ3d import Occ3dLabels

STAMP_JITTER_S = 2e-4


@dataclass(frozen=True, eq=False)
class Shot:
    """One camera's picture of one turn.

    Attributes:
        mount: the camera.
        time: seconds.
        picture: what it saw.
    """

    mount: CameraMount
    time: float
    picture: Picture


@dataclass(frozen=True, eq=False)
class Turn:
    """What the sensors give in one turn of the LiDAR.

    Attributes:
        index: number of the turn; every tenth is a keyframe.
        time: the sweep's stamp, seconds.
        sweep: the LiDAR's points.
        shots: pictures, in the order taken; none in turns that fire no camera.
        labels: Occ3D labels; None between keyframes.
        visible: of a keyframe, share of each thing that some camera sees, by id; None between keyframes.
    """

    index: int
    time: float
    sweep: Sweep
    shots: list[Shot]
    labels: Occ3dLabels | None
    visible: NDArray[np.float64] | None

    @property
    def is_keyframe(self) -> bool:
        """Whether the turn is a keyframe."""
        return self.index % SWEEPS_PER_KEYFRAME == 0


def duration_of(keyframes: int) -> float:
    """Seconds that a scene of so many keyframes lasts."""
    return (keyframes - 1) * SWEEPS_PER_KEYFRAME / LIDAR_HZ + 2 / LIDAR_HZ


def record(scene: Scene, keyframes: int, size: tuple[int, int], *, sweeps: bool) -> Iterator[Turn]:
    """Records a scene turn by turn.

    Args:
        scene: drawn for `duration_of(keyframes)` seconds.
        keyframes: how many.
        size: width and height of the images, pixels.
        sweeps: with the turns between keyframes, or the keyframes alone.
    """
    world, voxelizer = World(scene), Voxelizer(scene)
    probes = Probes(world)
    for index in range((keyframes - 1) * SWEEPS_PER_KEYFRAME + 1):
        is_keyframe = index % SWEEPS_PER_KEYFRAME == 0
        if not (sweeps or is_keyframe):
            continue
        rng = np.random.default_rng((scene.seed, index))
        time = (index + 1) / LIDAR_HZ + float(rng.uniform(-STAMP_JITTER_S, STAMP_JITTER_S))
        shots = []
        if index % 5 in CAMERA_TICKS:
            for mount in CAMERAS:
                fired = time - mount.delay_s() + float(rng.uniform(-STAMP_JITTER_S, STAMP_JITTER_S))
                shots.append(Shot(mount, fired, take_picture(world, mount, fired, size)))
        sweep = sweep_lidar(world, time, rng)
        labels, visible = None, None
        if is_keyframe:
            pictures = [shot.picture for shot in shots]
            stride = max(size[0] // 133, 1)
            labels = occ3d_labels(
                voxelizer.semantics(time),
                seen_by_lidar(scene, time, sweep),
                seen_by_cameras(scene, time, pictures, stride),
            )
            visible = probes.visible_shares(time)
        yield Turn(index, time, sweep, sorted(shots, key=lambda shot: shot.time), labels, visible)
