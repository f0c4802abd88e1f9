"""The project's own vision-language model: a small image tower in the space of the embedded text encoder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import normalize

from ago_ros.settings import build
from ago_ros.vlm.images import normalise
from ago_ros.vlm.interface import TextEncoder
from ago_ros.vlm.known_phrases import KnownPhrases
from ago_ros.vlm.loading import OWN_CONFIG
from ago_ros.vlm.tower import ImageTower, TowerConfig
from ago_ros.vlm.vocabulary import embed_phrases

if TYPE_CHECKING:
    from ago_ros.vlm.relevancy_maps.split import AttentionSplit

MEAN = DEVIATION = (0.5, 0.5, 0.5)
WEIGHTS_FILE = "model.safetensors"
_KNOWN, _KNOWN_PLAIN = "known_phrases.embeddings", "known_phrases.plain"


@dataclass(frozen=True)
class Calibration:
    """How cosines become probabilities.

    Attributes:
        logit_scale: factor from cosine to logit.
        logit_bias: added to it; each phrase is judged by itself (sigmoid).
    """

    logit_scale: float
    logit_bias: float


class SmallModel:
    """Image tower, text tower and calibration behind the suite's interface.

    Images are seen whole: their short side becomes `view_side` pixels, or stays if it is shorter; the long side keeps
    the aspect, and the position embeddings are interpolated.

    Args:
        name: what the model was loaded from.
        tower: in evaluation mode, on its device.
        text: text tower; its dimension is the tower's.
        calibration: how cosines become probabilities.
        view_side: short side of an image as the tower sees it, pixels.
        known: phrases that others are read through, also `known_phrases` of the model; None takes every phrase as the
            text tower gives it.
    """

    def __init__(
        self,
        name: str,
        tower: ImageTower,
        text: TextEncoder,
        calibration: Calibration,
        view_side: int = 224,
        known: KnownPhrases | None = None,
    ) -> None:
        if text.dim != tower.config.dim:
            raise ValueError(f"{name}: made for texts of {tower.config.dim} dimensions, {text.name} gives {text.dim}")
        self._name = name
        self._tower = tower
        self._text = text
        self._calibration = calibration
        self.known_phrases = known
        self.view_side = view_side
        device = tower.projection.weight.device
        self._mean, self._deviation = (torch.tensor(values, device=device) for values in (MEAN, DEVIATION))

    @property
    def name(self) -> str:
        """What the model was loaded from."""
        return self._name

    @property
    def dim(self) -> int:
        """Dimension D of the common space."""
        return self._tower.config.dim

    @property
    def logit_scale(self) -> float:
        """Factor from cosine to logit."""
        return self._calibration.logit_scale

    @property
    def logit_bias(self) -> float:
        """Bias of the sigmoid."""
        return self._calibration.logit_bias

    def encode_text(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, D) float32 unit vectors of N phrases, centred and read as the image tower was trained."""
        texts = self._tower.center(self._text.encode_text(phrases))
        return texts if self.known_phrases is None else self.known_phrases.read(texts)

    def embed_unread(self, phrases: Sequence[str]) -> Tensor:
        """Returns (N, D) float32 unit vectors of N phrases, as known phrases are kept: not read through any."""
        return self._tower.center(embed_phrases(phrases, self._text))

    def encode_image(self, images: Tensor) -> Tensor:
        """Returns (B, D) float32 unit vectors of whole images, (B, H, W, 3) uint8 RGB of any size."""
        return self._encode(images, self._tower.config.side)[0]

    def encode_dense(self, images: Tensor) -> Tensor:
        """Returns (B, h, w, D) float32 unit vectors of the patches of (B, H, W, 3) uint8 images."""
        return self._encode(images, min(self.view_side, *images.shape[1:3]))[1]

    @torch.inference_mode()
    def _encode(self, images: Tensor, side: int) -> tuple[Tensor, Tensor]:
        patch = self._tower.config.patch
        short = min(images.shape[1:3])
        rows, columns = (max(1, round(edge * side / short / patch)) for edge in images.shape[1:3])
        device = self._mean.device
        pixels = normalise(images.to(device), rows * patch, columns * patch, self._mean, self._deviation)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bfloat16(device)):
            tokens = self._tower(pixels)
        features = normalize(tokens.to("cpu", torch.float32), dim=-1)
        return features[:, 0], features[:, 1:].unflatten(1, (rows, columns))

    def attention_split(self) -> AttentionSplit:
        """Cuts the image tower before its last attention, for relevancy maps."""
        from ago_ros.vlm.relevancy_maps.pooling import Affine, AttentionPooling, Norm
        from ago_ros.vlm.relevancy_maps.split import AttentionSplit

        stem, vit, config = self._tower.stem, self._tower.vit, self._tower.config
        block: Any = vit.layers[-1]
        pooling = AttentionPooling(
            heads=config.heads,
            probe=None,
            norm_in=Norm.of(block.layernorm_before),
            query=Affine.of(block.attention.q_proj),
            key=Affine.of(block.attention.k_proj),
            value=Affine.of(block.attention.v_proj),
            out=Affine.of(block.attention.o_proj),
            norm_mlp=Norm.of(block.layernorm_after),
            fc1=Affine.of(block.mlp.fc1),
            activation=block.mlp.activation_fn,
            fc2=Affine.of(block.mlp.fc2),
            norm_out=Norm.of(vit.layernorm),
            projection=self._tower.projection.weight.detach(),
        )

        def embed(pixels: Tensor) -> Tensor:
            tokens = vit.embeddings(stem(pixels))
            for layer in vit.layers[:-1]:
                tokens = layer(tokens)
            return tokens

        cells = config.side // config.patch
        return AttentionSplit(config.side, cells, self._mean, self._deviation, embed, pooling)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Tells whether a device multiplies bfloat16 matrices in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and "amx_bf16" in _cpu_flags()


