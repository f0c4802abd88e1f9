"""Pictures as files."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from torch import Tensor


def save_png(picture: Tensor, path: str | Path, colours: int | None = None) -> Path:
    """Writes a picture as PNG, with the folders above it; returns the path.

    Args:
        picture: (H, W, 3) uint8 RGB.
        path: of the file.
        colours: keeps so many colours at most, for a small file; None keeps all.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(picture.numpy())
    if colours is not None:
        image = image.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    image.save(target, optimize=colours is not None)
    return target
