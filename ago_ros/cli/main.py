"""`ago`: the command line. Commands live one group to a file beside this one, and are imported when they are called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ago_ros.cli.errors import CommandError
from ago_ros.datasets.errors import DatasetError

COMMANDS = {
    "bag": "ago_ros.cli.bag",
    "demo": "ago_ros.cli.demo",
    "eval": "ago_ros.cli.evaluate",
    "gallery": "ago_ros.cli.gallery",
    "label": "ago_ros.cli.label",
    "locate": "ago_ros.cli.locate",
    "render": "ago_ros.cli.render",
    "train": "ago_ros.cli.train",
    "world": "ago_ros.cli.world",
}
"""Module of each command, by name, in the order of the help. Its `app` is a typer.Typer with `add_completion=False` and
`rich_markup_mode=None`; with one command and no callback it is that command. `ago --help` imports them all, so what is
heavy is imported inside the functions."""

ERROR_STATUS = 2
_INTERRUPTED_STATUS = 130
_CLICK_ERROR: Any = next(cls for cls in typer.BadParameter.__mro__ if cls.__name__ == "ClickException")


class _LazyGroup(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(importlib.import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(cls=_LazyGroup, add_completion=False, rich_markup_mode=None)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ago_ros {version('ago_ros')}")
        raise typer.Exit


@app.callback()
def ago(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """An open-vocabulary 3D picture of a robot's surroundings, and answers to questions about it."""


def run(arguments: Sequence[str]) -> int:
    """Runs a command line.

    What the user can mend (a file, a name, an option, a value out of range) is told in one line on standard error.

    Args:
        arguments: the words after `ago`.

    Returns:
        The exit status: 0, 2 for a user's error, or what the command chose.
    """
    try:
        status = app(args=list(arguments), prog_name="ago", standalone_mode=False)
    except (CommandError, DatasetError, ValueError, OSError) as error:
        return _fail(str(error))
    except _CLICK_ERROR as error:
        return _fail(f"{error.format_message()} See: ago --help")
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("ago: interrupted", err=True)
        return _INTERRUPTED_STATUS
    return status if isinstance(status, int) else 0


def _fail(message: str) -> int:
    typer.echo(f"ago: {' '.join(message.split())}", err=True)
    return ERROR_STATUS


def main() -> None:
    """Entry point of `ago`."""
    sys.exit(run(sys.argv[1:]))
