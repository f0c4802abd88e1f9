"""`ago locate --scene-query semabs`: the network answers, and what it lacks is told in one line."""

import json

import pytest
from micro_semabs import save_micro_semabs
from tiny_models import save_model

from ago_ros.cli.main import run


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    vlm = str(save_model("clip", folder / "clip"))
    return vlm, str(save_micro_semabs(folder / "semabs", vlm))


def test_a_network_answers_in_place_of_the_analytic_fields(tiny_nuscenes, models, tmp_path, capsys):
    vlm, network = models
    found = {}
    for name, words in (("semabs", ["--scene-query", "semabs", "--scene-query-model", network]), ("analytic", [])):
        out = tmp_path / f"{name}.json"
        asked = ["locate", "car", str(tiny_nuscenes), "--vlm", vlm, "--json", str(out), *words]
        assert run(asked) == 0, capsys.readouterr().err
        found[name] = json.loads(out.read_text())
    assert (found["semabs"]["scene_query"], found["analytic"]["scene_query"]) == ("semabs", "analytic")
    assert [found[name]["scene_query_model"] for name in ("semabs", "analytic")] == [network, None]
    assert [found[name]["relevancy"] for name in ("semabs", "analytic")] == [None, "dense"], (
        "a network has its own maps"
    )
    assert found["semabs"]["regions"] != found["analytic"]["regions"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scene-query", "guess"], "scene_query must be one of analytic, semabs"),
        (["--scene-query", "semabs", "--scene-query-model", "/no/such/folder"], "/no/such/folder: has no"),
        (["--scene-query", "semabs", "--scene-query-model", "OTHER"], "was trained with vlm 'ago-tiny'"),
    ],
)
def test_users_errors_are_one_line(tiny_nuscenes, models, tmp_path, capsys, options, message):
    other = str(save_micro_semabs(tmp_path / "other", "ago-tiny"))
    words = [other if word == "OTHER" else word for word in options]
    assert run(["locate", "car", str(tiny_nuscenes), "--vlm", models[0], *words]) == 2
    told = capsys.readouterr().err.strip()
    assert message in told and "\n" not in told
