"""LocalSubstitution: a value from the context's locals, by an expression such as `event.reason`."""

from ..launch_context import LaunchContext
from ..substitution import Substitution


class LocalSubstitution(Substitution):
    """Evaluates an expression on the context's locals."""

    def __init__(self, expression: str, description: str | None = None) -> None:
        self.expression = expression
        self.description = description

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"LocalVar('{self.description or self.expression}')"

    def perform(self, context: LaunchContext) -> str:
        """Returns the value."""
        return eval(f"locals.{self.expression}", {}, {"locals": context.locals})
