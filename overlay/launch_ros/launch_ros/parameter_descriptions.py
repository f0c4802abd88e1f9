"""Parameters of nodes whose values or files are known only while launching."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions
from launch.utilities.type_utils import normalize_typed_substitution, perform_typed_substitution

from launch import LaunchContext, SomeSubstitutionsType

from ._overlay import refusal, seal

__all__ = ["Parameter", "ParameterFile", "ParameterValue"]

__getattr__ = seal(__name__)


class ParameterValue:
    """The value of a parameter.

    Args:
        value: the value, or a substitution for it.
        value_type: the type that the text becomes: int, float, bool, str or a List of them; None: YAML's rules.
    """

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        self.value = normalize_typed_substitution(value, value_type)
        self.value_type = value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Returns the value; raises ValueError or TypeError when it is not of the type."""
        return perform_typed_substitution(context, self.value, self.value_type)


class Parameter:
    """A parameter: name and value."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, *, value_type: Any = None) -> None:
        self.name = normalize_to_list_of_substitutions(name)
        self._value = ParameterValue(value, value_type=value_type)

    @property
    def value(self) -> Any:
        """The value before substitution."""
        return self._value.value

    @property
    def value_type(self) -> Any:
        """The type that the text becomes."""
        return self._value.value_type

    def evaluate(self, context: LaunchContext) -> tuple[str, Any]:
        """Returns name and value."""
        return perform_substitutions(context, self.name), self._value.evaluate(context)


class ParameterFile:
    """A YAML file of parameters.

    Args:
        param_file: its path.
        allow_substs: substitutions within the file; not supported here.

    Raises:
        NotImplementedError: `allow_substs` is set.
    """

    def __init__(self, param_file: os.PathLike | SomeSubstitutionsType, *, allow_substs: bool = False) -> None:
        if allow_substs:
            raise NotImplementedError(refusal("launch_ros.parameter_descriptions.ParameterFile(allow_substs=True)"))
        text = os.fspath(param_file) if isinstance(param_file, os.PathLike) else param_file
        self.param_file = normalize_to_list_of_substitutions(text)
        self.allow_substs = allow_substs

    def evaluate(self, context: LaunchContext) -> Path:
        """Returns the path."""
        return Path(perform_substitutions(context, self.param_file))
