import json

import pytest
from tiny_models import save_model

from ago_ros.cli.main import run


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model("clip", tmp_path_factory.mktemp("model") / "clip")


def test_locate_prints_and_writes_its_regions(tiny_nuscenes, model, tmp_path, capsys):
    out = tmp_path / "regions.json"
    words = ["locate", "where is the car", str(tiny_nuscenes), "--vlm", str(model), "--json", str(out), "--top", "3"]
    assert run(words) == 0
    report = json.loads(out.read_text())
    assert report["query"] == "car"
    assert report["scene"] == "scene-0001"
    assert 0 <= report["probability"] <= 1
    assert len(report["regions"]) <= 3
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith(f"car: {report['probability']:.3f}")
    assert printed[1] == report["message"]
    assert len(printed) == 2 + len(report["regions"])
    assert report["status"] in ("seen", "possible", "nowhere")


def test_what_the_answer_is_read_from_can_be_chosen(tiny_nuscenes, model, tmp_path):
    """A model of random weights answers differently from its attention and from its features."""
    found = {}
    for relevancy in ("dense", "maps"):
        out = tmp_path / f"{relevancy}.json"
        words = ["locate", "car", str(tiny_nuscenes), "--vlm", str(model), "--json", str(out), "--relevancy", relevancy]
        assert run(words) == 0
        found[relevancy] = json.loads(out.read_text())
        assert found[relevancy]["relevancy"] == relevancy
    assert found["dense"]["regions"] != found["maps"]["regions"]


@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        ("car", [], "set the parameter vlm"),
        ("car", ["--vlm", "MODEL", "--relevancy", "slow"], "one of dense, fast, maps"),
        ("car next to the tree", [], "'next to' is not known"),
        ("car", ["--vlm", "nobody/nothing"], "no such folder"),
        ("car", ["--vlm", "MODEL", "--keyframe", "99"], "scene-0001 has keyframes 0 to 2, not 99"),
        ("car", ["--vlm", "MODEL", "--scene", "scene-9"], "no scene is named"),
    ],
)
def test_users_errors_are_one_line(tiny_nuscenes, model, capsys, query, options, message):
    words = [str(model) if word == "MODEL" else word for word in options]
    assert run(["locate", query, str(tiny_nuscenes), *words]) == 2
    told = capsys.readouterr().err.strip()
    assert message in told
    assert "\n" not in told


@pytest.mark.parametrize("command", ["locate", "render"])
def test_a_question_without_an_answer_ends_with_the_reason(tiny_nuscenes, model, tmp_path, capsys, command):
    query = "car left of the tree and right of the tree"
    asked = [query, str(tiny_nuscenes)]
    words = asked if command == "locate" else [str(tiny_nuscenes), "--query", query, "--out", str(tmp_path)]
    assert run([command, *words, "--vlm", str(model)]) == 2
    assert "the query contradicts itself" in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
