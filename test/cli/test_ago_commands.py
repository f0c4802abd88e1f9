"""`ago train ago` and `ago eval ago` on the command line, from labels to tables."""

import json

import pytest
import torch
import yaml
from PIL import Image

from ago_ros.cli.demo_ago import compare
from ago_ros.cli.main import run
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import FREE, Occ3dLabels, labels_path, write_labels
from ago_ros.datasets.open_world import PRETRAINING
from ago_ros.evaluation.ago import EvaluationSet
from ago_ros.geometry.voxel_grid import OCC3D_GRID
from ago_ros.occupancy.ago.checkpoint import load_ago, save_ago
from ago_ros.occupancy.ago.predictor import prepare_images
from ago_ros.occupancy.pseudo_labels.embeddings import embed_images, embeddings_path, write_embeddings
from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.small import Calibration, save_small
from ago_ros.vlm.tower import ImageTower, TowerConfig

SIZES = {
    "grid": {"origin": [-40.0, -40.0, -1.0], "voxel_size": 0.4, "shape": [200, 200, 16]},
    "planes": [8, 10, 4], "image_size": [32, 48], "dim": 16, "hidden": 8, "text_dim": 384, "heads": 2,
    "cross_layers": 1, "self_layers": 0, "pillar_anchors": [2, 4, 4], "pillar_points": [2, 4, 4], "hybrid_anchors": 2,
    "hybrid_points": 2, "dropout": 0.0,
    "backbone": {
        "depths": [1], "widths": [16], "stem": 8, "layer": "basic", "stages": [1], "levels": 1, "deformable_stages": [],
        "frozen_norm": False,
    },
}  # fmt: skip
TRAINING = {
    "model": "sizes.yaml",
    "loop": {"steps": 2, "learning_rate": 1e-3, "warmup": 1},
    "few_shot": {"steps": 1, "learning_rate": 1e-3, "scenes": 1},
    "voxels": {"occupied": 100, "free": 200, "aligned": 50},
    "noise_pool": 80,
}


@pytest.fixture(scope="module")
def workshop(tiny_nuscenes, tmp_path_factory):
    """A folder with settings, a small vision-language model, and labels of the tiny root with its embeddings."""
    folder = tmp_path_factory.mktemp("workshop")
    (folder / "sizes.yaml").write_text(yaml.safe_dump(SIZES))
    (folder / "mine.yaml").write_text(yaml.safe_dump(TRAINING))
    torch.manual_seed(0)
    tower = ImageTower(TowerConfig(width=32, depth=1, heads=2, side=32))
    save_small(folder / "vlm", tower, Calibration(10.0, -5.0), 32)
    vlm, reader = load_vlm(str(folder / "vlm")), NuScenesReader(tiny_nuscenes)
    semantics = torch.full(OCC3D_GRID.shape, FREE, dtype=torch.uint8)
    semantics[:, :, 2], semantics[110:120, 95:105, 3:8], semantics[:, 150, 3:9] = 11, 4, 15
    mask = torch.ones(OCC3D_GRID.shape, dtype=torch.bool)
    for scene in reader.scenes:
        for sample in reader.samples(scene.name):
            write_labels(labels_path(folder, scene.name, sample.token), Occ3dLabels(semantics, mask, mask))
            embeddings = embed_images(vlm, reader.frame(sample.token), (semantics < FREE).nonzero())
            write_embeddings(embeddings_path(folder, scene.name, sample.token), embeddings)
    (folder / "pseudo_labels.json").write_text(json.dumps({"embeddings": str(folder / "vlm")}))
    return folder


def train(workshop, root, setting: str, out, *more: str) -> int:
    where = ["--config", workshop / "mine.yaml", "--data", root, "--labels", workshop, "--vlm", workshop / "vlm"]
    return run([str(word) for word in ("train", "ago", "--setting", setting, "--out", out, *where, *more)])


