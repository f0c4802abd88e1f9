"""The command line: quick, one line for each error, status 2."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ago_ros.cli import main
from ago_ros.datasets.bag import read_bag_frames
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader

SCENE = ["bag", "from-nuscenes", "ROOT", "--out", "OUT", "--scene", "scene-0002"]


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in main.COMMANDS)
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ago_ros ")
    for name in main.COMMANDS:
        assert main.run([name, "--help"]) == 0
        assert f"ago {name}" in capsys.readouterr().out


def test_every_option_that_names_a_model_names_the_one_that_comes_with_the_package() -> None:
    def options(command: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, part in getattr(command, "commands", {}).items():
            yield from options(part, f"{path} {name}")
        named = "--model" if path == "eval vlm" else "--vlm"
        yield from ((path, option) for option in command.params if named in option.opts)

    groups = [(name, typer.main.get_command(importlib.import_module(path).app)) for name, path in main.COMMANDS.items()]
    found = [each for name, command in groups for each in options(command, name)]
    assert {"eval lift", "eval vlm", "eval relevancy", "label", "locate", "render"} <= {path for path, _ in found}
    for path, option in found:
        assert "ago-tiny" in f"{option.help} {option.default}", path


def test_help_imports_nothing_heavy() -> None:
    heavy = ["torch", "numpy", "cv2", "rclpy", "transformers", "rosbags", "open3d", "pyvista", "numba"]
    code = f"""
import sys
from ago_ros.cli.main import run
assert run(["--help"]) == 0
print([name for name in {heavy} if name in sys.modules])
"""
    begin = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - begin < 5  # 0.2 s; the bound only tells a slow machine from a wrong import


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "Missing command"),
        (["no-such-command"], "no-such-command"),
        (["bag"], "Missing command"),
        (["bag", "from-nuscenes"], "root"),
        (["bag", "from-nuscenes", "ROOT", "--out", "OUT", "--storage", "tape"], "tape"),
        (["bag", "from-nuscenes", "ROOT", "--out", "OUT", "--repeat", "0"], "repeat"),
        (["bag", "from-nuscenes", "ROOT", "--out", "OUT"], "scene-0001, scene-0002"),
        (["bag", "from-nuscenes", "ROOT", "--out", "OUT", "--scene", "scene-9"], "scene.json: no scene is named"),
        (["bag", "from-nuscenes", "/no/such/folder", "--out", "OUT", "--scene", "x"], "/no/such/folder"),
        (["bag", "from-nuscenes", "ROOT", "--out", "/proc/no/bag", "--scene", "scene-0002"], "/proc/no"),
        (
            [
                "bag",
                "from-nuscenes",
                "ROOT",
                "--out",
                "OUT",
                "--scene",
                "scene-0002",
                "--storage",
                "sqlite3",
                "--compression",
                "zstd",
            ],
            "compression",
        ),
        (
            ["bag", "from-nuscenes", "ROOT", "--out", "OUT", "--scene", "scene-0002", "--repeat", "2", "--period", "0"],
            "period",
        ),
    ],
)
def test_errors_are_one_line_and_status_two(
    tiny_nuscenes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    words = {"ROOT": str(tiny_nuscenes), "OUT": str(tmp_path / "bag")}
    assert main.run([words.get(word, word) for word in arguments]) == 2
    out, error = capfd.readouterr()
    assert out == "" and error.count("\n") == 1 and error.startswith("ago: ") and named in error
    assert not (tmp_path / "bag").exists()


def run_failing_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise error

    monkeypatch.setitem(sys.modules, "ago_ros.cli.fail", type("Module", (), {"app": app}))
    monkeypatch.setitem(main.COMMANDS, "fail", "ago_ros.cli.fail")
    return main.run(["fail"])


def test_known_errors_are_told_and_bugs_are_not_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_failing_command(monkeypatch, DatasetError("file: broken,\n  mend it")) == 2
    assert capsys.readouterr().err == "ago: file: broken, mend it\n"
    assert run_failing_command(monkeypatch, KeyboardInterrupt()) == 130
    assert run_failing_command(monkeypatch, typer.Exit(3)) == 3
    with pytest.raises(ZeroDivisionError):
        run_failing_command(monkeypatch, ZeroDivisionError())


def test_bag_from_nuscenes(tiny_nuscenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = tmp_path / "bag"
    words = f"bag from-nuscenes {tiny_nuscenes} --scene scene-0002 --out {bag} --repeat 3 --storage sqlite3"
    assert main.run(words.split()) == 0
    out, error = capsys.readouterr()
    assert error == "" and f"{bag}: {1 + 3 * (7 + 13 + 1)} messages of scene-0002" in out
    frames = list(read_bag_frames(bag))
    assert len(frames) == 3 and all(len(frame.cameras) == 6 for frame in frames)
    assert main.run(words.split()) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main.run([*words.split(), "--overwrite", "--storage", "mcap", "--compression", "zstd"]) == 0
    assert (bag / "bag.mcap").is_file()


def test_the_only_scene_needs_no_name(tiny_nuscenes: Path, tmp_path: Path) -> None:
    (tmp_path / "v1.0-one").mkdir(parents=True)
    for table in (tiny_nuscenes / "v1.0-tiny").glob("*.json"):
        rows = json.loads(table.read_text())
        kept = [row for row in rows if row.get("name") != "scene-0001"] if table.stem == "scene" else rows
        (tmp_path / "v1.0-one" / table.name).write_text(json.dumps(kept))
    (tmp_path / "samples").symlink_to(tiny_nuscenes / "samples")
    assert [scene.name for scene in NuScenesReader(tmp_path).scenes] == ["scene-0002"]
    assert main.run(["bag", "from-nuscenes", str(tmp_path), "--out", str(tmp_path / "bag")]) == 0
