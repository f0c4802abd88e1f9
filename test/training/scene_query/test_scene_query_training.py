"""Training of SemAbs: batches, movement, loss; resumed, tuned on validation alone, and told apart from other runs."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_query_views import made_view, query_view
from torch.nn.functional import normalize

from ago_ros.datasets.query_views.store import Ask, write_views
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene_query.query import Query
from ago_ros.scene_query.semabs.baselines import METHODS
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.decision import IouCounter, LogitHistogram, load_reading, pool_voxels
from ago_ros.scene_query.semabs.feeding import encode_scenes
from ago_ros.scene_query.semabs.files import load_semabs
from ago_ros.scene_query.semabs.seen_view import answer_view, asked_grid, query_of, see, settle, truth_of
from ago_ros.training.loop import LoopConfig
from ago_ros.training.scene_query import train as training
from ago_ros.training.scene_query.augment import Move, draw_move
from ago_ros.training.scene_query.batches import BatchSampler, choose_asks, draw_points
from ago_ros.training.scene_query.config import AugmentConfig, BatchConfig, DrawConfig, SceneQueryConfig, read_config
from ago_ros.training.scene_query.train import (
    batch_loss,
    build_network,
    decide,
    embed_asks,
    train_scene_query,
    validation_scores,
)

CUBE = VoxelGrid((-1.0, -1.0, -0.1), 0.25, (8, 8, 8))
NETWORK = SemAbsConfig(EncoderConfig(point_width=8, channels=8, widths=(8, 8), groups=4), relation_width=8, grid=CUBE)
STILL = AugmentConfig(shift=0, scale=0, turn_deg=0, mirror=False, colour=0)
MADE_WITH = {"vlm": "made"}


class _Letters:
    """A text tower: counts letters."""

    name = "letters"
    dim = 26

    def encode_text(self, phrases) -> torch.Tensor:
        counts = torch.tensor([[float(phrase.count(chr(97 + i))) for i in range(26)] for phrase in phrases])
        return normalize(counts + 0.01, dim=-1)


def _config(steps: int = 6, **loop) -> SceneQueryConfig:
    return SceneQueryConfig(
        loop=LoopConfig(**{"steps": steps, "learning_rate": 3e-3, "warmup": 1, "validate_every": 3, **loop}),
        network=NETWORK,
        draw=DrawConfig(voxels=16, map_side=24, depth_stride=1, train_drives=0, validation_drives=0, test_drives=0),
        batch=BatchConfig(scenes=2, asks=4, queries=64, margin=1, resolution=8),
        validation_views=2,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for split, rooms in (("train", range(4)), ("validation", range(4, 6))):
        for room in rooms:
            write_views(folder / split / f"{room:06d}.npz", [query_view(made_view(room), split)], MADE_WITH)
    return folder


@pytest.fixture(scope="module")
def views():
    return [query_view(made_view(room)) for room in range(3)]


def _sampler(views, method="semabs", augment=STILL, **changes) -> BatchSampler:
    config = BatchConfig(**{"scenes": 2, "asks": 4, "queries": 64, "resolution": 8, "margin": 1, **changes})
    return BatchSampler(views, METHODS[method], config, augment, CUBE)


def test_points_are_labelled_by_the_voxel_that_they_lie_in(views):
    view = views[0]
    generator = torch.Generator().manual_seed(0)
    for ask in view.asks:
        points, labels = draw_points(view, ask, BatchConfig(queries=200, near=0.5, resolution=8), generator)
        truth = pool_voxels(torch.from_numpy(view.voxels(ask.answer)), 8)
        voxels, inside = asked_grid(view, 8).indices(points)
        assert inside.all()
        assert torch.equal(truth[tuple(voxels.T)].float(), labels)
        assert float(labels.mean()) == 0.5, "half of the points are in the answer, of the near ones too"


def test_pooled_voxels_hold_what_any_part_holds():
    voxels = torch.rand(6, 6, 6, generator=torch.Generator().manual_seed(0)) < 0.1
    pooled = pool_voxels(voxels, 3)
    for x, y, z in torch.cartesian_prod(*[torch.arange(3)] * 3).tolist():
        assert bool(pooled[x, y, z]) == bool(voxels[2 * x : 2 * x + 2, 2 * y : 2 * y + 2, 2 * z : 2 * z + 2].any())
    with pytest.raises(ValueError, match="cannot be pooled to 4 along x"):
        pool_voxels(voxels, 4)


def _disagreement(view, ask, move: Move, moved_points) -> float:
    """Share of the seen target's points that are not among the voxels that moved queries call the target."""
    scene = see(view, "multi")
    truth = truth_of(view, ask.answer, 16)
    voxels, inside = view.grid.indices(scene.points)
    seen = scene.points[inside][truth[tuple(voxels.T)]]
    centres = view.grid.centers(truth.nonzero())
    away = torch.cdist(moved_points(move, seen), move.points(centres)).amin(dim=1)
    return float((away > 1.2 * view.grid.voxel_size).float().mean())


