"""Action: an entity that does something when it is visited, if its condition holds."""

from __future__ import annotations

from collections.abc import Iterable

from .condition import Condition
from .launch_context import LaunchContext
from .launch_description_entity import LaunchDescriptionEntity


class Action(LaunchDescriptionEntity):
    """The base of all actions: subclasses override `execute`."""

    def __init__(self, *, condition: Condition | None = None) -> None:
        self.condition = condition

    def execute(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        """Does the work and returns the entities to visit next."""
        return None

    def visit(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        """Executes the action if its condition holds, and tells OnExecutionComplete handlers of its end."""
        if self.condition is not None and not self.condition.evaluate(context):
            return None
        try:
            return self.execute(context)
        finally:
            self._announce_completion(context)

    def _announce_completion(self, context: LaunchContext) -> None:
        from .events import ExecutionComplete

        event = ExecutionComplete(action=self)
        if not context.would_handle_event(event):
            return
        future = self.get_asyncio_future()
        if future is None:
            context.emit_event_sync(event)
        else:
            future.add_done_callback(lambda _: context.emit_event_sync(event))

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Lists the entities that this action brings when it runs."""
        return []

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Lists the entities that follow from an unconditional action."""
        return self.get_sub_entities() if self.condition is None else []

    def describe_conditional_sub_entities(self) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Lists the entities that follow from a conditional action."""
        if self.condition is None:
            return []
        return [(f"Conditionally included by {self.describe()}", self.get_sub_entities())]
