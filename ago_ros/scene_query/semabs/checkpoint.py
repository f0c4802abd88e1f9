"""Reads checkpoints in the layout of the published code.

The names are those that the public repository real-stanford/semantic-abstraction gives its modules (`net.py`,
`unet3d.py`, `utils.py`), read there; no published checkpoint itself was at hand, so that a real file is not verified.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.config import PAPER_GRID, EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.files import SemAbsFileError
from ago_ros.scene_query.semabs.network import SemAbs

RELEASED_RELATIONS = {"left of": "on the left of", "right of": "on the right of"}
"""Relations with another name there."""

RELEASED_SCALE = 50.0
"""Factor on relevancy in the published data loading."""

_CONVOLUTIONS = {"conv1": "entry", "conv2": "inner", "conv3": "outer"}
_LAYERS = {"groupnorm": "0", "conv": "1"}
_COMPLETION = "completion_net."


def load_released(path: Path, device: str | torch.device = "cpu") -> SemAbs:
    """Loads a published SemAbs checkpoint, of completion (OVSSC) or of localisation (VOOL).

    The network lays points out as the published code does (`SemAbsConfig.released`), and takes points in SemAbs'
    bounds only. The number of levels and all widths are read from the tensors.

    Args:
        path: a `.pth` file: {"net": weights, ...}, names with or without the leading "module.".
        device: where the network goes.

    Raises:
        SemAbsFileError: there is no such file, or it is not such a checkpoint.
    """
    if not path.is_file():
        raise SemAbsFileError(f"{path}: no such file; give a published SemAbs checkpoint (.pth)")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle may raise anything
        raise SemAbsFileError(f"{path}: not a PyTorch checkpoint of weights; download it again") from error
    if not isinstance(content, dict) or not isinstance(content.get("net"), dict):
        raise SemAbsFileError(f"{path}: holds no 'net'; give a published SemAbs checkpoint (.pth)")
    try:
        weights = rename_released({key.removeprefix("module."): value for key, value in content["net"].items()})
        network = SemAbs(_config_of(weights))
        network.load_state_dict(weights)
    except KeyError as error:
        raise SemAbsFileError(f"{path}: {error.args[0]!r} is missing or not known; not a SemAbs checkpoint") from error
    except (RuntimeError, ValueError) as error:
        raise SemAbsFileError(f"{path}: the tensors do not make up a SemAbs network") from error
    return network.eval().to(device)


def rename_released(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Turns published names into those of `SemAbs`.

    What answers nothing is left out: the step counter, the embedding of padding, and, in a localisation network, the
    head for completion, which the published training never reaches.

    Raises:
        KeyError: a name that the layout does not have, or a relation without embedding.
    """
    locates = any(name.startswith(_COMPLETION) for name in weights)
    renamed, relations = {}, {}
    for name, value in weights.items():
        if name.startswith("relation_embeddings."):
            relations[name.removeprefix("relation_embeddings.")] = value
            continue
        inner = name.removeprefix(_COMPLETION)
        if inner == "steps" or (locates and inner.startswith("visual_sampler.")):
            continue
        renamed[_rename(inner)] = value
    if locates:
        names = [RELEASED_RELATIONS.get(relation, relation) for relation in RELATIONS]
        renamed["relations"] = torch.stack([relations[name] for name in names])
    return renamed


def _rename(name: str) -> str:
    """Renames one weight."""
    for start, ours in (
        ("pts_feat_extractor.", "encoder.points."),
        ("visual_sampler.mlp.", "occupancy.layers."),
        ("spatial_sampler.mlp.", "place.layers."),
        ("vol_feature_extractor.final_conv.", "encoder.unet.out."),
    ):
        if name.startswith(start):
            return ours + name.removeprefix(start)
    if found := re.fullmatch(
        r"vol_feature_extractor\.(en|de)coders\.(\d+)\.basic_module\.(conv[123])\.(groupnorm|conv)\.(weight|bias)", name
    ):
        way, level, convolution, layer, kind = found.groups()
        side = "down" if way == "en" else "up"
        return f"encoder.unet.{side}.{level}.{_CONVOLUTIONS[convolution]}.{_LAYERS[layer]}.{kind}"
    if found := re.fullmatch(r"vol_feature_extractor\.decoders\.(\d+)\.upsampling\.upsample\.(weight|bias)", name):
        return f"encoder.unet.rise.{found[1]}.{found[2]}"
    raise KeyError(name)


def _config_of(weights: dict[str, Tensor]) -> SemAbsConfig:
    """Reads the sizes from the shapes."""
    levels = sum(bool(re.fullmatch(r"encoder\.unet\.down\.\d+\.entry\.1\.weight", name)) for name in weights)
    encoder = EncoderConfig(
        point_width=len(weights["encoder.points.0.weight"]),
        channels=len(weights["encoder.unet.out.weight"]),
        widths=tuple(len(weights[f"encoder.unet.down.{level}.entry.1.weight"]) for level in range(levels)),
    )
    locates = "relations" in weights
    return SemAbsConfig(
        encoder=encoder,
        heads=("locate",) if locates else ("complete",),
        relation_width=weights["relations"].shape[1] if locates else 0,
        relevancy_scale=RELEASED_SCALE,
        grid=PAPER_GRID,
        released=True,
    )
