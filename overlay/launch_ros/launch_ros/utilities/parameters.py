"""Parameters as they may be given to Node: dicts with nested names and substitutions, files, descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from launch import LaunchContext, Substitution

from ..parameter_descriptions import Parameter, ParameterFile, ParameterValue

NormalizedDict = list[tuple[list[Substitution], Any]]
"""Flat names, as substitutions, with their values as given."""


def normalize_parameters(parameters: Sequence[Any]) -> tuple[NormalizedDict | Parameter | ParameterFile, ...]:
    """Normalizes what Node takes as `parameters`.

    Raises:
        TypeError: it is not a list, or a value in it cannot be a parameter's.
    """
    if isinstance(parameters, str) or not isinstance(parameters, Sequence):
        raise TypeError(f"Expecting list of parameters, got {parameters}")
    return tuple(_normalize(item) for item in parameters)


def _normalize(item: Any) -> NormalizedDict | Parameter | ParameterFile:
    if isinstance(item, Mapping):
        return normalize_parameter_dict(item)
    return item if isinstance(item, Parameter | ParameterFile) else ParameterFile(item)


def normalize_parameter_dict(parameters: Mapping[Any, Any], prefix: Sequence[Substitution] = ()) -> NormalizedDict:
    """Flattens a dict of parameters: nested names are joined by dots.

    Raises:
        TypeError: a value cannot be a parameter's.
    """
    flat: NormalizedDict = []
    for key, value in parameters.items():
        name = [*prefix, *normalize_to_list_of_substitutions(key)]
        if isinstance(value, Mapping):
            flat += normalize_parameter_dict(value, [*name, *normalize_to_list_of_substitutions(".")])
        elif isinstance(value, bool | int | float | str | bytes | Substitution | ParameterValue | Sequence):
            flat.append((name, value))
        else:
            raise TypeError(f"Unexpected type for parameter value {value!r}")
    return flat


def evaluate_parameters(
    context: LaunchContext, parameters: Sequence[NormalizedDict | Parameter | ParameterFile]
) -> tuple[dict[str, Any] | Parameter | Path, ...]:
    """Performs the substitutions: dicts become name to value, files become paths."""
    return tuple(_evaluate(context, item) for item in parameters)


def _evaluate(context: LaunchContext, item: NormalizedDict | Parameter | ParameterFile) -> Any:
    if isinstance(item, ParameterFile):
        return item.evaluate(context)
    return item if isinstance(item, Parameter) else evaluate_parameter_dict(context, item)


def evaluate_parameter_dict(context: LaunchContext, parameters: NormalizedDict) -> dict[str, Any]:
    """Performs the substitutions in names and values.

    Raises:
        TypeError: what a substitution returns cannot be a parameter's value.
    """
    evaluated = {}
    for name_parts, value in parameters:
        name = perform_substitutions(context, name_parts)
        evaluated[name] = _evaluate_value(context, name, value)
    return evaluated


def _evaluate_value(context: LaunchContext, name: str, value: Any) -> Any:
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, Substitution):
        return _read_yaml(name, context.perform_substitution(value))
    if isinstance(value, bool | int | float | str | bytes):
        return value
    if any(isinstance(item, Substitution) for item in value) and all(
        isinstance(item, str | Substitution) for item in value
    ):
        return _read_yaml(name, perform_substitutions(context, normalize_to_list_of_substitutions(value)))
    items = [_evaluate_item(context, name, item) for item in value]
    if {type(item) for item in items} == {int, float}:
        return tuple(float(item) for item in items)
    return _uniform(name, items)


def _evaluate_item(context: LaunchContext, name: str, item: Any) -> Any:
    if isinstance(item, bool | int | float | str):
        return item
    return _read_yaml(name, perform_substitutions(context, normalize_to_list_of_substitutions(item)))


def _uniform(name: str, items: list[Any]) -> tuple[Any, ...]:
    if not items or type(items[0]) not in (bool, int, float, str) or len({type(item) for item in items}) > 1:
        raise TypeError(
            "Expected a non-empty sequence, with items of uniform type. Allowed sequence item types are "
            f'bool, int, float, str. Got inconsistent input for "{name}"'
        )
    return tuple(items)


def _read_yaml(name: str, text: str) -> Any:
    hint = (
        "If the parameter is meant to be a string, try wrapping it in "
        "launch_ros.parameter_descriptions.ParameterValue(value, value_type=str)"
    )
    if not text:
        return text
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TypeError(f"Unable to parse the value of parameter {name} as yaml. {hint}") from error
    if isinstance(value, list):
        return _uniform(name, value)
    if not isinstance(value, bool | int | float | str | bytes):
        raise TypeError(
            "Allowed value types are bytes, bool, int, float, str and sequences of them. "
            f'Got {type(value)} for "{name}". {hint}'
        )
    return value
