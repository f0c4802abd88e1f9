"""LaunchConfiguration: the value of a launch argument or configuration."""

from collections.abc import Iterable
from typing import Any

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure


class LaunchConfiguration(Substitution):
    """The value of a launch configuration, or the default where it is not set."""

    def __init__(self, variable_name: SomeSubstitutionsType, *, default: Any = None) -> None:
        self.variable_name = normalize_to_list_of_substitutions(variable_name)
        self._default: list[Substitution] | None = None
        if default is not None:
            items = default if isinstance(default, Iterable) and not isinstance(default, str) else [default]
            self._default = normalize_to_list_of_substitutions(
                [item if isinstance(item, Substitution) else str(item) for item in items]
            )

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"LaunchConfig({' + '.join(sub.describe() for sub in self.variable_name)})"

    def perform(self, context: LaunchContext) -> str:
        """Returns the value.

        Raises:
            SubstitutionFailure: it is not set and there is no default.
        """
        name = perform_substitutions(context, self.variable_name)
        if name in context.launch_configurations:
            return context.launch_configurations[name]
        if self._default is None:
            raise SubstitutionFailure(f"launch configuration '{name}' does not exist")
        return perform_substitutions(context, self._default)
