"""Windows, colours and the putting together of maps; the whole beside plain loops."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_relevancy import crop_map, naive_maps
from tiny_models import SIZE, save_model

from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.relevancy_maps import RelevancyConfig, relevancy_maps
from ago_ros.vlm.relevancy_maps.jitter import change_colours, jittered
from ago_ros.vlm.relevancy_maps.maps import read_maps
from ago_ros.vlm.relevancy_maps.mosaic import assemble
from ago_ros.vlm.relevancy_maps.windows import WindowGrid, window_grids
from ago_ros.vlm.vocabulary import embed_phrases

pytestmark = pytest.mark.usefixtures("one_thread")

PLAIN = RelevancyConfig(jitters=0, flip=False, subtract_mean=False, map_side=64)


def noise(*shape):
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(3), dtype=torch.uint8)


class Brightness:
    """Reads each patch's mean brightness, so that the map must come out as the image itself, blurred."""

    side, batch = 32, 7

    def read(self, crops):
        assert crops.shape[1:] == (32, 32, 3)
        patches = torch.nn.functional.avg_pool2d(crops.float().mean(dim=3)[:, None], 4)
        return torch.cat([patches, 255 - patches], dim=1)


@pytest.fixture(scope="module", params=["clip", "siglip"])
def vlm(request, tmp_path_factory):
    model = load_vlm(save_model(request.param, tmp_path_factory.mktemp("models") / request.param))
    model._model.set_attn_implementation("eager")
    return model


@pytest.mark.parametrize("shape", [(40, 56), (60, 40)])
def test_maps_equal_plain_loops(vlm, shape):
    """Every crop, phrase, colour and mirroring by itself gives the same maps."""
    config = RelevancyConfig(scales=(1.0, 0.7), stride=1 / 3, jitters=1, map_side=37)
    image, phrases = noise(*shape, 3), ["car", "tree", "mug"]

    def read(crop, phrase):
        return crop_map(vlm._model, {"pixel_values": vlm._tiles(crop[None])[0][0]}, phrase)

    truth = naive_maps(read, image, embed_phrases(phrases, vlm), SIZE, config)
    ours = relevancy_maps(vlm, image, phrases, config)
    assert ours.shape == truth.shape
    assert float((ours - truth).abs().max() / truth.abs().max()) < 1e-4


