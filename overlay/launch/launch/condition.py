"""Condition: decides, while launching, whether an action runs."""

from __future__ import annotations

from collections.abc import Callable

from .launch_context import LaunchContext


class Condition:
    """A predicate on the launch context; without one it is false."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool] | None = None) -> None:
        self._predicate = predicate

    def describe(self) -> str:
        """Describes the condition in a line."""
        return repr(self)

    def evaluate(self, context: LaunchContext) -> bool:
        """Tells whether the condition holds."""
        return self._predicate is not None and self._predicate(context)
