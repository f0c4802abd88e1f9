"""SemAware, and how each method is fed."""

import pytest
import torch
from semabs_tools import GRID, random_places, small_config

from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.baselines import METHODS, SemAware
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAwareConfig
from ago_ros.scene_query.semabs.files import make_network

CONFIG = SemAwareConfig(EncoderConfig(inputs=3, point_width=16, channels=8, widths=(8, 16), groups=4), 24, 0.07, GRID)


def coloured(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return random_places(GRID, count, seed=seed), torch.rand(count, 3, generator=torch.Generator().manual_seed(seed))


def make() -> SemAware:
    torch.manual_seed(0)
    return SemAware(CONFIG)


def test_scenes_of_different_size_are_matched_with_a_text_each():
    network = make()
    points, colours = zip(coloured(200), coloured(70, seed=1), strict=True)
    volumes = network.encode(points, colours)
    texts = torch.nn.functional.normalize(torch.randn(2, 24), dim=-1)
    found = network.match(volumes, texts, random_places(GRID, 30))
    assert found.shape == (2, 30)
    assert float(found.detach().abs().max()) <= 1 / 0.07 + 1e-4
    one = network.match(network.encode(points[1:], colours[1:]), texts[1:], random_places(GRID, 30))
    assert torch.allclose(found[1:], one, atol=1e-3)


def test_the_volume_does_not_depend_on_the_text_but_on_the_colours():
    network = make()
    points, colours = coloured(200)
    plain, red = (network.encode([points], [c]).features for c in (colours, colours * torch.tensor([1.0, 0, 0])))
    assert not torch.allclose(plain, red, atol=1e-3)
    texts = torch.eye(24)
    volumes = network.encode([points], [colours])
    found = network.match(volumes.pick([0] * 24), texts, random_places(GRID, 5))
    assert float(found.square().sum(dim=0).mean().detach()) == pytest.approx(1 / 0.07**2, rel=1e-3)


def test_learns_which_colour_a_word_means():
    """Two balls of points, red and blue; the text says which one."""
    network = make()
    low, high = torch.tensor([-0.7, 0.9, 0.0]), torch.tensor([-0.1, 0.9, 0.0])
    jitter = 0.1 * torch.randn(60, 3, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    points = torch.cat([low + jitter, high + jitter])
    colours = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]).repeat_interleave(60, dim=0)
    texts = torch.eye(24)[:2]
    labels = torch.zeros(2, 120)
    labels[0, :60] = labels[1, 60:] = 1
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    for _ in range(40):
        volumes = network.encode([points], [colours]).pick([0, 0])
        logits = network.match(volumes, texts, points)
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(logits, labels).backward()
        optimizer.step()
    assert float(((logits > 0) == labels.bool()).float().mean()) > 0.97
    swapped = network.encode([points], [colours.flip(0)]).pick([0, 0])
    again = network.match(swapped, texts, points) > 0
    assert float((again == labels.flip(0).bool()).float().mean()) > 0.8


def test_each_method_asks_for_the_relevancy_that_it_sees():
    query = Query("mug", "behind", "box")
    assert {name: method.phrases(query) for name, method in METHODS.items()} == {
        "semabs": ("mug", "box"),
        "single_scale": ("mug", "box"),
        "clip_spatial": ("mug behind box",),
        "semaware": (),
    }
    assert METHODS["semabs"].phrases(Query("mug")) == ("mug",)
    assert [name for name, method in METHODS.items() if not method.multi_scale] == ["single_scale"]


def test_each_method_has_the_size_of_the_network_that_it_is_held_against():
    base = small_config(relation_width=12)
    made = {name: make_network(method.configure(base, 24)) for name, method in METHODS.items()}
    assert made["semabs"].config is made["single_scale"].config is base
    assert made["clip_spatial"].config.heads == ("complete",)
    assert isinstance(made["semaware"], SemAware)
    assert made["semaware"].config.grid == base.grid
    units = {name: sum(w.numel() for w in network.encoder.unet.parameters()) for name, network in made.items()}
    assert len(set(units.values())) == 1


def test_a_baseline_without_colours_is_refused():
    with pytest.raises(ValueError, match=r"encoder.inputs must be 3"):
        SemAwareConfig(EncoderConfig(inputs=1))
