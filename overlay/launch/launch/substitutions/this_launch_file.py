"""ThisLaunchFile and ThisLaunchFileDir: where the launch file being visited lies."""

from ..launch_context import LaunchContext
from ..substitution import Substitution
from .substitution_failure import SubstitutionFailure


def _current(context: LaunchContext, what: str, asked_by: Substitution) -> str:
    value = context.get_locals_as_dict().get(what)
    if value is None:
        raise SubstitutionFailure(f"{type(asked_by).__name__} used outside of a launch file (in a script)")
    return value


class ThisLaunchFile(Substitution):
    """The absolute path of the launch file."""

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return "ThisLaunchFile()"

    def perform(self, context: LaunchContext) -> str:
        """Returns the path; raises SubstitutionFailure outside of a launch file."""
        return _current(context, "current_launch_file_path", self)


class ThisLaunchFileDir(Substitution):
    """The absolute path of the launch file's folder."""

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return "ThisLaunchFileDir()"

    def perform(self, context: LaunchContext) -> str:
        """Returns the path; raises SubstitutionFailure outside of a launch file."""
        return _current(context, "current_launch_file_directory", self)
