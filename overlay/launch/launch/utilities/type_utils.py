"""Values that may be written as substitutions: numbers, truth values, texts and lists of them.

A type is one of int, float, bool, str, `list[...]` or `List[...]` of these, or None: then YAML's rules say.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import yaml

from .._overlay import seal
from ..substitution import Substitution
from .normalize_to_list_of_substitutions_impl import normalize_to_list_of_substitutions
from .perform_substitutions_impl import perform_substitutions

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

__getattr__ = seal(__name__)

SCALARS = (bool, int, float, str)


def extract_type(data_type: Any) -> tuple[type, bool]:
    """Splits a type into its scalar type and whether it is a list of these.

    Raises:
        ValueError: the type is none of those allowed.
    """
    is_list = typing.get_origin(data_type) is list
    scalar = typing.get_args(data_type)[0] if is_list else data_type
    if scalar not in SCALARS:
        raise ValueError(f"data_type must be int, float, bool, str or a List of one of them, got {data_type}")
    return scalar, is_list


def _is_text(value: Any) -> bool:
    if isinstance(value, str | Substitution):
        return True
    return (
        isinstance(value, list | tuple)
        and any(isinstance(item, Substitution) for item in value)
        and all(isinstance(item, str | Substitution) for item in value)
    )


def _matches(value: Any, data_type: Any) -> bool:
    if data_type is None:
        if isinstance(value, list):
            return all(type(item) is type(value[0]) for item in value) and all(isinstance(v, SCALARS) for v in value)
        return isinstance(value, SCALARS)
    scalar, is_list = extract_type(data_type)
    if is_list:
        return isinstance(value, list) and all(type(item) is scalar for item in value)
    return type(value) is scalar


def normalize_typed_substitution(value: Any, data_type: Any) -> Any:
    """Returns a value as it is, or its text as a list of substitutions.

    A list of texts and at least one substitution is one text. In any other list each item stands for itself.

    Raises:
        TypeError: the value cannot become one of `data_type`.
    """
    if _is_text(value):
        return normalize_to_list_of_substitutions(value)
    if isinstance(value, SCALARS):
        if not _matches(value, data_type):
            raise TypeError(f"value='{value}' is not an instance of {data_type}")
        return value
    if not isinstance(value, Iterable):
        raise TypeError(f"value should be a scalar, a substitution or a list of them, got '{value}'")
    if data_type is not None and not extract_type(data_type)[1]:
        raise TypeError(f"value='{value}' is a list, though {data_type} is a scalar")
    scalar = None if data_type is None else extract_type(data_type)[0]
    return [item if isinstance(item, str) else normalize_typed_substitution(item, scalar) for item in value]


def coerce_to_type(value: str, data_type: Any = None) -> Any:
    """Reads a text as a value of the type.

    Raises:
        ValueError: it is not one.
    """
    scalar, is_list = (None, False) if data_type is None else extract_type(data_type)
    if not is_list:
        if scalar is str:
            return value
        if scalar in (int, float):
            return scalar(value)
        if scalar is bool and value in ("0", "1"):
            return value == "1"
        if scalar is None and not value:
            return value
    try:
        output = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ValueError(f"Cannot convert value '{value}' to '{data_type}': it is not YAML\n{error}") from error
    if not _matches(output, data_type):
        raise ValueError(f"Cannot convert value '{value}' to '{data_type}', got '{output}'")
    return output


def perform_typed_substitution(context: LaunchContext, value: Any, data_type: Any) -> Any:
    """Returns the value of what `normalize_typed_substitution` made.

    Raises:
        ValueError: the text is not a value of the type.
        TypeError: the value is not of the type.
    """
    if isinstance(value, SCALARS):
        if not _matches(value, data_type):
            raise TypeError(f"value='{value}' is not an instance of {data_type}")
        return value
    if value and all(isinstance(item, Substitution) for item in value):
        return coerce_to_type(perform_substitutions(context, value), data_type)
    scalar = None if data_type is None else extract_type(data_type)[0]
    output = [
        coerce_to_type(perform_substitutions(context, item), scalar) if isinstance(item, list) else item
        for item in value
    ]
    if not _matches(output, data_type):
        raise ValueError(f"The list '{output}' does not match the type {data_type}, or mixes types")
    return output
