"""Captioned views and their files: JPEG pictures, compressed region maps, and what the regions are in words."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.images import decode_image

JPEG_QUALITY = 92
NO_LABEL = -1
SKY_LABEL = 18
"""Of the sky in the drive world; Occ3D's own labels end at 17."""


@dataclass(frozen=True)
class RegionText:
    """What a region is, in words.

    Attributes:
        name: the phrase of its class.
        phrases: every phrase that is true of it and may be trained on; empty for what must not be trained on.
        synonyms: other names of its class, never to be trained on.
        label: its class in the labels of the data set (Occ3D's in the drive world); NO_LABEL where there is none.
    """

    name: str
    phrases: tuple[str, ...]
    synonyms: tuple[str, ...] = ()
    label: int = NO_LABEL


def shared_phrases(texts: Iterable[RegionText]) -> dict[str, set[str]]:
    """Returns, for each name, the phrases that all of its texts have in common."""
    common: dict[str, set[str]] = {}
    for text in texts:
        common[text.name] = common.get(text.name, set(text.phrases)) & set(text.phrases)
    return common


@dataclass(frozen=True, eq=False)
class CaptionedView:
    """A picture with its regions.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        regions: (H, W) uint8, 0 where nothing is known, else the number of a region from 1.
        texts: what region i + 1 is.
    """

    image: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    texts: tuple[RegionText, ...]


def number_regions(
    ids: NDArray[np.int32], texts: dict[int, RegionText], min_pixels: int
) -> tuple[NDArray[np.uint8], tuple[RegionText, ...]]:
    """Numbers the regions of an image from 1, the largest first.

    Args:
        ids: (H, W) id of what each pixel shows.
        texts: what the ids are; others are unknown.
        min_pixels: what covers fewer is unknown.

    Returns:
        (H, W) uint8 numbers, and the texts in their order; what does not fit into 255 numbers is unknown.
    """
    found, inverse, counts = np.unique(ids, return_inverse=True, return_counts=True)
    order = [i for i in np.argsort(-counts) if counts[i] >= min_pixels and int(found[i]) in texts][:255]
    numbers = np.zeros(len(found), dtype=np.uint8)
    numbers[order] = np.arange(1, len(order) + 1)
    return numbers[inverse.reshape(ids.shape)], tuple(texts[int(found[i])] for i in order)


def write_shard(path: Path, views: Sequence[CaptionedView]) -> None:
    """Writes views of one size to a file; a file that is there is complete."""
    blobs = []
    for view in views:
        buffer = io.BytesIO()
        Image.fromarray(view.image).save(buffer, "JPEG", quality=JPEG_QUALITY)
        blobs.append(np.frombuffer(buffer.getvalue(), dtype=np.uint8))
    texts = json.dumps([[asdict(text) for text in view.texts] for view in views])
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            jpeg=np.concatenate(blobs) if blobs else np.zeros(0, dtype=np.uint8),
            ends=np.cumsum([len(blob) for blob in blobs], dtype=np.int64),
            regions=np.stack([view.regions for view in views]) if views else np.zeros((0, 0, 0), dtype=np.uint8),
            texts=np.frombuffer(texts.encode(), dtype=np.uint8),
        )
    partial.rename(path)


def read_shard(path: Path) -> list[CaptionedView]:
    """Reads a file of views.

    Raises:
        DatasetError: it is missing or damaged.
    """
    try:
        with np.load(path) as file:
            jpeg, ends, regions = file["jpeg"], file["ends"], file["regions"]
            texts = json.loads(file["texts"].tobytes())
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{path}: no complete file of captioned views ({error}); delete it and draw it again"
        ) from error
    starts = np.concatenate([[0], ends[:-1]])
    return [
        CaptionedView(
            decode_image(jpeg[start:end].tobytes(), path).numpy(), regions[i], tuple(map(_read_text, texts[i]))
        )
        for i, (start, end) in enumerate(zip(starts, ends))
    ]


def read_views(folder: Path) -> Iterator[CaptionedView]:
    """Reads all views of a folder, in the order of its files' names.

    Raises:
        DatasetError: there are none, or a file is damaged.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise DatasetError(f"{folder}: holds no captioned views; draw them with `ago train vlm --only-draw`")
    for path in paths:
        yield from read_shard(path)


def _read_text(fields: dict[str, object]) -> RegionText:
    return RegionText(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})  # type: ignore[arg-type]
