"""OpaqueFunction and OpaqueCoroutine: Python code as an action."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..action import Action
from ..event_handlers import OnShutdown
from ..events import Shutdown
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity


class OpaqueFunction(Action):
    """Calls `function(context, *args, **kwargs)` and visits the entities that it returns."""

    def __init__(
        self,
        *,
        function: Callable,
        args: Iterable[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        **left_over_kwargs: Any,
    ) -> None:
        super().__init__(**left_over_kwargs)
        if not callable(function):
            raise TypeError(f"OpaqueFunction expected a callable for 'function', got '{type(function)}'")
        self._function = function
        self._args = tuple(args or ())
        self._kwargs = kwargs or {}

    def execute(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        """Calls the function."""
        return self._function(context, *self._args, **self._kwargs)


class OpaqueCoroutine(Action):
    """Runs `coroutine(context, *args, **kwargs)` in launch's loop, until it ends or launch shuts down.

    Args:
        coroutine: the coroutine function.
        args: its arguments.
        kwargs: its keyword arguments.
        ignore_context: leaves the context out of the arguments.
    """

    def __init__(
        self,
        *,
        coroutine: Callable[..., Awaitable[None]],
        args: Iterable[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        ignore_context: bool = False,
        **left_over_kwargs: Any,
    ) -> None:
        super().__init__(**left_over_kwargs)
        if not asyncio.iscoroutinefunction(coroutine):
            raise TypeError(f"OpaqueCoroutine expected a coroutine function for 'coroutine', got '{type(coroutine)}'")
        self._coroutine = coroutine
        self._args = tuple(args or ())
        self._kwargs = kwargs or {}
        self._ignore_context = ignore_context
        self._future: asyncio.Future | None = None

    def execute(self, context: LaunchContext) -> None:
        """Starts the coroutine."""
        first = () if self._ignore_context else (context,)
        future = asyncio.ensure_future(self._coroutine(*first, *self._args, **self._kwargs))

        def cancel(event: Shutdown, context: LaunchContext) -> None:
            future.cancel()

        context.register_event_handler(OnShutdown(on_shutdown=cancel))
        self._future = future

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Returns the running coroutine's future."""
        return self._future
