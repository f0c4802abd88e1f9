"""Pictures as files."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from torch import Tensor


def save_png(picture: Tensor, path: str | Path) -> Path:
    """Writes a (H, W, 3) uint8 RGB picture as PNG, with the folders above it; returns the path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture.numpy()).save(target)
    return target
