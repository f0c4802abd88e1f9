"""OnStateTransition: reacts to a transition of a managed node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch import Event, EventHandler, SomeEntitiesType

from ..actions import LifecycleNode
from ..events.lifecycle import StateTransition


class OnStateTransition(EventHandler):
    """Brings entities when a managed node makes a transition.

    Args:
        entities: what follows.
        target_lifecycle_node: the node; None for any.
        transition: the transition's label; None for any.
        start_state: the label of the state it leaves; None for any.
        goal_state: the label of the state it reaches; None for any.
        matcher: decides instead of the four above.
    """

    def __init__(
        self,
        *,
        entities: SomeEntitiesType,
        target_lifecycle_node: LifecycleNode | None = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        matcher: Callable[[Event], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(target_lifecycle_node, LifecycleNode | None):
            raise RuntimeError("OnStateTransition requires a 'LifecycleNode' action as the target")
        wanted = {
            "action": target_lifecycle_node,
            "transition": transition,
            "start_state": start_state,
            "goal_state": goal_state,
        }

        def matches(event: Event) -> bool:
            return isinstance(event, StateTransition) and all(
                value is None or getattr(event, field) == value for field, value in wanted.items()
            )

        super().__init__(matcher=matcher or matches, entities=entities, **kwargs)
