"""Labelling a data set: shards, what is there already, what cannot be read, and Ray."""

import dataclasses
import json
import shutil

import pytest
import torch
from tiny_models import save_model

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import CLASS_NAMES, FREE, UNOBSERVED, labels_path
from ago_ros.occupancy.pseudo_labels.files import read_pseudo_labels
from ago_ros.occupancy.pseudo_labels.jobs import SETTINGS, LabelJob, make_shards, run_job
from ago_ros.occupancy.pseudo_labels.keyframes import KeyframeLabeller, LabelConfig
from ago_ros.occupancy.pseudo_labels.masks import Masks

SCENES = ("scene-0001", "scene-0002")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return save_model("clip", tmp_path_factory.mktemp("clip"))


@pytest.fixture
def root(tiny_nuscenes, tmp_path):
    """A copy that may be damaged."""
    return shutil.copytree(tiny_nuscenes, tmp_path / "root")


def job(root, out, clip, **changes) -> LabelJob:
    return LabelJob(str(root), str(out), f"vlm:{clip}", **changes)


def files(out) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*.npz"))}


@pytest.mark.parametrize(
    ("lengths", "workers", "expected"),
    [
        ((3, 1), 1, [3, 1]),
        ((3, 1), 2, [3, 1]),
        ((3, 1), 4, [2, 1, 1]),
        ((5,), 2, [3, 2]),
        ((2,), 9, [1, 1]),
        ((), 2, []),
    ],
)
def test_shards_hold_each_keyframe_once_and_in_order(lengths, workers, expected) -> None:
    tokens = {f"s{number}": [f"{number}-{i}" for i in range(length)] for number, length in enumerate(lengths)}
    shards = make_shards(tokens, workers)
    assert [len(part) for _, part in shards] == expected
    assert {scene: [t for s, part in shards for t in part if s == scene] for scene in tokens} == tokens


def test_a_second_run_leaves_what_is_there_and_makes_what_is_missing(root, tmp_path, clip) -> None:
    out = tmp_path / "out"
    first = run_job(job(root, out, clip), SCENES)
    assert [each.status for each in first] == ["labelled"] * 4
    made = files(out)
    assert len(made) == 4
    gone, cut = (labels_path(out, each.scene, each.sample_token) for each in (first[1], first[3]))
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:500])
    seen = []
    again = run_job(job(root, out, clip), SCENES, progress=lambda done, total: seen.append((done, total)))
    assert [each.status for each in again] == ["existing", "labelled", "existing", "labelled"]
    assert files(out) == made, "labelled anew, they are the same"
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_labels_made_in_another_way_are_not_mixed(root, tmp_path, clip) -> None:
    out = tmp_path / "out"
    run_job(job(root, out, clip), ["scene-0002"])
    with pytest.raises(DatasetError, match="another config; name another folder"):
        run_job(job(root, out, clip, config=LabelConfig(frames=1)), ["scene-0002"])
    with pytest.raises(DatasetError, match="another categories"):
        run_job(job(root, out, clip, categories={"car": ("car",)}), ["scene-0002"])
    run_job(job(root, out, clip, vlm=str(clip)), ["scene-0002"])
    assert json.loads((out / SETTINGS).read_text())["embeddings"] == str(clip)
    run_job(job(root, out, clip), ["scene-0002"])
    with pytest.raises(DatasetError, match="another embeddings"):
        run_job(job(root, out, clip, vlm=f"{clip}/"), ["scene-0002"])
    (out / SETTINGS).write_text("{")
    with pytest.raises(DatasetError, match="damaged"):
        run_job(job(root, out, clip), ["scene-0002"])


def test_embeddings_that_are_missing_are_made_for_labels_that_are_there(root, tmp_path, clip) -> None:
    out = tmp_path / "out"
    run_job(job(root, out, clip), ["scene-0002"])
    labels = files(out)
    outcome = run_job(job(root, out, clip, vlm=str(clip)), ["scene-0002"])
    assert [each.status for each in outcome] == ["labelled"]
    assert labels.items() < files(out).items() and len(files(out)) == 2


def test_a_keyframe_that_cannot_be_read_is_skipped_and_a_sweep_left_out(root, tmp_path, clip) -> None:
    reader = NuScenesReader(root)
    samples = reader.samples("scene-0001")
    image = reader.keyframe(samples[0].token)["cam_back"].path
    image.write_bytes(image.read_bytes()[:300])
    near = [
        record.path
        for record in reader.records("scene-0001")
        if record.sensor == "lidar_top" and 0 < record.stamp_ns - samples[1].stamp_ns < 1e8
    ]
    near[0].unlink()
    out = tmp_path / "out"
    outcomes = run_job(job(root, out, clip), SCENES)
    assert [each.status for each in outcomes] == ["skipped", "labelled", "labelled", "labelled"]
    assert str(image) in outcomes[0].reasons[0] and len(outcomes[0].reasons) == 1
    assert len(outcomes[1].reasons) == 1 and str(near[0]) in outcomes[1].reasons[0]
    assert not outcomes[2].reasons and len(files(out)) == 3
    assert not labels_path(out, "scene-0001", samples[0].token).exists()


class OneCategory:
    """Finds the same category everywhere."""

    name = "one"

    def segment(self, image: torch.Tensor) -> Masks:
        return Masks(torch.full(image.shape[:2], 1, dtype=torch.uint8), torch.ones(image.shape[:2]))


def test_the_segmenters_categories_become_class_ids(tiny_nuscenes, tmp_path) -> None:
    bus, tree = CLASS_NAMES.index("bus"), CLASS_NAMES.index("vegetation")
    labeller = KeyframeLabeller(NuScenesReader(tiny_nuscenes), tmp_path, OneCategory(), [bus, tree])
    (outcome,) = labeller.label("scene-0002")
    labels = read_pseudo_labels(labels_path(tmp_path, "scene-0002", outcome.sample_token))
    assert set(labels.unique().tolist()) == {tree, FREE, UNOBSERVED}
    with pytest.raises(ValueError, match="class ids"):
        KeyframeLabeller(NuScenesReader(tiny_nuscenes), tmp_path, OneCategory(), [FREE])


def test_a_model_that_does_not_load_leaves_no_folder_behind(root, tmp_path) -> None:
    with pytest.raises(ValueError, match="/no/model"):
        run_job(job(root, tmp_path / "out", "/no/model"), ["scene-0002"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("address", ["127.0.0.1:9", "127.0.0.1:port"])
def test_a_cluster_that_does_not_answer_is_told_at_once(root, tmp_path, clip, address) -> None:
    with pytest.raises(ConnectionError, match="no Ray cluster answers"):
        run_job(job(root, tmp_path / "out", clip), ["scene-0002"], address=address)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_workers_on_ray_write_the_same_files(root, tmp_path, clip) -> None:
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    plan = job(root, alone, clip, vlm=str(clip))
    run_job(plan, SCENES)
    outcomes = run_job(dataclasses.replace(plan, out=str(shared)), SCENES, workers=2)
    assert sorted(each.status for each in outcomes) == ["labelled"] * 4
    assert files(alone) == files(shared)
    with pytest.raises(ValueError, match="/no/model"):
        run_job(job(root, tmp_path / "third", "/no/model"), SCENES, workers=2)
    assert not (tmp_path / "third").exists()
