"""InvalidLaunchFileError: a launch file that cannot be loaded."""

from collections.abc import Sequence


class InvalidLaunchFileError(Exception):
    """The file is not a launch file, or fails while it is loaded."""

    def __init__(self, extension: str = "", *, likely_errors: Sequence[Exception] = ()) -> None:
        self._extension = extension
        self._likely_errors = likely_errors
        if likely_errors and extension == "py":
            self._error_message = f"Caught exception when trying to load file of format [py]: {likely_errors[0]}"
        else:
            self._error_message = f"Launch file of format [{extension}] is not supported by the ago_ros overlay: only .py"
        super().__init__(self._error_message)
        self.__cause__ = likely_errors[0] if likely_errors else None
