"""Loading Python launch files."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from .._overlay import refusal
from ..invalid_launch_file_error import InvalidLaunchFileError
from ..launch_description import LaunchDescription


class InvalidPythonLaunchFileError(Exception):
    """The file has no `generate_launch_description()`."""


def load_python_launch_file_as_module(python_launch_file_path: str) -> ModuleType:
    """Imports the file as a module of its own."""
    loader = SourceFileLoader("python_launch_file", python_launch_file_path)
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def get_launch_description_from_python_launch_file(python_launch_file_path: str) -> LaunchDescription:
    """Returns what the file's `generate_launch_description()` returns.

    Raises:
        InvalidPythonLaunchFileError: the file has no such function.
    """
    module = load_python_launch_file_as_module(python_launch_file_path)
    if not hasattr(module, "generate_launch_description"):
        raise InvalidPythonLaunchFileError(
            f"launch file at '{python_launch_file_path}' does not contain the required function "
            "'generate_launch_description()'"
        )
    return module.generate_launch_description()


def get_launch_description_from_any_launch_file(launch_file_path: str) -> LaunchDescription:
    """Returns the launch description of a file of any format known here: Python.

    Raises:
        InvalidLaunchFileError: the format is another, or the file fails while it is loaded.
    """
    extension = Path(launch_file_path).suffix.removeprefix(".")
    if extension in ("xml", "yaml", "yml"):
        error = NotImplementedError(refusal(f"launch_{extension.replace('yml', 'yaml')}"))
        raise InvalidLaunchFileError(extension, likely_errors=[error])
    try:
        return get_launch_description_from_python_launch_file(launch_file_path)
    except Exception as error:
        raise InvalidLaunchFileError(extension, likely_errors=[error]) from error
