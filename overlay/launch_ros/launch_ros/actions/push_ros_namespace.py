"""PushROSNamespace: a namespace for the nodes of a scope."""

from __future__ import annotations

from typing import Any

from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from rclpy.exceptions import InvalidNamespaceException
from rclpy.validate_namespace import validate_namespace

from launch import Action, LaunchContext, SomeSubstitutionsType

from ..utilities import make_namespace_absolute, prefix_namespace


class PushROSNamespace(Action):
    """Puts the nodes that follow below a namespace, to the end of the scope (see GroupAction)."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.namespace = normalize_to_list_of_substitutions(namespace)

    def execute(self, context: LaunchContext) -> None:
        """Sets the namespace; raises SubstitutionFailure when it is not valid."""
        previous = context.launch_configurations.get("ros_namespace")
        pushed = perform_substitutions(context, self.namespace)
        namespace = make_namespace_absolute(prefix_namespace(previous, pushed)) or ""
        try:
            validate_namespace(namespace)
        except InvalidNamespaceException as error:
            raise SubstitutionFailure(
                f"The resulting namespace is invalid: [previous_namespace='{previous}', pushed_namespace='{pushed}']"
            ) from error
        context.launch_configurations["ros_namespace"] = namespace


PushRosNamespace = PushROSNamespace
