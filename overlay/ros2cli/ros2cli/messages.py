"""Messages and services by name, and their values as YAML and CSV."""

from __future__ import annotations

import array
import importlib
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import yaml
from rosidl_parser.definition import AbstractNestedType, AbstractSequence, NamespacedType

DEFAULT_TRUNCATE_LENGTH = 128


def get_interface(name: str, kind: str) -> type:
    """Imports a message or service.

    Args:
        name: "std_msgs/msg/String" or "std_msgs/String".
        kind: "msg" or "srv".

    Raises:
        ValueError: there is no such interface.
    """
    parts = name.split("/")
    if len(parts) == 2:
        parts.insert(1, kind)
    if len(parts) != 3 or parts[1] != kind or not all(parts):
        raise ValueError(f"'{name}' is not the name of a {kind} interface, as in package/{kind}/Name")
    try:
        return getattr(importlib.import_module(f"{parts[0]}.{kind}"), parts[2])
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"there is no interface '{name}': {error}") from error


def set_fields(message: Any, values: Mapping[str, Any]) -> None:
    """Fills in a message's fields.

    Args:
        message: the message.
        values: from field names to values; messages within it are mappings themselves.

    Raises:
        ValueError: a field does not exist, or cannot have the value.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"expected 'field: value' pairs for {type(message).__name__}, got {values!r}")
    types = dict(zip(message.get_fields_and_field_types(), message.SLOT_TYPES))
    if hasattr(message, "_check_fields"):
        message._check_fields = True  # else Jazzy's messages take any value, and fail where they are sent
    for name, value in values.items():
        if name not in types:
            raise ValueError(f"{type(message).__name__} has no field '{name}', it has: {', '.join(types)}")
        try:
            setattr(message, name, _convert(getattr(message, name), types[name], value))
        except (AssertionError, TypeError, OverflowError) as error:
            raise ValueError(f"{type(message).__name__}.{name} cannot be {value!r}: {error}") from error


def _convert(current: Any, slot_type: Any, value: Any) -> Any:
    if isinstance(slot_type, NamespacedType):
        set_fields(current, value)
        return current
    if isinstance(slot_type, AbstractNestedType):
        element = slot_type.value_type
        if isinstance(element, NamespacedType):
            return [_filled(element, item) for item in value]
        if isinstance(current, np.ndarray):
            return np.array(value, dtype=current.dtype)
        return array.array(current.typecode, value) if isinstance(current, array.array) else list(value)
    if isinstance(current, bytes):
        return bytes([value]) if isinstance(value, int) else bytes(value)
    if isinstance(current, bool) and not isinstance(value, bool):
        raise TypeError("expected true or false")
    return type(current)(value)


def _filled(element: NamespacedType, values: Mapping[str, Any]) -> Any:
    message = get_interface("/".join(element.namespaced_name()), element.namespaces[-1])()
    set_fields(message, values)
    return message


class _Dumper(yaml.SafeDumper):
    """Keeps the fields in order and on lines of their own, except within a list that is in one line."""


_Dumper.add_representer(
    dict, lambda dumper, fields: dumper.represent_mapping("tag:yaml.org,2002:map", fields.items(), flow_style=False)
)


def message_to_yaml(
    message: Any,
    *,
    truncate_length: int | None = None,
    no_arr: bool = False,
    no_str: bool = False,
    flow_style: bool = False,
) -> str:
    """Writes a message as YAML.

    Args:
        message: the message.
        truncate_length: the length that arrays, bytes and texts are cut to; None: not at all.
        no_arr: writes an array's type and length instead of what it holds.
        no_str: writes a text's length instead of the text.
        flow_style: writes each list in one line.
    """
    plain = to_plain(message, truncate_length, no_arr, no_str)
    return yaml.dump(
        plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize, default_flow_style=flow_style
    )


def message_to_csv(
    message: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False
) -> str:
    """Writes a message's fields, and those of messages in it, separated by commas."""
    return ",".join(_leaves(to_plain(message, truncate_length, no_arr, no_str)))


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [str(value)]


def to_plain(value: Any, truncate_length: int | None, no_arr: bool, no_str: bool, slot_type: Any = None) -> Any:
    """Returns a message as nested dicts, lists and scalars; see `message_to_yaml`."""
    if hasattr(value, "get_fields_and_field_types"):
        types = dict(zip(value.get_fields_and_field_types(), value.SLOT_TYPES))
        return {
            name: to_plain(getattr(value, name), truncate_length, no_arr, no_str, field_type)
            for name, field_type in types.items()
        }
    if isinstance(value, str):
        if no_str:
            return f"<string length: <{len(value)}>>"
        return _truncated(value, truncate_length, "...")
    if isinstance(value, bytes):
        return _truncated("".join(chr(byte) for byte in value), truncate_length, "...")
    if isinstance(value, list | tuple | array.array | np.ndarray):
        if no_arr and slot_type is not None:
            return _array_summary(slot_type, len(value))
        items = list(value if truncate_length is None else value[:truncate_length])
        plain = [to_plain(item, truncate_length, no_arr, no_str) for item in items]
        return [*plain, "..."] if len(value) > len(items) else plain
    return value.item() if isinstance(value, np.generic) else value


def _truncated(text: str, length: int | None, end: str) -> str:
    return text if length is None or len(text) <= length else text[:length] + end


def _array_summary(slot_type: Any, length: int) -> str:
    element = slot_type.value_type
    name = (
        "/".join(element.namespaced_name())
        if isinstance(element, NamespacedType)
        else getattr(element, "typename", "string")
    )
    if isinstance(slot_type, AbstractSequence):
        return f"<sequence type: {name}, length: {length}>"
    return f"<array type: {name}[{length}]>"
