"""LaunchDescriptionEntity: whatever a launch description can hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that is visited while launching, and may bring more entities or work that goes on."""

    def visit(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        """Does the entity's work and returns the entities to visit next."""
        return None

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Returns a future that is done when the entity is, or None when nothing goes on."""
        return None

    def describe(self) -> str:
        """Describes the entity in a line."""
        return repr(self)

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Lists the entities that follow from this one in any case."""
        return []

    def describe_conditional_sub_entities(self) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Lists the entities that follow under a condition, each list with its condition in words."""
        return []