def test_what_is_seen_and_what_is_asked_move_together(views):
    view = views[0]
    ask = next(ask for ask in view.asks if ask.label == "cardboard box" and not ask.relation)
    strong = AugmentConfig(shift=0.1, scale=0.2, turn_deg=30.0)
    moves = [draw_move(CUBE, strong, torch.Generator().manual_seed(s), may_mirror=True) for s in range(6)]
    assert {move.mirrored for move in moves} == {True, False}
    assert max(_disagreement(view, ask, move, Move.points) for move in moves) == 0
    left_behind = [_disagreement(view, ask, move, lambda _, points: points) for move in moves]
    assert min(left_behind) > 0.05, "moving the queries alone would be noticed"


def test_mirrored_scenes_are_asked_mirrored_questions():
    mirror = Move(torch.diag(torch.tensor([1.0, -1, 1]).double()), torch.zeros(3).double(), True)
    assert mirror.query(Query("mug", "left of", "box")) == Query("mug", "right of", "box")
    assert mirror.query(Query("mug", "behind", "box")) == Query("mug", "behind", "box")
    assert mirror.points(torch.tensor([[0.3, 0.2, 0.1]])).tolist() == [pytest.approx([0.3, -0.2, 0.1])]
    assert replace(mirror, mirrored=False).query(Query("mug", "left of", "box")).relation == "left of"


def test_only_what_was_drawn_mirrored_is_mirrored(views):
    """A whole description has a map of its own: without that of the mirrored one, the scene stays as it is."""
    augment = replace(STILL, mirror=True)
    for method, expected in (("semabs", {True, False}), ("clip_spatial", {False})):
        sampler = _sampler(views[:1], method, augment, scenes=1, asks=20)
        told = set()
        for seed in range(12):
            batch = sampler.draw(torch.Generator().manual_seed(seed))
            told.add(any(str(query) == "mug right of cardboard box" for _, query in batch.asked))
        assert told == expected, method


def test_points_that_leave_the_grid_do_not_count(views):
    sampler = _sampler(views, augment=replace(STILL, shift=0.4))
    batch = sampler.draw(torch.Generator().manual_seed(0))
    assert 0.3 < float(batch.counts.float().mean()) < 1
    network = build_network(_config(), METHODS["semabs"], views, 26)
    loss = batch_loss(network, METHODS["semabs"], batch, {})["loss"]
    loss.backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters() if weight.grad is not None)


def test_completions_are_of_the_descriptions_phrases_first(views):
    asks = choose_asks(views[0], ("complete", "locate"), 4, torch.Generator().manual_seed(3))
    located = [ask for ask in asks if ask.relation]
    assert len(located) == 2
    assert len({ask.relation for ask in located}) == 2, "every relation alike"
    assert {ask.target for ask in asks if not ask.relation} & {w for a in located for w in (a.target, a.reference)}
    assert all(ask.relation for ask in choose_asks(views[0], ("locate",), 4, torch.Generator().manual_seed(3)))


@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_learns_its_batch(views, method):
    torch.manual_seed(0)
    how = METHODS[method]
    network = build_network(_config(), how, views, 26).train()
    texts = embed_asks(views, _Letters())
    batch = _sampler(views, method, queries=128).draw(torch.Generator().manual_seed(0))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    losses = []
    for _ in range(25):
        optimiser.zero_grad()
        terms = batch_loss(network, how, batch, texts)
        terms["loss"].backward()
        optimiser.step()
        losses.append(float(terms["loss"].detach()))
    assert losses[-1] < 0.8 * losses[0]
    assert set(terms) == ({"loss", "locate"} if method == "clip_spatial" else {"loss", "complete", "locate"})


