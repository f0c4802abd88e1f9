"""The closed form beside autograd, for one crop and one phrase at a time."""

import pytest
import torch
from naive_relevancy import crop_map
from tiny_models import SIZE, save_model

from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.relevancy_maps import RelevancyConfig, relevancy_maps
from ago_ros.vlm.relevancy_maps.readers import AttentionReader
from ago_ros.vlm.relevancy_maps.split import split_tower

pytestmark = pytest.mark.usefixtures("one_thread")

KINDS = ("clip", "siglip", "siglip2")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    models = {kind: load_vlm(save_model(kind, tmp_path_factory.mktemp("models") / kind)) for kind in KINDS}
    for vlm in models.values():
        vlm._model.set_attn_implementation("eager")
        enliven(vlm._model)
    return models


def enliven(model):
    """Gives biases and norms random values, so that a forgotten one shows."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") and parameter.ndim == 1:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
            elif "norm" in name:
                parameter *= 1 + 0.3 * torch.randn(parameter.shape, generator=generator)


def noise(*shape):
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(3), dtype=torch.uint8)


def unit_phrases(count, dim):
    return torch.nn.functional.normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(4)), dim=1)


def tower_inputs(vlm, kind, crop):
    """What the library's own model takes for one crop of exactly its size."""
    if kind == "siglip2":
        return vlm._inputs(crop[None])[0]
    return {"pixel_values": vlm._tiles(crop[None])[0][0]}


def relative_error(ours, truth):
    return float((ours - truth).abs().max() / truth.abs().max())


@pytest.mark.parametrize("kind", KINDS)
def test_attention_equals_autograd(models, kind):
    vlm, crops = models[kind], noise(3, SIZE, SIZE, 3)
    phrases = unit_phrases(5, vlm.dim)
    ours = AttentionReader(vlm.attention_split(), phrases, 2**20).read(crops)
    for b, crop in enumerate(crops):
        for n, phrase in enumerate(phrases):
            for whole in (False, True):
                truth = crop_map(vlm._model, tower_inputs(vlm, kind, crop), phrase, whole)
                assert truth.max() > 0
                assert relative_error(ours[b, n], truth) < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_pooling_gives_the_tower_s_embedding(models, kind):
    vlm, crops = models[kind], noise(2, SIZE, SIZE, 3)
    split = vlm.attention_split()
    embedding = torch.nn.functional.normalize(split.pooling.pool(split.tokens(crops)).embedding, dim=1)
    torch.testing.assert_close(embedding, vlm.encode_image(crops), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_bounds_only_the_batches(models, kind, monkeypatch):
    """A tiny budget reads one crop and one phrase at a time and changes nothing."""
    vlm = models[kind]
    calls = []
    read = AttentionReader.read
    monkeypatch.setattr(AttentionReader, "read", lambda self, crops: (calls.append(len(crops)), read(self, crops))[1])
    config = RelevancyConfig(scales=(1.0, 0.5), stride=0.5, jitters=1, map_side=32)
    arguments = (vlm, noise(40, 56, 3), ["car", "tree", "mug"])
    large = relevancy_maps(*arguments, config)
    assert max(calls) > 1
    calls.clear()
    monkeypatch.setattr("ago_ros.vlm.relevancy_maps.split.AttentionSplit.bytes_per_crop", 2**20)
    monkeypatch.setattr("ago_ros.vlm.relevancy_maps.split.AttentionSplit.bytes_per_phrase", 2**20)
    small = relevancy_maps(
        *arguments, RelevancyConfig(scales=(1.0, 0.5), stride=0.5, jitters=1, map_side=32, memory_mib=1)
    )
    assert set(calls) == {1}
    torch.testing.assert_close(small, large, rtol=0, atol=1e-4 * float(large.abs().max()))


def test_bfloat16_stays_near(models):
    vlm, crops = models["clip"], noise(3, SIZE, SIZE, 3)
    phrases = unit_phrases(5, vlm.dim)
    exact, rough = (
        AttentionReader(vlm.attention_split(), phrases, 2**20, precision).read(crops).flatten()
        for precision in ("float32", "bfloat16")
    )
    assert not torch.equal(exact, rough)
    assert torch.corrcoef(torch.stack([exact, rough]))[0, 1] > 0.99


def test_inside_inference_mode(models):
    config = RelevancyConfig(scales=(1.0,), jitters=0, map_side=16)
    outside = relevancy_maps(models["siglip"], noise(32, 32, 3), ["car", "tree"], config)
    with torch.inference_mode():
        inside = relevancy_maps(models["siglip"], noise(32, 32, 3), ["car", "tree"], config)
    torch.testing.assert_close(inside, outside)


def test_unknown_towers_are_refused(models):
    class Tower:
        class config:
            model_type = "resnet"

    with pytest.raises(ValueError, match="use method 'dense'"):
        split_tower(Tower(), None, torch.zeros(3), torch.ones(3))

    class Model:
        name = "plain"
        dim = 16

        def encode_text(self, phrases):
            return unit_phrases(len(phrases), 16)

    with pytest.raises(ValueError, match="plain: this model's attention cannot be read"):
        relevancy_maps(Model(), noise(32, 32, 3), ["car"])
