"""What relevancy maps are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class RelevancyConfig:
    """Settings of `relevancy_maps`; the defaults are the SemAbs paper's (section 6.3) where it gives any.

    Attributes:
        method: "attention" reads gradient-weighted attention; "dense" compares dense features with the phrases.
        scales: sides of the square crops, as fractions of the image's shorter side.
        stride: step between crops, as a fraction of their side; at most 1, so that crops leave no gap.
        flip: also read each crop mirrored.
        jitters: versions of the image in other colours, read beside the original.
        jitter_brightness: factors run from 1 - x to 1 + x; so do contrast and saturation. The paper gives no strength.
        jitter_contrast: see `jitter_brightness`.
        jitter_saturation: see `jitter_brightness`.
        jitter_hue: turns of the colour circle run from -x to x.
        seed: of the colours.
        subtract_mean: take the mean map of all phrases off each phrase's map; needs at least two phrases to mean
            anything, so a single phrase keeps its map.
        map_side: pixels of the maps' shorter side.
        dense_side: pixels of a crop's side for method "dense"; "attention" takes the side that the model takes.
        precision: of the forward pass up to the attention that is read; the rest is always float32.
        memory_mib: working memory that a batch of crops is sized for, beside maps and model; kept to about 20 %.
    """

    method: Literal["attention", "dense"] = "attention"
    scales: tuple[float, ...] = (1.0, 1 / 2, 1 / 3, 1 / 4)
    stride: float = 1 / 4
    flip: bool = True
    jitters: int = 5
    jitter_brightness: float = 0.6
    jitter_contrast: float = 0.6
    jitter_saturation: float = 0.6
    jitter_hue: float = 0.1
    seed: int = 0
    subtract_mean: bool = True
    map_side: int = 224
    dense_side: int = 224
    precision: Literal["float32", "bfloat16"] = "float32"
    memory_mib: int = 256

    def __post_init__(self) -> None:
        """Refuses settings without a meaning."""
        if self.method not in ("attention", "dense"):
            raise ValueError(f"method is {self.method!r}: take 'attention' or 'dense'")
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision is {self.precision!r}: take 'float32' or 'bfloat16'")
        if not self.scales or not all(0 < scale <= 1 for scale in self.scales):
            raise ValueError(f"scales are {self.scales}: give at least one, each above 0 and at most 1")
        if not 0 < self.stride <= 1:
            raise ValueError(f"stride is {self.stride}: it must be above 0 and at most 1")
        strengths = (self.jitter_brightness, self.jitter_contrast, self.jitter_saturation)
        if not all(0 <= strength <= 1 for strength in strengths) or not 0 <= self.jitter_hue <= 0.5:
            raise ValueError("jitter strengths must be in 0..1, and jitter_hue in 0..0.5")
        if self.jitters < 0 or min(self.map_side, self.dense_side, self.memory_mib) < 1:
            raise ValueError("jitters must be at least 0, map_side, dense_side and memory_mib at least 1")

    @classmethod
    def fast(cls) -> RelevancyConfig:
        """Returns settings for when time is short: few crops, dense features, no gradients. Source: ours."""
        return cls(method="dense", scales=(1.0, 1 / 2), stride=1 / 2, flip=False, jitters=0)
