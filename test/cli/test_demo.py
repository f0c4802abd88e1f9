"""The demo, whole: bag, launch over real DDS, query, pictures, report."""

import json

import pytest
from PIL import Image

from ago_ros.cli.main import run


@pytest.mark.ros
@pytest.mark.slow
def test_demo_plays_a_scene_asks_and_draws(tiny_nuscenes, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ROS_DOMAIN_ID", "57")
    assert run(["demo", "--nuscenes", str(tiny_nuscenes), "--out", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["frames_out"] >= 3
    settled = report["frames_out"] + sum(report["frames_dropped"].values())
    assert settled <= report["frames_in"] <= settled + 2, "at most one frame waits and one is in work"
    assert report["geometry"]["free_with_return"] == 0
    assert report["voxels_last_grid"]["occupied"] > 100
    assert "no image tower configured" in report["answer"]
    for name in ("cameras", "behind", "above"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert len(picture.convert("RGB").getcolors(1 << 20)) > 10
    assert not (tmp_path / "answer.png").exists()
    assert "latency" in capsys.readouterr().out


def test_demo_of_a_folder_that_is_no_dataset_is_one_line(tmp_path, capsys):
    assert run(["demo", "--nuscenes", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "nowhere" in error
    assert len(error.strip().splitlines()) == 1
