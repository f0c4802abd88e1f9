"""What rclpy's lifecycle lacks: a trace in the log when a transition fails."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

from ago_ros.vlm.loading import ModelError


def logged_transition(transition: Callable[[Any, LifecycleState], TransitionCallbackReturn]) -> Callable[..., Any]:
    """Wraps a transition of a lifecycle node: what it raises, which rclpy swallows, is logged.

    ValueError and ModelError stand for settings that do not work and are logged as one line: FAILURE, the node stays
    where it was. Anything else is logged with its trace: ERROR, which leads to on_error.
    """

    @functools.wraps(transition)
    def wrapped(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except (ValueError, ModelError) as error:
            node.get_logger().error(f"{transition.__name__}: {error}")
            return TransitionCallbackReturn.FAILURE
        except Exception:
            node.get_logger().error(f"{transition.__name__} failed:\n{traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR

    return wrapped
