import threading

from ago_ros.nodes.worker import LatestWorker


def test_only_the_newest_waiting_item_is_worked_on_and_the_books_balance() -> None:
    begun, go_on = threading.Event(), threading.Event()
    done, superseded = [], []

    def work(item: int) -> None:
        begun.set()
        go_on.wait(5)
        done.append(item)

    worker = LatestWorker(work, superseded.append, lambda error: None)
    worker.put(0)
    assert begun.wait(5)
    for item in (1, 2, 3):
        worker.put(item)
    go_on.set()
    while len(done) < 2:
        threading.Event().wait(0.001)
    worker.stop()
    assert done == [0, 3]
    assert superseded == [1, 2]


def test_an_exception_is_reported_and_the_thread_lives_on() -> None:
    errors, done = [], threading.Event()

    def work(item: int) -> None:
        if item == 0:
            raise RuntimeError("boom")
        done.set()

    worker = LatestWorker(work, lambda item: None, errors.append)
    worker.put(0)
    while not errors:
        threading.Event().wait(0.001)
    worker.put(1)
    assert done.wait(5)
    worker.stop()
    assert [str(error) for error in errors] == ["boom"]


def test_stop_ends_waiting_work_and_displaces_what_waits() -> None:
    superseded = []
    begun = threading.Event()

    def work(item: int) -> None:
        begun.set()
        worker.stopping.wait(5)

    worker = LatestWorker(work, superseded.append, lambda error: None)
    worker.put(0)
    assert begun.wait(5)
    worker.put(1)
    worker.stop()
    assert superseded == [1]
