"""Draws the views that a training and its tests need, with relevancy maps, once, into a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.procedural.jobs import run_jobs
from ago_ros.datasets.query_views.splits import DRIVES, TEST_SPLITS, TRAIN_SPLITS, VALIDATION_SPLITS
from ago_ros.datasets.query_views.store import (
    DEPTH_STEP_M,
    PixelSight,
    PointSight,
    QueryView,
    pack,
    read_file,
    write_views,
)
from ago_ros.datasets.room_world.view import FREE, View, room_grid
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.scene_query.semabs.input_maps import input_maps
from ago_ros.scene_query.semabs.points import RelevancyView, from_lidar
from ago_ros.training.scene_query.asks import ask_view, phrases_of
from ago_ros.training.scene_query.config import DrawConfig, drawn_with
from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.text_memory import remember_texts

if TYPE_CHECKING:
    from ago_ros.datasets.drive_world.street_views import StreetView

SPLITS_DRAWN = (*TRAIN_SPLITS, *VALIDATION_SPLITS, *TEST_SPLITS)
_SWEEP_POINTS = 3500
"""Points of a drive's view, at most about."""


@dataclass(frozen=True)
class Job:
    """One file of views to draw.

    Attributes:
        path: of the file.
        split: of the room world, or a key of DRIVES.
        number: of the room or drive in its split.
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
        count, _ = config.files_of(split)
        here = min((folder / split).glob("*.npz"), default=None)
        if here is not None and read_file(here, ())[0] != wanted:
            raise DatasetError(f"{here}: drawn with another model or other settings; draw into another folder")
        jobs += [Job(folder / split / f"{number:06d}.npz", split, number) for number in range(count)]
    return [job for job in jobs if not job.path.is_file()]


def estimate_bytes(config: DrawConfig, jobs: list[Job]) -> int:
    """Estimates, from above, what files take: maps of all phrases, what is seen, and voxel sets at 1.5 kB each."""
    sets = 2 + config.asks.completions + 6 * config.asks.each_relation
    phrases = config.asks.completions + 3 * 6 * config.asks.each_relation
    pixels = (config.image_side // config.depth_stride) ** 2
    room = phrases * 2 * 2 * config.map_side**2 + pixels * 5 + sets * 1500
    drive = _SWEEP_POINTS * (phrases * 2 * 2 + 15) + sets * 1500
    return sum(config.files_of(job.split)[1] * (drive if job.split in DRIVES else room) for job in jobs)


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
    return remember_texts(load_vlm(vlm))


def draw_file(job: Job, config: DrawConfig, model: VisionLanguageModel, vlm: str) -> None:
    """Draws the views of one room or drive and writes them."""
    draw = _draw_drive if job.split in DRIVES else _draw_room
    write_views(job.path, [view for view in draw(job, config, model) if view.asks], drawn_with(config, vlm))


def _draw_room(job: Job, config: DrawConfig, model: VisionLanguageModel) -> list[QueryView]:
    from ago_ros.datasets.room_world.furnishing import furnish
    from ago_ros.datasets.room_world.generate import ViewConfig, room_views
    from ago_ros.datasets.room_world.splits import SPLITS

    split = SPLITS[job.split]
    views_per_room = config.files_of(job.split)[1]
    taking = ViewConfig((config.image_side, config.image_side), room_grid(config.voxels), views_per_room)
    room = furnish(split.first_seed + job.number, split)
    return [make_query_view(view, job.split, config, model) for view in room_views(room, split, taking)]


def _draw_drive(job: Job, config: DrawConfig, model: VisionLanguageModel) -> list[QueryView]:
    from ago_ros.datasets.drive_world.street_views import street_views

    drives = DRIVES[job.split]
    seed, count = drives.first_seed + job.number, config.files_of(job.split)[1]
    return make_street_queries(
        list(street_views(seed, count, config.drive_image, config.voxels)), drives.asks, config, model
    )


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
    sight = PixelSight(
        np.clip(np.round(depth), 0, 65535).astype(np.uint16),
        np.ascontiguousarray(view.image[first::step, first::step]),
        intrinsics,
        view.view_from_camera,
    )
    return QueryView(
        name=view.name,
        room=view.room,
        scale=view.scale,
        sight=sight,
        phrases=phrases,
        maps=maps,
        grid=view.grid,
        packed=packed,
        asks=asks,
        free=pack(view.visibility == FREE),
    )


def make_street_queries(
    views: Sequence[StreetView], split: str, config: DrawConfig, model: VisionLanguageModel
) -> list[QueryView]:
    """Reads the maps of what is asked of the views of one drive, at the LiDAR's points.

    Args:
        views: with the same images.
        split: of the room world, whose rules the questions follow.
        config: how the maps are read.
        model: reads them.
    """
    asked = [ask_view(view, split, config.asks) for view in views]
    phrases = [phrases_of(asks, split) for asks, _ in asked]
    every = tuple(dict.fromkeys(phrase for some in phrases for phrase in some))
    if not every:
        return []
    maps = {
        kind: [input_maps(model, torch.from_numpy(shot.image), every, how) for shot in views[0].images]
        for kind, how in config.relevancy().items()
    }
    return [
        QueryView(
            name=view.name,
            room=view.room,
            scale=view.scale,
            sight=PointSight(view.points, _colours(view), view.viewpoint),
            phrases=some,
            maps={kind: _at_points(view, each, every, some) for kind, each in maps.items()},
            grid=view.grid,
            packed=packed,
            asks=asks,
            free=pack(view.free),
        )
        for view, (asks, packed), some in zip(views, asked, phrases, strict=True)
    ]


def _at_points(
    view: StreetView, maps: Sequence[Tensor], every: tuple[str, ...], phrases: tuple[str, ...]
) -> NDArray[np.float16]:
    """Reads the (N, P) relevancy of some phrases at a view's points, from each image's maps of every phrase."""
    rows = [every.index(phrase) for phrase in phrases]
    return _read(view, [each[rows] for each in maps]).numpy().astype(np.float16)


def _colours(view: StreetView) -> NDArray[np.uint8]:
    """Gives a view's points the colours of the images that show them; black where none does."""
    planes = [torch.from_numpy(shot.image).permute(2, 0, 1).to(torch.float32) for shot in view.images]
    return _read(view, planes).T.round().clamp(0, 255).to(torch.uint8).contiguous().numpy()


def _read(view: StreetView, maps: Sequence[Tensor]) -> Tensor:
    """Reads the (N, P) values of each image's (N, h, w) maps at a view's points."""
    lifted = []
    for shot, values in zip(view.images, maps, strict=True):
        height, width = shot.image.shape[:2]
        camera = PinholeCamera(torch.from_numpy(shot.intrinsics), width, height)
        lifted.append(RelevancyView(values, camera, torch.from_numpy(shot.view_from_camera)))
    return from_lidar(torch.from_numpy(view.points), lifted).relevancy
