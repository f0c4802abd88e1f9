"""TextSubstitution: plain text."""

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import ensure_argument_type


class TextSubstitution(Substitution):
    """Text that is known from the start."""

    def __init__(self, *, text: str) -> None:
        ensure_argument_type(text, str, "text", "TextSubstitution")
        self.text = text

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"'{self.text}'"

    def perform(self, context: LaunchContext) -> str:
        """Returns the text."""
        return self.text
