"""What a step is computed from: targets, drawn voxels, coarser grids, cameras that are missing, and the order."""

import dataclasses

import pytest
import torch
from ago_training import street

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import CLASS_NAMES, FREE, UNOBSERVED
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy.ago.predictor import prepare_images
from ago_ros.occupancy.ago.variants import SETTINGS, SUPER_PHRASES, evaluation_texts, phrases_of
from ago_ros.sensors.frame import SensorFrame
from ago_ros.training.ago.batches import FREE_TARGET, BatchSource, draw_voxels, shown_voxels, targets, to_grid
from ago_ros.training.ago.config import VoxelBudget
from ago_ros.training.ago.keyframes import Keyframe, LabelledRoot
from ago_ros.vlm.categories import OCC3D_PHRASES

NAMES = ("others", "car", "bicycle", "sidewalk", "vegetation", "free")


def numbers(setting: str) -> list[int]:
    ids = torch.tensor([CLASS_NAMES.index(name) for name in NAMES])
    return targets(ids, SETTINGS[setting]).tolist()


def test_targets_are_the_categories_that_a_setting_trains():
    classes = list(OCC3D_PHRASES)
    known = [classes.index(name) for name in NAMES[1:5]]
    assert numbers("self-supervised") == [UNOBSERVED, *known, FREE_TARGET]
    assert numbers("pretrain") == [UNOBSERVED, 3, 4, 2, UNOBSERVED, FREE_TARGET], "a tree is something, none knows what"
    few = SETTINGS["few-shot"].trained
    assert numbers("few-shot") == [UNOBSERVED, *(few.index(name) for name in NAMES[1:5]), FREE_TARGET]


def test_super_categories_are_not_told_by_phrases_of_their_classes():
    own = {phrase for phrases in OCC3D_PHRASES.values() for phrase in phrases}
    assert not own & {phrase for phrases in SUPER_PHRASES.values() for phrase in phrases}
    assert set(phrases_of(("vehicle", "car"))) == {"vehicle", "car"}
    assert {"tree", "motor vehicle"} <= set(evaluation_texts())


def test_rare_categories_are_drawn_oftener_than_they_occur_and_the_unobserved_never():
    semantics = torch.cat([torch.full((9000,), 11), torch.full((90,), 7), torch.full((5000,), FREE)])
    semantics = torch.cat([semantics, torch.full((3000,), UNOBSERVED)]).to(torch.uint8)
    drawn = draw_voxels(semantics, 400, 600, torch.Generator().manual_seed(0))
    ids = semantics[drawn]
    assert len(drawn) == len(drawn.unique()) == 1000
    assert (ids == FREE).sum() == 600 and not (ids == UNOBSERVED).any()
    share = 90**0.5 / (90**0.5 + 9000**0.5)
    assert (ids == 7).sum() / 400 == pytest.approx(share, abs=0.03), "as the square root, 9 %, not 1 %"
    everything = draw_voxels(semantics, 10**6, 10**6, torch.Generator().manual_seed(0))
    assert len(everything) == 14090


def test_labels_are_brought_to_a_coarser_grid():
    fine = torch.full(OCC3D_GRID.shape, UNOBSERVED, dtype=torch.uint8)
    fine[:2, :2, :2] = FREE
    fine[0, 0, 0], fine[1, 0, 0], fine[0, 1, 1] = 4, 4, 11
    fine[2, 0, 0] = FREE
    fine[4, 0, 0], fine[5, 0, 0] = 16, 3
    coarse = to_grid(fine, VoxelGrid(OCC3D_GRID.origin, 0.8, (100, 90, 8)))
    assert coarse.shape == (100, 90, 8) and coarse.dtype == torch.uint8
    assert coarse[:4, 0, 0].tolist() == [4, FREE, 3, UNOBSERVED]
    assert (coarse != UNOBSERVED).sum() == 3
    assert to_grid(fine, OCC3D_GRID) is fine


@pytest.fixture(scope="module")
def keyframes(tiny_nuscenes, labelled) -> LabelledRoot:
    return LabelledRoot(tiny_nuscenes, labelled, embedded=True)


def source(keyframes, **changes) -> BatchSource:
    settings = {
        "setting": SETTINGS["pretrain"], "grid": OCC3D_GRID, "image_size": (32, 48), "size": 1,
        "budget": VoxelBudget(200, 300, 100), "seed": 5,
    }  # fmt: skip
    return BatchSource(keyframes, **{**settings, **changes})


