"""A SemAbs network of random weights, saved as a training leaves it."""

from pathlib import Path

import torch

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.semabs.baselines import METHODS
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.decision import Decision, Reading, save_reading
from ago_ros.scene_query.semabs.files import make_network, save_semabs

DRAWN_WITH = {
    "maps": "fast", "scales": [1.0, 0.5], "stride": 1.0, "crop_side": 32, "jitters": 0, "flip": False, "map_side": 56,
}  # fmt: skip
GRID = VoxelGrid((-1.0, -1.0, -0.1), 2.0 / 16, (16, 16, 16))


def save_micro_semabs(folder: Path, vlm: str, method: str = "semabs", **drawn_with) -> Path:
    torch.manual_seed(3)
    encoder = EncoderConfig(inputs=1, point_width=16, channels=8, widths=(8, 16), groups=4)
    config = METHODS[method].configure(SemAbsConfig(encoder=encoder, grid=GRID, relation_width=12), 8)
    save_semabs(folder, make_network(config))
    decisions = {"complete": Decision(-0.2, 1.0, 0.0), "locate": Decision(0.0, 0.5, -1.0)}
    if METHODS[method].whole_description:
        decisions.pop("complete")
    save_reading(folder, Reading(method, {"vlm": vlm, **DRAWN_WITH, **drawn_with}, decisions, {"steps": 0}))
    return folder
