"""LaunchIntrospector: a launch description as a tree of text, without launching it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .actions import EmitEvent, ExecuteProcess, LogInfo, RegisterEventHandler
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .some_substitutions_type import SomeSubstitutionsType
from .utilities import normalize_to_list_of_substitutions

Tree = tuple[str, list[Any]]


class LaunchIntrospector:
    """Describes launch descriptions."""

    def format_launch_description(self, launch_description: LaunchDescription) -> str:
        """Returns one line for the description and one for each entity below it."""
        return "\n".join([str(launch_description), *_draw(_describe(launch_description.entities))])


def _text(substitutions: SomeSubstitutionsType) -> str:
    return " + ".join(sub.describe() for sub in normalize_to_list_of_substitutions(substitutions))


def _describe(entities: Iterable[LaunchDescriptionEntity]) -> list[Tree]:
    return [(_title(entity), _describe(_known_children(entity))) for entity in entities]


def _known_children(entity: LaunchDescriptionEntity) -> list[LaunchDescriptionEntity]:
    conditional = [child for _, children in entity.describe_conditional_sub_entities() for child in children]
    return [*entity.describe_sub_entities(), *conditional]


def _title(entity: LaunchDescriptionEntity) -> str:
    if isinstance(entity, LogInfo):
        return f"LogInfo({_text(entity.msg)})"
    if isinstance(entity, EmitEvent):
        return f"EmitEvent(event='{entity.event.name}')"
    if isinstance(entity, RegisterEventHandler):
        return f"RegisterEventHandler('{entity.event_handler.describe()[0]}')"
    if isinstance(entity, ExecuteProcess):
        cmd = ", ".join(_text(part) for part in entity.cmd)
        cwd = None if entity.cwd is None else f"'{_text(entity.cwd)}'"
        return f"{type(entity).__name__}(cmd=[{cmd}], cwd={cwd}, shell={entity.shell})"
    return entity.describe()


def _draw(trees: list[Tree], margin: str = "") -> list[str]:
    lines = []
    for index, (title, children) in enumerate(trees):
        last = index == len(trees) - 1
        lines.append(f"{margin}{'└── ' if last else '├── '}{title}")
        lines += _draw(children, margin + ("    " if last else "│   "))
    return lines
