"""SetParameter and SetParametersFromFile: parameters for all nodes of a scope."""

from __future__ import annotations

from typing import Any

from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from launch import Action, LaunchContext, SomeSubstitutionsType

from ..utilities.parameters import evaluate_parameter_dict, normalize_parameter_dict


def _append(context: LaunchContext, *items: Any) -> None:
    before = context.launch_configurations.get("global_params", [])
    context.launch_configurations["global_params"] = [*before, *items]


class SetParameter(Action):
    """Sets a parameter of the nodes that follow, to the end of the scope (see GroupAction)."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._parameters = normalize_parameter_dict({tuple(normalize_to_list_of_substitutions(name)): value})

    def execute(self, context: LaunchContext) -> None:
        """Sets it."""
        _append(context, *evaluate_parameter_dict(context, self._parameters).items())


class SetParametersFromFile(Action):
    """Gives a file of parameters to the nodes that follow, to the end of the scope (see GroupAction)."""

    def __init__(self, filename: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filename = normalize_to_list_of_substitutions(filename)

    def execute(self, context: LaunchContext) -> None:
        """Gives it."""
        _append(context, perform_substitutions(context, self.filename))
