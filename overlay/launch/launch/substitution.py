"""Substitution: text that is known only while launching."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class Substitution:
    """Text that is found when it is needed, from the launch context."""

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return repr(self)

    def perform(self, context: LaunchContext) -> str:
        """Returns the text."""
        raise NotImplementedError(f"{type(self).__name__} does not implement perform()")
