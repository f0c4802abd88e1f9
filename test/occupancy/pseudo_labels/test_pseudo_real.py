"""The whole of `ago label` on real keyframes, with a very small stand-in for the model: files, not their quality."""

import json

import pytest
from tiny_models import save_model

from ago_ros.cli.main import run
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import FREE, UNOBSERVED
from ago_ros.occupancy.pseudo_labels.embeddings import embeddings_path, read_embeddings
from ago_ros.occupancy.pseudo_labels.files import read_pseudo_labels


@pytest.mark.slow
def test_real_keyframes_are_labelled_and_embedded(nuscenes_root, tmp_path, capsys):
    clip, out, report = save_model("clip", tmp_path / "clip"), tmp_path / "labels", tmp_path / "report.json"
    words = ["label", str(nuscenes_root), "--out", str(out), "--vlm", str(clip), "--embeddings"]
    assert run([*words, "--json", str(report)]) == 0, capsys.readouterr().err
    reader = NuScenesReader(nuscenes_root)
    samples = [(scene.name, sample.token) for scene in reader.scenes for sample in reader.samples(scene.name)]
    told = json.loads(report.read_text())
    assert (told["labelled"], told["skipped"], told["left_out"]) == (len(samples), 0, [])
    for scene, token in samples:
        labels = read_pseudo_labels(out / "gts" / scene / token / "labels.npz")
        occupied, free = (labels < FREE).sum(), (labels == FREE).sum()
        assert labels.shape == (200, 200, 16) and occupied > 1000 and free > 10 * occupied
        assert (labels == UNOBSERVED).sum() > free, "a single sweep does not pass through most of the grid"
        voxels, features = read_embeddings(embeddings_path(out, scene, token)).features()
        assert len(voxels) > 500 and features.isfinite().all()
        assert (labels.flatten()[voxels] < FREE).all(), "only voxels with a class are embedded"
