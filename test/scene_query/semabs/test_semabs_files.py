"""Networks on disk, their configurations, and the ones that the project has."""

from pathlib import Path

import pytest
import torch
from semabs_tools import GRID, random_places, random_scene, small_config

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.semabs.baselines import SemAware
from ago_ros.scene_query.semabs.config import (
    PAPER_GRID,
    EncoderConfig,
    SemAbsConfig,
    SemAwareConfig,
    make_config,
    read_network_config,
    settings_of,
)
from ago_ros.scene_query.semabs.files import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    SemAbsFileError,
    load_semabs,
    make_network,
    save_semabs,
)
from ago_ros.scene_query.semabs.network import SemAbs

CONFIGS = Path(__file__).parents[3] / "config" / "semabs"


@pytest.fixture
def saved(tmp_path) -> tuple[SemAbs, Path]:
    torch.manual_seed(0)
    network = SemAbs(small_config(relation_width=12, relevancy_scale=7.0)).eval()
    save_semabs(tmp_path / "net", network, torch.float32)
    return network, tmp_path / "net"


def test_what_is_loaded_answers_as_what_was_saved(saved):
    network, folder = saved
    loaded = load_semabs(folder)
    assert loaded.config == network.config
    assert not loaded.training
    scene, queries = random_scene(GRID, 200, 2), random_places(GRID, 30)
    volumes, again = network.encode([scene]), loaded.encode([scene])
    assert torch.equal(network.complete(volumes, queries), loaded.complete(again, queries))
    first = network.locate(volumes.pick([0]), volumes.pick([1]), ["on"], queries)
    assert torch.equal(first, loaded.locate(again.pick([0]), again.pick([1]), ["on"], queries))


def test_float16_halves_the_file_and_hardly_changes_the_answers(saved, tmp_path):
    network, folder = saved
    save_semabs(tmp_path / "half", network)
    assert (tmp_path / "half" / WEIGHTS_FILE).stat().st_size < 0.62 * (folder / WEIGHTS_FILE).stat().st_size
    loaded = load_semabs(tmp_path / "half")
    assert {weight.dtype for weight in loaded.parameters()} == {torch.float32}
    scene, queries = random_scene(GRID, 200, 1), random_places(GRID, 30)
    exact = network.complete(network.encode([scene]), queries)
    assert torch.allclose(loaded.complete(loaded.encode([scene]), queries), exact, atol=0.02)


def test_the_baseline_is_saved_likewise(tmp_path):
    config = SemAwareConfig(EncoderConfig(inputs=3, point_width=8, channels=8, widths=(8, 8), groups=4), 24, 0.1, GRID)
    network = SemAware(config)
    save_semabs(tmp_path, network, torch.float32)
    loaded = load_semabs(tmp_path)
    assert isinstance(loaded, SemAware)
    assert loaded.config == config
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), loaded.parameters(), strict=True))


def break_nothing_there(folder: Path) -> None:
    (folder / WEIGHTS_FILE).unlink()


def break_weights(folder: Path) -> None:
    (folder / WEIGHTS_FILE).write_bytes(b"nothing")


def break_config(folder: Path) -> None:
    (folder / CONFIG_FILE).write_text("{")


def break_setting(folder: Path) -> None:
    (folder / CONFIG_FILE).write_text('{"network": "semabs", "colour": 1}')


def break_fit(folder: Path) -> None:
    text = (folder / CONFIG_FILE).read_text()
    (folder / CONFIG_FILE).write_text(text.replace('"point_width": 16', '"point_width": 24'))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (break_nothing_there, f"has no {WEIGHTS_FILE}"),
        (break_weights, "damaged"),
        (break_config, f"{CONFIG_FILE}: Expecting property name"),
        (break_setting, "unknown setting 'colour'"),
        (break_fit, f"{WEIGHTS_FILE} does not fit {CONFIG_FILE}"),
    ],
)
def test_each_damage_is_told_in_one_line(saved, spoil, message):
    _, folder = saved
    spoil(folder)
    with pytest.raises(SemAbsFileError, match=message) as caught:
        load_semabs(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("config", [SemAbsConfig(), SemAwareConfig(), small_config(heads=("locate",), released=True)])
def test_settings_come_back(config):
    assert make_config(settings_of(config)) == config


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.yaml")))
def test_every_configuration_makes_a_network(name):
    with torch.device("meta"):
        network = make_network(read_network_config(CONFIGS / f"{name}.yaml"))
    if name.startswith("tiny"):
        assert 2 * sum(weight.numel() for weight in network.parameters()) < 10e6, "under 10 MB as float16"


def test_paper_is_the_papers():
    config = read_network_config(CONFIGS / "paper.yaml")
    assert config == SemAbsConfig()
    assert config.grid == PAPER_GRID
    assert config.grid.upper == (1.0, 1.0, 1.9)


def test_tiny_fills_the_same_bounds():
    assert read_network_config(CONFIGS / "tiny.yaml").grid == VoxelGrid(PAPER_GRID.origin, 0.0625, (32, 32, 32))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network: other", "unknown network 'other'"),
        ("heads: [guess]", "heads must be some of"),
        ("grid: {origin: [0, 0, 0]}", "grid: lacks 'voxel_size', 'shape'"),
        ("- 1", "must hold a mapping"),
    ],
)
def test_wrong_configurations_name_their_file(tmp_path, text, message):
    path = tmp_path / "net.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_network_config(path)
    assert str(path) in str(caught.value)