def test_bfloat16_gives_the_same_answers_to_its_own_precision(views):
    """Places are never rounded to it: that would move queries by voxels."""
    torch.manual_seed(0)
    network = build_network(_config(), METHODS["semabs"], views, 26).train()
    batch = _sampler(views).draw(torch.Generator().manual_seed(0))
    exact = batch_loss(network, METHODS["semabs"], batch, {})["loss"]
    with torch.autocast("cpu", torch.bfloat16):
        encoded = encode_scenes(network, METHODS["semabs"], batch.scenes, batch.asked)
        rounded = batch_loss(network, METHODS["semabs"], batch, {})["loss"]
    assert encoded.volumes.features.dtype == torch.float32
    assert 0 < abs(float(exact.detach()) - float(rounded.detach())) < 0.01 * float(exact.detach())
    rounded.backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters() if weight.grad is not None)


def test_relevancy_reaches_the_network_at_about_one(views):
    network = build_network(_config(), METHODS["semabs"], views, 26)
    scene = see(views[0], "multi")
    assert 0.9 < float(scene.relevancy.abs().quantile(0.99)) * network.config.relevancy_scale < 1.2
    faint = [replace(view, maps={k: m / 100 for k, m in view.maps.items()}) for view in views]
    again = build_network(_config(), METHODS["semabs"], faint, 26)
    assert again.config.relevancy_scale == pytest.approx(100 * network.config.relevancy_scale, rel=0.02)


