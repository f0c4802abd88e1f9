"""Sources of launch descriptions: Python launch files."""

from .._overlay import seal
from .python_launch_description_source import AnyLaunchDescriptionSource, PythonLaunchDescriptionSource
from .python_launch_file_utilities import (
    InvalidPythonLaunchFileError,
    get_launch_description_from_any_launch_file,
    get_launch_description_from_python_launch_file,
)

__all__ = [
    "AnyLaunchDescriptionSource",
    "InvalidPythonLaunchFileError",
    "PythonLaunchDescriptionSource",
    "get_launch_description_from_any_launch_file",
    "get_launch_description_from_python_launch_file",
]

__getattr__ = seal(__name__)
