"""OnIncludeLaunchDescription: what visits the launch descriptions that a launch service is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..event import Event
from ..event_handler import BaseEventHandler
from ..events import IncludeLaunchDescription

if TYPE_CHECKING:
    from ..launch_context import LaunchContext
    from ..launch_description import LaunchDescription


class OnIncludeLaunchDescription(BaseEventHandler):
    """Brings the launch description of the event."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(matcher=lambda event: isinstance(event, IncludeLaunchDescription), **kwargs)

    def handle(self, event: Event, context: LaunchContext) -> LaunchDescription:
        """Returns the launch description."""
        super().handle(event, context)
        return event.launch_description  # type: ignore[attr-defined]
