"""How the values of options are read."""

from __future__ import annotations

import typer


def parse_size(text: str) -> tuple[int, int]:
    """Reads a size such as 400x225: width and height in pixels.

    Raises:
        typer.BadParameter: it is none.
    """
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise typer.BadParameter(f"'{text}' is no size: give WIDTHxHEIGHT, such as 400x225")
    return int(width), int(height)
