"""perform_substitutions: a list of substitutions as one text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..substitution import Substitution

if TYPE_CHECKING:
    from ..launch_context import LaunchContext


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Performs the substitutions and joins what they return."""
    return "".join(context.perform_substitution(sub) for sub in subs)
