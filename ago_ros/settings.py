"""Settings: from YAML files to dataclasses. Whoever reads a file of settings reads it by `read_settings`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import yaml

T = TypeVar("T")


def read_settings(path: Path, make: Callable[[dict[str, Any]], T]) -> T:
    """Reads a YAML file, and makes of it what it describes.

    Args:
        path: of the file, which holds a mapping.
        make: takes the mapping, which is its own to change; a ValueError or KeyError of its tells what is wrong.

    Raises:
        OSError: there is no such file.
        ValueError: it is no YAML, or holds no settings, a setting that there is not, or a value that cannot be; the
            message begins with the path.
    """
    try:
        settings = yaml.safe_load(path.read_text())
        if not isinstance(settings, dict):
            raise ValueError(f"must hold a mapping of settings, holds {settings!r:.40}")
        return make(settings)
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: no YAML: {' '.join(str(error).split())}") from error
    except KeyError as error:
        raise ValueError(f"{path}: lacks {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def build(cls: type[T], settings: Any, **made: Any) -> T:
    """Builds a dataclass of settings from what YAML or JSON holds.

    Lists become tuples, and where an attribute is a dataclass, or a tuple of them, mappings become that.

    Args:
        cls: the dataclass.
        settings: a mapping of its attributes; those with a default may be left out.
        made: attributes that are there already.

    Raises:
        ValueError: a setting is not known, missing, or of a value that cannot be; where it lies in a part of the
            settings, the message begins with that part's name.
    """
    if not isinstance(settings, Mapping):
        raise ValueError(f"must be a mapping of settings, got {settings!r:.40}")
    known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
    unknown = [str(name) for name in settings if name not in known]
    if unknown:
        raise ValueError(f"unknown setting {', '.join(map(repr, unknown))}: use some of {', '.join(known)}")
    types = get_type_hints(cls)
    values = {name: _value(name, types[name], value) for name, value in settings.items()} | made
    missing = [
        name
        for name, each in known.items()
        if name not in values and each.default is MISSING and each.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"lacks {', '.join(map(repr, missing))}")
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _value(name: str, kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        try:
            return build(kind, value)  # type: ignore[arg-type]
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if isinstance(value, list):
        part = next(iter(get_args(kind)), None)
        return tuple(_value(name, part, each) for each in value)
    return value
