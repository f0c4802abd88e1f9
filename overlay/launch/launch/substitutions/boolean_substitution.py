"""Not, And, Or, Any and All of truth values, as "true" or "false"."""

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions
from ..utilities.type_utils import perform_typed_substitution
from .substitution_failure import SubstitutionFailure


def perform_bool(context: LaunchContext, value: list[Substitution]) -> bool:
    """Performs substitutions that make a truth value; raises SubstitutionFailure where they do not."""
    try:
        return perform_typed_substitution(context, value, bool)
    except (TypeError, ValueError) as error:
        raise SubstitutionFailure(str(error)) from error


class NotSubstitution(Substitution):
    """The opposite of a truth value."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        self.value = normalize_to_list_of_substitutions(value)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"NotSubstitution({self.value})"

    def perform(self, context: LaunchContext) -> str:
        """Returns "true" or "false"."""
        return str(not perform_bool(context, self.value)).lower()


class AnySubstitution(Substitution):
    """Whether any of the truth values is true."""

    def __init__(self, *args: SomeSubstitutionsType) -> None:
        self.args = [normalize_to_list_of_substitutions(arg) for arg in args]

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"{type(self).__name__}({' '.join(str(arg) for arg in self.args)})"

    def perform(self, context: LaunchContext) -> str:
        """Returns "true" or "false"."""
        return str(any([perform_bool(context, arg) for arg in self.args])).lower()  # noqa: C419 (all must be valid)


class AllSubstitution(AnySubstitution):
    """Whether all of the truth values are true."""

    def perform(self, context: LaunchContext) -> str:
        """Returns "true" or "false"."""
        return str(all([perform_bool(context, arg) for arg in self.args])).lower()  # noqa: C419 (all must be valid)


class AndSubstitution(AllSubstitution):
    """Whether both truth values are true."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)
        self.left, self.right = self.args


class OrSubstitution(AnySubstitution):
    """Whether one of the two truth values is true."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)
        self.left, self.right = self.args
