"""ensure_argument_type: a clear TypeError for a wrong argument."""

from collections.abc import Iterable
from typing import Any


def ensure_argument_type(
    argument: Any, types: type | Iterable[type], argument_name: str, caller: str | None = None
) -> None:
    """Raises TypeError unless `argument` is an instance of one of `types`."""
    allowed = (types,) if isinstance(types, type) else tuple(types)
    if not isinstance(argument, allowed):
        names = ", ".join(str(allowed_type) for allowed_type in allowed)
        expected = "Expected" if caller is None else f"'{caller}' expected"
        raise TypeError(
            f"{expected} '{argument_name}' to be one of [{names}], but got '{argument}' of {type(argument)}"
        )
