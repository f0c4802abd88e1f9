"""Image files: refuses what is damaged."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ago_ros.datasets.errors import DatasetError

_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_DAMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def decode_image(data: bytes, source: str | Path) -> Tensor:
    """Decodes a compressed image; a damaged or cut off one is refused, not filled with grey.

    Args:
        data: the bytes of a JPEG or PNG file.
        source: where they come from, for the message.

    Returns:
        (H, W, 3) uint8, RGB.

    Raises:
        DatasetError: the bytes are not a whole image.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.array(image.convert("RGB"))
    except _DAMAGE as error:
        raise _damaged(source, error) from error
    return torch.from_numpy(pixels)


def inspect_image(data: bytes, source: str | Path) -> tuple[str, int, int]:
    """Reads format and size of a compressed image, and sees that it is not cut off, without decoding it.

    Args:
        data: the bytes of a JPEG or PNG file.
        source: where they come from, for the message.

    Returns:
        "jpeg" or "png"; width; height.

    Raises:
        DatasetError: the header is damaged, the end is missing, or it is another format.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_ENDS)) as image:
            kind, (width, height) = image.format or "", image.size
    except _DAMAGE as error:
        raise _damaged(source, error) from error
    if not data.rstrip(b"\0").endswith(_ENDS[kind]):
        raise _damaged(source, "its end is missing")
    return kind.lower(), width, height


def _damaged(source: str | Path, reason: object) -> DatasetError:
    return DatasetError(f"{source}: the image is damaged ({reason}): restore it from the original data")
