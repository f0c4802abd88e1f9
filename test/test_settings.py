"""Settings: what YAML becomes, and what is said of what it cannot become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from ago_ros.settings import build, read_settings


@dataclass(frozen=True)
class Wheel:
    radius: float
    spokes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cart:
    wheels: tuple[Wheel, ...]
    front: Wheel = Wheel(1.0)
    corners: tuple[tuple[int, int], ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    load: float = 0.0

    def __post_init__(self) -> None:
        if self.load < 0:
            raise ValueError("load must not be negative")


def read(tmp_path, text: str) -> Cart:
    path = tmp_path / "cart.yaml"
    path.write_text(text)
    return read_settings(path, lambda settings: build(Cart, settings))


def test_mappings_become_dataclasses_and_lists_tuples(tmp_path):
    text = """
    wheels: [{radius: 0.5}, {radius: 0.6, spokes: [3, 4]}]
    front: {radius: 0.7}
    corners: [[1, 2], [3, 4]]
    shares: {left: 0.25}
    """
    wheels = (Wheel(0.5), Wheel(0.6, (3, 4)))
    assert read(tmp_path, text) == Cart(wheels, Wheel(0.7), ((1, 2), (3, 4)), {"left": 0.25})


def test_what_is_made_already_is_taken_as_it_is():
    assert build(Cart, {"load": 2.0}, wheels=(Wheel(1.0),)) == Cart((Wheel(1.0),), load=2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wheels: []\nlod: 1", "unknown setting 'lod': use some of wheels, front, corners, shares, load"),
        ("wheels: [{radius: 1, spoke: 2}]", "wheels: unknown setting 'spoke': use some of radius, spokes"),
        ("wheels: []\n1: 2", "unknown setting '1': use some of wheels"),
        ("load: 1", "lacks 'wheels'"),
        ("wheels: []\nfront: {}", "front: lacks 'radius'"),
        ("wheels: []\nfront: 3", "front: must be a mapping of settings, got 3"),
        ("wheels: []\nload: -1", "load must not be negative"),
        ("wheels: []\nload: much", "'<' not supported between instances of 'str' and 'int'"),
        ("- 1", "must hold a mapping of settings, holds [1]"),
        ("", "must hold a mapping of settings, holds None"),
        ("wheels: [", "no YAML: while parsing"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_with_the_file(tmp_path, text, message):
    with pytest.raises(ValueError) as caught:
        read(tmp_path, text)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path / 'cart.yaml'}: {message}")
    assert "\n" not in told


def test_a_key_that_the_maker_asks_for_is_told(tmp_path):
    path = tmp_path / "cart.yaml"
    path.write_text("load: 1")
    with pytest.raises(ValueError, match=r"cart\.yaml: lacks 'horse'"):
        read_settings(path, lambda settings: settings["horse"])


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="nothing"):
        read_settings(tmp_path / "nothing.yaml", dict)
