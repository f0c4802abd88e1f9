"""The project's own model behind the interface: files, dense features, and the cut that relevancy maps read."""

import json

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from ago_ros.vlm.known_phrases import KnownPhrases
from ago_ros.vlm.loading import OWN_CONFIG, ModelError, load_vlm
from ago_ros.vlm.regions import encode_regions, pool_regions
from ago_ros.vlm.small import Calibration, SmallModel, load_small, save_small
from ago_ros.vlm.tower import ImageTower, TowerConfig

CONFIG = TowerConfig(stem=(8, 16, 16), stem_blocks=(0, 0, 1), width=32, depth=2, heads=2, side=32, dim=24)


class _Letters:
    """A text tower: counts letters."""

    name = "letters"
    dim = 24

    def encode_text(self, phrases) -> Tensor:
        counts = torch.tensor([[float(phrase.count(chr(97 + i))) for i in range(24)] for phrase in phrases])
        return normalize(counts + 0.01, dim=-1)


@pytest.fixture(scope="module")
def tower() -> ImageTower:
    torch.manual_seed(0)
    return ImageTower(CONFIG).eval()


@pytest.fixture(scope="module")
def model(tower) -> SmallModel:
    return SmallModel("small", tower, _Letters(), Calibration(17.0, -5.0), view_side=48)


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randint(0, 256, (2, 48, 80, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def test_dense_features_are_the_towers_tokens_at_the_views_side(model, tower, images):
    dense = model.encode_dense(images)
    assert dense.shape == (2, 6, 10, 24)
    pixels = (images.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    with torch.inference_mode():
        tokens = normalize(tower(pixels)[:, 1:], dim=-1).reshape(2, 6, 10, 24)
    assert torch.allclose(dense, tokens, atol=0.03)  # bfloat16 where the processor has it
    assert torch.allclose(dense.norm(dim=-1), torch.ones(2, 6, 10), atol=1e-5)


@pytest.mark.parametrize(("height", "width", "cells"), [(225, 400, (6, 11)), (900, 1600, (6, 11)), (64, 48, (8, 6))])
def test_images_of_any_size_are_seen_whole(model, height, width, cells):
    image = torch.zeros(1, height, width, 3, dtype=torch.uint8)
    assert model.encode_dense(image).shape == (1, *cells, 24)
    assert model.encode_image(image).shape == (1, 24)


def test_a_model_comes_back_from_its_folder(model, tower, images, tmp_path):
    save_small(tmp_path, tower, Calibration(17.0, -5.0), view_side=48)
    again = load_small("again", tmp_path, _Letters())
    assert (again.name, again.dim, again.logit_scale, again.logit_bias) == ("again", 24, 17.0, -5.0)
    assert torch.allclose(again.encode_dense(images), model.encode_dense(images), atol=0.02)
    assert again.encode_text(["abc"]).shape == (1, 24)


def test_known_phrases_are_kept_with_the_model(tower, tmp_path):
    known = KnownPhrases(_Letters().encode_text(["couch", "lamp"]), torch.tensor([True, False]))
    save_small(tmp_path, tower, Calibration(17.0, -5.0), 48, known)
    with_known = load_small("again", tmp_path, _Letters())
    texts = _Letters().encode_text(["armchair"])
    assert torch.allclose(with_known.encode_text(["armchair"]), known.read(texts), atol=1e-3)
    assert not torch.allclose(with_known.encode_text(["armchair"]), texts, atol=0.05)


def test_the_cut_before_the_last_attention_pools_to_the_images_embedding(model, tower, images):
    split = model.attention_split()
    crops = images[:, :32, :32]
    pixels = (crops.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    with torch.inference_mode():
        expected = tower(pixels)[:, 0]
        pooled = split.pooling.pool(split.tokens(crops)).embedding
    assert (split.side, split.cells) == (32, 4)
    assert torch.allclose(pooled, expected, atol=1e-5)


def test_relevancy_maps_read_the_model(model, images):
    from ago_ros.vlm.relevancy_maps import RelevancyConfig, relevancy_maps

    maps = relevancy_maps(model, images[0], ["cab", "dab"], RelevancyConfig(scales=(1.0,), jitters=0, flip=False))
    assert maps.shape[0] == 2
    assert maps.isfinite().all()
    assert maps.abs().max() > 0


def test_features_of_regions_are_means_weighted_by_cover():
    """Against a plain loop over pixels: each pixel votes with the feature of its cell."""
    generator = torch.Generator().manual_seed(2)
    dense = torch.randn(3, 5, 7, generator=generator)
    regions = torch.randint(0, 4, (24, 40), dtype=torch.uint8, generator=generator)
    pooled = pool_regions(dense, regions, 4)
    for number in range(1, 4):
        total = torch.zeros(7)
        for row, column in (regions == number).nonzero().tolist():
            total += dense[row * 3 // 24, column * 5 // 40]
        assert torch.allclose(pooled[number - 1], normalize(total, dim=0), atol=1e-5)
    assert torch.equal(pooled[3], torch.zeros(7))


def test_texts_are_centred_as_in_training(images):
    tower = ImageTower(CONFIG)
    tower.text_mean.copy_(torch.linspace(-0.1, 0.1, 24))
    phrases = ["cab", "face"]
    plain = _Letters().encode_text(phrases)
    expected = [(row - tower.text_mean) / (row - tower.text_mean).norm() for row in plain]
    model = SmallModel("small", tower.eval(), _Letters(), Calibration(17.0, -5.0))
    assert torch.allclose(model.encode_text(phrases), torch.stack(expected), atol=1e-6)


def test_regions_are_looked_at_closely(model):
    """What is far away has no say, what is near has; a region in a corner is cut as far as the image goes."""
    generator = torch.Generator().manual_seed(4)
    image = torch.randint(0, 256, (200, 300, 3), dtype=torch.uint8, generator=generator)
    regions = torch.zeros(200, 300, dtype=torch.uint8)
    regions[80:120, 100:130] = 1
    regions[190:, 290:] = 3
    features = encode_regions(model, image, regions, 3)
    assert features.shape == (3, 24)
    assert torch.allclose(features.norm(dim=1), torch.tensor([1.0, 0.0, 1.0]), atol=1e-5)
    far, near = image.clone(), image.clone()
    far[:, :80] = 0
    near[75:80, 100:130] = 0
    assert torch.equal(encode_regions(model, far, regions, 3), features)
    assert not torch.allclose(encode_regions(model, near, regions, 3)[0], features[0], atol=1e-4)
    assert torch.equal(encode_regions(model, near, regions, 3)[2], features[2])


def test_a_region_as_large_as_the_image_has_the_features_of_the_whole(model):
    image = torch.randint(0, 256, (96, 96, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(5))
    whole = torch.ones(96, 96, dtype=torch.uint8)
    expected = pool_regions(model.encode_dense(image[None])[0], whole, 1)
    assert torch.allclose(encode_regions(model, image, whole, 1), expected, atol=1e-3)


def test_folders_of_the_project_load_by_path_and_say_what_is_wrong(tower, tmp_path):
    save_small(
        tmp_path / "ok", ImageTower(TowerConfig(width=32, depth=1, heads=2, side=32)), Calibration(9.0, -3.0), 32
    )
    loaded = load_vlm(tmp_path / "ok")
    assert (loaded.dim, loaded.logit_scale) == (384, 9.0)
    save_small(tmp_path / "other", tower, Calibration(9.0, -3.0), 32)
    with pytest.raises(ModelError, match="made for texts of 24 dimensions"):
        load_vlm(tmp_path / "other")
    settings = json.loads((tmp_path / "ok" / OWN_CONFIG).read_text())
    settings["tower"]["depth"] = 2
    (tmp_path / "ok" / OWN_CONFIG).write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="does not fit"):
        load_vlm(tmp_path / "ok")
    (tmp_path / "ok" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="ago train vlm"):
        load_vlm(tmp_path / "ok")


def test_small_images_are_not_enlarged(model):
    assert model.encode_dense(torch.zeros(1, 24, 40, 3, dtype=torch.uint8)).shape == (1, 3, 5, 24)


def test_sizes_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match="width must be a multiple of heads"):
        TowerConfig(width=30, heads=4)
    with pytest.raises(ValueError, match="stem must hold multiples of 8"):
        TowerConfig(stem=(8, 12, 16))
