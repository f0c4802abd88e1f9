"""Image files: decoding that refuses what is damaged."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ago_ros.datasets.errors import DatasetError


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
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{source}: the image is damaged ({error}): restore it from the original data") from error
    return torch.from_numpy(pixels)
