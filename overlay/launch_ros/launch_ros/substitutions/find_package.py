"""FindPackagePrefix, FindPackageShare, and ExecutableInPackage: paths of installed ROS packages."""

from __future__ import annotations

import shutil
from pathlib import Path

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from launch import LaunchContext, SomeSubstitutionsType, Substitution


class FindPackage(Substitution):
    """The base of those that find something of a package; subclasses override `find`."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        super().__init__()
        self.package = normalize_to_list_of_substitutions(package)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        return f"{type(self).__name__}(pkg={' + '.join(sub.describe() for sub in self.package)})"

    def find(self, package_name: str) -> str:
        """Returns what is looked for."""
        raise NotImplementedError

    def perform(self, context: LaunchContext) -> str:
        """Returns the path; raises PackageNotFoundError when the package is not installed."""
        return self.find(perform_substitutions(context, self.package))


class FindPackagePrefix(FindPackage):
    """The folder that a package is installed to."""

    def find(self, package_name: str) -> str:
        """Returns the prefix."""
        return get_package_prefix(package_name)


class FindPackageShare(FindPackage):
    """A package's share folder."""

    def find(self, package_name: str) -> str:
        """Returns the share folder."""
        return get_package_share_directory(package_name)


class ExecutableInPackage(FindPackagePrefix):
    """An executable in a package's `lib/<package>` folder."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        super().__init__(package)
        self.executable = normalize_to_list_of_substitutions(executable)

    def describe(self) -> str:
        """Describes the substitution without performing it."""
        package = " + ".join(sub.describe() for sub in self.package)
        return f"ExecInPkg(pkg={package}, exec={' + '.join(sub.describe() for sub in self.executable)})"

    def perform(self, context: LaunchContext) -> str:
        """Returns the path.

        Raises:
            SubstitutionFailure: the package has no such executable.
        """
        package = perform_substitutions(context, self.package)
        prefix = super().perform(context)
        folder = Path(prefix, "lib", package)
        if not folder.exists():
            raise SubstitutionFailure(
                f"package '{package}' found at '{prefix}', but libexec directory '{folder}' does not exist"
            )
        executable = perform_substitutions(context, self.executable)
        path = shutil.which(executable, path=str(folder))
        if path is None:
            raise SubstitutionFailure(f"executable '{executable}' not found on the libexec directory '{folder}'")
        return path
