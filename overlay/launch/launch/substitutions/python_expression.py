"""PythonExpression: the result of a Python expression."""

import importlib
from collections.abc import Iterable
from typing import Any

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions


class PythonExpression(Substitution):
    """Evaluates an expression, made of text and substitutions, and returns the result as text.

    Args:
        expression: the expression.
        python_modules: modules that it may use by name; what `math` defines may be used without the name too.
    """

    def __init__(
        self, expression: SomeSubstitutionsType, python_modules: Iterable[str | Substitution] = ("math",)
    ) -> None:
        self.expression = normalize_to_list_of_substitutions(expression)
        self.python_modules = normalize_to_list_of_substitutions(python_modules)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        expression = " + ".join(sub.describe() for sub in self.expression)
        return f"PythonExpr({expression}, [{', '.join(sub.describe() for sub in self.python_modules)}])"

    def perform(self, context: LaunchContext) -> str:
        """Returns the result."""
        names: dict[str, Any] = {}
        for sub in self.python_modules:
            module = importlib.import_module(context.perform_substitution(sub))
            if module.__name__ == "math":
                names.update(vars(module))
            names[module.__name__] = module
        return str(eval(perform_substitutions(context, self.expression), {}, names))
