"""Events of ROS nodes, and the matcher for their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._overlay import seal
from . import lifecycle

if TYPE_CHECKING:
    from ..actions import Node

__all__ = ["lifecycle", "matches_node_name"]

__getattr__ = seal(__name__)


def matches_node_name(node_name: str) -> Callable[[Node], bool]:
    """Matches the node of this full name."""
    return lambda action: action.node_name == (node_name if node_name.startswith("/") else f"/{node_name}")