def test_a_keyframe_is_read_without_its_points(keyframes, tiny_nuscenes):
    keyframe = keyframes.read(0)
    reader = NuScenesReader(tiny_nuscenes)
    frame = reader.frame(reader.samples("scene-0001")[0].token)
    ours, theirs = (prepare_images(each, (32, 48)) for each in (keyframe.frame, frame))
    assert torch.equal(ours.images, theirs.images)
    assert torch.equal(ours.camera_from_ego, theirs.camera_from_ego)
    assert torch.equal(keyframe.semantics, street())
    assert {field.name for field in dataclasses.fields(Keyframe)} == {"frame", "semantics", "embeddings"}, "no mask"


def test_every_keyframe_comes_once_in_an_epoch_and_a_draw_repeats(keyframes):
    one, two = source(keyframes), source(keyframes, size=2)
    first = [number for draw in range(4) for number in one.numbers(draw)]
    assert sorted(first) == [0, 1, 2, 3]
    assert [number for draw in range(2) for number in two.numbers(draw)] == first
    orders = [[number for draw in range(4 * e, 4 * e + 4) for number in one.numbers(draw)] for e in range(6)]
    assert len({tuple(order) for order in orders}) > 1
    again, batch = source(keyframes).draw(3), one.draw(3)
    for field in dataclasses.fields(batch):
        assert torch.equal(getattr(batch, field.name), getattr(again, field.name)), field.name
    assert not torch.equal(batch.voxels, source(keyframes, seed=6).draw(3).voxels)


def test_a_batch_says_the_truth_of_its_voxels(keyframes):
    batch = source(keyframes, size=2).draw(0)
    assert batch.images.shape == (2, 6, 3, 32, 48) and batch.valid.all()
    labels = street()[batch.voxels[:, 1:].unbind(dim=1)]
    assert torch.equal(targets(labels, SETTINGS["pretrain"]), batch.target)
    assert not (labels == UNOBSERVED).any()
    assert len(batch.voxels) == 1000 and (batch.voxels[:, 0] == 1).sum() == 500
    shown = street()[batch.shown[:, 1:].unbind(dim=1)]
    assert (shown < FREE).all() and len(shown) == 200 == len(batch.embeddings)
    assert batch.embeddings.norm(dim=1).tolist() == pytest.approx([1.0] * 200, abs=1e-3)
    unknown = torch.tensor([CLASS_NAMES.index("terrain"), CLASS_NAMES.index("manmade")])
    assert torch.isin(shown.long(), unknown).any(), "the images tell of unknown categories, too"


def test_missing_cameras_are_filled_up_and_not_valid(keyframes):
    class OneBlind:
        def __len__(self) -> int:
            return len(keyframes)

        def read(self, number: int) -> Keyframe:
            keyframe = keyframes.read(number)
            if number:
                return keyframe
            some = dict(list(keyframe.frame.cameras.items())[:2])
            return dataclasses.replace(keyframe, frame=SensorFrame(keyframe.frame.lidar, some))

    drawing = source(OneBlind(), size=4)
    batch, order = drawing.draw(0), drawing.numbers(0)
    assert batch.valid.sum(dim=1).tolist() == [6 if number else 2 for number in order]
    assert not batch.images[~batch.valid].any()


def test_embeddings_of_finer_voxels_are_averaged(keyframes):
    keyframe = keyframes.read(1)
    grid = VoxelGrid(OCC3D_GRID.origin, 1.6, (50, 50, 4))
    semantics = to_grid(keyframe.semantics, grid)
    voxels, features = shown_voxels(keyframe.embeddings, grid, semantics, 60, torch.Generator().manual_seed(0))
    assert len(voxels) == len(voxels.unique()) == 60 and (semantics.flatten()[voxels] < FREE).all()
    fine, each = keyframe.embeddings.features()
    inside = grid.flatten(OCC3D_GRID.unflatten(fine) // 4) == voxels[7]
    assert torch.nn.functional.cosine_similarity(each[inside].mean(dim=0), features[7], dim=0) > 0.9999


def test_what_is_missing_is_told(keyframes, tiny_nuscenes, labelled, tmp_path):
    with pytest.raises(DatasetError, match="write them with `ago label`"):
        LabelledRoot(tiny_nuscenes, tmp_path, embedded=False)
    partial = LabelledRoot(tiny_nuscenes, labelled, embedded=False, scenes=["scene-0002"])
    assert len(partial) == 1 and partial.read(0).embeddings is None
