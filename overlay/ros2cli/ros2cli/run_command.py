"""`ros2 run`: runs an executable of a package."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("--prefix", help="command to put before the executable")
    parser.add_argument("package_name", help="name of the package")
    parser.add_argument("executable_name", help="name of the executable")
    parser.add_argument("argv", nargs=argparse.REMAINDER, help="arguments of the executable")
    parser.set_defaults(main=main)


def main(arguments: argparse.Namespace) -> int | str:
    """Runs the executable; returns its exit status."""
    path = find_executable(arguments.package_name, arguments.executable_name)
    if path is None:
        return "No executable found"
    process = subprocess.Popen([*shlex.split(arguments.prefix or ""), path, *arguments.argv])
    while process.returncode is None:
        try:
            process.wait()
        except KeyboardInterrupt:
            continue  # the process has had the signal too, and ends in its own way
    if process.returncode < 0:
        print("[ros2run]:", signal.strsignal(-process.returncode))
    elif process.returncode > 0:
        print("[ros2run]:", f"Process exited with failure {process.returncode}")
    return process.returncode


def find_executable(package: str, executable: str) -> str | None:
    """Returns the path of an executable below the package's `lib/<package>`, None when there is none.

    Raises:
        RuntimeError: the package is not installed, or there are several.
    """
    try:
        folder = Path(get_package_prefix(package), "lib", package)
    except (PackageNotFoundError, ValueError) as error:
        raise RuntimeError(f"Package '{package}' not found") from error
    found = [path for path in folder.rglob(executable) if path.is_file() and os.access(path, os.X_OK)]
    if len(found) > 1:
        raise RuntimeError("\n- ".join(["Multiple executables found:", *map(str, found)]))
    return str(found[0]) if found else None
