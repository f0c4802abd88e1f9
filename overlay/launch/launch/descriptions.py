"""Executable: what a process is to run, before and after its substitutions are performed."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from ._overlay import seal
from .action import Action
from .launch_context import LaunchContext
from .some_substitutions_type import SomeSubstitutionsType
from .substitution import Substitution
from .substitutions import LaunchConfiguration
from .utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ["Executable"]

__getattr__ = seal(__name__)

Environment = list[tuple[list[Substitution], list[Substitution]]]

_numbers = itertools.count(1)


def _normalize_environment(
    variables: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None,
) -> Environment | None:
    if variables is None:
        return None
    return [
        (normalize_to_list_of_substitutions(name), normalize_to_list_of_substitutions(value))
        for name, value in variables.items()
    ]


class Executable:
    """A command with its folder, environment and name.

    Args:
        cmd: the executable and its arguments.
        prefix: a command to put before it, such as "gdb --args"; else the launch configuration `launch-prefix`, for
            executables that the regular expression in `launch-prefix-filter` matches.
        name: the process's name; else the executable's. A number is appended to make it unique.
        cwd: the working folder.
        env: the whole environment; else launch's own.
        additional_env: variables on top of it.
        arguments: more arguments.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        additional_env: Mapping[SomeSubstitutionsType, SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
    ) -> None:
        self.arguments = arguments
        self.cmd = [normalize_to_list_of_substitutions(part) for part in [*cmd, *(arguments or ())]]
        self.name = None if name is None else normalize_to_list_of_substitutions(name)
        self.cwd = None if cwd is None else normalize_to_list_of_substitutions(cwd)
        self.env = _normalize_environment(env)
        self.additional_env = _normalize_environment(additional_env)
        self.prefix = normalize_to_list_of_substitutions(
            LaunchConfiguration("launch-prefix", default="") if prefix is None else prefix
        )
        self._prefix_filter = LaunchConfiguration("launch-prefix-filter", default="") if prefix is None else None

        self.final_cmd: list[str] | None = None
        self.final_name: str | None = None
        self.final_cwd: str | None = None
        self.final_env: dict[str, str] | None = None

    def prepare(self, context: LaunchContext, action: Action) -> None:
        """Performs the substitutions: fills in the `final_` attributes."""
        cmd = [perform_substitutions(context, part) for part in self.cmd]
        if self._prefix_filter is None or re.match(self._prefix_filter.perform(context), Path(cmd[0]).name):
            cmd = shlex.split(perform_substitutions(context, self.prefix)) + cmd
        name = Path(cmd[0]).name if self.name is None else perform_substitutions(context, self.name)
        self.final_cmd = cmd
        self.final_name = f"{name}-{next(_numbers)}"
        self.final_cwd = None if self.cwd is None else perform_substitutions(context, self.cwd)
        self.final_env = {} if self.env is not None else dict(context.environment)
        for variable, value in [*(self.env or ()), *(self.additional_env or ())]:
            self.final_env[perform_substitutions(context, variable)] = perform_substitutions(context, value)
