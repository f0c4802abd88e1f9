"""Runs one job for each scene in processes of their own, with a count of what is done."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from typing import Any, TypeVar

import numba
import torch

Result = TypeVar("Result")
Progress = Callable[[int, int], None]
_done: Any = None


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
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    if workers < 1:
        raise ValueError(f"workers must be at least 1, got {workers}")
    report = progress or (lambda done, all_steps: None)
    if workers == 1:
        counter = iter(range(1, total + 1))
        return [work(*job, lambda: report(next(counter), total)) for job in jobs]
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    with ProcessPoolExecutor(workers, context, _start_worker, (done,)) as pool:
        futures = [pool.submit(_run, work, job) for job in jobs]
        waiting = set(futures)
        try:
            while waiting:
                finished, waiting = wait(waiting, timeout=0.3, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                report(done.value, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _start_worker(done: Any) -> None:
    """Keeps a worker to one thread: the others are the other workers'."""
    global _done
    _done = done
    numba.set_num_threads(1)
    torch.set_num_threads(1)


def _run(work: Callable[..., Result], job: tuple[Any, ...]) -> Result:
    return work(*job, _tick)


def _tick() -> None:
    with _done.get_lock():
        _done.value += 1
