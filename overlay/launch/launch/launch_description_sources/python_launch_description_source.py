"""PythonLaunchDescriptionSource, and AnyLaunchDescriptionSource which here is for Python files as well."""

from ..launch_description import LaunchDescription
from ..launch_description_source import LaunchDescriptionSource
from ..some_substitutions_type import SomeSubstitutionsType
from .python_launch_file_utilities import (
    get_launch_description_from_any_launch_file,
    get_launch_description_from_python_launch_file,
)


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """The launch description that a Python launch file returns."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, "interpreted python launch file")

    def _get_launch_description(self, location: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(location)


class AnyLaunchDescriptionSource(LaunchDescriptionSource):
    """The launch description that a launch file returns; XML and YAML files are refused."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, "any launch file")

    def _get_launch_description(self, location: str) -> LaunchDescription:
        return get_launch_description_from_any_launch_file(location)
