"""IncludeLaunchDescription: another launch file within this one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description import LaunchDescription
from ..launch_description_entity import LaunchDescriptionEntity
from ..launch_description_source import LaunchDescriptionSource
from ..launch_description_sources import AnyLaunchDescriptionSource
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .configuration import SetLaunchConfiguration


class IncludeLaunchDescription(Action):
    """Visits another launch description.

    Args:
        launch_description_source: the source, or the path of a launch file.
        launch_arguments: pairs of name and value; they stay set afterwards.
    """

    def __init__(
        self,
        launch_description_source: LaunchDescriptionSource | SomeSubstitutionsType,
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.launch_description_source = launch_description_source
        self.launch_arguments = tuple(launch_arguments or ())

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Lists the included description, if it can be loaded before launching."""
        description = self.launch_description_source.try_get_launch_description_without_context()
        return [] if description is None else [description]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Returns the included description, after the actions that set its arguments.

        Raises:
            RuntimeError: a required argument is not given.
        """
        description = self.launch_description_source.get_launch_description(context)
        location = self.launch_description_source.location
        folder = str(Path(location).absolute().parent) if Path(location).exists() else location
        context.extend_locals(
            {"current_launch_file_path": str(Path(location).absolute()), "current_launch_file_directory": folder}
        )
        self._require_arguments(context, description)
        return [*(SetLaunchConfiguration(name, value) for name, value in self.launch_arguments), description]

    def _argument_names(self, context: LaunchContext) -> list[str]:
        return [
            perform_substitutions(context, normalize_to_list_of_substitutions(name))
            for name, _ in self.launch_arguments
        ]

    def _require_arguments(self, context: LaunchContext, description: LaunchDescription) -> None:
        given = self._argument_names(context)
        for argument, includes in description.get_launch_arguments_with_include_launch_description_actions():
            if argument._conditionally_included or argument.default_value is not None:
                continue
            names = given + [name for include in includes or () for name in include._argument_names(context)]
            if argument.name not in names:
                raise RuntimeError(
                    f"Included launch description missing required argument '{argument.name}' "
                    f"(description: '{argument.description}'), given: [{', '.join(names)}]"
                )
