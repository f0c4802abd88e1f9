"""LifecycleNode: runs a managed ROS node, asks it for transitions, and tells of those it makes."""

from __future__ import annotations

import asyncio
from typing import Any

import launch.logging
from launch.actions import OpaqueFunction
from lifecycle_msgs.msg import TransitionEvent
from lifecycle_msgs.srv import ChangeState as ChangeStateService

from launch import EventHandler, LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType

from ..events.lifecycle import ChangeState, StateTransition
from ..ros_adapters import get_ros_node
from .node import Node

POLL_S = 0.05


class LifecycleNode(Node):
    """Runs a managed node; handles ChangeState events and emits StateTransition events.

    Args:
        name: the node's name.
        namespace: the node's namespace.
        kwargs: see Node.
    """

    def __init__(self, *, name: SomeSubstitutionsType, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(name=name, namespace=namespace, **kwargs)
        self._lifecycle_logger = launch.logging.get_logger("launch_ros.actions.lifecycle_node")

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Starts the node, listening to its transitions."""
        self._perform_substitutions(context)
        node = get_ros_node(context)
        loop = context.asyncio_loop
        assert loop is not None

        def on_transition(message: TransitionEvent) -> None:
            event = StateTransition(action=self, msg=message)
            loop.call_soon_threadsafe(context.emit_event_sync, event)

        self._subscription = node.create_subscription(
            TransitionEvent, f"{self.node_name}/transition_event", on_transition, 10
        )
        self._client = node.create_client(ChangeStateService, f"{self.node_name}/change_state")
        context.register_event_handler(
            EventHandler(
                matcher=lambda event: isinstance(event, ChangeState) and event.lifecycle_node_matcher(self),
                entities=OpaqueFunction(function=self._on_change_state),
            )
        )
        return super().execute(context)

    def _on_change_state(self, context: LaunchContext) -> None:
        transition_id = context.locals.event.transition_id
        context.add_completion_future(asyncio.ensure_future(self._change_state(context, transition_id)))

    async def _change_state(self, context: LaunchContext, transition_id: int) -> None:
        service = self._client.srv_name
        while not context.is_shutdown and not self._client.service_is_ready():
            await asyncio.sleep(POLL_S)
        if context.is_shutdown:
            self._lifecycle_logger.warning(f"Abandoning wait for the '{service}' service, due to shutdown.")
            return
        request = ChangeStateService.Request()
        request.transition.id = transition_id
        future = self._client.call_async(request)
        while not context.is_shutdown and not future.done():
            await asyncio.sleep(POLL_S)
        if not future.done():
            self._lifecycle_logger.warning(f"Abandoning wait for the '{service}' service response, due to shutdown.")
        elif not future.result().success:
            self._lifecycle_logger.error(
                f"Failed to make transition '{ChangeState.valid_transitions[transition_id]}' "
                f"for LifecycleNode '{self.node_name}'"
            )
