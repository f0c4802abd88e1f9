"""evaluate_condition_expression: "true", "1", "false" or "0", in any case and with spaces around."""

from __future__ import annotations

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import perform_substitutions

VALID_TRUE_EXPRESSIONS = ["true", "1"]
VALID_FALSE_EXPRESSIONS = ["false", "0"]


class InvalidConditionExpressionError(Exception):
    """The expression is neither true nor false."""

    def __init__(self, expanded_expression: str, expression: list[Substitution]) -> None:
        described = ", ".join(sub.describe() for sub in expression)
        valid = ", ".join(VALID_TRUE_EXPRESSIONS + VALID_FALSE_EXPRESSIONS)
        super().__init__(f"'{expanded_expression}' (from {described}) is not a condition, expected one of: {valid}")


def evaluate_condition_expression(context: LaunchContext, expression: list[Substitution]) -> bool:
    """Tells whether the expression is true.

    Raises:
        InvalidConditionExpressionError: it is neither true nor false.
    """
    expanded = perform_substitutions(context, expression).strip().lower()
    if expanded not in VALID_TRUE_EXPRESSIONS + VALID_FALSE_EXPRESSIONS:
        raise InvalidConditionExpressionError(expanded, expression)
    return expanded in VALID_TRUE_EXPRESSIONS
