"""Drawing: pixels and maps of a view, files that are missing, and data sets that do not belong together."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_query_views import made_view, query_view
from torch.nn.functional import normalize

from ago_ros.datasets.captioned_views.unseen import is_unseen
from ago_ros.datasets.drive_world.street_views import SCALE, street_views
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.query_views.store import read_file, unpack, write_views
from ago_ros.datasets.room_world.view import FREE
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.scene_query.query import RELATIONS
from ago_ros.scene_query.semabs.input_maps import MEAN_PHRASES, input_maps, maps_config
from ago_ros.scene_query.semabs.points import RelevancyView, from_depth
from ago_ros.scene_query.semabs.seen_view import see
from ago_ros.training.scene_query import draw
from ago_ros.training.scene_query.config import DrawConfig, drawn_with
from ago_ros.vlm.relevancy_maps import RelevancyConfig
from ago_ros.vlm.small import Calibration, SmallModel
from ago_ros.vlm.text_memory import TextMemory
from ago_ros.vlm.tower import ImageTower, TowerConfig

CONFIG = DrawConfig(1, 1, 0, 1, 1, 0, 0, 0, image_side=24, depth_stride=2, map_side=12, voxels=16, crop_side=16)


class _Letters:
    """A text tower: counts letters."""

    name = "letters"
    dim = 24

    def encode_text(self, phrases) -> torch.Tensor:
        counts = torch.tensor([[float(phrase.count(chr(97 + i))) for i in range(24)] for phrase in phrases])
        return normalize(counts + 0.01, dim=-1)


@pytest.fixture(scope="module")
def model() -> SmallModel:
    torch.manual_seed(0)
    tower = ImageTower(
        TowerConfig(stem=(8, 16, 16), stem_blocks=(0, 0, 1), width=32, depth=2, heads=2, side=32, dim=24)
    )
    return SmallModel("small", tower.eval(), _Letters(), Calibration(17.0, -5.0), view_side=48)


def test_kept_pixels_are_where_the_full_image_has_them(model):
    view = made_view()
    drawn = draw.make_query_view(view, "train", CONFIG, model)
    camera = PinholeCamera(torch.from_numpy(view.intrinsics), 24, 24)
    whole = RelevancyView(torch.zeros(1, 4, 4), camera, torch.from_numpy(view.view_from_camera))
    expected = from_depth(whole, torch.from_numpy(view.depth)).points.view(24, 24, 3)[1::2, 1::2].reshape(-1, 3)
    seen = see(drawn, "multi")
    assert torch.allclose(seen.points, expected, atol=2e-3)
    assert torch.equal(seen.colours, torch.from_numpy(view.image[1::2, 1::2]).reshape(-1, 3).float() / 255)
    unshifted = replace(drawn, sight=replace(drawn.sight, intrinsics=np.diag([0.5, 0.5, 1]) @ view.intrinsics))
    assert not torch.allclose(see(unshifted, "multi").points, expected, atol=2e-3)


def test_free_space_is_what_the_robots_own_rays_tell(model, streets):
    view = made_view()
    drawn = draw.make_query_view(view, "train", CONFIG, model)
    assert np.array_equal(unpack(drawn.free, view.grid.shape), view.visibility == FREE)
    for street, queries in zip(streets, draw.make_street_queries(streets, "train", CONFIG, model), strict=True):
        assert np.array_equal(unpack(queries.free, street.grid.shape), street.free)


def test_maps_are_there_for_every_phrase_and_kind(model):
    drawn = draw.make_query_view(made_view(), "train", CONFIG, model)
    assert {kind: maps.shape for kind, maps in drawn.maps.items()} == dict.fromkeys(
        ("multi", "single"), (len(drawn.phrases), 12, 12)
    )
    assert not np.array_equal(drawn.maps["multi"], drawn.maps["single"])
    described = {f"{ask.target} {ask.relation} {ask.reference}" for ask in drawn.asks if ask.relation}
    assert described <= set(drawn.phrases)


def test_a_phrases_map_does_not_depend_on_what_else_is_asked(model):
    image = torch.from_numpy(made_view().image)
    config = RelevancyConfig(scales=(1.0,), jitters=0, flip=False, map_side=12)
    alone = input_maps(model, image, ["mug"], config)
    among = input_maps(model, image, ["bottle", "mug", MEAN_PHRASES[0]], config)
    assert torch.allclose(alone[0], among[1], atol=1e-6)
    assert float(alone.abs().max()) > 0


def test_the_kind_of_maps_is_a_setting_of_the_several_scales_alone(model):
    """What is drawn is `relevancy_maps` of the setting; the single scale is attention of the whole image either way."""
    view, slow = made_view(), replace(CONFIG, maps="attention")
    fast, attention = (draw.make_query_view(view, "train", config, model) for config in (CONFIG, slow))
    assert np.array_equal(fast.maps["single"], attention.maps["single"])
    assert not np.allclose(fast.maps["multi"], attention.maps["multi"], atol=1e-3)
    for config, drawn in ((CONFIG, fast), (slow, attention)):
        how = RelevancyConfig(
            method="dense" if config.maps == "fast" else "attention", scales=config.scales, stride=config.stride,
            flip=False, jitters=0, map_side=12, dense_side=config.crop_side,
        )  # fmt: skip
        expected = input_maps(model, torch.from_numpy(view.image), drawn.phrases, how)
        assert np.allclose(drawn.maps["multi"], expected.numpy(), atol=1e-3)
        kept = maps_config(drawn_with(config, "small"), multi_scale=True)
        assert kept == config.relevancy()["multi"], "what is kept with the weights reads the same maps"
    with pytest.raises(ValueError, match="maps is 'slow'"):
        replace(CONFIG, maps="slow")
    with pytest.raises(ValueError, match="do not say maps, scales, crop_side"):
        maps_config({"stride": 0.5, "jitters": 0, "flip": False, "map_side": 56}, multi_scale=True)


def test_a_memory_of_texts_encodes_each_sentence_once(model, monkeypatch):
    asked = []
    original = _Letters.encode_text
    monkeypatch.setattr(_Letters, "encode_text", lambda self, texts: asked.extend(texts) or original(self, texts))
    memory, image = TextMemory(model), torch.from_numpy(made_view().image)
    config = CONFIG.relevancy()["multi"]
    maps = [input_maps(memory, image, phrases, config) for phrases in (["mug", "box"], ["box", "mug", "lamp"])]
    assert len(asked) == len(set(asked))
    asked.clear()
    assert torch.equal(maps[1], input_maps(model, image, ["box", "mug", "lamp"], config))
    assert len(asked) > 3
    assert memory.name == model.name


def test_only_missing_files_are_drawn(tmp_path, monkeypatch):
    drawn = []

    def write(job, config, model, vlm):
        drawn.append(f"{job.split}/{job.number}")
        write_views(job.path, [query_view(made_view(job.number), job.split)], drawn_with(config, vlm))

    monkeypatch.setattr(draw, "draw_file", write)
    monkeypatch.setattr(draw, "load_vlm", lambda name: None)
    config = replace(CONFIG, train_rooms=2)
    draw.draw_missing(tmp_path, config, "small", 1, splits=("train", "validation"))
    assert drawn == ["train/0", "train/1", "validation/0"]
    (tmp_path / "train" / "000001.npz").unlink()
    draw.draw_missing(tmp_path, config, "small", 1, splits=("train", "validation"))
    assert drawn[3:] == ["train/1"]
    more = draw.missing_jobs(tmp_path, replace(config, train_rooms=4), "small", ("train",))
    assert [job.number for job in more] == [2, 3]
    assert draw.estimate_bytes(config, more) > 2 * (tmp_path / "train" / "000000.npz").stat().st_size
    for other, vlm in ((replace(config, maps="attention"), "small"), (config, "large")):
        with pytest.raises(DatasetError, match="another model or other settings"):
            draw.missing_jobs(tmp_path, other, vlm, ("train",))


@pytest.fixture(scope="module")
def streets():
    return list(street_views(40_002, 2, (96, 54)))


def test_points_of_a_street_have_what_the_cameras_show_there(streets, model, monkeypatch):
    """Maps and colours are those of the pixel that a point falls on: checked by projecting each point by hand."""

    def columns(vlm, image, phrases, how):
        ramp = torch.linspace(0, 1, 96)[None].expand(54, -1)
        return torch.stack([ramp + number for number in range(len(phrases))])

    monkeypatch.setattr(draw, "input_maps", columns)
    front = replace(streets[0], images=streets[0].images[:1])
    (drawn,) = draw.make_street_queries([front], "train", CONFIG, model)
    shot = front.images[0]
    camera_from_view = np.linalg.inv(shot.view_from_camera)
    seen = front.points @ camera_from_view[:3, :3].T + camera_from_view[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        u, v = (seen @ shot.intrinsics.T)[:, :2].T / seen[:, 2]
    shown = (seen[:, 2] > 0.1) & (u > 1) & (u < 95) & (v > 1) & (v < 53)
    assert 20 < shown.sum() < len(shown)
    for row in range(2):
        expected = (u[shown] - 0.5) / 95 + row
        assert np.allclose(drawn.maps["multi"][row][shown], expected, atol=5e-3)
    behind = seen[:, 2] < -0.1
    assert not drawn.maps["multi"][:, behind].any(), "no image shows it: as relevant as the mean phrase"
    left, top = np.floor(u[shown] - 0.5).astype(int), np.floor(v[shown] - 0.5).astype(int)
    around = np.stack([shot.image[top + i, left + j] for i in (0, 1) for j in (0, 1)]).astype(int)
    colours = drawn.sight.colours[shown].astype(int)
    assert ((colours >= around.min(axis=0) - 1) & (colours <= around.max(axis=0) + 1)).all()


def test_a_drive_becomes_query_views(model, tmp_path, streets):
    config = replace(CONFIG, train_drives=1, drive_views=2, drive_image=(96, 54), voxels=64)
    assert {job.split for job in draw.missing_jobs(tmp_path, config, "small")} == {
        "train",
        "train_outdoor",
        "validation",
    }
    job = draw.Job(tmp_path / "train_outdoor" / "000000.npz", "train_outdoor", 2)
    draw.draw_file(job, config, model, "small")
    made_with, views = read_file(job.path)
    assert made_with == drawn_with(config, "small")
    assert [view.name for view in views] == [view.name for view in streets]
    assert job.path.stat().st_size < draw.estimate_bytes(config, [job])
    for view in views:
        assert view.scale == SCALE
        assert "" in {ask.relation for ask in view.asks}
        assert not any(is_unseen(phrase) for phrase in view.phrases), "held-out words are held out of every world"
        assert {kind: maps.shape for kind, maps in view.maps.items()} == dict.fromkeys(
            ("multi", "single"), (len(view.phrases), len(view.sight.points))
        )
        scene = see(view, "multi")
        assert float(scene.points.abs().max()) <= 1.0, "in the frame of the networks"
        for ask in view.asks:
            assert view.voxels(ask.answer).any()
    assert {ask.relation for view in views for ask in view.asks} == {"", *RELATIONS} - {"in"}
    assert any(ask.hidden >= 0 for view in views for ask in view.asks)
