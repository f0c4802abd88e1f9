"""Handlers of events that come from an action: a process has started or ended, an action is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..event import Event
from ..event_handler import BaseEventHandler
from ..events import ExecutionComplete
from ..events.process import ProcessExited, ProcessStarted
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_entities_type import SomeEntitiesType

if TYPE_CHECKING:
    from ..action import Action

    Target = Action | Callable[[Action], bool] | None
    Reaction = SomeEntitiesType | Callable[[Any, LaunchContext], SomeEntitiesType | None]


class OnActionEventBase(BaseEventHandler):
    """Reacts to events of one class from one action, from those a callable chooses, or from all.

    Args:
        action_matcher: the action, a callable that tells whether an action is meant, or None for all.
        on_event: entities, or a callable of event and context that returns entities or None.
        target_event_cls: the class of events.
        target_action_cls: the class of actions that these come from.
    """

    def __init__(
        self,
        *,
        action_matcher: Target,
        on_event: Reaction,
        target_event_cls: type[Event],
        target_action_cls: type[Action],
        **kwargs: Any,
    ) -> None:
        if (
            action_matcher is not None
            and not callable(action_matcher)
            and not isinstance(action_matcher, target_action_cls)
        ):
            raise TypeError(f"action_matcher must be an '{target_action_cls.__name__}' instance or a callable")

        def matches(event: Event) -> bool:
            if not isinstance(event, target_event_cls):
                return False
            action = event.action  # type: ignore[attr-defined]
            if callable(action_matcher):
                return action_matcher(action)
            return action_matcher is None or action is action_matcher

        super().__init__(matcher=matches, **kwargs)
        self._react = on_event if callable(on_event) else None
        self._entities = [] if callable(on_event) else _checked(on_event)

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Returns the entities, or what the callable returns."""
        super().handle(event, context)
        return self._entities if self._react is None else self._react(event, context)

    def describe(self) -> tuple[str, list]:
        """Describes the handler, and lists its entities."""
        return super().describe()[0], list(self._entities)


def _checked(entities: SomeEntitiesType) -> list[LaunchDescriptionEntity]:
    as_list = list(entities) if isinstance(entities, Iterable) else [entities]
    for entity in as_list:
        if not isinstance(entity, LaunchDescriptionEntity):
            raise TypeError(
                "expected all items in 'on_event' iterable to be of type 'LaunchDescriptionEntity' "
                f"but got '{type(entity)}'"
            )
    return as_list


class OnProcessExit(OnActionEventBase):
    """Reacts to the end of a process."""

    def __init__(self, *, target_action: Target = None, on_exit: Reaction, **kwargs: Any) -> None:
        from ..actions.execute_process import ExecuteProcess

        super().__init__(
            action_matcher=target_action,
            on_event=on_exit,
            target_event_cls=ProcessExited,
            target_action_cls=ExecuteProcess,
            **kwargs,
        )


class OnProcessStart(OnActionEventBase):
    """Reacts to the start of a process."""

    def __init__(self, *, target_action: Target = None, on_start: Reaction, **kwargs: Any) -> None:
        from ..actions.execute_process import ExecuteProcess

        super().__init__(
            action_matcher=target_action,
            on_event=on_start,
            target_event_cls=ProcessStarted,
            target_action_cls=ExecuteProcess,
            **kwargs,
        )


class OnExecutionComplete(OnActionEventBase):
    """Reacts to the end of an action."""

    def __init__(self, *, target_action: Target = None, on_completion: Reaction, **kwargs: Any) -> None:
        from ..action import Action

        super().__init__(
            action_matcher=target_action,
            on_event=on_completion,
            target_event_cls=ExecutionComplete,
            target_action_cls=Action,
            **kwargs,
        )