@lru_cache(maxsize=1)
def _cpu_flags() -> frozenset[str]:
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return frozenset()
    flags = next((line for line in path.read_text().splitlines() if line.startswith("flags")), "")
    return frozenset(flags.split())


def save_small(
    folder: Path, tower: ImageTower, calibration: Calibration, view_side: int, known: KnownPhrases | None = None
) -> None:
    """Writes a model's settings, and its weights and known phrases as float16."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"tower": asdict(tower.config), "calibration": asdict(calibration), "view_side": view_side}
    (folder / OWN_CONFIG).write_text(json.dumps(settings, indent=2) + "\n")
    weights = {key: value.detach().to("cpu", torch.float16).contiguous() for key, value in tower.state_dict().items()}
    if known is not None:
        weights[_KNOWN] = known.embeddings.to("cpu", torch.float16).contiguous()
        weights[_KNOWN_PLAIN] = known.plain.to("cpu").contiguous()
    save_file(weights, folder / WEIGHTS_FILE)


def load_small(name: str, folder: Path, text: TextEncoder, device: str | torch.device = "cpu") -> SmallModel:
    """Reads a model that `save_small` wrote.

    Raises:
        OSError: a file is missing.
        ValueError: the files do not belong together.
    """
    settings, tower, rest = _read(folder)
    known = None
    if _KNOWN in rest:
        known = KnownPhrases(normalize(rest[_KNOWN].float(), dim=-1), rest[_KNOWN_PLAIN])
    calibration = Calibration(**settings["calibration"])
    return SmallModel(name, tower.to(device), text, calibration, settings["view_side"], known)


def load_tower(folder: Path) -> ImageTower:
    """Reads the image tower of a model that `save_small` wrote, in evaluation mode.

    Raises:
        OSError: a file is missing.
        ValueError: the files do not belong together.
    """
    return _read(folder)[1]


def _read(folder: Path) -> tuple[dict[str, Any], ImageTower, dict[str, Tensor]]:
    """Reads the settings, the tower in evaluation mode, and what else lies with its weights."""
    settings = json.loads((folder / OWN_CONFIG).read_text())
    tower = ImageTower(build(TowerConfig, settings["tower"]))
    weights = load_file(folder / WEIGHTS_FILE)
    rest = {key: weights.pop(key) for key in (_KNOWN, _KNOWN_PLAIN) if key in weights}
    try:
        tower.load_state_dict({key: value.to(torch.float32) for key, value in weights.items()})
    except RuntimeError as error:
        raise ValueError(f"{folder}: {WEIGHTS_FILE} does not fit {OWN_CONFIG}") from error
    return settings, tower.eval(), rest
