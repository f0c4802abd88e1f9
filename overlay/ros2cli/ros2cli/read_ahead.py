"""ReadAhead: an iterator whose items a thread fetches in advance, within bounds of number and memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator

Message = tuple[int, int, bytes]
"""Number of the topic, time in nanoseconds, serialized message."""


class ReadAhead:
    """Iterates over messages that a thread reads; to be closed, or used in `with`.

    Args:
        messages: what the thread iterates over.
        max_messages: how many to hold.
        max_bytes: how much of them to hold; one message is always held.
    """

    def __init__(self, messages: Iterable[Message], max_messages: int, max_bytes: int) -> None:
        self._messages = messages
        self._max_messages = max(max_messages, 1)
        self._max_bytes = max_bytes
        self._held: deque[Message] = deque()
        self._held_bytes = 0
        self._changed = threading.Condition()
        self._ended = False
        self._closed = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def wait_until_full(self) -> None:
        """Waits until no more fits, or there is no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._is_full())

    def __iter__(self) -> Iterator[Message]:
        """Yields the messages; raises what reading them raised."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._held or self._ended)
                if not self._held:
                    break
                message = self._held.popleft()
                self._held_bytes -= len(message[2])
                self._changed.notify_all()
            yield message
        if self._error is not None:
            raise self._error

    def _is_full(self) -> bool:
        return len(self._held) >= self._max_messages or self._held_bytes >= self._max_bytes

    def _read(self) -> None:
        try:
            for message in self._messages:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or not self._is_full())
                    if self._closed:
                        return
                    self._held.append(message)
                    self._held_bytes += len(message[2])
                    self._changed.notify_all()
        except Exception as error:
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
