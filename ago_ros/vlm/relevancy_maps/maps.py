"""Relevancy maps of phrases over an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ago_ros.vlm.interface import VisionLanguageModel
from ago_ros.vlm.relevancy_maps.config import RelevancyConfig
from ago_ros.vlm.relevancy_maps.jitter import jittered
from ago_ros.vlm.relevancy_maps.mosaic import assemble
from ago_ros.vlm.relevancy_maps.readers import AttentionReader, CropReader, DenseReader
from ago_ros.vlm.relevancy_maps.windows import WindowGrid, window_grids
from ago_ros.vlm.vocabulary import DEFAULT_TEMPLATES, check_phrases, embed_phrases

Crop = tuple[int, int, bool, Tensor]
"""Scale, window, whether it is mirrored, and the (side, side, 3) pixels."""


def relevancy_maps(
    model: VisionLanguageModel,
    image: Tensor,
    phrases: Sequence[str],
    config: RelevancyConfig | None = None,
    templates: Sequence[str] = DEFAULT_TEMPLATES,
) -> Tensor:
    """Maps where in an image each phrase is. Source: SemAbs section 3.2; "dense" is ours.

    Values compare within a call: they have no unit, and are negative where a phrase matters less than the mean one.

    Args:
        model: for method "attention" one with `attention_split`.
        image: (H, W, 3) uint8 RGB of any size and aspect.
        phrases: N different phrases.
        config: crops, augmentations and method; None for the paper's.
        templates: sentences that each phrase's embedding is averaged over.

    Returns:
        (N, H', W') float32 on the CPU; the shorter of H' and W' is `config.map_side`, and pixel (i, j) shows part
        (i, j) of the image when cut into H' x W' equal parts.

    Raises:
        ValueError: the image has another shape or type, phrases are missing or doubled, or the model's attention
            cannot be read.
    """
    config = config or RelevancyConfig()
    check_phrases(phrases)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != torch.uint8 or 0 in image.shape:
        raise ValueError(f"the image must be (H, W, 3) uint8, got {tuple(image.shape)} {image.dtype}")
    reader = _reader(model, embed_phrases(phrases, model, templates), config)
    return read_maps(reader, image, config)


def read_maps(reader: CropReader, image: Tensor, config: RelevancyConfig) -> Tensor:
    """Reads every crop of an image and puts the maps together; see `relevancy_maps`."""
    height, width = image.shape[:2]
    grids = window_grids(height, width, reader.side, config)
    sums: dict[int, Tensor] = {}
    for crops in batches(crops_of(image, grids, config), reader.batch):
        maps = reader.read(torch.stack([pixels for _, _, _, pixels in crops])).transpose(0, 1)
        for index, (scale, window, mirrored, _) in enumerate(crops):
            if scale not in sums:
                sums[scale] = maps.new_zeros(len(maps), len(grids[scale]), *maps.shape[2:])
            crop_map = maps[:, index]
            sums[scale][:, window] += crop_map.flip(-1) if mirrored else crop_map
    zoom = config.map_side / min(height, width)
    size = (round(zoom * height), round(zoom * width))
    total = sum(assemble(sums[scale], grid, size) for scale, grid in enumerate(grids))
    versions = (1 + config.jitters) * (2 if config.flip else 1)
    result = torch.as_tensor(total) / (versions * len(grids))
    if config.subtract_mean and len(result) > 1:
        result = result - result.mean(dim=0)
    return result.cpu()


def _reader(model: VisionLanguageModel, embeddings: Tensor, config: RelevancyConfig) -> CropReader:
    memory = config.memory_mib * 2**20
    if config.method == "dense":
        return DenseReader(model, embeddings, config.dense_side, memory)
    split = getattr(model, "attention_split", None)
    if split is None:
        raise ValueError(f"{model.name}: this model's attention cannot be read: use method 'dense'")
    return AttentionReader(split(), embeddings, memory, config.precision)


def crops_of(image: Tensor, grids: Sequence[WindowGrid], config: RelevancyConfig) -> Iterator[Crop]:
    """Yields every crop of every scale, colour and mirroring."""
    for version in jittered(image, config):
        for scale, grid in enumerate(grids):
            resized = grid.resize(version)
            for window in range(len(grid)):
                pixels = grid.cut(resized, window)
                yield scale, window, False, pixels
                if config.flip:
                    yield scale, window, True, pixels.flip(1)


def batches(crops: Iterator[Crop], size: int) -> Iterator[list[Crop]]:
    """Puts crops together by `size`; the last batch may be smaller."""
    batch: list[Crop] = []
    for crop in crops:
        batch.append(crop)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
