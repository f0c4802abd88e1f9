"""The trained models that come with the package, by name."""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
SHIPPED = {"ago-tiny": "vlm_tiny", "ago-tiny-occupancy": "ago_tiny", "semabs-tiny": "semabs_tiny"}
"""Names of the models, and their folders in WEIGHTS."""


class ShippedError(ValueError):
    """A model that should have come with the package and has not; the message is one line that says what to do."""


def shipped_folder(source: str | Path) -> Path:
    """Returns the folder of a model.

    Args:
        source: a name of SHIPPED, or the folder itself, which need not be there.

    Raises:
        ShippedError: the package lacks the model of that name.
    """
    name = str(source)
    if name not in SHIPPED:
        return Path(source)
    folder = WEIGHTS / SHIPPED[name]
    if not folder.is_dir():
        raise ShippedError(f"{name}: this copy of the package has no {folder}; install it again, or give a folder")
    return folder
