import json

import pytest

from ago_ros.cli.main import run


def test_geometry_prints_and_writes_the_same_numbers(tiny_nuscenes, tmp_path, capsys):
    out = tmp_path / "reports" / "geometry.json"
    assert run(["eval", "geometry", str(tiny_nuscenes), "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    assert set(report["scenes"]) == {"scene-0001", "scene-0002", "all"}
    total = report["scenes"]["all"]
    assert total["returns"] == sum(report["scenes"][name]["returns"] for name in ("scene-0001", "scene-0002")) > 0
    assert total["free_with_return"] == 0
    printed = capsys.readouterr().out
    assert report["protocol"] in printed
    assert str(total["returns"]) in printed


def test_geometry_of_one_scene(tiny_nuscenes, tmp_path):
    out = tmp_path / "geometry.json"
    assert run(["eval", "geometry", str(tiny_nuscenes), "--scene", "scene-0002", "--json", str(out)]) == 0
    assert set(json.loads(out.read_text())["scenes"]) == {"scene-0002", "all"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval", "geometry", "/nowhere"], "/nowhere"),
        (["eval", "geometry", "ROOT", "--scene", "scene-9"], "no scene is named 'scene-9'"),
        (["eval", "geometry", "ROOT", "--max-sweeps", "0"], "max-sweeps"),
    ],
)
def test_users_errors_are_one_line(tiny_nuscenes, capsys, arguments, message):
    assert run([str(tiny_nuscenes) if word == "ROOT" else word for word in arguments]) == 2
    told = capsys.readouterr().err.strip()
    assert message in told
    assert "\n" not in told
