"""Writes a drive world: scenes drawn from a seed, recorded and stored as a nuScenes root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ago_ros.datasets.drive_world.nuscenes_writer import NuScenesWriter
from ago_ros.datasets.drive_world.recording import duration_of, record
from ago_ros.datasets.drive_world.rig import SWEEPS_PER_KEYFRAME
from ago_ros.datasets.drive_world.scene import draw_scene


def write_drive_world(
    out: str | Path,
    seed: int,
    *,
    scenes: int = 1,
    keyframes: int = 10,
    size: tuple[int, int] = (400, 225),
    sweeps: bool = True,
    style: str | None = None,
    weather: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes a nuScenes root with Occ3D labels below `gts`.

    Args:
        out: folder to write to; it must not hold a drive world yet.
        seed: scene i is drawn from seed + i, whatever the other scenes are.
        scenes: how many.
        keyframes: of each scene; two a second.
        size: width and height of the images, pixels.
        sweeps: with the LiDAR's turns and the pictures between keyframes.
        style: kind of neighbourhood of all scenes; None draws it for each.
        weather: of all scenes; None draws it for each.
        progress: told how many turns are done, and how many there are.

    Returns:
        The root.

    Raises:
        ValueError: a number is out of range.
        DatasetError: the folder holds a drive world.
    """
    if scenes < 1 or keyframes < 1 or seed < 0 or min(size) < 16:
        raise ValueError(
            f"scenes and keyframes must be at least 1, seed 0, size 16: got {scenes}, {keyframes}, {seed}, {size}"
        )
    writer = NuScenesWriter(out, size)
    per_scene = (keyframes - 1) * SWEEPS_PER_KEYFRAME + 1 if sweeps else keyframes
    for number in range(scenes):
        scene = draw_scene(seed + number, duration_of(keyframes), style=style, weather=weather)
        scene_writer = writer.scene(f"drive-{seed + number:04d}", number, scene)
        for done, turn in enumerate(record(scene, keyframes, size, sweeps=sweeps)):
            scene_writer.write(turn)
            if progress:
                progress(number * per_scene + done + 1, scenes * per_scene)
        scene_writer.close()
    writer.close()
    return writer.root
