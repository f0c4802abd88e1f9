"""Networks on disk: weights as safetensors, and the configuration that they fit as JSON beside them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ago_ros.scene_query.semabs.baselines import SemAware
from ago_ros.scene_query.semabs.config import SemAbsConfig, SemAwareConfig, make_config, settings_of
from ago_ros.scene_query.semabs.network import SemAbs

CONFIG_FILE, WEIGHTS_FILE = "semabs.json", "semabs.safetensors"


class SemAbsFileError(ValueError):
    """A network that cannot be loaded; the message is one line that says why and what to do."""


def make_network(config: SemAbsConfig | SemAwareConfig) -> SemAbs | SemAware:
    """Builds the network of a configuration, untrained."""
    return SemAware(config) if isinstance(config, SemAwareConfig) else SemAbs(config)


def save_semabs(folder: Path, network: SemAbs | SemAware, dtype: torch.dtype = torch.float16) -> None:
    """Writes a network.

    Args:
        folder: made where it is not there.
        network: of either kind.
        dtype: of the weights on disk; float16 halves the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_FILE).write_text(json.dumps(settings_of(network.config), indent=2) + "\n")
    weights = {key: value.detach().to("cpu", dtype).contiguous() for key, value in network.state_dict().items()}
    save_file(weights, folder / WEIGHTS_FILE)


def load_semabs(folder: Path, device: str | torch.device = "cpu") -> SemAbs | SemAware:
    """Reads a network that `save_semabs` wrote, in float32 and evaluation mode.

    Raises:
        SemAbsFileError: a file is missing or damaged, or the two do not fit together.
    """
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / name).is_file():
            raise SemAbsFileError(f"{folder}: has no {name}; give a folder that a SemAbs network was saved to")
    try:
        settings = json.loads((folder / CONFIG_FILE).read_text())
        network = make_network(make_config(settings))
    except (ValueError, AttributeError) as error:
        raise SemAbsFileError(f"{folder / CONFIG_FILE}: {_one_line(error)}; save the network again") from error
    try:
        weights = load_file(folder / WEIGHTS_FILE)
        network.load_state_dict({key: value.to(torch.float32) for key, value in weights.items()})
    except SafetensorError as error:
        raise SemAbsFileError(f"{folder / WEIGHTS_FILE}: damaged ({_one_line(error)}); save it again") from error
    except RuntimeError as error:
        raise SemAbsFileError(f"{folder}: {WEIGHTS_FILE} does not fit {CONFIG_FILE}; save the network again") from error
    return network.eval().to(device)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
