"""Refuses, by name, whatever of ROS 2's package this subset leaves out."""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = __name__.partition(".")[0]


def refusal(name: str) -> str:
    """Says that `name` is not here and where to get it."""
    return (
        f"{name} is not part of the ago_ros overlay; install the ROS 2 package '{PACKAGE}' "
        f"(apt install ros-jazzy-{PACKAGE.replace('_', '-')}) and source ROS 2"
    )


class _OutsideFinder(MetaPathFinder):
    """The last finder asked: a submodule that reaches it does not exist here."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raises for submodules of this package; leaves every other name alone."""
        if fullname.startswith(f"{PACKAGE}."):
            raise ImportError(refusal(fullname), name=PACKAGE)
        return None


def seal(module: str) -> Callable[[str], Any]:
    """Makes the module-level `__getattr__` of `module`, which refuses unknown names."""

    def __getattr__(name: str) -> Any:  # noqa: N807
        raise AttributeError(refusal(f"{module}.{name}"), name=name)

    return __getattr__


sys.meta_path.append(_OutsideFinder())
