import json

import pytest
import torch
from tiny_models import PATCH, SIZE, save_model
from torch.nn.functional import normalize

from ago_ros.vlm.loading import ModelError, load_vlm

KINDS = ("clip", "siglip", "siglip2")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: save_model(kind, tmp_path_factory.mktemp("models") / kind) for kind in KINDS}


@pytest.fixture(scope="module")
def models(folders):
    return {kind: load_vlm(folder) for kind, folder in folders.items()}


def noise(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(3), dtype=torch.uint8)


def pixels_of(images: torch.Tensor, kind: str) -> torch.Tensor:
    """What a tower takes, for images of exactly its size."""
    if kind == "clip":
        mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    else:
        mean, deviation = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    mean, deviation = torch.tensor(mean), torch.tensor(deviation)
    return ((images / 255 - mean) / deviation).permute(0, 3, 1, 2)


def patches_of(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """What NaFlex takes, patch by patch in plain loops."""
    pixels = pixels_of(images, "siglip2").permute(0, 2, 3, 1)
    rows, columns = images.shape[1] // PATCH, images.shape[2] // PATCH
    patches = [
        pixels[:, r * PATCH : (r + 1) * PATCH, c * PATCH : (c + 1) * PATCH].flatten(1)
        for r in range(rows)
        for c in range(columns)
    ]
    return {
        "pixel_values": torch.stack(patches, dim=1),
        "pixel_attention_mask": torch.ones(len(images), rows * columns, dtype=torch.int64),
        "spatial_shapes": torch.tensor([[rows, columns]] * len(images)),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_those_of_the_library(models, kind):
    """Features, scale and bias together give the logits of the library's own forward pass."""
    vlm, images, phrases = models[kind], noise(2, SIZE, SIZE, 3), ["a car", "the tree in the scene"]
    tokens = vlm._tokenizer(
        phrases, padding="longest" if kind == "clip" else "max_length", max_length=12, return_tensors="pt"
    )
    inputs = patches_of(images) if kind == "siglip2" else {"pixel_values": pixels_of(images, kind)}
    with torch.inference_mode():
        expected = vlm._model(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], **inputs
        ).logits_per_image
    logits = vlm.logit_scale * vlm.encode_image(images) @ vlm.encode_text(phrases).T + (vlm.logit_bias or 0.0)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    assert (vlm.logit_bias is None) == (kind == "clip")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(32, 32), (40, 96), (90, 30)])
def test_shapes_and_units(models, kind, height, width):
    vlm = models[kind]
    dense = vlm.encode_dense(noise(2, height, width, 3))
    assert dense.ndim == 4
    assert (dense.shape[0], dense.shape[3]) == (2, vlm.dim)
    assert abs(dense.shape[2] / dense.shape[1] / (width / height) - 1) < 0.35
    for features in (dense, vlm.encode_image(noise(2, height, width, 3)), vlm.encode_text(["mug", "a photo of a box"])):
        assert features.shape[-1] == vlm.dim
        assert features.dtype == torch.float32
        torch.testing.assert_close(features.norm(dim=-1), torch.ones(features.shape[:-1]))


def test_clip_patches_attend_to_themselves_alone(models):
    """The oracle lets the library's own last block run with a mask that forbids all other tokens."""
    vlm, images = models["clip"], noise(1, SIZE, SIZE, 3)
    tower = vlm._model.vision_model
    with torch.inference_mode():
        hidden = tower.pre_layrnorm(tower.embeddings(pixels_of(images, "clip")))
        hidden = tower.encoder.layers[0](hidden, None)
        tokens = hidden.shape[1]
        alone = torch.full((tokens, tokens), float("-inf")).fill_diagonal_(0.0)[None, None]
        hidden = tower.encoder.layers[1](hidden, alone)
        expected = vlm._model.visual_projection(tower.post_layernorm(hidden))[:, 1:]
    side = SIZE // PATCH
    torch.testing.assert_close(
        vlm.encode_dense(images), normalize(expected, dim=-1).reshape(1, side, side, -1), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("kind", ["siglip", "siglip2"])
def test_siglip_patches_pass_the_head_alone(models, kind):
    vlm, images = models[kind], noise(2, SIZE, SIZE, 3)
    tower = vlm._model.vision_model
    inputs = patches_of(images) if kind == "siglip2" else {"pixel_values": pixels_of(images, kind)}
    with torch.inference_mode():
        tokens = tower(**inputs).last_hidden_state
        expected = torch.stack([tower.head(tokens[:, i : i + 1]) for i in range(tokens.shape[1])], dim=1)
    side = SIZE // PATCH
    torch.testing.assert_close(
        vlm.encode_dense(images), normalize(expected, dim=-1).reshape(2, side, side, -1), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_wide_images_are_seen_tile_by_tile(models, kind):
    """Two tiles side by side without overlap give the features of two images."""
    vlm, image = models[kind], noise(1, SIZE, 2 * SIZE, 3)
    left, right = image[:, :, :SIZE], image[:, :, SIZE:]
    torch.testing.assert_close(
        vlm.encode_dense(image), torch.cat([vlm.encode_dense(left), vlm.encode_dense(right)], dim=2)
    )
    both = normalize(vlm.encode_image(left) + vlm.encode_image(right), dim=-1)
    torch.testing.assert_close(vlm.encode_image(image), both)


def test_phrases_do_not_depend_on_their_neighbours(models):
    for vlm in models.values():
        alone = vlm.encode_text(["a car"])
        together = vlm.encode_text(["there is a photo of the truck", "a car", "tree"])
        torch.testing.assert_close(alone[0], together[1], rtol=1e-4, atol=1e-4)


def test_colours_are_read_from_the_model(folders, tmp_path):
    other = save_model("clip", tmp_path / "clip")
    (other / "preprocessor_config.json").write_text(
        json.dumps({"image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]})
    )
    images = noise(1, SIZE, SIZE, 3)
    assert not torch.allclose(load_vlm(other).encode_image(images), load_vlm(folders["clip"]).encode_image(images))


def test_missing_model_is_one_clear_line():
    with pytest.raises(ModelError, match="nobody/nothing: no such folder, and no model of that id") as caught:
        load_vlm("nobody/nothing")
    assert "\n" not in str(caught.value)


def test_folder_without_a_model_is_one_clear_line(tmp_path):
    with pytest.raises(ModelError, match="does not load as a model") as caught:
        load_vlm(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_other_kinds_of_model_are_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ModelError, match="the model type is 'bert', use one of clip, siglip, siglip2"):
        load_vlm(tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is there")
def test_missing_device_is_one_clear_line(folders):
    with pytest.raises(ModelError, match="no CUDA device is available"):
        load_vlm(folders["clip"], "cuda")
