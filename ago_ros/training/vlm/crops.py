"""Draws crops of captioned views: some around one region, of any class alike, some anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from ago_ros.datasets.captioned_views.store import CaptionedView
from ago_ros.training.vlm.phrases import PhraseBank

_MIN_OBJECT_PIXELS = 60
_MIN_CROP = 32
_COARSEST = 0.25
_STRETCH = 0.2
"""Logarithm of the most by which a crop's aspect is changed."""


@dataclass(frozen=True)
class CropShape:
    """A size of crops, and how many of them make a batch.

    Attributes:
        height: pixels.
        width: pixels.
        batch: crops at a time.
        share: of the batches.
    """

    height: int
    width: int
    batch: int
    share: float


@dataclass(frozen=True, eq=False)
class CropBatch:
    """Crops, and what is to be learned from them. Rows of `kind` are -1 where there is nothing.

    Attributes:
        pixels: (B, 3, H, W) float32 in -1..1.
        region_cover: (B, R, P) float32, the share of each patch that each region covers.
        region_kind: (B, R) int64, kind of the region.
        patch: (B, S) int64, patches that show one thing only.
        patch_kind: (B, S) int64, kind of that thing.
        present: (B, T) bool, kinds that cover a fair part of the crop.
        hinted: (B, T) bool, kinds that are in the crop, but small.
        recoloured: (B,) bool, crops in false colours, of which only what is plain can be told.
    """

    pixels: Tensor
    region_cover: Tensor
    region_kind: Tensor
    patch: Tensor
    patch_kind: Tensor
    present: Tensor
    hinted: Tensor
    recoloured: Tensor


@dataclass(frozen=True)
class CropConfig:
    """How crops are drawn.

    Attributes:
        shapes: sizes of crops.
        object_share: share of crops that show one region and its surroundings.
        regions: most regions of a crop, R.
        patches: patches of a crop that are learned from by themselves, S.
        present_share: share of the crop that a kind must cover so that the crop as a whole shows it.
        min_cover: patches that a region must cover, summed over its parts.
        patch_purity: share of a patch that its thing must cover.
        colour_jitter: brightness and contrast change by up to this share, each colour channel by a quarter of it.
        recolour_share: share of crops that are shown in false colours or in grey, so that things are known by shape.
        world_shares: share of the crops that each world gives, by its name; a world that is not named here counts 1.
        coarse_share: share of the crops that are shown as coarse as if they were small in a larger picture.
    """

    shapes: tuple[CropShape, ...] = (
        CropShape(128, 128, 32, 0.65),
        CropShape(128, 224, 18, 0.2),
        CropShape(224, 224, 10, 0.15),
    )
    object_share: float = 0.5
    regions: int = 10
    patches: int = 12
    present_share: float = 0.04
    min_cover: float = 0.5
    patch_purity: float = 0.7
    colour_jitter: float = 0.25
    recolour_share: float = 0.25
    world_shares: Mapping[str, float] = field(default_factory=dict)
    coarse_share: float = 0.0


