"""One frame of the drive world, learned by heart from its six images and true labels."""

from dataclasses import replace

import pytest
from ago_training import HashedVlm, micro_config, micro_model

from ago_ros.datasets.drive_world.shard_writer import write_drive_shards
from ago_ros.datasets.drive_world.write import DriveWorldConfig
from ago_ros.datasets.errors import DatasetError
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.ago.variants import SETTINGS
from ago_ros.training.ago.config import VoxelBudget
from ago_ros.training.ago.keyframes import open_keyframes, scene_names
from ago_ros.training.ago.train import AgoRun, train_ago
from ago_ros.training.ago.validation import pseudo_label_scores


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    write_drive_shards(folder, DriveWorldConfig(seed=5, keyframes=1, size=(96, 54), style="city"), workers=1)
    return folder


@pytest.mark.slow
def test_one_frame_is_learned_by_heart(shards, tmp_path):
    grid = VoxelGrid((-40.0, -40.0, -1.0), 3.2, (25, 25, 2))
    model = micro_model(grid=grid, planes=grid.shape, dim=32, hidden=48)
    config = micro_config(model, steps=400, voxels=VoxelBudget(3000, 6000, 1))
    config = replace(config, loop=replace(config.loop, learning_rate=1e-2, weight_decay=0.0, warmup=10, log_every=50))
    run = AgoRun("self-supervised", shards, tmp_path, "grounding")
    learned = train_ago(config, run, HashedVlm())
    keyframes = open_keyframes(shards, shards, scene_names(shards))
    scores = pseudo_label_scores(learned, keyframes, SETTINGS["self-supervised"], 1)
    assert scores["score"] > 0.95 and scores["iou"] > 0.95


def test_shards_have_nothing_to_align_with(shards, tmp_path):
    with pytest.raises(DatasetError, match="shards have no embeddings"):
        train_ago(micro_config(steps=1), AgoRun("pretrain", shards, tmp_path), HashedVlm())
