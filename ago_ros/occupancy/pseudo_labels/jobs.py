"""Labels a data set: in this process, or in Ray actors on this machine or on a cluster, each with models of its own.

A shard is a scene, or a run of a scene's keyframes where there are fewer scenes than workers. Shards do not depend on
each other: what one has written is written, and the next start goes on from there.
"""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import CLASS_NAMES
from ago_ros.occupancy.pseudo_labels.keyframes import KeyframeLabeller, LabelConfig, Outcome
from ago_ros.occupancy.pseudo_labels.segmenters import load_segmenter
from ago_ros.vlm.categories import OCC3D_PHRASES
from ago_ros.vlm.loading import load_vlm

SETTINGS = "pseudo_labels.json"
"""File beside the labels that says how they were made."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class LabelJob:
    """What to label and with what; small, so that it travels to other machines. They see the same folders.

    Attributes:
        root: nuScenes root.
        out: folder to write to.
        segmenter: see `load_segmenter`.
        vlm: model for the embeddings; empty writes none.
        version: version folder of the root; None if there is only one.
        device: where the models run.
        categories: phrases by name of Occ3D class.
        config: how labels are made.
    """

    root: str
    out: str
    segmenter: str
    vlm: str = ""
    version: str | None = None
    device: str = "cpu"
    categories: Mapping[str, Sequence[str]] = field(default_factory=lambda: OCC3D_PHRASES)
    config: LabelConfig = field(default_factory=LabelConfig)


class Worker:
    """Loads the models of a job once, then labels shard after shard."""

    def load(self, job: LabelJob) -> None:
        """Loads the models; apart from the making, as Ray tells the cause of what a method raises only."""
        vlm = load_vlm(job.vlm, job.device) if job.vlm else None
        segmenter = load_segmenter(job.segmenter, job.categories, job.device)
        ids = [CLASS_NAMES.index(name) for name in job.categories]
        self._labeller = KeyframeLabeller(
            NuScenesReader(job.root, job.version), job.out, segmenter, ids, job.config, vlm
        )

    def label(self, scene: str, tokens: Sequence[str]) -> Iterator[Outcome]:
        """Labels a shard."""
        yield from self._labeller.label(scene, tokens)


def run_job(
    job: LabelJob, scenes: Sequence[str], workers: int = 1, address: str | None = None, progress: Progress | None = None
) -> list[Outcome]:
    """Labels scenes.

    Args:
        job: what to do.
        scenes: names.
        workers: with one and no address, this process does it; with more, so many Ray actors.
        address: of a running Ray cluster, `auto` for the one that this machine belongs to; None starts one here.
        progress: told how many keyframes are done, and how many there are.

    Returns:
        What became of each keyframe, in no order.

    Raises:
        DatasetError: the folder holds labels that were made in another way, or the data cannot be read at all.
        ModelError: a model does not load.
        ConnectionError: there is no cluster at the address.
    """
    reader = NuScenesReader(job.root, job.version)
    tokens = {scene: [sample.token for sample in reader.samples(scene)] for scene in scenes}
    total, outcomes = sum(len(each) for each in tokens.values()), []
    shards = make_shards(tokens, workers)
    here = workers == 1 and address is None
    for outcome in _run_here(job, shards) if here else _run_on_ray(job, shards, workers, address):
        outcomes.append(outcome)
        if progress is not None:
            progress(len(outcomes), total)
    return outcomes


def make_shards(tokens: Mapping[str, Sequence[str]], workers: int) -> list[tuple[str, Sequence[str]]]:
    """Cuts scenes into runs of keyframes, so that there is a shard for each worker where there are keyframes enough."""
    parts = math.ceil(workers / max(len(tokens), 1))
    shards: list[tuple[str, Sequence[str]]] = []
    for scene, each in tokens.items():
        length = math.ceil(len(each) / min(parts, max(len(each), 1))) or 1
        shards += [(scene, each[first : first + length]) for first in range(0, len(each), length)]
    return shards


def _claim(job: LabelJob) -> None:
    """Notes in the folder how its labels are made, or holds the job against what is noted there."""
    path = Path(job.out) / SETTINGS
    made = {
        "segmenter": job.segmenter,
        "categories": {name: list(phrases) for name, phrases in job.categories.items()},
        "config": asdict(job.config),
    }
    settings = json.loads(json.dumps({**made, "embeddings": job.vlm}))
    if path.is_file():
        try:
            noted = json.loads(path.read_text())
        except ValueError as error:
            raise DatasetError(f"{path}: damaged ({error}); remove it if its folder's labels are this job's") from None
        differing = [name for name in settings if noted.get(name) != settings[name]]
        if "embeddings" in differing and not (job.vlm and noted.get("embeddings")):
            differing.remove("embeddings")
            settings["embeddings"] = job.vlm or noted.get("embeddings", "")
        if differing:
            raise DatasetError(f"{path}: the labels here were made with another {differing[0]}; name another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings, indent=2) + "\n")


def _run_here(job: LabelJob, shards: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Outcome]:
    worker = Worker()
    worker.load(job)
    _claim(job)
    for scene, part in shards:
        yield from worker.label(scene, part)


def _run_on_ray(
    job: LabelJob, shards: Sequence[tuple[str, Sequence[str]]], workers: int, address: str | None
) -> Iterator[Outcome]:
    """Hands shards to actors, the next one to whoever is done; yields outcomes as they come."""
    _check_address(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray.exceptions import RayTaskError

    gpus = 1 if job.device.startswith("cuda") else 0
    local: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address is None else {}
    on_terminate = signal.getsignal(signal.SIGTERM)
    ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **local)
    try:
        actor: Any = ray.remote(Worker)
        idle = [actor.options(num_cpus=1, num_gpus=gpus).remote() for _ in range(min(workers, len(shards)))]
        ray.get([worker.load.remote(job) for worker in idle])
        _claim(job)
        waiting = list(shards)
        running: dict[Any, Any] = {}
        while waiting or running:
            while waiting and idle:
                scene, part = waiting.pop(0)
                worker = idle.pop()
                running[worker.label.options(num_returns="streaming").remote(scene, part)] = worker
            ready: list[Any] = ray.wait(list(running), num_returns=1)[0]
            for stream in ready:
                try:
                    yield ray.get(next(stream))
                except StopIteration:
                    idle.append(running.pop(stream))
    except RayTaskError as error:
        raise (error.cause if isinstance(error.cause, (DatasetError, ValueError, OSError)) else error) from error
    finally:
        ray.shutdown()
        signal.signal(signal.SIGTERM, on_terminate)  # Ray leaves its own


def _check_address(address: str | None) -> None:
    """Knocks at a cluster's HOST:PORT, where Ray itself would wait for minutes.

    Raises:
        ConnectionError: nobody answers.
    """
    host, colon, port = (address or "").rpartition(":")
    if not colon or "/" in host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=5.0).close()
    except (OSError, ValueError) as error:
        raise ConnectionError(f"{address}: no Ray cluster answers ({error}); start one with `ray start`") from error
