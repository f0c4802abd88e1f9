"""PathJoinSubstitution: parts of a path, joined."""

import os
from collections.abc import Iterable

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions


class PathJoinSubstitution(Substitution):
    """Joins its parts with the platform's separator."""

    def __init__(self, substitutions: Iterable[str | Substitution]) -> None:
        self.substitutions = normalize_to_list_of_substitutions(substitutions)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"PathJoin('{' + '.join(sub.describe() for sub in self.substitutions)}')"

    def perform(self, context: LaunchContext) -> str:
        """Returns the path."""
        return os.path.join(*(sub.perform(context) for sub in self.substitutions))  # noqa: PTH118 (keeps "./")