def test_mosaic_equals_resizing_each_map():
    """At the windows' own resolution: torch's bilinear resize of each map, summed, over the count."""
    grid = WindowGrid((48, 80), 32, (0, 8, 16), (0, 16, 32, 48))
    maps = torch.rand(2, len(grid), 4, 4)
    summed, count = torch.zeros(2, 48, 80), torch.zeros(48, 80)
    for index in range(len(grid)):
        top, left = grid.tops[index // 4], grid.lefts[index % 4]
        large = torch.nn.functional.interpolate(maps[:, index][None], size=(32, 32), mode="bilinear")[0]
        summed[:, top : top + 32, left : left + 32] += large
        count[top : top + 32, left : left + 32] += 1
    torch.testing.assert_close(assemble(maps, grid, (48, 80)), summed / count)


@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    side=st.sampled_from([8, 32, 224]),
    stride=st.floats(0.1, 1.0),
    scales=st.lists(st.floats(0.1, 1.0), min_size=1, max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_windows_cover_every_image(height, width, side, stride, scales):
    """Whatever the aspect, every scale has windows, from edge to edge, with no step above the stride."""
    config = RelevancyConfig(stride=stride, scales=tuple(scales))
    for grid, scale in zip(window_grids(height, width, side, config), scales, strict=True):
        assert grid.side == side
        for length, starts, extent in zip(grid.size, (grid.tops, grid.lefts), (height, width), strict=True):
            assert starts[0] == 0
            assert starts[-1] + side == length
            steps = [b - a for a, b in itertools.pairwise(starts)]
            assert all(0 <= step <= stride * side + 1 for step in steps)
            assert abs(length - extent * side / (scale * min(height, width))) <= 0.5 or length == side


def test_paper_s_crops_on_a_square():
    """h, h/2, h/3, h/4 with steps of a quarter: 1, 25, 81 and 169 crops."""
    grids = window_grids(896, 896, 224, RelevancyConfig())
    assert [len(grid) for grid in grids] == [1, 25, 81, 169]
    assert [grid.size[0] for grid in grids] == [224, 448, 672, 896]
    assert grids[1].tops == (0, 56, 112, 168, 224)


@pytest.mark.parametrize("shape", [(64, 200), (200, 64), (96, 96)])
@pytest.mark.parametrize("scales", [(1.0,), (1.0, 1 / 2, 1 / 3, 1 / 4)])
def test_tall_and_wide_images_are_seen_whole(shape, scales):
    """A reader of brightness gives back the blurred image, at every scale and aspect."""
    image = torch.zeros(*shape, 3, dtype=torch.uint8)
    top, left = shape[0] * 3 // 4, shape[1] * 3 // 4
    image[top : top + 12, left : left + 12] = 255
    config = RelevancyConfig(jitters=0, scales=scales, subtract_mean=False, map_side=64)
    bright, dark = read_maps(Brightness(), image, config)
    assert min(bright.shape) == 64
    zoom = 64 / min(shape)
    peak = divmod(int(bright.argmax()), bright.shape[1])
    assert abs(peak[0] - zoom * (top + 6)) < 8
    assert abs(peak[1] - zoom * (left + 6)) < 8
    torch.testing.assert_close(bright + dark, torch.full_like(bright, 255.0))


def test_tall_is_wide_turned():
    image = noise(50, 130, 3)
    wide = read_maps(Brightness(), image, PLAIN)
    tall = read_maps(Brightness(), image.transpose(0, 1), PLAIN)
    torch.testing.assert_close(tall.transpose(1, 2), wide, rtol=0, atol=0.05)


def test_mirrored_crops_come_back_in_place():
    image = noise(50, 80, 3)
    once = read_maps(Brightness(), image, PLAIN)
    both = read_maps(Brightness(), image, RelevancyConfig(jitters=0, subtract_mean=False, map_side=64))
    torch.testing.assert_close(both, once, rtol=0, atol=1e-3)


def test_mean_is_taken_off_but_not_from_one_phrase(vlm):
    config = RelevancyConfig(scales=(1.0,), jitters=0, map_side=16)
    several = relevancy_maps(vlm, noise(32, 32, 3), ["car", "tree", "mug"], config)
    torch.testing.assert_close(several.sum(dim=0), torch.zeros(16, 16), rtol=0, atol=1e-6)
    assert relevancy_maps(vlm, noise(32, 32, 3), ["car"], config).max() > 0


def test_dense_maps_are_cosines(vlm):
    """One crop, no mean taken off: the dense features' cosines, resized."""
    config = RelevancyConfig(
        method="dense", scales=(1.0,), jitters=0, flip=False, subtract_mean=False, map_side=4, dense_side=32
    )
    image = noise(32, 32, 3)
    maps = relevancy_maps(vlm, image, ["car", "tree"], config)
    cosines = torch.einsum("hwd,nd->nhw", vlm.encode_dense(image[None])[0], embed_phrases(["car", "tree"], vlm))
    torch.testing.assert_close(maps, cosines)


def test_fast_mode_has_few_crops(vlm):
    config = RelevancyConfig.fast()
    assert sum(len(grid) for grid in window_grids(450, 800, 224, config)) < 30
    assert relevancy_maps(vlm, noise(45, 80, 3), ["car", "tree"], config).shape == (2, 224, 398)


def test_change_of_colours():
    image = noise(9, 7, 3)
    assert torch.equal(change_colours(image, 0, 0, 0, 0), image)
    assert change_colours(image, -1, 0, 0, 0).max() == 0
    grey = change_colours(image, 0, 0, -1, 0).float()
    luma = image.float() @ torch.tensor([0.299, 0.587, 0.114])
    torch.testing.assert_close(grey, luma[..., None].expand(9, 7, 3), rtol=0, atol=0.51)
    flat = change_colours(image, 0, -1, 0, 0)
    assert flat.unique().tolist() == [round(float(luma.mean()))]
    double = change_colours(image // 3, 1, 0, 0, 0)
    assert torch.equal(double, image // 3 * 2)
    calm = (64 + image.float() / 4).to(torch.uint8)
    turned = change_colours(change_colours(calm, 0, 0, 0, 0.1), 0, 0, 0, -0.1)
    torch.testing.assert_close(turned.float(), calm.float(), rtol=0, atol=2)
    assert (change_colours(calm, 0, 0, 0, 0.1).float() - calm.float()).abs().max() > 5


def test_colours_follow_the_seed():
    image = noise(9, 7, 3)
    first, again = (jittered(image, RelevancyConfig(seed=1)) for _ in range(2))
    other = jittered(image, RelevancyConfig(seed=2))
    assert len(first) == 6
    assert torch.equal(first[0], image)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first[1:], other[1:], strict=True))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "guess"}, "take 'attention' or 'dense'"),
        ({"precision": "float8"}, "take 'float32' or 'bfloat16'"),
        ({"scales": ()}, "give at least one"),
        ({"scales": (1.5,)}, "at most 1"),
        ({"stride": 0.0}, "above 0"),
        ({"jitter_hue": 0.7}, "jitter_hue"),
        ({"memory_mib": 0}, "memory_mib at least 1"),
    ],
)
def test_settings_without_a_meaning_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        RelevancyConfig(**wrong)


def test_other_images_are_refused(vlm):
    for image in (torch.zeros(8, 8, 3), torch.zeros(8, 8, 4, dtype=torch.uint8), torch.zeros(0, 8, 3).byte()):
        with pytest.raises(ValueError, match=r"must be \(H, W, 3\) uint8"):
            relevancy_maps(vlm, image, ["car"])
    with pytest.raises(ValueError, match="comes twice"):
        relevancy_maps(vlm, noise(8, 8, 3), ["car", "car"])
