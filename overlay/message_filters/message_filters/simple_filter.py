"""The base of every filter: a list of callbacks."""

from collections.abc import Callable
from typing import Any


class SimpleFilter:
    """Calls every registered callback with each message, or set of messages, that it lets through."""

    def __init__(self) -> None:
        self.callbacks: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}

    def registerCallback(self, cb: Callable[..., Any], *args: Any) -> int:  # noqa: N802
        """Adds a callback.

        Args:
            cb: called with the messages, followed by `args`.
            args: passed on to `cb` at every call.

        Returns:
            The number of the connection.
        """
        connection = len(self.callbacks)
        self.callbacks[connection] = (cb, args)
        return connection

    def signalMessage(self, *msg: Any) -> None:  # noqa: N802
        """Calls the callbacks, in the order of their registration, with `msg`."""
        for callback, args in self.callbacks.values():
            callback(*msg, *args)
