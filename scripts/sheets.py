"""What the scripts that draw the pictures of the documentation share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

IMAGES = Path(__file__).parents[1] / "docs" / "images"
Picture = NDArray[np.uint8]


def save(name: str, picture: Picture, quality: int = 80) -> None:
    """Writes a picture of the documentation."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(IMAGES / name), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    )


def written(picture: Picture, words: str, height: float = 0.4) -> Picture:
    """Writes words into a corner; `height` is OpenCV's font scale."""
    out = np.ascontiguousarray(picture)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(out, words, (5, out.shape[0] - 7), cv2.FONT_HERSHEY_SIMPLEX, height, colour, thickness, cv2.LINE_AA)
    return out


def tiled(tiles: Sequence[Picture], columns: int) -> Picture:
    """Lays pictures of one size out in rows; what is left of the last row stays white."""
    filled = [*tiles, *[np.full_like(tiles[0], 255)] * (-len(tiles) % columns)]
    return np.concatenate([np.concatenate(filled[i : i + columns], axis=1) for i in range(0, len(filled), columns)])
