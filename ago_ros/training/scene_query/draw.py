"""Draws the views that a training and its tests need, with relevancy maps, once, into a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.procedural.jobs import run_jobs
from ago_ros.datasets.query_views.store import DEPTH_STEP_M, QueryView, read_file, write_views
from ago_ros.datasets.room_world.view import View, room_grid
from ago_ros.scene_query.semabs.input_maps import input_maps
from ago_ros.training.scene_query.asks import ask_view, phrases_of
from ago_ros.training.scene_query.config import TESTS, DrawConfig, drawn_with
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.text_memory import TextMemory

SPLITS_DRAWN = ("train", "validation", *TESTS)


@dataclass(frozen=True)
class Job:
    """One file of views to draw.

    Attributes:
        path: of the file.
        split: of the room world.
        number: of the room in its split.
    """

    path: Path
    split: str
    number: int


def missing_jobs(folder: Path, config: DrawConfig, vlm: str, splits: tuple[str, ...] = SPLITS_DRAWN) -> list[Job]:
    """Lists the files that are not there yet.

    Raises:
        DatasetError: a split was begun with another model or other settings.
    """
    jobs, wanted = [], drawn_with(config, vlm)
    for split in splits:
        rooms, _ = config.rooms_of(split)
        here = min((folder / split).glob("*.npz"), default=None)
        if here is not None and read_file(here, ())[0] != wanted:
            raise DatasetError(f"{here}: drawn with another model or other settings; draw into another folder")
        jobs += [Job(folder / split / f"{number:06d}.npz", split, number) for number in range(rooms)]
    return [job for job in jobs if not job.path.is_file()]


def estimate_bytes(config: DrawConfig, jobs: list[Job]) -> int:
    """Estimates, from above, what files take: maps of all phrases, pixels, and voxel sets at 1.5 kB each."""
    sets = config.asks.completions + 6 * config.asks.each_relation
    phrases = config.asks.completions + 3 * 6 * config.asks.each_relation
    pixels = (config.image_side // config.depth_stride) ** 2
    view = phrases * 2 * 2 * config.map_side**2 + pixels * 5 + sets * 1500
    return sum(config.rooms_of(job.split)[1] * view for job in jobs)


def draw_missing(
    folder: Path,
    config: DrawConfig,
    vlm: str,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    splits: tuple[str, ...] = SPLITS_DRAWN,
) -> None:
    """Draws every file that is not there yet; files that are there are complete.

    Args:
        folder: of the data set; it gets a folder for each split.
        config: how much it holds.
        vlm: name or folder of the model that reads the maps.
        workers: processes; None takes one for each processor.
        progress: told how many files are done, and how many are missing.
        splits: to draw.

    Raises:
        DatasetError: a split was begun with another model or other settings.
    """
    jobs = missing_jobs(folder, config, vlm, splits)
    if not jobs:
        return
    if len(jobs) > 1 and workers != 1:
        run_jobs(_draw_job, [(job, config, vlm) for job in jobs], len(jobs), workers, progress)
        return
    model = _load(vlm)
    for number, job in enumerate(jobs):
        draw_file(job, config, model, vlm)
        if progress:
            progress(number + 1, len(jobs))


def _draw_job(job: Job, config: DrawConfig, vlm: str, tick: Callable[[], None]) -> None:
    """Draws a file in a worker, which keeps its model."""
    if vlm not in _MODELS:
        _MODELS[vlm] = _load(vlm)
    draw_file(job, config, _MODELS[vlm], vlm)
    tick()


_MODELS: dict[str, VisionLanguageModel] = {}


def _load(vlm: str) -> VisionLanguageModel:
    """Loads a model that remembers texts: most phrases are asked of many views."""
    return cast(VisionLanguageModel, TextMemory(load_vlm(vlm)))


def draw_file(job: Job, config: DrawConfig, model: VisionLanguageModel, vlm: str) -> None:
    """Draws the views of one room and writes them."""
    from ago_ros.datasets.room_world.furnishing import furnish
    from ago_ros.datasets.room_world.generate import ViewConfig, room_views
    from ago_ros.datasets.room_world.splits import SPLITS

    split = SPLITS[job.split]
    views_per_room = config.rooms_of(job.split)[1]
    taking = ViewConfig((config.image_side, config.image_side), room_grid(config.voxels), views_per_room)
    room = furnish(split.first_seed + job.number, split)
    views = [make_query_view(view, job.split, config, model) for view in room_views(room, split, taking)]
    write_views(job.path, [view for view in views if view.asks], drawn_with(config, vlm))


def make_query_view(view: View, split: str, config: DrawConfig, model: VisionLanguageModel) -> QueryView:
    """Reads the maps of what is asked of a view, and keeps what a network may see of it."""
    asks, packed = ask_view(view, split, config.asks)
    phrases = phrases_of(asks, split)
    image = torch.from_numpy(view.image)
    maps = {
        kind: input_maps(model, image, phrases, how).numpy().astype(np.float16)
        for kind, how in config.relevancy().items()
        if phrases
    }
    step, first = config.depth_stride, config.depth_stride // 2
    depth = np.nan_to_num(view.depth[first::step, first::step] / DEPTH_STEP_M, nan=0.0, posinf=0.0, neginf=0.0)
    intrinsics = view.intrinsics.copy()
    intrinsics[:2] /= step
    intrinsics[:2, 2] += 0.5 - (first + 0.5) / step
    return QueryView(
        name=view.name,
        room=view.room,
        depth=np.clip(np.round(depth), 0, 65535).astype(np.uint16),
        colours=np.ascontiguousarray(view.image[first::step, first::step]),
        intrinsics=intrinsics,
        grid_from_camera=view.view_from_camera,
        phrases=phrases,
        maps=maps,
        grid=view.grid,
        packed=packed,
        asks=asks,
    )
