"""Query views and their files: what is seen, relevancy in half precision, and each answer's voxels as packed bits."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ago_ros.datasets.errors import DatasetError
from ago_ros.geometry.voxel_grid import VoxelGrid

DEPTH_STEP_M = 0.001


@dataclass(frozen=True)
class Ask:
    """A question with its answer.

    Attributes:
        target: phrase for what is sought, in the words of the split.
        relation: one of the six, or "" where the target is to be completed.
        reference: phrase that the relation is about; "" without a relation.
        label: the class, of the target or, with a relation, of "target relation reference", whatever words are used.
        scored: whether the split is about it; training takes all.
        answer: which of the view's voxel sets is its answer.
        hidden: which one is the part of its targets that the view does not show, where it shows nothing of them;
            -1 where it shows some.
    """

    target: str
    relation: str
    reference: str
    label: str
    scored: bool
    answer: int
    hidden: int = -1


@dataclass(frozen=True, eq=False)
class PixelSight:
    """What one depth camera sees.

    Attributes:
        depth: (h, w) uint16 millimetres along the optical axis; 0 is unknown.
        colours: (h, w, 3) uint8 RGB of the same pixels.
        intrinsics: (3, 3) float64, of these pixels.
        grid_from_camera: (4, 4) float64, optical frame to the frame of the grid: viewer along +x, y left, z up.
    """

    depth: NDArray[np.uint16]
    colours: NDArray[np.uint8]
    intrinsics: NDArray[np.float64]
    grid_from_camera: NDArray[np.float64]

    @property
    def viewpoint(self) -> NDArray[np.float64]:
        """(3,) where it is seen from, frame of the grid, metres."""
        return self.grid_from_camera[:3, 3]


@dataclass(frozen=True, eq=False)
class PointSight:
    """What several sensors see together: a LiDAR's points with the colours of the cameras.

    Attributes:
        points: (P, 3) float32, frame of the grid: viewer along +x, y left, z up; metres.
        colours: (P, 3) uint8 RGB.
        viewpoint: (3,) float64, where they are seen from, frame of the grid, metres.
    """

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    viewpoint: NDArray[np.float64]


Sight = PixelSight | PointSight
SIGHTS: dict[str, type[PixelSight] | type[PointSight]] = {"pixels": PixelSight, "points": PointSight}


@dataclass(frozen=True, eq=False)
class QueryView:
    """A view as a network sees it, and what is asked of it.

    Attributes:
        name: unique in its split.
        room: seed of its room or drive.
        scale: metres in the frame of the grid to a metre in that of the networks; 1 in a room, 20 in a street.
        sight: what is seen.
        phrases: N phrases, those of all that is asked.
        maps: relevancy by kind, "multi" or "single" scale, float16: (N, h', w') over the whole image of a PixelSight,
            (N, P) at the points of a PointSight.
        grid: of the voxel sets.
        packed: voxel sets as `pack` writes them; the first is what no ray has reached.
        asks: what is asked.
        free: what rays of the robot's own sensors have passed through, one voxel set as `pack` writes it; None in files
            that were drawn without.
    """

    name: str
    room: int
    scale: float
    sight: Sight
    phrases: tuple[str, ...]
    maps: dict[str, NDArray[np.float16]]
    grid: VoxelGrid
    packed: tuple[bytes, ...]
    asks: tuple[Ask, ...]
    free: bytes | None = None

    def voxels(self, number: int) -> NDArray[np.bool_]:
        """Returns a voxel set as (X, Y, Z) bool."""
        return unpack(self.packed[number], self.grid.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory."""
        seen = sum(array.nbytes for array in vars(self.sight).values())
        return seen + sum(maps.nbytes for maps in self.maps.values()) + sum(map(len, self.packed))


def pack(voxels: NDArray[np.bool_]) -> bytes:
    """Packs (X, Y, Z) bool into compressed bits."""
    return zlib.compress(np.packbits(voxels).tobytes(), 6)


