"""A thread that works on the newest item only, so that slow work never builds a queue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestWorker(Generic[T]):
    """Runs `work` on items in its own thread. An item that comes while another waits takes its place.

    Args:
        work: called with each item, outside any lock. What it raises goes to `on_error`; the thread lives on.
        on_superseded: called with each item that a newer one displaced, in the thread that calls `put`.
        on_error: called with each exception that `work` raised, in the worker's thread.
    """

    def __init__(
        self, work: Callable[[T], None], on_superseded: Callable[[T], None], on_error: Callable[[Exception], None]
    ) -> None:
        self._work = work
        self._on_superseded = on_superseded
        self._on_error = on_error
        self._changed = threading.Condition()
        self._slot: list[T] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="latest_worker", daemon=True)
        self._thread.start()

    @property
    def stopping(self) -> threading.Event:
        """Set once `stop` is called: what waits inside `work` should give up."""
        return self._stopping

    def put(self, item: T) -> None:
        """Hands over an item; never blocks on the work."""
        with self._changed:
            displaced, self._slot = self._slot, [item]
            self._changed.notify()
        for old in displaced:
            self._on_superseded(old)

    def stop(self) -> None:
        """Ends the thread after the item that it works on; one that waits is displaced."""
        self._stopping.set()
        with self._changed:
            displaced, self._slot = self._slot, []
            self._changed.notify()
        for old in displaced:
            self._on_superseded(old)
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slot or self._stopping.is_set())
                if self._stopping.is_set():
                    return
                item = self._slot.pop()
            try:
                self._work(item)
            except Exception as error:
                self._on_error(error)
