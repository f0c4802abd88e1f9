"""OnProcessIO: reacts to what processes write."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..events.process import ProcessIO
from ..launch_context import LaunchContext
from ..some_entities_type import SomeEntitiesType
from .on_action_event import OnActionEventBase

if TYPE_CHECKING:
    from .on_action_event import Target

    Reaction = Callable[[ProcessIO], SomeEntitiesType | None]


class OnProcessIO(OnActionEventBase):
    """Calls `on_stdout` or `on_stderr` with each piece that a process writes; `on_stdin` for events of yours."""

    def __init__(
        self,
        *,
        target_action: Target = None,
        on_stdin: Reaction | None = None,
        on_stdout: Reaction | None = None,
        on_stderr: Reaction | None = None,
        **kwargs: Any,
    ) -> None:
        from ..actions.execute_process import ExecuteProcess

        def react(event: ProcessIO, context: LaunchContext) -> SomeEntitiesType | None:
            reaction = on_stdin if event.from_stdin else on_stdout if event.from_stdout else on_stderr
            return None if reaction is None else reaction(event)

        super().__init__(
            action_matcher=target_action,
            on_event=react,
            target_event_cls=ProcessIO,
            target_action_cls=ExecuteProcess,
            **kwargs,
        )
