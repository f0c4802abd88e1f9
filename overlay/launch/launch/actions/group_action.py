"""GroupAction: several actions under one condition, and in a scope of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_substitutions_type import SomeSubstitutionsType
from .configuration import (
    PopLaunchConfigurations,
    PushLaunchConfigurations,
    ResetLaunchConfigurations,
    SetLaunchConfiguration,
)
from .environment import PopEnvironment, PushEnvironment, ResetEnvironment


class GroupAction(Action):
    """Visits its actions.

    Args:
        actions: the actions.
        scoped: what they change in launch configurations and environment is undone after them.
        forwarding: they see the configurations and environment from outside the scope.
        launch_configurations: configurations set for them.
    """

    def __init__(
        self,
        actions: Iterable[LaunchDescriptionEntity],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        configurations = launch_configurations or {}
        settings = [SetLaunchConfiguration(name, value) for name, value in configurations.items()]
        if not scoped:
            self._entities = [*settings, *actions]
            return
        start = settings if forwarding else [ResetEnvironment(), ResetLaunchConfigurations(configurations)]
        self._entities = [
            PushLaunchConfigurations(),
            PushEnvironment(),
            *start,
            *actions,
            PopEnvironment(),
            PopLaunchConfigurations(),
        ]

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Lists the actions, with those that make the scope."""
        return self._entities

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Returns the actions to visit."""
        return self._entities
