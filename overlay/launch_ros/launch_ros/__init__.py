"""The part of ROS 2's `launch_ros` that ago_ros uses: launch actions, events and substitutions for ROS nodes."""

from . import actions, descriptions, event_handlers, events, parameter_descriptions, substitutions, utilities
from ._overlay import seal

__all__ = [
    "actions",
    "descriptions",
    "event_handlers",
    "events",
    "parameter_descriptions",
    "substitutions",
    "utilities",
]

__getattr__ = seal(__name__)
