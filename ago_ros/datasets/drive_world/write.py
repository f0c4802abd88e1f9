"""Writes a drive world: scenes drawn from a seed, recorded and stored as a nuScenes root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ago_ros.datasets.drive_world.nuscenes_writer import SceneWriter, Tables, close_root, open_root
from ago_ros.datasets.drive_world.recording import duration_of, record
from ago_ros.datasets.drive_world.rig import SWEEPS_PER_KEYFRAME
from ago_ros.datasets.drive_world.scene import STYLES, draw_scene
from ago_ros.datasets.drive_world.weather import WEATHERS
from ago_ros.datasets.procedural.jobs import Progress, run_jobs


@dataclass(frozen=True)
class DriveWorldConfig:
    """What a drive world holds. Scene i is drawn from seed + i, whatever the other scenes are.

    Attributes:
        seed: of the first scene.
        scenes: how many.
        keyframes: of each scene; two a second.
        size: width and height of the images, pixels.
        sweeps: with the LiDAR's turns and the pictures between keyframes.
        style: kind of neighbourhood of all scenes; None draws it for each.
        weather: of all scenes; None draws it for each.
    """

    seed: int = 0
    scenes: int = 1
    keyframes: int = 10
    size: tuple[int, int] = (400, 225)
    sweeps: bool = True
    style: str | None = None
    weather: str | None = None

    def __post_init__(self) -> None:
        """Refuses what cannot be drawn."""
        if self.scenes < 1 or self.keyframes < 1 or self.seed < 0 or min(self.size) < 16:
            raise ValueError(f"scenes and keyframes must be at least 1, seed 0 and the size 16 pixels: {self}")
        if self.style not in (None, *STYLES):
            raise ValueError(f"'{self.style}' is no style; there are: {', '.join(STYLES)}")
        if self.weather not in (None, *WEATHERS):
            raise ValueError(f"'{self.weather}' is no weather; there are: {', '.join(WEATHERS)}")

    @property
    def num_turns(self) -> int:
        """Turns of the LiDAR that are recorded in all."""
        return self.scenes * ((self.keyframes - 1) * SWEEPS_PER_KEYFRAME + 1 if self.sweeps else self.keyframes)

    def scene_name(self, number: int) -> str:
        """Name of one of the scenes."""
        return f"drive-{self.seed + number:04d}"


def write_drive_world(
    out: str | Path, config: DriveWorldConfig, *, workers: int | None = None, progress: Progress | None = None
) -> Path:
    """Writes a nuScenes root with Occ3D labels below `gts`. What is written does not depend on `workers`.

    Args:
        out: folder to write to; it must not hold a drive world yet.
        config: what to draw.
        workers: processes, each with a scene of its own; None takes one for each processor.
        progress: told how many turns of the LiDAR are done, and how many there are.

    Returns:
        The root.

    Raises:
        DatasetError: the folder holds a drive world.
    """
    root = open_root(out)
    jobs = [(str(out), config, number) for number in range(config.scenes)]
    close_root(root, run_jobs(_write_scene, jobs, config.num_turns, workers, progress))
    return root


def _write_scene(out: str, config: DriveWorldConfig, number: int, tick: Callable[[], None]) -> Tables:
    """Draws, records and writes one scene; returns its rows."""
    scene = draw_scene(config.seed + number, duration_of(config.keyframes), style=config.style, weather=config.weather)
    writer = SceneWriter(Path(out), config.size, config.scene_name(number), number, scene)
    for turn in record(scene, config.keyframes, config.size, sweeps=config.sweeps):
        writer.write(turn)
        tick()
    return writer.close()
