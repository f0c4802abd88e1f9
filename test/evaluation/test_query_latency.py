"""Latencies of queries: what is counted where, and that the work that is timed is the real one."""

import itertools

import pytest
import torch
from micro_semabs import save_micro_semabs

from ago_ros.evaluation.query_latency import STEPS, measure_queries, summarise, with_things
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import SceneEncoding, VoxelState
from ago_ros.scene.threads import single_thread
from ago_ros.scene_query.semabs.load import load_learned

GRID = VoxelGrid((-20.0, -20.0, -1.0), 1.0, (40, 40, 4))


class Model:
    name, dim, logit_scale, logit_bias = "plain", 4, 10.0, None

    def encode_text(self, phrases):
        return torch.eye(4)[[len(phrase) % 4 for phrase in phrases]]


class Frames:
    """Encodes; counts what is read of the images, and how often."""

    def __init__(self) -> None:
        self.encoded, self.read = 0, 0

    def __call__(self) -> SceneEncoding:
        self.encoded += 1
        state = torch.zeros(GRID.shape, dtype=torch.uint8)
        state[::2, ::2, 0] = VoxelState.OCCUPIED
        occupied = (state == VoxelState.OCCUPIED).nonzero()
        features = torch.nn.functional.normalize(torch.ones(len(occupied), 4), dim=1)

        def maps(phrases):
            self.read += len(phrases)
            return torch.rand(len(phrases), len(occupied))

        origin = torch.zeros(3, dtype=torch.float64)
        return SceneEncoding(
            0, GRID, state, torch.eye(4).double(), origin, occupied, features, "plain", maps, None, maps
        )


def test_medians_and_tails() -> None:
    latency = summarise([float(n) for n in range(100, 0, -1)])
    assert (latency.p50_ms, latency.p95_ms, latency.count) == (50.5, 95.0, 100)
    assert summarise([3.0]) == summarise([3.0]) and summarise([3.0]).p95_ms == 3.0


def test_things_stand_ahead_or_all_round() -> None:
    scene = with_things(Frames()(), Model())
    ahead, around, cup = scene.relevancy(["box ahead", "chest 0 all round", "cup 0 ahead"])
    centers = GRID.centers(scene.occupied)
    assert not cup.any() and int((ahead > 0.5).sum()) > 0
    assert float(centers[ahead > 0.5][:, 0].min()) > 5 and float(centers[ahead > 0.5][:, 1].abs().max()) < 4
    quarters = {(bool(x > 0), bool(y > 0)) for x, y, _ in centers[around > 0.5].tolist()}
    assert len(quarters) == 4


@pytest.mark.parametrize("learned", [False, True])
def test_every_step_is_timed_by_the_clock_on_the_real_work(tmp_path, learned: bool) -> None:
    fields = load_learned(save_micro_semabs(tmp_path, "plain"), "plain") if learned else None
    ticks, frames = itertools.count(), Frames()
    with single_thread():
        found = measure_queries(frames, Model(), fields, lambda: float(next(ticks)), rounds=2)
    assert tuple(found) == STEPS and frames.encoded == 2
    assert {step: latency.count for step, latency in found.items()} == {
        "encode": 2, "first query": 2, "new phrases": 6, "known phrases": 12, "all round, new": 6,
        "all round, known": 12,
    }  # fmt: skip
    assert all(latency.p50_ms == latency.p95_ms == 1000.0 for latency in found.values()), "one tick each"
    per_frame = frames.read / 2
    scored = 2 * (1 + 3 + 3) if learned else 2 * (1 + 3 + 3 + 6 + 6)
    fed = (2 * (1 + 3 + 3) + 15) if learned else 0
    assert per_frame == scored + fed, "known phrases are read once by a network, and anew by the analytic fields"
