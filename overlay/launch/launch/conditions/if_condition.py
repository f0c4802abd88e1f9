"""IfCondition and UnlessCondition."""

from ..condition import Condition
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions
from .evaluate_condition_expression_impl import evaluate_condition_expression


class IfCondition(Condition):
    """Holds when the expression is true."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        self._expression = normalize_to_list_of_substitutions(predicate_expression)
        super().__init__(predicate=self._evaluate_expression)

    def _evaluate_expression(self, context: LaunchContext) -> bool:
        return evaluate_condition_expression(context, self._expression)

    def describe(self) -> str:
        """Describes the condition in a line."""
        return f"{type(self).__name__}({' + '.join(sub.describe() for sub in self._expression)})"


class UnlessCondition(IfCondition):
    """Holds when the expression is false."""

    def _evaluate_expression(self, context: LaunchContext) -> bool:
        return not super()._evaluate_expression(context)