def unpack(data: bytes, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Undoes `pack`."""
    bits = np.unpackbits(np.frombuffer(zlib.decompress(data), dtype=np.uint8), count=int(np.prod(shape)))
    return bits.astype(bool).reshape(shape)


def write_views(path: Path, views: Sequence[QueryView], made_with: dict[str, Any]) -> None:
    """Writes the views of a room or drive to a file; a file that is there is complete.

    Args:
        path: of the file.
        views: may be none, where a room gives none.
        made_with: what the maps were read with; `read_views` refuses files that differ in it.
    """
    arrays: dict[str, NDArray[Any]] = {}
    heads = []
    for number, view in enumerate(views):
        arrays |= {f"{number}.{name}": array for name, array in vars(view.sight).items()}
        arrays |= {f"{number}.maps.{kind}": maps for kind, maps in view.maps.items()}
        arrays[f"{number}.voxels"] = np.frombuffer(b"".join(view.packed), dtype=np.uint8)
        if view.free is not None:
            arrays[f"{number}.free"] = np.frombuffer(view.free, dtype=np.uint8)
        heads.append(
            {
                "name": view.name,
                "room": view.room,
                "scale": view.scale,
                "sight": next(name for name, kind in SIGHTS.items() if isinstance(view.sight, kind)),
                "phrases": view.phrases,
                "maps": list(view.maps),
                "grid": asdict(view.grid),
                "lengths": [len(data) for data in view.packed],
                "asks": [asdict(ask) for ask in view.asks],
            }
        )
    head = json.dumps({"made_with": made_with, "views": heads}).encode()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, head=np.frombuffer(head, dtype=np.uint8), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(buffer.getvalue())
    partial.rename(path)


def read_file(path: Path, kinds: Sequence[str] | None = None) -> tuple[dict[str, Any], list[QueryView]]:
    """Reads a file of views.

    Args:
        path: of the file.
        kinds: of the maps to read; None reads all.

    Returns:
        What the maps were read with, and the views.

    Raises:
        DatasetError: it is missing or damaged, or lacks such maps.
    """
    try:
        with np.load(path) as file:
            head = json.loads(file["head"].tobytes())
            views = [_view(file, number, fields, kinds) for number, fields in enumerate(head["views"])]
            return head["made_with"], views
    except (OSError, KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DatasetError(f"{path}: no complete file of query views ({error}); delete it and draw it again") from error


def read_views(folder: Path, kinds: Sequence[str] | None = None, files: int | None = None) -> Iterator[QueryView]:
    """Reads the views of a folder, in the order of its files' names.

    Args:
        folder: of one split.
        kinds: of the maps to read; None reads all.
        files: how many at most, a room or a drive each; None reads all.

    Raises:
        DatasetError: there are none, a file is damaged, or files were made with different models or settings.
    """
    paths = sorted(folder.glob("*.npz"))[:files]
    if not paths:
        raise DatasetError(f"{folder}: holds no query views; draw them with `ago train scene-query --only-draw`")
    first = None
    for path in paths:
        made_with, views = read_file(path, kinds)
        first = first or made_with
        if made_with != first:
            raise DatasetError(f"{path}: drawn with other settings than {paths[0].name}; draw into another folder")
        yield from views


def read_made_with(folder: Path) -> dict[str, Any]:
    """Tells what the maps of a split were read with.

    Raises:
        DatasetError: the folder holds no views, or a file is damaged.
    """
    path = min(folder.glob("*.npz"), default=None)
    if path is None:
        raise DatasetError(f"{folder}: holds no query views; draw them with `ago train scene-query --only-draw`")
    return read_file(path, ())[0]


def _view(file: Any, number: int, fields: dict[str, Any], kinds: Sequence[str] | None) -> QueryView:
    bounds = np.cumsum([0, *fields["lengths"]])
    data = file[f"{number}.voxels"].tobytes()
    grid, sight = fields["grid"], SIGHTS[fields["sight"]]
    return QueryView(
        name=fields["name"],
        room=fields["room"],
        scale=fields["scale"],
        sight=sight(**{each.name: file[f"{number}.{each.name}"] for each in dataclass_fields(sight)}),
        phrases=tuple(fields["phrases"]),
        maps={kind: file[f"{number}.maps.{kind}"] for kind in (fields["maps"] if kinds is None else kinds)},
        grid=VoxelGrid(tuple(grid["origin"]), grid["voxel_size"], tuple(grid["shape"])),
        packed=tuple(data[low:high] for low, high in itertools.pairwise(bounds)),
        asks=tuple(Ask(**ask) for ask in fields["asks"]),
        free=file[f"{number}.free"].tobytes() if f"{number}.free" in file else None,
    )
