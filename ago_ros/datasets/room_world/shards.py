"""Views in shards: tar files of JPEG pictures and compressed labels. Reading needs neither Open3D nor the renderer."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.room_world.view import SceneObject, View
from ago_ros.geometry.voxel_grid import VoxelGrid

JPEG_QUALITY = 92
VIEWS_PER_SHARD = 500
DEPTH_STEP_M = 0.001
Packed = tuple[str, dict[str, bytes]]
"""A view's name, and its files by suffix."""


def write_shards(out: str | Path, views: Iterable[View], *, depth: bool = True) -> int:
    """Writes views as `00000.tar`, `00001.tar`, ...

    Args:
        out: folder; it must not hold shards yet.
        views: what to write, in order.
        depth: with the depth images, which are over half of the bytes; without them a reader finds NaN.

    Returns:
        How many views were written.

    Raises:
        DatasetError: the folder holds shards.
    """
    return write_packed(out, (pack(view, depth=depth) for view in views))


def write_packed(out: str | Path, views: Iterable[Packed]) -> int:
    """Writes what `pack` made of views, as `write_shards` does."""
    folder = Path(out)
    if any(folder.glob("*.tar")):
        raise DatasetError(f"{folder}: holds shards already; delete them or choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    shard: tarfile.TarFile | None = None
    try:
        for name, files in views:
            if count % VIEWS_PER_SHARD == 0:
                if shard:
                    shard.close()
                shard = tarfile.open(folder / f"{count // VIEWS_PER_SHARD:05d}.tar", "w")  # noqa: SIM115 (closed below)
            assert shard is not None
            for suffix, data in files.items():
                member = tarfile.TarInfo(f"{name}.{suffix}")
                member.size = len(data)
                shard.addfile(member, io.BytesIO(data))
            count += 1
    finally:
        if shard:
            shard.close()
    return count


def read_shards(folder: str | Path) -> Iterator[View]:
    """Reads the views of a folder of shards, in order.

    Args:
        folder: what `write_shards` wrote.

    Raises:
        DatasetError: there are no shards, or one is damaged.
    """
    paths = sorted(Path(folder).glob("*.tar"))
    if not paths:
        raise DatasetError(f"{folder}: holds no shards; write them with `ago world rooms --out {folder}`")
    for path in paths:
        yield from _read_shard(path)


def _read_shard(path: Path) -> Iterator[View]:
    files: dict[str, bytes] = {}
    name = ""
    try:
        with tarfile.open(path) as shard:
            for member in shard:
                stem, _, suffix = member.name.partition(".")
                if files and stem != name:
                    yield _decode(name, files)
                    files = {}
                name = stem
                stream = shard.extractfile(member)
                files[suffix] = stream.read() if stream else b""
        if files:
            yield _decode(name, files)
    except (OSError, KeyError, ValueError, EOFError, tarfile.TarError) as error:
        raise DatasetError(f"{path}: damaged ({error}); write it again with `ago world rooms`") from error


def pack(view: View, *, depth: bool = True) -> Packed:
    """Turns a view into the files of a shard; see `write_shards`."""
    meta = {
        "room": view.room,
        "kind": view.kind,
        "intrinsics": view.intrinsics.tolist(),
        "view_from_camera": view.view_from_camera.tolist(),
        "grid": {"origin": view.grid.origin, "voxel_size": view.grid.voxel_size, "shape": view.grid.shape},
        "objects": [asdict(thing) for thing in view.objects.values()],
        "relations": view.relations,
        "captions": view.captions,
    }
    labels = io.BytesIO()
    np.savez_compressed(labels, occupancy=view.occupancy, visibility=view.visibility)
    image = io.BytesIO()
    Image.fromarray(view.image).save(image, "JPEG", quality=JPEG_QUALITY)
    files = {"jpg": image.getvalue(), "instance.png": _png(view.instance), "labels.npz": labels.getvalue()}
    if depth:
        files["depth.png"] = _png(np.clip(np.round(view.depth / DEPTH_STEP_M), 0, 65535).astype(np.uint16))
    return view.name, {**files, "json": json.dumps(meta, separators=(",", ":")).encode()}


def _decode(name: str, files: dict[str, bytes]) -> View:
    meta = json.loads(files["json"])
    with np.load(io.BytesIO(files["labels.npz"])) as labels:
        occupancy, visibility = labels["occupancy"], labels["visibility"]
    image = np.array(Image.open(io.BytesIO(files["jpg"])).convert("RGB"))
    instance = _pixels(files["instance.png"])
    if "depth.png" in files:
        depth = _pixels(files["depth.png"]).astype(np.float32) * np.float32(DEPTH_STEP_M)
    else:
        depth = np.full(instance.shape, np.nan, dtype=np.float32)
    grid = VoxelGrid(tuple(meta["grid"]["origin"]), meta["grid"]["voxel_size"], tuple(meta["grid"]["shape"]))
    objects = [_object(fields) for fields in meta["objects"]]
    return View(
        name,
        meta["room"],
        meta["kind"],
        image,
        depth,
        instance,
        np.array(meta["intrinsics"]),
        np.array(meta["view_from_camera"]),
        grid,
        occupancy,
        visibility,
        {thing.instance: thing for thing in objects},
        tuple((a, relation, b) for a, relation, b in meta["relations"]),
        tuple(meta["captions"]),
    )


def _object(fields: dict) -> SceneObject:
    fields["box"], fields["captions"] = tuple(fields["box"]), tuple(fields["captions"])
    fields["interiors"] = tuple(tuple(box) for box in fields["interiors"])
    return SceneObject(**fields)


def _png(values: NDArray[np.uint16]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def _pixels(data: bytes) -> NDArray[np.uint16]:
    return np.array(Image.open(io.BytesIO(data))).astype(np.uint16)
