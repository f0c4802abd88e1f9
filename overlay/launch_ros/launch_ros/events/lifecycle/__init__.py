"""Events of managed nodes: a transition that is asked for, and one that was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lifecycle_msgs.msg import State, Transition, TransitionEvent

from launch import Event

from ..._overlay import seal

if TYPE_CHECKING:
    from ...actions import LifecycleNode

__all__ = ["ChangeState", "StateTransition"]

__getattr__ = seal(__name__)

_TRANSITIONS = (
    "TRANSITION_CREATE",
    "TRANSITION_CONFIGURE",
    "TRANSITION_CLEANUP",
    "TRANSITION_ACTIVATE",
    "TRANSITION_DEACTIVATE",
    "TRANSITION_UNCONFIGURED_SHUTDOWN",
    "TRANSITION_INACTIVE_SHUTDOWN",
    "TRANSITION_ACTIVE_SHUTDOWN",
    "TRANSITION_DESTROY",
)
_STATES = (
    "PRIMARY_STATE_UNKNOWN",
    "PRIMARY_STATE_UNCONFIGURED",
    "PRIMARY_STATE_INACTIVE",
    "PRIMARY_STATE_ACTIVE",
    "PRIMARY_STATE_FINALIZED",
    "TRANSITION_STATE_CONFIGURING",
    "TRANSITION_STATE_CLEANINGUP",
    "TRANSITION_STATE_SHUTTINGDOWN",
    "TRANSITION_STATE_ACTIVATING",
    "TRANSITION_STATE_DEACTIVATING",
    "TRANSITION_STATE_ERRORPROCESSING",
)


class ChangeState(Event):
    """The nodes that the matcher chooses are to make a transition.

    Args:
        lifecycle_node_matcher: tells whether a node is meant.
        transition_id: a constant of lifecycle_msgs/Transition.

    Raises:
        ValueError: there is no such transition.
    """

    name = "launch_ros.events.lifecycle.ChangeState"
    valid_transitions = {getattr(Transition, name): name for name in _TRANSITIONS}  # noqa: RUF012
    valid_states = {getattr(State, name): name for name in _STATES}  # noqa: RUF012

    def __init__(self, *, lifecycle_node_matcher: Callable[[LifecycleNode], bool], transition_id: int) -> None:
        if transition_id not in self.valid_transitions:
            expected = ", ".join(f"{name}: {number}" for number, name in self.valid_transitions.items())
            raise ValueError(f"given transition_id of '{transition_id}', expected one of {{{expected}}}")
        self.lifecycle_node_matcher = lifecycle_node_matcher
        self.transition_id = transition_id


class StateTransition(Event):
    """A node has made a transition; `start_state` and `goal_state` are labels such as "inactive"."""

    name = "launch_ros.events.lifecycle.StateTransition"

    def __init__(self, *, action: LifecycleNode, msg: TransitionEvent) -> None:
        self.action = action
        self.msg = msg
        self.timestamp = msg.timestamp
        self.transition = msg.transition.label
        self.start_state = msg.start_state.label
        self.goal_state = msg.goal_state.label
