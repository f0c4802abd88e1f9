"""Runs jobs in processes of their own, with a count of what is done."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing import forkserver
from typing import Any, TypeVar

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
_done: Any = None


def prepare_workers(module: str) -> None:
    """Starts the process that workers are split off from; it imports a module while this one does something else.

    So the module is imported once for all workers, and an import of one's own takes no time on top. `run_jobs` does the
    same where it was not done before.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload([module])
    forkserver.ensure_running()


def run_jobs(
    work: Callable[..., Result], jobs: list[tuple[Any, ...]], total: int, workers: int | None, progress: Progress | None
) -> list[Result]:
    """Calls `work(*job, tick)` for each job, where `tick()` counts one step done.

    Args:
        work: a function of a module, so that another process can find it.
        jobs: its arguments; they and the results travel between processes.
        total: steps of all jobs together.
        workers: processes; None takes one for each processor. A single one is this process, with all its threads.
        progress: told how many steps are done, and how many there are.

    Returns:
        The results, in the order of the jobs.
    """
    return list(stream_jobs(work, jobs, total, count_workers(workers, len(jobs)), progress))


def count_workers(workers: int | None, jobs: int) -> int:
    """How many processes to take: as many as asked for, or as there are processors, but no more than jobs.

    Raises:
        ValueError: there would be none.
    """
    count = min(workers if workers is not None else os.cpu_count() or 1, jobs)
    if count < 1:
        raise ValueError(f"workers must be at least 1, got {count}")
    return count


def stream_jobs(
    work: Callable[..., Result], jobs: Iterable[tuple[Any, ...]], total: int, workers: int, progress: Progress | None
) -> Iterator[Result]:
    """Yields the results of jobs in their order. Few are taken ahead, and lost when it is closed.

    Args:
        work: as in `run_jobs`.
        jobs: as in `run_jobs`; there may be no end of them.
        total: steps at which the progress is complete.
        workers: processes; a single one is this process, with all its threads.
        progress: told how many steps are done, and how many there are.
    """
    report = progress or (lambda done, all_steps: None)
    if workers == 1:
        counter = itertools.count(1)
        for job in jobs:
            yield work(*job, lambda: report(min(next(counter), total), total))
        return
    prepare_workers(work.__module__)
    context = multiprocessing.get_context("forkserver")
    done = context.Value("q", 0)
    source, underway = iter(jobs), deque[Future[Result]]()
    pool = ProcessPoolExecutor(workers, context, _start_worker, (done,))
    try:
        while True:
            ahead = 2 * workers - len(underway)
            underway.extend(pool.submit(_run, work, job) for job in itertools.islice(source, ahead))
            if not underway:
                return
            while not wait([underway[0]], timeout=0.3).done:
                report(min(done.value, total), total)
            report(min(done.value, total), total)
            yield underway.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker(done: Any) -> None:
    """Keeps a worker to one thread: the others are the other workers'."""
    import numba
    import torch

    global _done
    _done = done
    numba.set_num_threads(1)
    torch.set_num_threads(1)


def _run(work: Callable[..., Result], job: tuple[Any, ...]) -> Result:
    return work(*job, _tick)


def _tick() -> None:
    with _done.get_lock():
        _done.value += 1
