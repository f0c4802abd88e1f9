"""SetRemap: a remapping rule for all nodes of a scope."""

from __future__ import annotations

from typing import Any

from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from launch import Action, LaunchContext, SomeSubstitutionsType


class SetRemap(Action):
    """Remaps a name of the nodes that follow, to the end of the scope (see GroupAction)."""

    def __init__(self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.src = normalize_to_list_of_substitutions(src)
        self.dst = normalize_to_list_of_substitutions(dst)

    def execute(self, context: LaunchContext) -> None:
        """Adds the rule."""
        rule = (perform_substitutions(context, self.src), perform_substitutions(context, self.dst))
        before = context.launch_configurations.get("ros_remaps", [])
        context.launch_configurations["ros_remaps"] = [*before, rule]
