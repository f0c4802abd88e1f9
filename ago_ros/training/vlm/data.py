"""Draws the views that a training needs, once, into a folder; the worlds are asked only for what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ago_ros.datasets.captioned_views.store import CaptionedView, read_views, write_shard
from ago_ros.training.vlm.config import DataConfig

WORLDS = ("drive", "rooms")
ROOM_TESTS = ("novel_rooms", "novel_visual", "novel_classes")
_FIRST_SCENE = {"train": 10_000, "validation": 20_000, "test": 30_000}


@dataclass(frozen=True)
class Job:
    """One file of views to draw.

    Attributes:
        path: of the file.
        split: of the room world; "" for the drive world.
        number: of the room, or the seed of the scene.
    """

    path: Path
    split: str
    number: int


def plan_jobs(folder: Path, config: DataConfig, *, tests: bool) -> list[Job]:
    """Lists the files of a data set: `train/drive`, `train/rooms`, `validation/...`, and the tests by their names."""
    scenes = {"train": config.train_scenes, "validation": config.validation_scenes, "test": config.test_scenes}
    rooms = {"train": config.train_rooms, "validation": config.validation_rooms}
    jobs = []
    for split in ("train", "validation", *(["test"] if tests else [])):
        for i in range(scenes[split]):
            seed = _FIRST_SCENE[split] + i
            jobs.append(Job(folder / split / "drive" / f"{seed}.npz", "", seed))
        for i in range(rooms.get(split, 0)):
            jobs.append(Job(folder / split / "rooms" / f"{i:06d}.npz", split, i))
    if tests:
        for split in ROOM_TESTS:
            jobs += [Job(folder / "test" / split / f"{i:06d}.npz", split, i) for i in range(config.test_rooms)]
    return jobs


def draw_missing(
    folder: Path, config: DataConfig, *, tests: bool, progress: Callable[[int, int], None] | None = None
) -> None:
    """Draws every file of a data set that is not there yet.

    Args:
        folder: of the data set.
        config: how much it holds.
        tests: with the test splits.
        progress: told how many files are there, and how many there will be.
    """
    jobs = plan_jobs(folder, config, tests=tests)
    for number, job in enumerate(jobs):
        if not job.path.is_file():
            write_shard(job.path, _draw(job, config))
        if progress:
            progress(number + 1, len(jobs))


def read_worlds(folder: Path, config: DataConfig, split: str) -> dict[str, list[CaptionedView]]:
    """Reads the views of a split by world; a world of which nothing is asked is left out.

    Raises:
        DatasetError: views that should be there are missing or damaged.
    """
    wanted = {
        "train": (config.train_scenes, config.train_rooms),
        "validation": (config.validation_scenes, config.validation_rooms),
    }[split]
    return {
        world: list(read_views(folder / split / world))
        for world, count in zip(WORLDS, wanted, strict=True)
        if count > 0
    }


def _draw(job: Job, config: DataConfig) -> list[CaptionedView]:
    if job.split:
        from ago_ros.datasets.captioned_views.rooms import draw_room_views

        return draw_room_views(job.split, job.number, config.views)
    from ago_ros.datasets.captioned_views.drive import draw_drive_views

    return draw_drive_views(job.number, config.shots)
