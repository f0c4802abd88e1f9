"""Captioned views: files, numbering, the ground truth of the worlds in words, and what stays held out."""

import numpy as np
import pytest

from ago_ros.datasets.captioned_views.store import (
    SKY_LABEL,
    CaptionedView,
    RegionText,
    number_regions,
    read_shard,
    read_views,
    write_shard,
)
from ago_ros.datasets.captioned_views.unseen import UNSEEN_WORDS, is_unseen, without_unseen
from ago_ros.datasets.errors import DatasetError

CAR, SKY = RegionText("car", ("car", "red car"), ("automobile",), 4), RegionText("sky", ("sky",), (), SKY_LABEL)


def _view(seed: int) -> CaptionedView:
    ramp = np.linspace(0, 200, 48)[None, :, None] + np.array([0, 20, 40]) + np.zeros((32, 1, 1)) + seed
    regions = np.random.default_rng(seed).integers(0, 3, (32, 48)).astype(np.uint8)
    return CaptionedView(ramp.astype(np.uint8), regions, (CAR, SKY))


def test_views_come_back_from_their_file(tmp_path):
    views = [_view(0), _view(9)]
    write_shard(tmp_path / "a" / "0.npz", views)
    for read, written in zip(read_shard(tmp_path / "a" / "0.npz"), views, strict=True):
        assert np.array_equal(read.regions, written.regions)
        assert read.texts == written.texts
        assert np.abs(read.image.astype(int) - written.image).mean() < 3
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["0.npz"]


def test_a_file_without_views_is_a_file(tmp_path):
    write_shard(tmp_path / "0.npz", [])
    assert read_shard(tmp_path / "0.npz") == []


def test_a_damaged_file_and_an_empty_folder_are_told(tmp_path):
    write_shard(tmp_path / "0.npz", [_view(0)])
    whole = (tmp_path / "0.npz").read_bytes()
    (tmp_path / "0.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match=r"0\.npz: no complete file of captioned views .*delete it"):
        list(read_views(tmp_path))
    with pytest.raises(DatasetError, match="holds no captioned views; draw them"):
        list(read_views(tmp_path / "nothing"))


def test_regions_are_numbered_the_largest_first():
    ids = np.array([[7, 7, 7, 2], [5, 5, 2, 2], [5, 5, 2, 2], [9, 1000, 2, 2]], dtype=np.int32)
    texts = {7: CAR, 2: SKY, 5: CAR, 1000: SKY}
    numbers, found = number_regions(ids, texts, min_pixels=2)
    assert found == (SKY, CAR, CAR)
    assert numbers.tolist() == [[3, 3, 3, 1], [2, 2, 1, 1], [2, 2, 1, 1], [0, 0, 1, 1]]


def test_regions_past_the_255th_are_unknown():
    ids = np.repeat(np.arange(300, dtype=np.int32), 2).reshape(30, 20)
    numbers, found = number_regions(ids, dict.fromkeys(range(300), CAR), min_pixels=1)
    assert len(found) == 255
    assert np.count_nonzero(numbers == 0) == 2 * 45


def test_held_out_words_are_taken_away_as_whole_words():
    assert is_unseen("large purple sofa")
    assert is_unseen("couch")
    assert not is_unseen("hatchback")
    texts = (RegionText("sofa", ("sofa", "purple sofa")), RegionText("guitar", ("guitar",)))
    view = CaptionedView(np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.uint8), texts)
    kept = without_unseen([view])[0].texts
    assert [text.phrases for text in kept] == [("sofa",), ()]
    assert [text.name for text in kept] == ["sofa", "guitar"]


def test_held_out_words_name_what_the_room_world_holds_out():
    from ago_ros.datasets.room_world.catalogue import CLASSES

    for name, known in CLASSES.items():
        assert (name in UNSEEN_WORDS) == known.novel
        assert not known.synonym or known.synonym in UNSEEN_WORDS


@pytest.fixture(scope="module")
def drive_views():
    pytest.importorskip("open3d")
    from ago_ros.datasets.captioned_views.drive import draw_drive_views

    return draw_drive_views(seed=3, shots=1, size=(160, 90))


def test_ground_and_sky_of_the_drive_world_agree_with_the_rays(drive_views):
    """Casts the rays anew and asks the world for the label of each hit."""
    from ago_ros.datasets.captioned_views.drive import DURATION_S
    from ago_ros.datasets.drive_world.camera import take_picture
    from ago_ros.datasets.drive_world.raycasting import World
    from ago_ros.datasets.drive_world.rig import CAMERAS
    from ago_ros.datasets.drive_world.scene import draw_scene

    world = World(draw_scene(3, DURATION_S))
    time = float(np.random.default_rng((3, 1)).uniform(0, 0.8, 1)[0] * DURATION_S)
    compared = 0
    for view, mount in zip(drive_views, CAMERAS, strict=True):
        picture = take_picture(world, mount, time, (160, 90))
        table = np.array([-1, *(text.label for text in view.texts)])
        labels = table[view.regions].ravel()
        hit = np.isfinite(picture.distance).ravel() & (labels >= 0)
        points = picture.origin + picture.rays.reshape(-1, 3) * np.where(hit, picture.distance.ravel(), 0)[:, None]
        truth = world.labels_of(picture.triangle.ravel(), points.astype(np.float32))
        assert (labels[hit] == truth[hit]).mean() > 0.999
        up = (picture.rays[..., 2] > 0.01).ravel() & ~np.isfinite(picture.distance).ravel()
        assert (labels[up] == SKY_LABEL).all()
        compared += int(hit.sum())
    assert compared > 20_000


def test_things_of_the_drive_world_are_told_by_name_class_and_colour(drive_views):
    texts = {text for view in drive_views for text in view.texts}
    cars = [text for text in texts if text.label == 4]
    assert cars
    for car in cars:
        colour = car.phrases[1].split()[0]
        assert car.phrases[0] == car.name
        assert {"car", f"{colour} car", f"{colour} {car.name}"} <= set(car.phrases)
    assert {"road", "sky", "grass"} <= {text.name for text in texts}


def test_no_training_text_of_either_world_holds_a_held_out_word(drive_views):
    from ago_ros.datasets.captioned_views.rooms import draw_room_views

    rooms = draw_room_views("train", 1, views=2)
    assert len(rooms) == 2
    for view in without_unseen([*drive_views, *rooms]):
        assert not [p for text in view.texts for p in text.phrases if any(f" {w} " in f" {p} " for w in UNSEEN_WORDS)]
    assert all(text.phrases for view in without_unseen(rooms) for text in view.texts)
