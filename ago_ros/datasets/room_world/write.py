"""Writes a room world: views drawn room by room, in several processes, and packed as shards."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

from ago_ros.datasets.procedural.jobs import Progress, count_workers, stream_jobs
from ago_ros.datasets.room_world.furnishing import furnish
from ago_ros.datasets.room_world.generate import ViewConfig, first_room, room_views
from ago_ros.datasets.room_world.shards import Packed, pack, write_packed
from ago_ros.datasets.room_world.splits import SPLITS


def write_room_world(
    out: str | Path,
    split: str,
    count: int,
    seed: int = 0,
    config: ViewConfig | None = None,
    *,
    depth: bool = True,
    workers: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Writes the views that `generate` draws for the same arguments, as shards. `workers` do not change a byte.

    Args:
        out: folder; it must not hold shards yet.
        split: one of `splits.SPLITS`.
        count: how many views.
        seed: skips this many rooms of the split.
        config: how the views are taken.
        depth: with the depth images; see `write_shards`.
        workers: processes, each with a room of its own; None takes one for each processor.
        progress: told how many views are drawn, and how many are asked for.

    Returns:
        How many views were written.

    Raises:
        DatasetError: the folder holds shards.
        ValueError: there is no such split.
    """
    config = config or ViewConfig()
    rooms = ((split, room, config, count, depth) for room in itertools.count(first_room(split, seed)))
    workers = count_workers(workers, -(-count // config.views_per_room))

    def views() -> Iterator[Packed]:
        for packed in stream_jobs(_draw_room, rooms, count, workers, progress):
            yield from packed

    return write_packed(out, itertools.islice(views(), count))


def _draw_room(
    split: str, room: int, config: ViewConfig, count: int, depth: bool, tick: Callable[[], None]
) -> list[Packed]:
    """Draws and packs the views of a room, at most `count`."""
    packed = []
    for view in itertools.islice(room_views(furnish(room, SPLITS[split]), SPLITS[split], config), count):
        packed.append(pack(view, depth=depth))
        tick()
    return packed