class CropSampler:
    """Draws batches of crops.

    Args:
        worlds: views of each world, by its name.
        bank: the phrases of their regions.
        config: see `CropConfig`.
        patch: edge of the tower's patches, pixels.

    Raises:
        ValueError: `world_shares` names a world that there is not, or leaves every world out.
    """

    def __init__(
        self, worlds: Mapping[str, Sequence[CaptionedView]], bank: PhraseBank, config: CropConfig, patch: int
    ) -> None:
        unknown = config.world_shares.keys() - worlds.keys()
        if unknown:
            raise ValueError(f"world_shares: no views of {', '.join(sorted(unknown))}: use some of {', '.join(worlds)}")
        self._worlds = list(worlds.values())
        shares = np.array([config.world_shares.get(world, 1.0) for world in worlds])
        if shares.min() < 0 or shares.sum() <= 0:
            raise ValueError(f"world_shares must not be negative, nor all be zero: got {dict(config.world_shares)}")
        self._shares = shares / shares.sum()
        self._bank = bank
        self._config = config
        self._patch = patch
        self._objects = [_index_objects(views) for views in self._worlds]

    def draw(self, rng: np.random.Generator) -> CropBatch:
        """Draws one batch."""
        config = self._config
        shares = np.array([shape.share for shape in config.shapes])
        shape = config.shapes[int(rng.choice(len(shares), p=shares / shares.sum()))]
        rows = [self._draw_crop(shape, rng) for _ in range(shape.batch)]
        return CropBatch(*(torch.stack(column) for column in zip(*rows, strict=True)))

    def _draw_crop(self, shape: CropShape, rng: np.random.Generator) -> tuple[Tensor, ...]:
        world = int(rng.choice(len(self._shares), p=self._shares))
        views, objects = self._worlds[world], self._objects[world]
        if rng.random() < self._config.object_share:
            places = objects[int(rng.integers(len(objects)))]
            index, box = places[int(rng.integers(len(places)))]
            view = views[index]
            window = _window_around(box, view.regions.shape, shape, rng)
        else:
            view = views[int(rng.integers(len(views)))]
            window = _window_anywhere(view.regions.shape, shape, rng)
        top, left, bottom, right = window
        mirrored = bool(rng.random() < 0.5)
        image, regions = view.image[top:bottom, left:right], view.regions[top:bottom, left:right]
        if mirrored:
            image, regions = image[:, ::-1], regions[:, ::-1]
        coarse = float(rng.uniform(_COARSEST, 1)) if rng.random() < self._config.coarse_share else 1.0
        pixels = _resize_image(image, shape, coarse)
        recoloured = bool(rng.random() < self._config.recolour_share)
        if recoloured:
            pixels = _recolour(pixels, rng)
        pixels = _jitter(pixels, self._config.colour_jitter, rng)
        kinds = np.array([-1, *(self._bank.kinds.get(text, -1) for text in view.texts)])
        return pixels, *self._targets(_resize_regions(regions, shape), kinds, rng), torch.tensor(recoloured)

    def _targets(
        self, regions: NDArray[np.uint8], kinds: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[Tensor, ...]:
        """Returns a crop's `region_cover` to `hinted`; `kinds` are those of the region numbers."""
        config, edge = self._config, self._patch
        rows, columns = regions.shape[0] // edge, regions.shape[1] // edge
        cells = regions.reshape(rows, edge, columns, edge).swapaxes(1, 2).reshape(rows * columns, edge * edge)
        index = cells.astype(np.int64) + 256 * np.arange(len(cells))[:, None]
        counts = np.bincount(index.ravel(), minlength=256 * len(cells)).reshape(len(cells), 256)[:, : len(kinds)]
        cover = counts / edge**2
        total = cover.sum(axis=0)
        usable = np.flatnonzero((total >= config.min_cover) & (kinds >= 0))
        chosen = rng.permutation(usable)[: config.regions]
        region_cover = torch.zeros(config.regions, len(cells))
        region_cover[: len(chosen)] = torch.from_numpy(cover[:, chosen].T.astype(np.float32))
        region_kind = torch.full((config.regions,), -1)
        region_kind[: len(chosen)] = torch.from_numpy(kinds[chosen])
        best = cover.argmax(axis=1)
        pure = np.flatnonzero((cover.max(axis=1) >= config.patch_purity) & (kinds[best] >= 0))
        picked = rng.permutation(pure)[: config.patches]
        patch, patch_kind = torch.zeros(config.patches, dtype=torch.int64), torch.full((config.patches,), -1)
        patch[: len(picked)] = torch.from_numpy(picked)
        patch_kind[: len(picked)] = torch.from_numpy(kinds[best[picked]])
        present, hinted = (torch.zeros(len(self._bank.kinds), dtype=torch.bool) for _ in range(2))
        seen = kinds >= 0
        present[kinds[seen & (total >= config.present_share * len(cells))]] = True
        hinted[kinds[seen & (total > 0)]] = True
        return region_cover, region_kind, patch, patch_kind, present, hinted


def _index_objects(views: Sequence[CaptionedView]) -> list[list[tuple[int, tuple[int, int, int, int]]]]:
    """Finds where regions of each name are: for each name, view and box (top, left, bottom, right)."""
    places: dict[str, list[tuple[int, tuple[int, int, int, int]]]] = {}
    for index, view in enumerate(views):
        counts = np.bincount(view.regions.ravel(), minlength=256)
        for number, text in enumerate(view.texts, start=1):
            if text.phrases and counts[number] >= _MIN_OBJECT_PIXELS:
                rows = np.flatnonzero((view.regions == number).any(axis=1))
                columns = np.flatnonzero((view.regions == number).any(axis=0))
                box = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
                places.setdefault(text.name, []).append((index, box))
    return list(places.values())


def _window_around(
    box: tuple[int, int, int, int], size: tuple[int, ...], shape: CropShape, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """Places a window around a box, with a margin, as far as the image goes."""
    top, left, bottom, right = box
    aspect = shape.width / shape.height * _stretch(rng)
    height = max(bottom - top, (right - left) / aspect) * float(rng.uniform(1.05, 2.6))
    shift = 0.15 * height * rng.uniform(-1, 1, 2)
    middle = ((top + bottom) / 2 + shift[0], (left + right) / 2 + shift[1] * aspect)
    return _fit_window(middle, height, aspect, size)


def _window_anywhere(size: tuple[int, ...], shape: CropShape, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Places a window of a third of the image's size or more."""
    aspect = shape.width / shape.height * _stretch(rng)
    largest = min(size[0], size[1] / aspect)
    height = largest * float(rng.uniform(0.4, 1.15))
    middle = (float(rng.uniform(0, size[0])), float(rng.uniform(0, size[1])))
    return _fit_window(middle, height, aspect, size)


def _stretch(rng: np.random.Generator) -> float:
    """By how much a crop is wider than its picture will be."""
    return float(np.exp(rng.uniform(-_STRETCH, _STRETCH)))


def _fit_window(
    middle: tuple[float, float], height: float, aspect: float, size: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Shrinks and shifts a window until it lies in the image."""
    height = min(max(height, _MIN_CROP), size[0], size[1] / aspect)
    rows, columns = round(height), min(round(height * aspect), size[1])
    top = int(np.clip(round(middle[0] - rows / 2), 0, size[0] - rows))
    left = int(np.clip(round(middle[1] - columns / 2), 0, size[1] - columns))
    return top, left, top + rows, left + columns


def _resize_image(image: NDArray[np.uint8], shape: CropShape, coarse: float = 1.0) -> Tensor:
    """Returns (3, height, width) float32 in 0..255; below 1, `coarse` is the size to pass through on the way."""
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    sizes = [(shape.height, shape.width)]
    if coarse < 1:
        sizes.insert(0, (max(8, round(shape.height * coarse)), max(8, round(shape.width * coarse))))
    for size in sizes:
        pixels = interpolate(pixels, size=size, mode="bilinear", antialias=True, align_corners=False)
    return pixels[0].float()


def _resize_regions(regions: NDArray[np.uint8], shape: CropShape) -> NDArray[np.uint8]:
    rows = ((np.arange(shape.height) + 0.5) * regions.shape[0] / shape.height).astype(np.int64)
    columns = ((np.arange(shape.width) + 0.5) * regions.shape[1] / shape.width).astype(np.int64)
    return regions[np.ix_(rows, columns)]


def _recolour(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """Mixes the channels of (3, H, W) colours anew, half of the time into grey alone; keeps the mean brightness."""
    mixed = rng.dirichlet((0.5, 0.5, 0.5), 1 if rng.random() < 0.5 else 3)
    weights = torch.from_numpy(mixed.astype(np.float32)).expand(3, 3)
    changed = torch.einsum("oc,chw->ohw", weights, pixels)
    return changed * (pixels.mean() / changed.mean().clamp(min=1.0))


def _jitter(pixels: Tensor, strength: float, rng: np.random.Generator) -> Tensor:
    """Changes brightness, contrast and a little of the tint; returns colours in -1..1."""
    brightness, contrast = (float(value) for value in rng.uniform(1 - strength, 1 + strength, 2))
    tint = torch.from_numpy(rng.uniform(1 - strength / 4, 1 + strength / 4, 3).astype(np.float32))[:, None, None]
    mean = pixels.mean()
    changed = ((pixels - mean) * contrast + mean) * brightness * tint
    return changed.clamp(0, 255) / 127.5 - 1
