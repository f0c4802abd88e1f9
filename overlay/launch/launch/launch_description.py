"""LaunchDescription: the list of entities that a launch file returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import logging
from .action import Action
from .actions.configuration import ResetLaunchConfigurations
from .actions.declare_launch_argument import DeclareLaunchArgument
from .launch_context import LaunchContext
from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .actions.include_launch_description import IncludeLaunchDescription

    DeclaredArgument = tuple[DeclareLaunchArgument, list[IncludeLaunchDescription] | None]


class LaunchDescription(LaunchDescriptionEntity):
    """What to launch, in order."""

    def __init__(
        self,
        initial_entities: Iterable[LaunchDescriptionEntity] | None = None,
        *,
        deprecated_reason: str | None = None,
    ) -> None:
        self.entities = list(initial_entities) if initial_entities is not None else []
        self.deprecated_reason = deprecated_reason

    @property
    def deprecated(self) -> bool:
        """Whether the description says that it is deprecated."""
        return self.deprecated_reason is not None

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        """Appends an entity."""
        self.entities.append(entity)

    def add_action(self, action: Action) -> None:
        """Appends an action."""
        self.add_entity(action)

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Returns the entities to visit."""
        if self.deprecated:
            path = context.get_locals_as_dict().get("current_launch_file_path")
            what = f"launch file [{path}] is deprecated" if path else "deprecated launch description"
            logging.get_logger("launch").warning(f"{what}: {self.deprecated_reason}")
        return self.entities

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Lists the entities."""
        return self.entities

    def get_launch_arguments(self, conditional_inclusion: bool = False) -> list[DeclareLaunchArgument]:
        """Lists the arguments that this description and the ones it includes are seen to declare."""
        found = self.get_launch_arguments_with_include_launch_description_actions(conditional_inclusion)
        return [argument for argument, _ in found]

    def get_launch_arguments_with_include_launch_description_actions(
        self, conditional_inclusion: bool = False
    ) -> list[DeclaredArgument]:
        """Lists declared arguments, each with the chain of includes that leads to it (None at the top).

        Of arguments of the same name the first counts. Includes whose path cannot be known yet are passed over.
        """
        found: list[DeclaredArgument] = []
        _collect_arguments(self.entities, conditional_inclusion, None, found)
        return found


def _collect_arguments(
    entities: Iterable[LaunchDescriptionEntity],
    conditional: bool,
    includes: list[IncludeLaunchDescription] | None,
    found: list[DeclaredArgument],
) -> None:
    from .actions.include_launch_description import IncludeLaunchDescription

    for entity in entities:
        if isinstance(entity, ResetLaunchConfigurations):
            return  # what is declared after a reset cannot be set from outside
        if isinstance(entity, DeclareLaunchArgument) and all(entity.name != known.name for known, _ in found):
            entity._conditionally_included = conditional or entity.condition is not None
            found.append((entity, includes))
        inner = [*(includes or []), entity] if isinstance(entity, IncludeLaunchDescription) else includes
        _collect_arguments(entity.describe_sub_entities(), False, inner, found)
        for _, conditional_entities in entity.describe_conditional_sub_entities():
            _collect_arguments(conditional_entities, True, inner, found)
