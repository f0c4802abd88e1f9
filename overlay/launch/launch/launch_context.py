"""LaunchContext: what entities share while a system is launched."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterable, MutableMapping
from typing import Any

from . import logging
from .event import Event
from .event_handler import BaseEventHandler
from .substitution import Substitution


class _Locals:
    """A read-only view of the context's locals, by attribute."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__["_values"] = values

    def __getattr__(self, name: str) -> Any:
        if name not in self._values:
            known = ", ".join(self._values)
            raise AttributeError(f"context.locals does not contain attribute '{name}', it contains: [{known}]")
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"can't set attribute '{name}', locals are read-only")


class LaunchContext:
    """Launch configurations, environment, locals, event handlers and the queue of events.

    Args:
        argv: the launch file's arguments as given on the command line.
        noninteractive: no terminal stands behind the launch, so that nobody but launch interrupts the processes.
    """

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = argv if argv is not None else []
        self.noninteractive = noninteractive
        self.launch_configurations: dict[str, Any] = {}
        self.is_shutdown = False
        self.asyncio_loop: asyncio.AbstractEventLoop | None = None

        self._events: deque[Event] = deque()
        self._event_arrived: asyncio.Event | None = None
        self._event_handlers: deque[BaseEventHandler] = deque()
        self._completion_futures: list[asyncio.Future] = []
        self._globals: dict[str, Any] = {}
        self._locals: dict[str, Any] = {}
        self._locals_stack: list[dict[str, Any]] = []
        self._configurations_stack: list[dict[str, Any]] = []
        self._environment_stack: list[dict[str, str]] = []
        self._environment_at_start = os.environ.copy()
        self._logger = logging.get_logger("launch.launch_context")

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment that launched processes inherit: this process's own."""
        return os.environ

    @property
    def locals(self) -> _Locals:
        """Globals and locals, read-only and by attribute."""
        return _Locals(self.get_locals_as_dict())

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Returns globals and locals; locals win."""
        return {**self._globals, **self._locals}

    def extend_globals(self, extensions: dict[str, Any]) -> None:
        """Adds values that stay for the whole launch."""
        self._globals.update(extensions)

    def extend_locals(self, extensions: dict[str, Any]) -> None:
        """Adds values that stay until the event being processed is done with."""
        self._locals.update(extensions)

    def add_completion_future(self, completion_future: asyncio.Future) -> None:
        """Makes the launch service wait for the future before it calls itself idle."""
        self._completion_futures.append(completion_future)

    def register_event_handler(self, event_handler: BaseEventHandler, append: bool = False) -> None:
        """Adds a handler, in front of the others unless `append` is set."""
        if append:
            self._event_handlers.append(event_handler)
        else:
            self._event_handlers.appendleft(event_handler)

    def unregister_event_handler(self, event_handler: BaseEventHandler) -> None:
        """Removes a handler; raises ValueError when it is not registered."""
        self._event_handlers.remove(event_handler)

    def would_handle_event(self, event: Event) -> bool:
        """Tells whether any handler matches the event."""
        return any(handler.matches(event) for handler in self._event_handlers)

    def emit_event_sync(self, event: Event) -> None:
        """Queues an event; to be called in the launch service's thread."""
        self._logger.debug("emitting event: '%s'", event.name)
        self._events.append(event)
        if self._event_arrived is not None:
            self._event_arrived.set()

    async def emit_event(self, event: Event) -> None:
        """Queues an event."""
        self.emit_event_sync(event)

    def perform_substitution(self, substitution: Substitution) -> str:
        """Performs a substitution in this context."""
        return substitution.perform(self)

    def _push_locals(self) -> None:
        self._locals_stack.append(dict(self._locals))

    def _pop_locals(self) -> None:
        self._locals = self._locals_stack.pop()

    def _push_launch_configurations(self) -> None:
        self._configurations_stack.append(dict(self.launch_configurations))

    def _pop_launch_configurations(self) -> None:
        self.launch_configurations = self._configurations_stack.pop()

    def _push_environment(self) -> None:
        self._environment_stack.append(os.environ.copy())

    def _pop_environment(self) -> None:
        self._replace_environment(self._environment_stack.pop())

    def _reset_environment(self) -> None:
        self._replace_environment(self._environment_at_start)

    @staticmethod
    def _replace_environment(values: dict[str, str]) -> None:
        os.environ.clear()
        os.environ.update(values)
