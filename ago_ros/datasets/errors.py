"""The one error of the data sets."""

from __future__ import annotations


class DatasetError(Exception):
    """Recorded data that cannot be used. The message is one line that names the file and says what to do."""
