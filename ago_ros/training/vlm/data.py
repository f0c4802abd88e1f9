"""Draws the views that a training needs, once, into a folder; the worlds are asked only for what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ago_ros.datasets.captioned_views.store import CaptionedView, read_views, write_shard
from ago_ros.datasets.procedural.jobs import run_jobs
from ago_ros.training.vlm.config import DataConfig

WORLDS = ("drive", "rooms", "close_ups", "disguises")
ROOM_TESTS = ("novel_rooms", "novel_visual", "novel_classes")
_FIRST_SCENE = {"train": 10_000, "validation": 20_000, "test": 30_000}


@dataclass(frozen=True)
class Job:
    """One file of views to draw.

    Attributes:
        path: of the file.
        world: one of `WORLDS`.
        split: of the room world; "" elsewhere.
        number: of the room, or the seed of the scene.
    """

    path: Path
    world: str
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
            jobs.append(Job(folder / split / "drive" / f"{seed}.npz", "drive", "", seed))
        for i in range(rooms.get(split, 0)):
            jobs.append(Job(folder / split / "rooms" / f"{i:06d}.npz", "rooms", split, i))
    for world, count in (("close_ups", config.train_showrooms), ("disguises", config.train_disguises)):
        jobs += [Job(folder / "train" / world / f"{i:06d}.npz", world, "", i) for i in range(count)]
    if tests:
        for split in ROOM_TESTS:
            jobs += [Job(folder / "test" / split / f"{i:06d}.npz", "rooms", split, i) for i in range(config.test_rooms)]
    return jobs


def draw_missing(
    folder: Path,
    config: DataConfig,
    *,
    tests: bool,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Draws every file of a data set that is not there yet.

    Args:
        folder: of the data set.
        config: how much it holds.
        tests: with the test splits.
        workers: processes; None takes one for each processor.
        progress: told how many of the missing files are drawn, and how many there are.
    """
    missing = [(job, config) for job in plan_jobs(folder, config, tests=tests) if not job.path.is_file()]
    if missing:
        run_jobs(_draw, missing, len(missing), workers, progress)


def read_worlds(folder: Path, config: DataConfig, split: str) -> dict[str, list[CaptionedView]]:
    """Reads the views of a split by world; a world of which nothing is asked is left out.

    Raises:
        DatasetError: views that should be there are missing or damaged.
    """
    wanted = {
        "train": (config.train_scenes, config.train_rooms, config.train_showrooms, config.train_disguises),
        "validation": (config.validation_scenes, config.validation_rooms, 0, 0),
    }[split]
    return {
        world: list(read_views(folder / split / world))
        for world, count in zip(WORLDS, wanted, strict=True)
        if count > 0
    }


def _draw(job: Job, config: DataConfig, tick: Callable[[], None]) -> None:
    write_shard(job.path, _views_of(job, config))
    tick()


def _views_of(job: Job, config: DataConfig) -> list[CaptionedView]:
    if job.world == "rooms":
        from ago_ros.datasets.captioned_views.rooms import draw_room_views

        return draw_room_views(job.split, job.number, config.views)
    if job.world in ("close_ups", "disguises"):
        from ago_ros.datasets.captioned_views.close_ups import draw_close_ups

        return draw_close_ups(job.number, config.close_ups, disguised=job.world == "disguises")
    from ago_ros.datasets.captioned_views.drive import draw_drive_views

    return draw_drive_views(job.number, config.shots)
