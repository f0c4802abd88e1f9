"""`ago label`: what it writes, says, and refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny_models import save_model

from ago_ros.cli.main import run
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import FREE, UNOBSERVED
from ago_ros.occupancy.pseudo_labels.embeddings import read_embeddings
from ago_ros.occupancy.pseudo_labels.files import read_pseudo_labels


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model("clip", tmp_path_factory.mktemp("clip"))


def test_labels_and_embeddings_are_written_told_and_not_made_twice(
    tiny_nuscenes: Path, tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report = tmp_path / "labels", tmp_path / "reports" / "label.json"
    words = ["label", str(tiny_nuscenes), "--out", str(out), "--vlm", str(clip), "--embeddings", "--json", str(report)]
    assert run([*words, "--scene", "scene-0001"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("embeddings of 3 keyframes take about ") and "MB in half precision" in printed[0]
    assert "3 keyframes labelled, 0 were there, 0 skipped" in printed[1]
    told = json.loads(report.read_text())
    assert (told["labelled"], told["existing"], told["skipped"], told["left_out"]) == (3, 0, 0, [])
    assert told["segmenter"] == f"vlm:{clip}" and told["scenes"] == ["scene-0001"]
    for sample in NuScenesReader(tiny_nuscenes).samples("scene-0001"):
        labels = read_pseudo_labels(out / "gts" / "scene-0001" / sample.token / "labels.npz")
        assert (labels < FREE).any() and (labels == FREE).any() and (labels == UNOBSERVED).any()
        voxels, _ = read_embeddings(out / "embeddings" / "scene-0001" / f"{sample.token}.npz").features()
        assert (labels.flatten()[voxels] < FREE).all(), "only voxels with a class are embedded"
    assert run(words) == 0
    assert "1 keyframes labelled, 3 were there, 0 skipped" in capsys.readouterr().out


def test_what_cannot_be_read_is_told_and_the_status_says_whether_anything_is_there(
    tiny_nuscenes: Path, tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shutil.copytree(tiny_nuscenes, tmp_path / "root")
    reader = NuScenesReader(root)
    bad = reader.keyframe(reader.samples("scene-0001")[2].token)["lidar_top"].path
    bad.unlink()
    words = ["label", str(root), "--vlm", str(clip), "--frames", "0"]
    assert run([*words, "--out", str(tmp_path / "out"), "--scene", "scene-0001"]) == 0
    out, error = capsys.readouterr()
    assert "2 keyframes labelled, 0 were there, 1 skipped" in out
    told = [each for each in error.splitlines() if str(bad) in each]
    assert any(": skipped: " in line for line in told)
    only = reader.keyframe(reader.samples("scene-0002")[0].token)["cam_front"].path
    only.write_bytes(b"nothing")
    assert run([*words, "--out", str(tmp_path / "none"), "--scene", "scene-0002"]) == 2
    assert "not one of 1 keyframes has labels" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ROOT"], "name a model"),
        (["ROOT", "--segmenter", "sam3:x", "--embeddings"], "name a model"),
        (["ROOT", "--segmenter", "sam9:x"], "name one as vlm:MODEL"),
        (["ROOT", "--vlm", "/no/model"], "/no/model"),
        (["ROOT", "--vlm", "CLIP", "--scene", "scene-9"], "no scene is named 'scene-9'"),
        (["/no/root", "--vlm", "CLIP"], "/no/root"),
        (["ROOT", "--vlm", "CLIP", "--workers", "0"], "workers"),
    ],
)
def test_users_errors_are_one_line(
    tiny_nuscenes: Path, tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str], arguments, message
) -> None:
    places = {"ROOT": str(tiny_nuscenes), "CLIP": str(clip)}
    out = tmp_path / "out"
    assert run(["label", *(places.get(word, word) for word in arguments), "--out", str(out)]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("ago: ") and message in told
    assert not out.exists()


def test_the_real_keyframes_are_labelled(nuscenes_root: Path, tmp_path: Path, clip: Path) -> None:
    report = tmp_path / "label.json"
    words = ["label", str(nuscenes_root), "--out", str(tmp_path / "out"), "--vlm", str(clip), "--embeddings"]
    assert run([*words, "--json", str(report)]) == 0
    told = json.loads(report.read_text())
    assert told["labelled"] >= 1 and told["skipped"] == 0
    for path in (tmp_path / "out" / "gts").rglob("labels.npz"):
        labels = read_pseudo_labels(path)
        assert int((labels < FREE).sum()) > 3000 and int((labels == FREE).sum()) > 50_000
