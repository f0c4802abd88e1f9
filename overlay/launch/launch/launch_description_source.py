"""LaunchDescriptionSource: where a launch description comes from."""

from __future__ import annotations

import traceback

from . import logging
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .some_substitutions_type import SomeSubstitutionsType
from .utilities import normalize_to_list_of_substitutions, perform_substitutions


class LaunchDescriptionSource:
    """A launch description, given or to be loaded from a location.

    Args:
        launch_description: the description, where it exists already.
        location: the path to load it from.
        method: how it is loaded, in words.
    """

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = "<string>",
        method: str = "unspecified mechanism from a script",
    ) -> None:
        self.method = method
        self._launch_description = launch_description
        self._location = normalize_to_list_of_substitutions(location)
        self._expanded_location: str | None = None

    @property
    def location(self) -> str:
        """The path; before it is known, the substitutions that make it up."""
        if self._expanded_location is None:
            return " + ".join(str(part) for part in self._location)
        return self._expanded_location

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Returns the description, loading it the first time."""
        if self._expanded_location is None:
            self._expanded_location = perform_substitutions(context, self._location)
        if self._launch_description is None:
            self._launch_description = self._get_launch_description(self._expanded_location)
        return self._launch_description

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Returns the description if it can be loaded before launching, else None."""
        if self._launch_description is not None:
            return self._launch_description
        try:
            return self._get_launch_description(perform_substitutions(LaunchContext(), self._location))
        except Exception as error:
            logger = logging.get_logger("launch.launch_description_source")
            logger.debug(traceback.format_exc())
            logger.debug(f"Failed to load the launch file without a context: {error}")
            return None

    def _get_launch_description(self, location: str) -> LaunchDescription:
        raise RuntimeError(f"LaunchDescriptionSource '{location}' was given no launch description")