@pytest.mark.slow
def test_from_pretraining_over_zero_shot_to_few_shot(workshop, tiny_nuscenes, tmp_path, capsys):
    first, second, few = (tmp_path / name for name in ("first", "second", "few"))
    assert train(workshop, tiny_nuscenes, "pretrain", first) == 0
    assert "min without the optimiser" in capsys.readouterr().out, "it says first what it will take"
    assert train(workshop, tiny_nuscenes, "pretrain", second, "--seed", "1", "--steps", "1") == 0
    assert train(workshop, tiny_nuscenes, "few-shot", few, "--from", str(first)) == 0
    page, out = tmp_path / "page.md", tmp_path / "scores.json"
    page.write_text("<!-- ago_open: begin -->\n<!-- ago_open: end -->\n")
    where = ["--data", str(tiny_nuscenes), "--labels", str(workshop), "--vlm", str(workshop / "vlm")]
    where += ["--scene", "scene-0002"]
    identifiers = ["--identifier", "none", "--identifier", "entropy"]
    command = ["eval", "ago", str(first), str(second), *where, *identifiers, "--json", str(out), "--docs", str(page)]
    assert run(command) == 0
    report = json.loads(out.read_text())
    (table,) = report["tables"]
    assert [model["seed"] for model in report["models"]] == [0, 1]
    assert [(row["stage"], row["method"]) for row in table["rows"]] == [
        (stage, f"AGO, identifier: {criterion}")
        for stage in ("pretraining", "zero-shot")
        for criterion in ("none", "entropy")
    ]
    assert all(len(row["percent"]["known"]["score"]["seeds"]) == 2 for row in table["rows"])
    assert "pretraining" in page.read_text()
    capsys.readouterr()
    assert run(["eval", "ago", str(few), *where, "--protocol", "closed", "--lift", "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    assert [table["name"] for table in report["tables"]] == ["ago_closed", "ago_missed"]
    assert [row["method"] for row in report["tables"][0]["rows"]] == ["AGO", "lift predictor"]
    assert report["tables"][0]["rows"][1]["percent"]["RayIoU"]["score"]["mean"] is not None
    assert report["lift_encode_p50_ms"] > 0
    assert list(json.loads((first / "ago_model.json").read_text())["categories"]) == list(PRETRAINING.known)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "ago", "--config", "huge", "--setting", "pretrain"], "no settings 'huge' for ago: use paper, small"),
        (["train", "ago", "--config", "tiny", "--setting", "zero-shot"], "zero-shot is no training"),
        (["train", "ago", "--config", "tiny", "--setting", "few-shot"], "needs a pretrained model"),
        (["eval", "ago", "nowhere"], "nowhere: has no training.json"),
    ],
)
def test_what_is_missing_is_told_in_one_line(arguments, message, tmp_path, capsys):
    more = ["--data", str(tmp_path)] + (["--out", str(tmp_path / "out")] if arguments[0] == "train" else [])
    assert run([*arguments, *more]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_what_does_not_go_together_is_told(tmp_path, capsys):
    from ago_ros.occupancy.ago.variants import TrainingNote

    TrainingNote("self-supervised", "ago", 0, "v", 1.0, 1, 1).write(tmp_path)
    for options, message in (
        (["--protocol", "half"], "use closed or open"),
        (["--protocol", "closed", "--stage", "zero-shot"], "of the open protocol"),
        (["--protocol", "open"], "name the --stage"),
        (["--protocol", "closed", "--vlm", "/no/model"], "/no/model"),
    ):
        assert run(["eval", "ago", str(tmp_path), "--data", str(tmp_path), *options]) == 2
        assert message in capsys.readouterr().err


@torch.no_grad()
def keep_one_in_a_hundred(folder, root):
    """Moves the free embedding of a model that has hardly learned until about one voxel in a hundred is occupied."""
    reader, model = NuScenesReader(root), load_ago(folder)
    batch = prepare_images(reader.frame(reader.samples("scene-0002")[0].token), model.config.image_size)
    spread = model.encode_planes(batch.images, batch.camera_from_ego, batch.intrinsics)
    voxels = torch.stack([torch.randint(0, size, (5000,)) for size in (1, *OCC3D_GRID.shape)], dim=1)
    features = model.head.decode(model.head.hidden_at(spread, voxels))
    mean = features.mean(dim=0)
    for _ in range(8):
        margin = (features @ model.known.T).amax(dim=1) - features @ model.free
        model.free += margin.quantile(0.99) * mean / mean.square().sum()
    save_ago(model, folder, torch.float32)


@pytest.mark.slow
def test_the_demo_holds_ago_and_lift_against_the_truth(workshop, tiny_nuscenes, tmp_path):
    model = tmp_path / "model"
    assert train(workshop, tiny_nuscenes, "self-supervised", model) == 0
    keep_one_in_a_hundred(model, tiny_nuscenes)
    report = compare(EvaluationSet(tiny_nuscenes, workshop, ("scene-0002",)), str(model), tmp_path)
    assert 0 < report["lift"]["IoU"] <= 1 and report["ago"] != report["lift"]
    for name in ("ago", "lift"):
        assert 0 <= report[name]["mIoU"] <= 1 and report[name]["encode_p50_ms"] > 0
    with Image.open(report["picture"]) as picture:
        thirds = [picture.convert("RGB").crop((720 * i, 0, 720 * (i + 1), 540)) for i in range(3)]
    assert len({third.tobytes() for third in thirds}) == 3
    assert len(thirds[2].getcolors(1 << 20)) > 10, "the truth is drawn"
