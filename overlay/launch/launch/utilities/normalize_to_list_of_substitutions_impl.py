"""normalize_to_list_of_substitutions: any way of writing text, as a list of substitutions."""

from typing import Any

from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Returns the text as a list of substitutions, to be performed and joined.

    Raises:
        TypeError: an item is neither text nor a substitution.
    """
    if isinstance(subs, str | Substitution):
        return [_normalize(subs)]
    return [_normalize(item) for item in subs]


def _normalize(item: Any) -> Substitution:
    from ..substitutions.text_substitution import TextSubstitution

    if isinstance(item, Substitution):
        return item
    if isinstance(item, str):
        return TextSubstitution(text=item)
    raise TypeError(
        f"Failed to normalize given item of type '{type(item)}', "
        "when only 'str' or 'launch.Substitution' were expected."
    )
