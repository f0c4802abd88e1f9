"""SetUseSimTime: simulated time for launch's own node."""

from __future__ import annotations

from typing import Any

from rclpy.parameter import Parameter

from launch import Action, LaunchContext

from ..ros_adapters import get_ros_node


class SetUseSimTime(Action):
    """Sets `use_sim_time` of launch's own node; SetParameter does for the nodes launched."""

    def __init__(self, value: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value

    def execute(self, context: LaunchContext) -> None:
        """Sets it."""
        get_ros_node(context).set_parameters([Parameter("use_sim_time", Parameter.Type.BOOL, self.value)])
