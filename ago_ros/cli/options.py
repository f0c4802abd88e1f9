"""How the values of options are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ago_ros.datasets.nuscenes import NuScenesReader
    from ago_ros.datasets.nuscenes_records import Sample


def parse_size(text: str) -> tuple[int, int]:
    """Reads a size such as 400x225: width and height in pixels.

    Raises:
        typer.BadParameter: it is none.
    """
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise typer.BadParameter(f"'{text}' is no size: give WIDTHxHEIGHT, such as 400x225")
    return int(width), int(height)


def choose_keyframe(reader: NuScenesReader, scene: str | None, number: int) -> Sample:
    """Finds a keyframe by its number in a scene, from 0; without a scene, in the first.

    Raises:
        ValueError: the scene has no such keyframe.
        DatasetError: there is no such scene.
    """
    name = scene or reader.scenes[0].name
    samples = reader.samples(name)
    if number >= len(samples):
        raise ValueError(f"{name} has keyframes 0 to {len(samples) - 1}, not {number}")
    return samples[number]
