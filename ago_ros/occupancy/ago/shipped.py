"""The AGO models that come with the package, by name."""

from __future__ import annotations

from pathlib import Path

from ago_ros.vlm.loading import ModelError

SHIPPED = {"ago-tiny-occupancy": "ago_tiny"}
"""Names of the models, and their folders below `ago_ros/weights`."""


def ago_folder(source: str | Path) -> Path:
    """Returns the folder of a shipped model, or of one that `ago train ago` wrote.

    Args:
        source: a name of SHIPPED, or a folder.

    Raises:
        ModelError: the package lacks the shipped model.
    """
    name = str(source)
    if name not in SHIPPED:
        return Path(source)
    folder = Path(__file__).parents[2] / "weights" / SHIPPED[name]
    if not folder.is_dir():
        raise ModelError(f"{name}: this package has no {folder}; give a folder that `ago train ago` wrote")
    return folder
