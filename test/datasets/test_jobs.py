"""Jobs in processes of their own."""

import itertools
import os
import time

import pytest

from ago_ros.datasets.procedural.jobs import run_jobs, stream_jobs


def number_and_process(number, seconds, tick):
    time.sleep(seconds)
    tick()
    tick()
    if number == 13:
        raise KeyError("thirteen")
    return number, os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers):
    steps = []
    jobs = [(number, 0.2 if number == 0 else 0.0) for number in range(5)]
    results = run_jobs(number_and_process, jobs, 10, workers, lambda *step: steps.append(step))
    assert [number for number, _ in results] == list(range(5))
    assert (os.getpid() in {process for _, process in results}) == (workers == 1)
    assert steps[-1] == (10, 10) and steps == sorted(steps)


@pytest.mark.parametrize("workers", [1, 2])
def test_endless_jobs_are_taken_as_they_are_needed(workers):
    taken = []
    source = ((taken.append(number) or number, 0.0) for number in itertools.count())
    stream = stream_jobs(number_and_process, source, 4, workers, None)
    assert [number for number, _ in itertools.islice(stream, 3)] == [0, 1, 2]
    stream.close()
    assert len(taken) <= 3 + 2 * workers


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_job_is_raised(workers):
    with pytest.raises(KeyError, match="thirteen"):
        run_jobs(number_and_process, [(1, 0.0), (13, 0.0), (2, 0.0)], 3, workers, None)


@pytest.mark.parametrize(("jobs", "workers"), [([], None), ([(1, 0.0)], 0), ([(1, 0.0)], -1)])
def test_no_worker_is_refused(jobs, workers):
    with pytest.raises(ValueError, match="at least 1"):
        run_jobs(number_and_process, jobs, 1, workers, None)
