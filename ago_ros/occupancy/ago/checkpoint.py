"""Writes AGO models to folders and reads them back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ago_ros.occupancy.ago.config import AgoConfig
from ago_ros.occupancy.ago.model import AgoModel
from ago_ros.settings import build
from ago_ros.shipped import shipped_folder
from ago_ros.vlm.loading import ModelError

CONFIG_FILE = "ago_model.json"
WEIGHTS_FILE = "model.safetensors"


def save_ago(model: AgoModel, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """Writes a model's sizes and categories, and its weights.

    Args:
        model: with its categories set.
        folder: is made where it is missing.
        dtype: of the weights in the file.

    Raises:
        ValueError: the model has no categories: it could not tell free from occupied.
    """
    if not model.categories:
        raise ValueError("the model has no categories: set_categories comes before save_ago")
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"model": asdict(model.config), "categories": model.categories}
    (folder / CONFIG_FILE).write_text(json.dumps(settings, indent=2) + "\n")
    weights = {key: _stored(value, dtype) for key, value in model.state_dict().items()}
    save_file(weights, folder / WEIGHTS_FILE)


def load_ago(folder: str | Path, device: str | torch.device = "cpu") -> AgoModel:
    """Reads a model that `save_ago` wrote, or one that comes with the package, for inference.

    Args:
        folder: its folder, or its name in SHIPPED.
        device: where it runs.

    Raises:
        ModelError: there is none, or its files do not belong together.
        ShippedError: the package lacks the model of that name.
    """
    folder = shipped_folder(folder)
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: has no {name}; give a folder that `ago train ago` wrote")
    try:
        settings = json.loads((folder / CONFIG_FILE).read_text())
        model = AgoModel(build(AgoConfig, settings["model"]))
        weights = load_file(folder / WEIGHTS_FILE)
        model.set_categories(settings["categories"], weights["known"])
        model.load_state_dict({key: _computed(value) for key, value in weights.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{folder}: does not load ({reason}); train it anew with `ago train ago`") from error
    return model.eval().to(device)


def _stored(value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().cpu().contiguous()
    return value.to(dtype) if value.is_floating_point() else value


def _computed(value: Tensor) -> Tensor:
    return value.to(torch.float32) if value.is_floating_point() else value
