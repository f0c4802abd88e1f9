"""TimerAction: actions after some time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..event_handler import EventHandler
from ..event_handlers import OnShutdown
from ..events import TimerEvent
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities.type_utils import normalize_typed_substitution, perform_typed_substitution
from .opaque_function import OpaqueFunction


class TimerAction(Action):
    """Visits its actions once, when the time has passed, unless it is cancelled.

    Args:
        period: the time, in seconds; a float or a substitution.
        actions: the actions.
        cancel_on_shutdown: does not hold up the end of the launch.
    """

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool | SomeSubstitutionsType = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.period = normalize_typed_substitution(period, float)
        self.actions = list(actions)
        self._cancel_on_shutdown = normalize_typed_substitution(cancel_on_shutdown, bool)
        self._cancelled = asyncio.Event()
        self._task: asyncio.Task | None = None

    def describe(self) -> str:
        """Describes the timer in a line."""
        return f"TimerAction(period={self.period}, actions=<actions>)"

    def describe_conditional_sub_entities(self) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Lists the actions, which follow if the timer is not cancelled."""
        return [(f"{self.period} seconds pass without being canceled", self.actions)]

    def cancel(self) -> None:
        """Cancels the timer, also before it is executed."""
        self._cancelled.set()

    def execute(self, context: LaunchContext) -> None:
        """Starts the timer."""
        if self._cancelled.is_set():
            return
        period = perform_typed_substitution(context, self.period, float)
        locals_now = context.get_locals_as_dict()

        def fire(context: LaunchContext) -> list[LaunchDescriptionEntity]:
            context.extend_locals(locals_now)
            return self.actions

        context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, TimerEvent) and event.timer_action is self,
                entities=OpaqueFunction(function=fire),
                handle_once=True,
            )
        )
        if perform_typed_substitution(context, self._cancel_on_shutdown, bool):
            context.register_event_handler(OnShutdown(on_shutdown=lambda event, context: self.cancel()))
        self._task = asyncio.ensure_future(self._wait(context, period))

    async def _wait(self, context: LaunchContext, period: float) -> None:
        try:
            await asyncio.wait_for(self._cancelled.wait(), timeout=period)
        except asyncio.TimeoutError:
            context.emit_event_sync(TimerEvent(timer_action=self))

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Returns a future that is done when the time has passed or the timer is cancelled."""
        return self._task
