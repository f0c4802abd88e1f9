"""Parameter: the value that SetParameter has set."""

from __future__ import annotations

from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from launch import LaunchContext, SomeSubstitutionsType, Substitution


class Parameter(Substitution):
    """The value of a parameter set by SetParameter in this scope, or the default."""

    def __init__(self, name: SomeSubstitutionsType, *, default: SomeSubstitutionsType | None = None) -> None:
        super().__init__()
        self.name = normalize_to_list_of_substitutions(name)
        self._default = None if default is None else normalize_to_list_of_substitutions(default)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"Parameter(name={' + '.join(sub.describe() for sub in self.name)})"

    def perform(self, context: LaunchContext) -> str:
        """Returns the value; raises SubstitutionFailure when it is not set and there is no default."""
        name = perform_substitutions(context, self.name)
        for parameter in context.launch_configurations.get("global_params", []):
            if isinstance(parameter, tuple) and parameter[0] == name:
                return str(parameter[1])
        if self._default is None:
            raise SubstitutionFailure(f"parameter '{name}' not found")
        return perform_substitutions(context, self._default)
