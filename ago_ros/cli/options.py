"""Options that several commands have, and how their values are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ago_ros.datasets.nuscenes import NuScenesReader
    from ago_ros.datasets.nuscenes_records import Sample


Root = Annotated[Path, typer.Argument(help="nuScenes root: the folder that holds v1.0-* and samples.")]
Scenes = Annotated[list[str] | None, typer.Option("--scene", help="Name of a scene, any number of times; else all.")]
OneScene = Annotated[str | None, typer.Option("--scene", help="Name of the scene; the first one if not given.")]
Keyframe = Annotated[int, typer.Option(min=0, help="Number of the keyframe in the scene, from 0.")]
Version = Annotated[str | None, typer.Option(help="Version folder, such as v1.0-mini; the only one if there is one.")]
Model = Annotated[str, typer.Option(help="ago-tiny, a folder of a vision-language model, or a Hugging Face id.")]
OptionalModel = Annotated[
    str, typer.Option(help="ago-tiny, a folder of a vision-language model, or a Hugging Face id; empty: none.")
]
Device = Annotated[str, typer.Option(help="Where models run: cpu, cuda, cuda:1, ...")]
Steps = Annotated[int | None, typer.Option(min=1, help="In place of the settings' number.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the numbers to this file as well.")]
Docs = Annotated[Path | None, typer.Option(help="Replace this evaluation's parts of a Markdown page.")]


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


def find_config(system: str, name: str) -> Path:
    """Finds the settings of a training by name, or by path.

    Raises:
        ValueError: there are none of that name.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    folder = _shared_folder() / "config" / "training"
    found = folder / f"{system}_{name}.yaml"
    if not found.is_file():
        known = ", ".join(sorted(p.stem.removeprefix(f"{system}_") for p in folder.glob(f"{system}_*.yaml")))
        raise ValueError(f"no settings '{name}' for {system}: use {known or 'a file'}, or give a .yaml file")
    return found


def _shared_folder() -> Path:
    """Returns where `config` lies: the source tree, or the installed package's share."""
    source = Path(__file__).parents[2]
    if (source / "config" / "training").is_dir():
        return source
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("ago_ros"))
