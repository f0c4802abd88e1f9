"""Command: the output of a command."""

import shlex
import subprocess

from .. import logging
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

ON_STDERR = ("fail", "ignore", "warn", "capture")


class Command(Substitution):
    """Runs a command and returns its standard output.

    Args:
        command: the command line, split as a shell would.
        on_stderr: what output on standard error does: "fail", "ignore", "warn", or "capture" (joins the result).
    """

    def __init__(self, command: SomeSubstitutionsType, *, on_stderr: SomeSubstitutionsType = "fail") -> None:
        self.command = normalize_to_list_of_substitutions(command)
        self.on_stderr = normalize_to_list_of_substitutions(on_stderr)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"Command({' + '.join(sub.describe() for sub in self.command)})"

    def perform(self, context: LaunchContext) -> str:
        """Runs the command.

        Raises:
            SubstitutionFailure: it does not exist, fails, or writes to standard error where that may not be.
        """
        command = perform_substitutions(context, self.command)
        on_stderr = perform_substitutions(context, self.on_stderr)
        if on_stderr not in ON_STDERR:
            raise SubstitutionFailure(f"expected 'on_stderr' to be one of {', '.join(ON_STDERR)}, got '{on_stderr}'")
        stderr = subprocess.STDOUT if on_stderr == "capture" else subprocess.PIPE
        try:
            result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, stderr=stderr, text=True, check=False)
        except FileNotFoundError as error:
            raise SubstitutionFailure(f"file not found: {error}") from error
        if result.returncode != 0:
            raise SubstitutionFailure(f"executed command failed. Command: {command}\n{result.stderr or ''}")
        if result.stderr:
            message = f"executed command showed stderr output. Command: {command}\n{result.stderr}"
            if on_stderr == "fail":
                raise SubstitutionFailure(message)
            if on_stderr == "warn":
                logging.get_logger("launch").warning(message)
        return result.stdout
