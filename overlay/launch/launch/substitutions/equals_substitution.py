"""EqualsSubstitution and NotEqualsSubstitution: compare texts, truth values or numbers."""

import math
from typing import Any

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

TRUE = ("true", "1")
FALSE = ("false", "0")


def _normalize(value: Any) -> list[Substitution]:
    if isinstance(value, Substitution | list | tuple):
        return normalize_to_list_of_substitutions(value)
    if value is None:
        return normalize_to_list_of_substitutions("")
    return normalize_to_list_of_substitutions(str(value).lower() if isinstance(value, bool) else str(value))


def _equal(left: str, right: str) -> bool:
    if left.lower() in TRUE + FALSE and right.lower() in TRUE + FALSE:
        return (left.lower() in TRUE) == (right.lower() in TRUE)
    try:
        return math.isclose(float(left), float(right))
    except ValueError:
        return left == right


class EqualsSubstitution(Substitution):
    """Whether both sides are the same text, truth value ("1" is "true") or number (1e-9 apart at most)."""

    def __init__(self, left: Any, right: Any) -> None:
        self.left = _normalize(left)
        self.right = _normalize(right)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"{type(self).__name__}({self.left} {self.right})"

    def perform(self, context: LaunchContext) -> str:
        """Returns "true" or "false"."""
        equal = _equal(perform_substitutions(context, self.left), perform_substitutions(context, self.right))
        return str(equal).lower()


class NotEqualsSubstitution(EqualsSubstitution):
    """Whether the sides differ."""

    def perform(self, context: LaunchContext) -> str:
        """Returns "true" or "false"."""
        return "false" if super().perform(context) == "true" else "true"
