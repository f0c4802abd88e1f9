"""Makes segmenters by name. Nothing is downloaded unless that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ago_ros.occupancy.pseudo_labels.dense_masks import DenseSegmenter
from ago_ros.occupancy.pseudo_labels.masks import Segmenter
from ago_ros.vlm.loading import ModelError, load_vlm

KINDS = "vlm:MODEL, sam3:MODEL or grounded-sam2:DETECTOR,SAM2"


def load_segmenter(
    source: str,
    categories: Mapping[str, Sequence[str]],
    device: str | torch.device = "cpu",
    allow_download: bool = False,
) -> Segmenter:
    """Loads a segmenter for a set of categories.

    Args:
        source: a kind and its models, each a folder or a Hugging Face id: `vlm:` and a vision-language model,
            `sam3:` and SAM 3, or `grounded-sam2:` and Grounding DINO and SAM 2 with a comma between them.
        categories: phrases by category.
        device: where it runs.
        allow_download: fetch models that are not on this machine yet.

    Raises:
        ModelError: there is no such kind or model.
    """
    kind, _, models = source.partition(":")
    names = [name for name in models.split(",") if name]
    if (kind, len(names)) not in (("vlm", 1), ("sam3", 1), ("grounded-sam2", 2)):
        raise ModelError(f"'{source}' is no segmenter: name one as {KINDS}")
    if kind == "vlm":
        return DenseSegmenter(load_vlm(names[0], device, allow_download), categories)
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"device {str(device)!r} is not there: no CUDA device is available; set device to cpu")
    if kind == "sam3":
        from transformers.models.sam3.modeling_sam3 import Sam3Model

        from ago_ros.occupancy.pseudo_labels.sam3 import Sam3Segmenter

        model = _load(Sam3Model, "sam3", names[0], allow_download).to(device)
        return Sam3Segmenter(source, model, _load_tokenizer(names[0], allow_download), categories)
    from transformers import AutoModelForZeroShotObjectDetection, Sam2Model

    from ago_ros.occupancy.pseudo_labels.grounded_sam2 import GroundedSam2Segmenter

    detector = _load(AutoModelForZeroShotObjectDetection, "dino", names[0], allow_download).to(device)
    tokenizer = _load_tokenizer(names[0], allow_download)
    painter = _load(Sam2Model, "sam2", names[1], allow_download).to(device)
    return GroundedSam2Segmenter(source, detector, tokenizer, painter, categories)


def _load(model_class: Any, kind: str, name: str, allow_download: bool) -> Any:
    """Loads a transformers model whose type has `kind` in its name."""
    from transformers import AutoConfig

    try:
        model_type = AutoConfig.from_pretrained(name, local_files_only=not allow_download).model_type
        if kind not in model_type:
            raise ModelError(f"{name}: the model type is {model_type!r}, not of the {kind} kind: name another model")
        return model_class.from_pretrained(name, local_files_only=not allow_download).eval()
    except (OSError, KeyError, ImportError, RuntimeError) as error:
        raise _unloadable(name, error) from error


def _load_tokenizer(name: str, allow_download: bool) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=not allow_download)
    except (OSError, KeyError, ValueError) as error:
        raise _unloadable(name, error) from error


def _unloadable(name: str, error: Exception) -> ModelError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return ModelError(f"{name}: does not load ({reason}); give a folder with config, weights and tokenizer, or an id")
