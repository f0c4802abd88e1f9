"""Actions for ROS nodes."""

from .._overlay import seal
from .lifecycle_node import LifecycleNode
from .node import Node
from .push_ros_namespace import PushROSNamespace, PushRosNamespace
from .set_parameter import SetParameter, SetParametersFromFile
from .set_remap import SetRemap
from .set_use_sim_time import SetUseSimTime

__all__ = [
    "LifecycleNode",
    "Node",
    "PushROSNamespace",
    "PushRosNamespace",
    "SetParameter",
    "SetParametersFromFile",
    "SetRemap",
    "SetUseSimTime",
]

__getattr__ = seal(__name__)
