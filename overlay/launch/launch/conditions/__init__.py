"""Conditions on actions."""

from .._overlay import seal
from .evaluate_condition_expression_impl import InvalidConditionExpressionError, evaluate_condition_expression
from .if_condition import IfCondition, UnlessCondition
from .launch_configuration_equals import LaunchConfigurationEquals, LaunchConfigurationNotEquals

__all__ = [
    "IfCondition",
    "InvalidConditionExpressionError",
    "LaunchConfigurationEquals",
    "LaunchConfigurationNotEquals",
    "UnlessCondition",
    "evaluate_condition_expression",
]

__getattr__ = seal(__name__)
