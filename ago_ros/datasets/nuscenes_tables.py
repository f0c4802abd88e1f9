"""The JSON tables of a nuScenes root, each read when it is first asked for."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ago_ros.datasets.errors import DatasetError

Row = dict[str, Any]

FIELDS: dict[str, frozenset[str]] = {
    "attribute": frozenset({"token", "name"}),
    "calibrated_sensor": frozenset({"token", "sensor_token", "translation", "rotation", "camera_intrinsic"}),
    "category": frozenset({"token", "name"}),
    "ego_pose": frozenset({"token", "translation", "rotation"}),
    "instance": frozenset({"token", "category_token"}),
    "log": frozenset({"token", "location"}),
    "sample": frozenset({"token", "timestamp", "scene_token"}),
    "sample_annotation": frozenset(
        {
            "token", "sample_token", "instance_token", "visibility_token", "attribute_tokens", "translation", "size",
            "rotation", "prev", "next", "num_lidar_pts", "num_radar_pts",
        }
    ),
    "sample_data": frozenset(
        {
            "token", "sample_token", "ego_pose_token", "calibrated_sensor_token", "timestamp", "is_key_frame",
            "height", "width", "filename",
        }
    ),
    "scene": frozenset({"token", "name", "description", "log_token"}),
    "sensor": frozenset({"token", "channel", "modality"}),
    "visibility": frozenset({"token", "level"}),
}  # fmt: skip
"""The tables that are read, and the fields that each of their rows must have."""


class Tables:
    """The tables in one version folder (`v1.0-mini`, `v1.0-trainval`, ...).

    Args:
        root: the nuScenes root.
        version: name of the version folder; None takes the only one that there is.

    Raises:
        DatasetError: there is no such folder, or there are several and none is named.
    """

    def __init__(self, root: str | Path, version: str | None = None) -> None:
        self.root = Path(root)
        self.version = version or _only_version(self.root)
        self.folder = self.root / self.version
        if not self.folder.is_dir():
            raise DatasetError(f"{self.folder}: no such version folder; there is: {_listed(_versions(self.root))}")
        self._rows: dict[str, list[Row]] = {}
        self._by_token: dict[str, dict[str, Row]] = {}

    def rows(self, name: str) -> list[Row]:
        """Returns all rows of a table, in the order of the file.

        Raises:
            DatasetError: the file is missing, is not JSON, or a row lacks a field.
        """
        if name not in self._rows:
            self._rows[name] = _read(self.folder / f"{name}.json", FIELDS[name])
        return self._rows[name]

    def row(self, name: str, token: str) -> Row:
        """Returns the row of a table that has a token.

        Raises:
            DatasetError: as `rows`, or no row has the token.
        """
        if name not in self._by_token:
            self._by_token[name] = {row["token"]: row for row in self.rows(name)}
        try:
            return self._by_token[name][token]
        except KeyError:
            raise DatasetError(f"{self.folder / name}.json: no row has the token '{token}'") from None


def _read(path: Path, fields: frozenset[str]) -> list[Row]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(f"{path}: the table is missing; unpack the nuScenes metadata archive there") from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        with _no_garbage_collection():
            rows = json.loads(data)
    except ValueError as error:
        raise DatasetError(f"{path}: not valid JSON ({error}); unpack the nuScenes metadata archive again") from error
    if not isinstance(rows, list):
        raise DatasetError(f"{path}: a table is a JSON list of rows, this is not")
    for number, row in enumerate(rows):
        if not (isinstance(row, dict) and fields <= row.keys()):
            lacking = sorted(fields - row.keys()) if isinstance(row, dict) else "an object"
            raise DatasetError(f"{path}: row {number} lacks {lacking}; is this a nuScenes table?")
    return rows


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Parsing millions of rows makes only live objects; collecting among them doubles the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _versions(root: Path) -> list[str]:
    """Names the folders of a root that hold at least one table."""
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder; name the nuScenes root, the folder that holds v1.0-*")
    if any((root / f"{name}.json").is_file() for name in FIELDS):
        raise DatasetError(f"{root}: this is a version folder; name the folder above it as the nuScenes root")
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    return [path.name for path in folders if any((path / f"{name}.json").is_file() for name in FIELDS)]


def _only_version(root: Path) -> str:
    versions = _versions(root)
    if len(versions) > 1:
        raise DatasetError(f"{root}: holds several versions ({', '.join(versions)}): name one of them")
    if not versions:
        raise DatasetError(f"{root}: no nuScenes tables here; a root holds a folder such as v1.0-mini with scene.json")
    return versions[0]


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
