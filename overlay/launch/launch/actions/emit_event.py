"""EmitEvent, and Shutdown which emits the event of that name."""

from __future__ import annotations

from typing import Any

from .. import logging
from ..action import Action
from ..event import Event
from ..events import Shutdown as ShutdownEvent
from ..events.process import ProcessExited
from ..launch_context import LaunchContext


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event = event

    def execute(self, context: LaunchContext) -> None:
        """Emits it."""
        context.emit_event_sync(self.event)


class Shutdown(EmitEvent):
    """Shuts down the whole launch."""

    def __init__(self, *, reason: str = "reason not given", **kwargs: Any) -> None:
        super().__init__(event=ShutdownEvent(reason=reason), **kwargs)

    def execute(self, context: LaunchContext) -> None:
        """Emits the event, and says so when it is a process's end that brings it."""
        cause = context.get_locals_as_dict().get("event")
        if isinstance(cause, ProcessExited):
            logging.get_logger("launch").info(
                f"process[{cause.process_name}] was required: shutting down launched system"
            )
        super().execute(context)
