"""What the drive world writes: the nuScenes root, its tracks, and the shards."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ago_ros.datasets.drive_world.recording import duration_of, record
from ago_ros.datasets.drive_world.scene import draw_scene
from ago_ros.datasets.drive_world.shard_writer import write_drive_shards
from ago_ros.datasets.drive_world.shards import Shard, pack_grid, unpack_grid
from ago_ros.datasets.drive_world.write import DriveWorldConfig, write_drive_world
from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.datasets.occ3d import labels_path, read_labels

CONFIG = DriveWorldConfig(seed=3, scenes=2, keyframes=2, size=(96, 54), weather="overcast")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drive_world(tmp_path_factory.mktemp("drive"), CONFIG, workers=1)


def test_the_reader_loads_every_keyframe(root: Path) -> None:
    reader = NuScenesReader(root)
    assert [scene.name for scene in reader.scenes] == ["drive-0003", "drive-0004"]
    for scene in reader.scenes:
        samples = reader.samples(scene.name)
        assert len(samples) == 2
        assert samples[1].stamp_ns - samples[0].stamp_ns == pytest.approx(5e8, abs=1e6)
        for sample in samples:
            frame = reader.frame(sample.token)
            assert len(frame.cameras) == 6 and not frame.missing
            assert 15_000 < len(frame.lidar.points) < 34_720
            assert frame.lidar.ring.min() >= 0 and frame.lidar.ring.max() == 31
            for image in frame.cameras.values():
                assert 0 <= frame.stamp_ns - image.stamp_ns < 50_000_000
                assert image.image.shape == (54, 96, 3) and image.image.float().std() > 10
                assert image.camera.intrinsics[0, 2] == pytest.approx(48, abs=3)
            labels = read_labels(labels_path(root, scene.name, sample.token))
            assert len(labels.semantics.unique()) > 5


def test_sensors_keep_their_rates(root: Path) -> None:
    records = NuScenesReader(root).records("drive-0003")
    lidar = np.diff([r.stamp_ns for r in records if r.sensor == "lidar_top"]) * 1e-6
    np.testing.assert_allclose(lidar, 50, atol=0.5)
    front = np.diff([r.stamp_ns for r in records if r.sensor == "cam_front"]) * 1e-6
    np.testing.assert_allclose(front, [100, 100, 50, 100, 100, 50], atol=1.0)


def test_chains_run_from_first_to_last(root: Path) -> None:
    folder = root / "v1.0-drive"
    tables = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    for name, rows in tables.items():
        assert len({row["token"] for row in rows}) == len(rows) > 0, name
    for name in ("sample", "sample_data", "sample_annotation"):
        by_token = {row["token"]: row for row in tables[name]}
        for row in tables[name]:
            if row["next"]:
                assert by_token[row["next"]]["prev"] == row["token"]
    first = {row["token"]: row for row in tables["sample_annotation"]}
    for instance in tables["instance"]:
        length, token = 0, instance["first_annotation_token"]
        while token:
            last, length, token = token, length + 1, first[token]["next"]
        assert (last, length) == (instance["last_annotation_token"], instance["nbr_annotations"])
    described = {row["instance_token"]: row for row in tables["description"]}
    assert set(described) == {row["token"] for row in tables["instance"]}
    assert all(row["caption"].split()[0] in ("a", "an") for row in described.values())


def test_tracks_keep_their_size_and_move_at_their_speed(root: Path) -> None:
    reader, moved = NuScenesReader(root), 0
    for scene in reader.scenes:
        for track in reader.instances(scene.name).values():
            for before, after in itertools.pairwise(track):
                torch.testing.assert_close(before.box[3:6], after.box[3:6])
                step = (after.box[:2] - before.box[:2]).norm()
                assert step < 8.0
                if "vehicle.parked" in before.attributes:
                    assert step == 0
                moved += bool(step > 0.3)
    assert moved > 5


def test_boxes_hold_the_points_that_they_count(root: Path) -> None:
    """Of things at rest: those that move are seen where they were when the beam passed."""
    reader = NuScenesReader(root)
    counted, held = 0, 0
    for scene in reader.scenes:
        sample = reader.samples(scene.name)[0]
        lidar = reader.frame(sample.token).lidar
        points = lidar.points.double() @ lidar.ego_from_lidar[:3, :3].T + lidar.ego_from_lidar[:3, 3]
        points = points @ lidar.map_from_ego[:3, :3].T + lidar.map_from_ego[:3, 3]
        for annotation in reader.annotations(sample.token):
            if {"vehicle.moving", "pedestrian.moving", "cycle.with_rider"} & set(annotation.attributes):
                continue
            x, y, z, length, width, height, yaw = annotation.box.tolist()
            off = points - torch.tensor([x, y, z])
            along, across = (
                off[:, 0] * np.cos(yaw) + off[:, 1] * np.sin(yaw),
                off[:, 1] * np.cos(yaw) - off[:, 0] * np.sin(yaw),
            )
            inside = (
                (along.abs() < length / 2 + 0.06)
                & (across.abs() < width / 2 + 0.06)
                & (off[:, 2].abs() < height / 2 + 0.06)
            )
            counted += annotation.num_lidar_points
            held += min(int(inside.sum()), annotation.num_lidar_points)
            assert inside.sum() >= 0.95 * annotation.num_lidar_points
    assert counted > 300 and held > 0.98 * counted


def test_a_second_world_is_not_written_over_the_first(root: Path) -> None:
    with pytest.raises(DatasetError, match="already"):
        write_drive_world(root, CONFIG)


@pytest.mark.parametrize("wrong", [{"scenes": 0}, {"size": (4, 4)}, {"style": "moon"}, {"weather": "frogs"}])
def test_what_cannot_be_drawn_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError):
        DriveWorldConfig(**wrong)


@pytest.mark.slow
def test_workers_write_what_one_process_writes(tmp_path: Path) -> None:
    config = DriveWorldConfig(seed=6, scenes=2, keyframes=1, size=(64, 36))
    one, two = (write_drive_world(tmp_path / str(count), config, workers=count) for count in (1, 2))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) > 30
    assert files == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    for path in files:
        if path.suffix != ".npz":  # a zip carries the time of day
            assert (one / path).read_bytes() == (two / path).read_bytes(), path


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    config = DriveWorldConfig(seed=3, keyframes=2, size=(200, 112))
    return Shard(write_drive_shards(tmp_path_factory.mktemp("shards"), config, workers=1)[0])


def test_a_shard_gives_back_what_was_recorded(shard: Shard) -> None:
    scene = draw_scene(3, duration_of(2))
    turns = list(record(scene, 2, (200, 112), sweeps=False))
    assert len(shard) == 2
    assert shard.captions == [placed.thing.caption for placed in scene.things]
    for i, turn in enumerate(turns):
        frame = shard.frame(i)
        assert torch.equal(frame.semantics, turn.labels.semantics)
        assert torch.equal(frame.mask_camera, turn.labels.mask_camera)
        for shot in turn.shots:
            image = frame.cameras[shot.mount.channel.lower()]
            error = (image.image.float() - torch.from_numpy(shot.picture.image).float()).square().mean()
            assert error < 255**2 / 10**2.8, "PSNR below 28 dB"
            seen = {region.thing + 1 for region in frame.regions if region.camera == shot.mount.channel.lower()}
            ids, counts = np.unique(shot.picture.thing, return_counts=True)
            assert seen == set(ids[(counts >= 12) & (ids > 0)].tolist())
        for region in frame.regions:
            thing = next(t for t in turn.shots if t.mount.channel.lower() == region.camera).picture.thing
            rows, columns = np.nonzero(thing == region.thing + 1)
            assert region.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert region.pixels == len(rows)
        assert len(frame.boxes) == len(frame.box_things) > 5


def test_two_thousand_keyframes_fit_in_sixty_megabytes(tmp_path: Path) -> None:
    config = DriveWorldConfig(seed=20, scenes=3, keyframes=3, size=(200, 112))
    paths = write_drive_shards(tmp_path, config, workers=1)
    assert sum(path.stat().st_size for path in paths) / 9 * 2000 < 60e6


def test_shards_are_read_without_the_renderer(shard: Shard) -> None:
    code = (
        "import sys; from ago_ros.datasets.drive_world.shards import Shard; "
        f"Shard({str(shard.path)!r}).frame(0); assert 'open3d' not in sys.modules and 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_damaged_shards_are_named(tmp_path: Path, shard: Shard) -> None:
    broken = tmp_path / "broken.npz"
    broken.write_bytes(shard.path.read_bytes()[:5000])
    with pytest.raises(DatasetError, match="broken"):
        Shard(broken)
    with pytest.raises(DatasetError, match="no such shard"):
        Shard(tmp_path / "none.npz")
    with pytest.raises(IndexError):
        shard.frame(2)


def test_grids_survive_packing() -> None:
    rng = np.random.default_rng(0)
    semantics = rng.integers(0, 18, (200, 200, 16), dtype=np.uint8)
    mask = rng.random((200, 200, 16)) < 0.3
    again = unpack_grid(pack_grid(semantics, mask))
    np.testing.assert_array_equal(again[0], semantics)
    np.testing.assert_array_equal(again[1], mask)
