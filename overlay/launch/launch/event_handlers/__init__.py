"""Event handlers for the common events."""

from .._overlay import seal
from .on_action_event import OnActionEventBase, OnExecutionComplete, OnProcessExit, OnProcessStart
from .on_include_launch_description import OnIncludeLaunchDescription
from .on_process_io import OnProcessIO
from .on_shutdown import OnShutdown

__all__ = [
    "OnActionEventBase",
    "OnExecutionComplete",
    "OnIncludeLaunchDescription",
    "OnProcessExit",
    "OnProcessIO",
    "OnProcessStart",
    "OnShutdown",
]

__getattr__ = seal(__name__)
