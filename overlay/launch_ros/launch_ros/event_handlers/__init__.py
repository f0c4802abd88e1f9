"""Event handlers for managed nodes."""

from .._overlay import seal
from .on_state_transition import OnStateTransition

__all__ = ["OnStateTransition"]

__getattr__ = seal(__name__)
