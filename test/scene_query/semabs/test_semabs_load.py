"""Trained networks by name or folder, and what is wrong with those that cannot answer."""

from pathlib import Path

import pytest
import torch
from micro_semabs import save_micro_semabs

from ago_ros.scene_query.semabs.decision import DECISION_FILE
from ago_ros.scene_query.semabs.files import SemAbsFileError
from ago_ros.scene_query.semabs.load import load_fields, load_learned
from ago_ros.shipped import SHIPPED


def test_a_folder_gives_its_network_calibration_and_maps(tmp_path: Path) -> None:
    fields = load_learned(save_micro_semabs(tmp_path, "ago-tiny", scales=[1.0, 0.25]), "ago-tiny")
    assert fields.name == str(tmp_path) and not fields.network.training
    assert fields.reading.decisions["locate"].bias == -1.0
    maps = fields.relevancy
    assert (maps.method, maps.scales, maps.stride, maps.dense_side) == ("dense", (1.0, 0.25), 1.0, 32)
    assert load_fields("analytic", "no matter what", "") is None
    one = load_learned(save_micro_semabs(tmp_path / "single", "ago-tiny", "single_scale"), "ago-tiny").relevancy
    assert (one.method, one.scales) == ("attention", (1.0,))


def test_the_shipped_network_is_found_by_its_name(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(SHIPPED, "semabs-here", str(save_micro_semabs(tmp_path, "ago-tiny")))
    assert load_learned("semabs-here", "ago-tiny").name == "semabs-here"
    shipped = load_learned("semabs-tiny", "ago-tiny").network
    assert sum(weight.numel() for weight in shipped.parameters()) < 5e6


@pytest.mark.parametrize(
    ("method", "vlm", "message"),
    [
        ("semabs", "other", "vlm 'other' is given, and it was trained with vlm 'ago-tiny': give that one"),
        ("semabs", "", "no vlm is given, and it was trained with vlm 'ago-tiny': give that one"),
        ("clip_spatial", "ago-tiny", "was trained as the baseline clip_spatial"),
        ("semaware", "ago-tiny", "was trained as the baseline semaware"),
    ],
)
def test_what_cannot_answer_is_refused_in_one_line(tmp_path: Path, method: str, vlm: str, message: str) -> None:
    folder = save_micro_semabs(tmp_path, "ago-tiny", method)
    with pytest.raises(SemAbsFileError, match=message) as caught:
        load_learned(folder, vlm)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_unfinished_trainings_and_unknown_choices_are_refused(tmp_path: Path) -> None:
    folder = save_micro_semabs(tmp_path, "ago-tiny")
    (folder / DECISION_FILE).unlink()
    with pytest.raises(SemAbsFileError, match="`ago train scene-query` finished"):
        load_learned(folder, "ago-tiny")
    with pytest.raises(SemAbsFileError, match="/no/such/folder: has no"):
        load_learned("/no/such/folder", "ago-tiny")
    with pytest.raises(ValueError, match="scene_query must be one of analytic, semabs; got 'guess'"):
        load_fields("guess", "", "")


def test_weights_are_those_that_were_saved(tmp_path: Path) -> None:
    fields = load_learned(save_micro_semabs(tmp_path, "ago-tiny"), "ago-tiny")
    again = load_learned(tmp_path, "ago-tiny")
    for one, other in zip(fields.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)
