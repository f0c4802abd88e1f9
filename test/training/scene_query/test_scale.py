"""No size is assumed: a room twenty times as large, and a street, are learnt, answered and scored as a room is."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made_query_views import made_view, query_view

from ago_ros.datasets.query_views.store import PixelSight, PointSight, QueryView, read_file, write_views
from ago_ros.datasets.room_world.relations import consistent_places, relate
from ago_ros.evaluation import scene_query, scene_query_analytic
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.semabs.baselines import METHODS
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.decision import Decision, Reading
from ago_ros.scene_query.semabs.files import make_network
from ago_ros.scene_query.semabs.seen_view import answer_view, see, truth_of
from ago_ros.training.scene_query.batches import BatchSampler
from ago_ros.training.scene_query.config import AugmentConfig, BatchConfig

FACTOR = 20.0
CUBE = VoxelGrid((-1.0, -1.0, -0.1), 0.25, (8, 8, 8))
NETWORK = SemAbsConfig(EncoderConfig(point_width=8, channels=8, widths=(8, 8), groups=4), relation_width=8, grid=CUBE)


def _grown_grid(grid: VoxelGrid) -> VoxelGrid:
    x, y, z = (FACTOR * edge for edge in grid.origin)
    return VoxelGrid((x, y, z), FACTOR * grid.voxel_size, grid.shape)


def _grown(view: QueryView) -> QueryView:
    """The same view of a world in which everything is twenty times as large: 40 m."""
    sight = view.sight
    assert isinstance(sight, PixelSight)
    pose = sight.grid_from_camera.copy()
    pose[:3, 3] *= FACTOR
    depth = sight.depth.astype(np.int64) * int(FACTOR)
    assert depth.max() < 65536
    sight = replace(sight, depth=depth.astype(np.uint16), grid_from_camera=pose)
    return replace(view, scale=FACTOR, sight=sight, grid=_grown_grid(view.grid))


@pytest.fixture(scope="module")
def views() -> list[QueryView]:
    return [query_view(made_view(room)) for room in range(3)]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return make_network(NETWORK).eval()


def test_a_step_learns_the_same_of_a_street_as_of_a_room(views):
    config, augment = BatchConfig(scenes=2, asks=4, queries=64, resolution=8, margin=1), AugmentConfig()
    one, other = (
        BatchSampler(some, METHODS["semabs"], config, augment, CUBE).draw(torch.Generator().manual_seed(3))
        for some in (views, [_grown(view) for view in views])
    )
    assert other.asked == one.asked
    assert torch.allclose(other.points, one.points, atol=1e-5)
    assert torch.equal(other.labels, one.labels)
    for grown, small in zip(other.scenes, one.scenes, strict=True):
        assert torch.allclose(grown.points, small.points, atol=1e-4)
        assert torch.equal(grown.relevancy, small.relevancy)


def test_a_network_answers_the_same(views, network):
    for view in views:
        small, grown = (answer_view(network, METHODS["semabs"], v, v.asks, 8) for v in (view, _grown(view)))
        assert len(small) == len(view.asks)
        for one, other in zip(small, grown, strict=True):
            assert torch.isfinite(other).all(), "nothing asked lies outside of the network's grid"
            assert torch.allclose(one, other, atol=1e-3)


def test_scores_are_the_same_and_volumes_are_in_metres(views, network, monkeypatch):
    for module in (scene_query, scene_query_analytic):
        monkeypatch.setattr(module, "RESOLUTION", 16)
    reading = Reading("semabs", {}, dict.fromkeys(("complete", "locate"), Decision(0.0, 1.0, 0.0)))
    setting = scene_query_analytic.AnalyticSetting(0.5, scene_query_analytic.SHARES[-4])
    grown = [_grown(view) for view in views]
    pairs = [
        (scene_query.evaluate_network(network, reading, some, {}) for some in (views, grown)),
        (scene_query_analytic.evaluate_analytic(some, setting, 1.0) for some in (views, grown)),
    ]
    searched = 0
    for small, large in pairs:
        assert len(small.rows) > 10
        assert max(row.iou for row in small.rows) > 0
        for one, other in zip(small.rows, large.rows, strict=True):
            assert other.iou == pytest.approx(one.iou, abs=0.02)
            assert (one.cost is None) == (other.cost is None)
            if one.cost and other.cost:
                searched += 1
                assert other.cost.searchable == pytest.approx(FACTOR**3 * one.cost.searchable)
    assert searched


def test_relations_reach_as_far_as_the_scene_is_large():
    view = made_view()
    grown = SimpleNamespace(
        occupancy=view.occupancy, visibility=view.visibility, objects=view.objects, grid=_grown_grid(view.grid),
        scale=FACTOR, relations=relate(_grown_grid(view.grid), view.occupancy, view.objects, FACTOR),
    )  # fmt: skip
    assert grown.relations == view.relations
    assert relate(_grown_grid(view.grid), view.occupancy, view.objects) != view.relations, "reaches of a room"
    names = {i: thing.name for i, thing in view.objects.items()}
    for a, relation, b in view.relations:
        triple = (names[a], relation, names[b])
        assert np.array_equal(consistent_places(grown, *triple), consistent_places(view, *triple))


def _as_points(view: QueryView) -> QueryView:
    """The same view as a LiDAR would give it."""
    maps = {kind: see(view, kind).relevancy.numpy().astype(np.float16) for kind in view.maps}
    scene = see(view, "multi")
    sight = PointSight(
        (view.scale * scene.points).numpy(), (255 * scene.colours).round().to(torch.uint8).numpy(), view.sight.viewpoint
    )
    return replace(view, sight=sight, maps=maps)


def test_points_are_seen_as_the_pixels_that_they_come_from(views, network, tmp_path):
    pixels = [_grown(view) for view in views]
    write_views(tmp_path / "one.npz", [_as_points(pixels[0]), pixels[1]], {"vlm": "made"})
    read = read_file(tmp_path / "one.npz")[1]
    assert isinstance(read[0].sight, PointSight)
    assert isinstance(read[1].sight, PixelSight)
    assert [view.scale for view in read] == [FACTOR, FACTOR]
    assert np.allclose(read[0].sight.viewpoint, pixels[0].sight.viewpoint)
    for one, other in zip(read, pixels, strict=False):
        seen, expected = see(one, "single"), see(other, "single")
        assert torch.allclose(seen.points, expected.points, atol=1e-5)
        assert torch.allclose(seen.relevancy, expected.relevancy, atol=1e-3)
        assert torch.allclose(seen.colours, expected.colours, atol=1e-2)
    assert read[0].nbytes > 0


def test_a_flat_window_is_asked_on_its_own_layers(views, network):
    """A street is asked 6 m up of the 40 m that a network's cube stands for."""
    view = _grown(views[0])
    layers = slice(2, 8)
    grid = VoxelGrid((*view.grid.origin[:2], view.grid.origin[2] + 2 * view.grid.voxel_size), view.grid.voxel_size,
                     (*view.grid.shape[:2], 6))  # fmt: skip
    from ago_ros.datasets.query_views.store import pack

    flat = replace(view, grid=grid, packed=tuple(pack(view.voxels(n)[:, :, layers]) for n in range(len(view.packed))))
    whole = answer_view(network, METHODS["semabs"], view, view.asks, 8)
    part = answer_view(network, METHODS["semabs"], flat, flat.asks, 8)
    for ask, one, other in zip(view.asks, whole, part, strict=True):
        assert torch.allclose(one.view(8, 8, 8)[:, :, 1:4].flatten(), other, atol=1e-4)
        assert torch.equal(truth_of(view, ask.answer, 8)[:, :, 1:4], truth_of(flat, ask.answer, 8))
    batch = BatchSampler(
        [flat], METHODS["semabs"], BatchConfig(scenes=1, queries=256, resolution=8, margin=1),
        AugmentConfig(0, 0, 0, False, 0), CUBE,
    ).draw(torch.Generator().manual_seed(0))  # fmt: skip
    heights = batch.points[..., 2]
    assert float(heights.min()) >= grid.origin[2] / FACTOR - 1e-5
    assert float(heights.max()) <= grid.upper[2] / FACTOR + 1e-5


def test_a_share_of_the_views_is_of_streets(views):
    streets = [replace(_grown(view), name=f"street {number}") for number, view in enumerate(views)]
    for share, expected in ((0.0, {1.0}), (1.0, {FACTOR})):
        sampler = BatchSampler(views, METHODS["semabs"], BatchConfig(outdoor=share), AugmentConfig(), CUBE, streets)
        generator = torch.Generator().manual_seed(0)
        assert {sampler._choose_view(generator).scale for _ in range(30)} == expected
    sampler = BatchSampler(views, METHODS["semabs"], BatchConfig(outdoor=0.25), AugmentConfig(), CUBE, streets)
    generator = torch.Generator().manual_seed(0)
    found = [sampler._choose_view(generator).scale == FACTOR for _ in range(1000)]
    assert 0.2 < np.mean(found) < 0.3
