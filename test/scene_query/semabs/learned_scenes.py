"""Scenes for trained networks, and a network that knows geometry instead of having learned it."""

import math
from collections import Counter
from dataclasses import replace

import torch

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.decision import Decision, Reading
from ago_ros.scene_query.semabs.input_maps import MEAN_PHRASES
from ago_ros.scene_query.semabs.learned import LearnedFields
from ago_ros.scene_query.semabs.network import SemAbs, Volumes
from ago_ros.vlm.relevancy_maps import RelevancyConfig

TRAINED = VoxelGrid((-1.0, -1.0, -0.1), 2.0 / 16, (16, 16, 16))
SURE, UNSURE = 4.0, -4.0
DIM = 4
AXES = {"behind": (0, 1), "in front of": (0, -1), "left of": (1, 1), "right of": (1, -1), "on": (2, 1), "in": (2, -1)}
READING = Reading(
    "semabs", {"vlm": "oracle"}, {"complete": Decision(0.0, 1.0, 0.0), "locate": Decision(0.0, 1.0, -1.0)}
)


class GeometricNetwork:
    """Says sure wherever a relation's axis leads away from the reference by more than a voxel; completes a ball.

    Its volumes hold, in every voxel, the middle of the points that matter.
    """

    def __init__(self, grid: VoxelGrid = TRAINED, ball: float = 0.4) -> None:
        self.config = SemAbsConfig(EncoderConfig(point_width=8, channels=8, widths=(8,)), grid=grid)
        self.ball = ball
        self.encoded = Counter()

    def encode(self, scenes, grid=None, free=None):
        grid, rows = self.config.grid, []
        for scene in scenes:
            _, inside = grid.indices(scene.points)
            for row in scene.relevancy:
                self.encoded["volumes"] += 1
                shown = scene.points[inside & (row > 0.5)]
                middle = shown.mean(dim=0) if len(shown) else torch.full((3,), torch.nan)
                rows.append(middle[:, None, None, None].expand(3, *grid.shape))
        return Volumes(grid, torch.stack(rows))

    def locate(self, target, reference, relation, queries):
        axis, sign = AXES[relation[0]]
        away = sign * (queries[:, axis] - reference.features[0, axis, 0, 0, 0])
        return torch.where(away > self.config.grid.voxel_size, SURE + away, UNSURE)[None]

    def complete(self, volumes, queries):
        away = (queries - volumes.features[0, :, 0, 0, 0]).norm(dim=1)
        return torch.where(away < self.ball, SURE - away, UNSURE)[None]


def geometric_fields(**changes) -> LearnedFields:
    return LearnedFields(GeometricNetwork(**changes), READING, RelevancyConfig(), "geometric")


def random_fields(
    seed: int = 0, grid: VoxelGrid = TRAINED, method: str = "semabs", free_space: bool = False
) -> LearnedFields:
    torch.manual_seed(seed)
    encoder = EncoderConfig(inputs=1, point_width=16, channels=8, widths=(8, 16), groups=4, free_space=free_space)
    network = SemAbs(SemAbsConfig(encoder=encoder, grid=grid, relation_width=12)).eval()
    if free_space:
        torch.nn.init.normal_(network.encoder.free)
    decisions = {"complete": Decision(-0.1, 1.0, 0.0), "locate": Decision(0.0, 0.3, -1.0)}
    return LearnedFields(network, replace(READING, method=method, decisions=decisions), RelevancyConfig(), "random")


class PhraseMaps:
    """Maps and scores that are 1 at a phrase's own voxels; counts how often a phrase is read."""

    def __init__(self, shown: dict[str, torch.Tensor], count: int) -> None:
        self.shown, self.count, self.reads = shown, count, Counter()

    def _row(self, phrase: str) -> torch.Tensor:
        row = torch.zeros(self.count)
        if phrase in self.shown:
            row[self.shown[phrase]] = 1.0
        return row

    def scores(self, phrases):
        self.reads.update(f"score of {phrase}" for phrase in phrases)
        return torch.stack([self._row(phrase) for phrase in phrases])

    def maps(self, phrases):
        self.reads.update(phrases)
        mean = 0.25 * torch.ones(self.count)
        return torch.stack([mean if phrase in MEAN_PHRASES else self._row(phrase) + mean for phrase in phrases])


def make_scene(
    grid: VoxelGrid, viewpoint, things: dict[str, torch.Tensor], hidden: torch.Tensor, model: str = "oracle"
) -> tuple[SceneEncoding, PhraseMaps]:
    """A free scene with things, (K, 3) voxels of each phrase, and voxels that no ray reached, (X, Y, Z) bool."""
    state = torch.full(grid.shape, VoxelState.FREE, dtype=torch.uint8)
    state[hidden] = VoxelState.UNOBSERVED
    owner = torch.full(grid.shape, -1)
    for number, voxels in enumerate(things.values()):
        state[tuple(voxels.T)], owner[tuple(voxels.T)] = VoxelState.OCCUPIED, number
    occupied = (state == VoxelState.OCCUPIED).nonzero()
    owners = owner[tuple(occupied.T)]
    maps = PhraseMaps(
        {phrase: (owners == number).nonzero().squeeze(1) for number, phrase in enumerate(things)}, len(occupied)
    )
    place = torch.tensor(viewpoint, dtype=torch.float64)
    features = torch.nn.functional.one_hot(owners + 1, DIM).float()
    encoding = SceneEncoding(
        3,
        grid,
        state,
        torch.eye(4, dtype=torch.float64),
        place,
        occupied,
        features,
        model,
        maps.scores,
        None,
        maps.maps,
    )
    return encoding, maps


class NamedModel:
    """Phrase i of the scene is axis i + 1; any other is axis 0."""

    name, logit_scale, logit_bias = "oracle", 20.0, None

    def __init__(self, phrases) -> None:
        self.phrases, self.dim = list(phrases), DIM

    def encode_text(self, phrases):
        axes = [next((n + 1 for n, own in enumerate(self.phrases) if own in phrase), 0) for phrase in phrases]
        return torch.eye(self.dim)[axes]


def turned(voxels: torch.Tensor, quarter_turns: int, side: int) -> torch.Tensor:
    """Turns (K, 3) voxels of a square grid to the left about its middle."""
    for _ in range(quarter_turns % 4):
        voxels = torch.stack([side - 1 - voxels[:, 1], voxels[:, 0], voxels[:, 2]], dim=1)
    return voxels


def street(side_m: float = 80.0, cells: int = 40) -> VoxelGrid:
    """A square grid around a robot, its floor at z = 0."""
    size = side_m / cells
    return VoxelGrid((-side_m / 2, -side_m / 2, -size), size, (cells, cells, 8))


def block(low, high) -> torch.Tensor:
    axes = [torch.arange(a, b) for a, b in zip(low, high, strict=True)]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).reshape(-1, 3)


def heading_of(vector) -> float:
    return math.atan2(vector[1], vector[0])


assert set(AXES) == set(RELATIONS)
