"""What ships is found by its name, for whoever asks, and a copy of the package without it says so."""

from pathlib import Path

import pytest

from ago_ros import shipped
from ago_ros.occupancy.ago import checkpoint, variants
from ago_ros.scene_query.semabs import files
from ago_ros.scene_query.semabs.load import load_learned
from ago_ros.shipped import SHIPPED, WEIGHTS, ShippedError, shipped_folder
from ago_ros.vlm.loading import OWN_CONFIG, ModelError, load_own_tower, load_vlm

READERS = {
    "load_vlm": load_vlm,
    "load_own_tower": load_own_tower,
    "load_ago": checkpoint.load_ago,
    "read_note": variants.read_note,
    "load_learned": lambda source: load_learned(source, "ago-tiny"),
}


def test_the_table_is_all_that_the_package_carries():
    assert {WEIGHTS / folder for folder in SHIPPED.values()} == {each for each in WEIGHTS.iterdir() if each.is_dir()}
    marks = {"ago-tiny": OWN_CONFIG, "ago-tiny-occupancy": checkpoint.CONFIG_FILE, "semabs-tiny": files.CONFIG_FILE}
    assert {name: mark for name, mark in marks.items() if (shipped_folder(name) / mark).is_file()} == marks


def test_whatever_is_no_name_is_a_folder(tmp_path):
    assert shipped_folder(tmp_path) == shipped_folder(str(tmp_path)) == tmp_path
    assert shipped_folder("no/such/folder") == Path("no/such/folder")


@pytest.mark.parametrize("reader", READERS)
def test_a_model_that_the_package_lacks_is_named_by_every_reader(monkeypatch, reader):
    monkeypatch.setitem(shipped.SHIPPED, "lost", "nowhere")
    with pytest.raises(ShippedError, match=r"lost: this copy of the package has no .*nowhere; install it") as caught:
        READERS[reader]("lost")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reader", "name", "lacks"),
    [
        ("load_vlm", "semabs-tiny", "ago_vlm.json"),
        ("load_ago", "ago-tiny", "ago_model.json"),
        ("load_learned", "ago-tiny-occupancy", "decision.json"),
    ],
)
def test_a_name_of_another_kind_of_model_is_refused(reader, name, lacks):
    with pytest.raises(ValueError, match=lacks) as caught:
        READERS[reader](name)
    assert not isinstance(caught.value, ShippedError) and str(WEIGHTS / SHIPPED[name]) in str(caught.value)


def test_a_shipped_name_is_never_looked_for_elsewhere():
    with pytest.raises(ModelError, match="semabs_tiny does not load"):
        load_vlm("semabs-tiny", allow_download=True)