def test_an_interrupted_training_ends_where_the_other_does(data, tmp_path):
    whole = train_scene_query(_config(), "semabs", data, tmp_path / "whole", _Letters())

    class _Stop(Exception):
        pass

    def stop(done, steps):
        if done == 4:
            raise _Stop

    config = _config(checkpoint_every_s=0.0)
    with pytest.raises(_Stop):
        train_scene_query(config, "semabs", data, tmp_path / "parts", _Letters(), progress=stop)
    again = train_scene_query(config, "semabs", data, tmp_path / "parts", _Letters())
    assert again.decisions == whole.decisions
    one, other = (load_semabs(tmp_path / name).state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert load_reading(tmp_path / "parts") == again


def test_streets_are_trained_and_tuned_on_where_settings_name_them(data, tmp_path, monkeypatch):
    read = []
    original = training.read_views

    def watched(folder, kinds, files):
        read.append((folder.name, files))
        return original(data / folder.name.removesuffix("_outdoor"), kinds, files)

    monkeypatch.setattr(training, "read_views", watched)
    config = _config(2)
    draw = replace(config.draw, train_rooms=3, validation_rooms=2, train_drives=2, validation_drives=1, voxels=32)
    train_scene_query(replace(config, draw=draw), "semabs", data, tmp_path / "out", _Letters())
    assert read == [("train", 3), ("train_outdoor", 2), ("validation", 2), ("validation_outdoor", 1)]


def test_the_threshold_is_chosen_on_validation_views_alone(data, tmp_path, monkeypatch):
    """The test folder may hold anything: it is never opened; other validation views choose another threshold."""
    read = []
    original = training.read_views

    def watched(folder, *arguments):
        read.append(folder.name)
        return original(folder, *arguments)

    monkeypatch.setattr(training, "read_views", watched)
    reading = train_scene_query(_config(2), "semabs", data, tmp_path / "out", _Letters())
    assert read == ["train", "validation"]
    network, views = load_semabs(tmp_path / "out"), list(original(data / "validation"))
    for task in ("complete", "locate"):
        counter, histogram = IouCounter(), LogitHistogram()
        for view in views:
            answers = answer_view(network, METHODS["semabs"], view, view.asks, 8)
            for ask, raw, logits in zip(view.asks, answers, settle(view.asks, answers), strict=True):
                if bool(ask.relation) == (task == "locate"):
                    counter.add(logits, truth_of(view, ask.answer, 8).flatten())
                    histogram.add(raw, truth_of(view, ask.answer, 8).flatten())
        chosen = reading.decisions[task]
        assert chosen.margin is not None or chosen.threshold == counter.best()[0]
        assert task == "locate" or chosen.margin is None
        assert (reading.decisions[task].scale, reading.decisions[task].bias) == pytest.approx(histogram.fit())


def _answers(relation: str, lowered: float, count: int = 12):
    """Answers whose true voxels have logits of 2 less what they are lowered by, the others 3 below."""
    generator = torch.Generator().manual_seed(len(relation))
    truth = torch.arange(800) < 100
    for _ in range(count):
        logits = torch.where(truth, 2.0, -1.0) - lowered + 0.3 * torch.randn(800, generator=generator)
        ask = Ask("mug", relation, "box" if relation else "", "", True, 0)
        yield ask, logits, logits, truth


def test_each_relation_with_enough_answers_has_its_own_threshold_and_calibration():
    some = [("", 0.0, 12), ("behind", 3.0, 12), ("left of", 0.5, 6), ("right of", 0.5, 6), ("in", 5.0, 3)]
    decisions = decide([answer for each in some for answer in _answers(*each)])
    assert set(decisions) == {"complete", "locate", "behind", "left of", "right of"}
    assert decisions["left of"] == decisions["right of"]
    for relation, lowered, count in some[1:4]:
        for _, logits, _, truth in _answers(relation, lowered, count):
            assert torch.equal(decisions[relation].accept(logits), truth)
            wanted = truth.double().mean()
            assert float(decisions[relation].probability(logits).mean()) == pytest.approx(float(wanted), abs=0.02)
    scores = validation_scores(answer for each in some for answer in _answers(*each))
    assert scores == {"complete": 1.0, "locate": 1.0, "score": 1.0}


def test_ious_are_those_of_plain_counting():
    generator = torch.Generator().manual_seed(0)
    logits, truth = 3 * torch.randn(500, generator=generator), torch.rand(500, generator=generator) < 0.2
    logits[:20] = -torch.inf
    counter = IouCounter((-2.0, 0.0, 1.5))
    for threshold, iou in zip(counter.thresholds, counter.add(logits, truth).tolist(), strict=True):
        found = logits > threshold
        assert iou == pytest.approx(float((found & truth).sum() / (found | truth).sum()))
    assert counter.best()[1] == pytest.approx(float(counter.means().max()))


def test_calibration_finds_the_factor_and_bias_that_made_the_truth():
    generator = torch.Generator().manual_seed(1)
    logits = 4 * torch.randn(200_000, generator=generator)
    truth = torch.rand(200_000, generator=generator) < torch.sigmoid(0.5 * logits - 2)
    histogram = LogitHistogram()
    for part in range(4):
        histogram.add(logits[part::4], truth[part::4])
    assert histogram.fit() == pytest.approx((0.5, -2), abs=0.05)
    with pytest.raises(ValueError, match="draw more"):
        LogitHistogram().fit()


def test_a_voxel_goes_to_the_class_with_the_highest_logit(views):
    completions = [ask for ask in views[0].asks if not ask.relation][:2]
    relation = next(ask for ask in views[0].asks if ask.relation)
    logits = [torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0])]
    settled = settle([*completions, relation], logits)
    assert settled[0].tolist() == [1.0, -torch.inf]
    assert settled[1].tolist() == [-torch.inf, 3.0]
    assert settled[2].tolist() == [0.0, 0.0]


def test_a_folder_belongs_to_one_training(data, tmp_path):
    train_scene_query(_config(2), "semabs", data, tmp_path / "out", _Letters())
    with pytest.raises(ValueError, match="begun with another loop, method"):
        train_scene_query(_config(3), "semaware", data, tmp_path / "out", _Letters())
    with pytest.raises(ValueError, match="no method 'magic': use one of semabs"):
        train_scene_query(_config(2), "magic", data, tmp_path / "other", _Letters())


def test_the_shipped_settings_are_read():
    config = read_config(Path(__file__).parents[3] / "config" / "training" / "scene_query_tiny.yaml")
    assert config.network.grid.shape == (32, 32, 32)
    assert config.batch.resolution == 32
    assert query_of(query_view(made_view()).asks[0]).relation is None


def test_settings_that_cannot_be_name_their_file(tmp_path):
    (tmp_path / "x.yaml").write_text("loop: {steps: 1, learning_rate: 1}\nnetwork: {}\nbatch: {scenes: 0}\n")
    with pytest.raises(ValueError, match=r"x\.yaml: batch: scenes, asks"):
        read_config(tmp_path / "x.yaml")
    DrawConfig(voxels=16, train_drives=0, validation_drives=0, test_drives=0)
    with pytest.raises(ValueError, match="multiple of 32 where drives are drawn: got 16"):
        DrawConfig(voxels=16)
