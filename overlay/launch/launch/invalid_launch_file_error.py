"""InvalidLaunchFileError: a launch file that cannot be loaded."""

from collections.abc import Sequence


class InvalidLaunchFileError(Exception):
    """The file is not a launch file of a known format, or fails while it is loaded."""

    def __init__(self, extension: str = "", *, likely_errors: Sequence[Exception] = ()) -> None:
        if not extension or not likely_errors:
            super().__init__("The launch file may have a syntax error, or its format is unknown")
            return
        errors = "".join(f"\n - {type(error).__name__}: {error}" for error in likely_errors)
        super().__init__(f"Caught exception when trying to load file of format [{extension}]:{errors}")
        self.__cause__ = likely_errors[0]
