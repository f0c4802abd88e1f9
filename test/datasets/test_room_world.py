"""The room world's ground truth against independent second implementations; its splits; its shards."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import maximum_filter, minimum_filter

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.room_world.catalogue import CLASSES, NOVEL_CLASSES
from ago_ros.datasets.room_world.finishes import NOVEL_COLOURS, NOVEL_SUBSTANCES
from ago_ros.datasets.room_world.furnishing import furnish
from ago_ros.datasets.room_world.generate import ViewConfig, generate
from ago_ros.datasets.room_world.occupancy import Solids
from ago_ros.datasets.room_world.relations import consistent_places
from ago_ros.datasets.room_world.shards import read_shards, write_shards
from ago_ros.datasets.room_world.splits import SPLITS, held_out
from ago_ros.datasets.room_world.view import FREE, STRUCTURE, SURFACE, UNSEEN, room_grid
from ago_ros.datasets.room_world.write import write_room_world
from ago_ros.geometry.voxel_grid import VoxelGrid

SMALL = ViewConfig(size=(96, 80), grid=room_grid(32), views_per_room=2)


@pytest.fixture(scope="module")
def views():
    return list(generate("train", 6, config=SMALL))


def inside(parts, points, grow=0.0):
    """Which (N, 3) points lie in a union of convex parts, from their triangles' planes, one part at a time."""
    result = np.zeros(len(points), dtype=bool)
    for part in parts:
        centre = part.corners.reshape(-1, 3).mean(axis=0)
        within = np.ones(len(points), dtype=bool)
        for a, b, c in part.corners:
            normal = np.cross(b - a, c - a)
            normal /= np.linalg.norm(normal)
            if normal @ (a - centre) < 0:
                normal = -normal
            within &= (points - a) @ normal <= grow
        result |= within
    return result


def test_there_are_many_classes_with_attributes_and_receptacles():
    assert len(CLASSES) >= 80
    states = {(i.name, i.state) for seed in range(25) for i in furnish(seed, SPLITS["train"]).items if i.state}
    for name in ("fridge", "cupboard", "chest of drawers", "cardboard box"):
        assert {(name, "open"), (name, "closed")} <= states


def test_occupancy_agrees_with_points_in_shapes():
    room = furnish(3, SPLITS["train"])
    angle = 0.7
    view_from_room = np.eye(4)
    view_from_room[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    view_from_room[:3, 3] = (0.2, -0.1, 0.05)
    grid = VoxelGrid((-0.9, -0.8, -0.05), 0.06, (24, 20, 22))
    occupancy = Solids(room).fill(grid, view_from_room)
    assert len(np.unique(occupancy)) > 4
    rng = np.random.default_rng(0)
    index = rng.integers(0, grid.shape, (300, 3))
    third = grid.voxel_size / 3
    spread = np.stack(np.meshgrid(*[[0.5, 1.5, 2.5]] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * third
    points = np.array(grid.origin) + index[:, None] * grid.voxel_size + spread
    in_room = (points.reshape(-1, 3) - view_from_room[:3, 3]) @ view_from_room[:3, :3]
    counts = np.stack(
        [
            np.max([inside([p], in_room, third / 2).reshape(300, 27).sum(axis=1) for p in item.parts], axis=0)
            for item in room.items
        ],
        axis=1,
    )
    found = occupancy[tuple(index.T)].astype(int)
    best = counts.max(axis=1)
    own = np.where(found > 0, counts[np.arange(300), np.maximum(found - 1, 0)], 0)
    assert (abs(own - best) <= 1).all()  # a sub-sample on a plane may fall either way
    assert (best[found > 0] > 0).all()


def test_visible_surfaces_lie_in_the_voxels_of_their_things(views):
    for view in views:
        height, width = view.instance.shape
        v, u = np.mgrid[0:height, 0:width]
        z = view.depth.astype(np.float64)
        matrix = view.intrinsics
        camera = np.stack([(u + 0.5 - matrix[0, 2]) / matrix[0, 0] * z, (v + 0.5 - matrix[1, 2]) / matrix[1, 1] * z, z])
        points = np.einsum("ij,jhw->hwi", view.view_from_camera[:3, :3], camera) + view.view_from_camera[:3, 3]
        cells = np.floor((points - view.grid.origin) / view.grid.voxel_size).astype(int)
        ok = ((cells >= 1) & (cells < np.array(view.grid.shape) - 1)).all(axis=-1)
        offsets = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        near = np.stack([view.occupancy[tuple((cells[ok] + o).T)] for o in offsets])
        assert (near == view.instance[ok]).any(axis=0).mean() > 0.98


def test_visibility_agrees_with_projection(views):
    count = 0
    for view in views:
        centers = view.grid.centers().numpy().reshape(-1, 3).astype(np.float64)
        camera_from_view = np.linalg.inv(view.view_from_camera)
        camera = centers @ camera_from_view[:3, :3].T + camera_from_view[:3, 3]
        z = camera[:, 2]
        pixel = camera @ view.intrinsics.T / np.maximum(z, 1e-6)[:, None]
        height, width = view.depth.shape
        u, v = np.floor(pixel[:, 0]).astype(int), np.floor(pixel[:, 1]).astype(int)
        looked = (z > 0.1) & (u >= 1) & (u < width - 1) & (v >= 1) & (v < height - 1)
        near, far = (
            minimum_filter(view.depth, 15)[v[looked], u[looked]],
            maximum_filter(view.depth, 15)[v[looked], u[looked]],
        )
        seen = view.visibility.reshape(-1)[looked]
        margin = 2 * view.grid.voxel_size
        before, beyond = z[looked] < near - margin, z[looked] > far + margin
        count += beyond.sum()
        assert (seen[before] == FREE).mean() > 0.99
        assert (seen[beyond] == UNSEEN).mean() > 0.99
        assert (view.visibility == SURFACE).any()
    assert count > 1000


def test_relations_are_those_of_a_second_implementation(views):
    axes = {"behind": np.array([1, 0, 0]), "left of": np.array([0, 1, 0])}
    axes |= {"in front of": -axes["behind"], "right of": -axes["left of"]}
    seen_relations = set()
    for view in views:
        expected = set()
        cells = {i: np.argwhere(view.occupancy == i) for i in view.objects}
        cells = {i: c for i, c in cells.items() if len(c)}
        for target, here in cells.items():
            thing = view.objects[target]
            if thing.parent in cells:
                expected.add((target, thing.parent_relation, thing.parent))
            for reference, there in cells.items():
                names = {thing.name, view.objects[reference].name}
                if target == reference or names & set(STRUCTURE):
                    continue
                step = (here.mean(axis=0) - there.mean(axis=0)) * view.grid.voxel_size
                length = float(np.sqrt((step**2).sum()))
                widths = (there.max(axis=0) - there.min(axis=0) + 1)[:2] * view.grid.voxel_size
                if not 0 < length <= min(max(2 * widths.max(), 0.1), 1.0):
                    continue
                expected |= {(target, r, reference) for r, axis in axes.items() if step @ axis / length > 0.6}
        assert set(view.relations) == expected
        seen_relations |= {r for _, r, _ in expected}
    assert seen_relations == {*axes, "on", "in"}


def test_hidden_places_behind_a_reference_are_unseen_and_empty(views):
    found = 0
    for view in views:
        names = {i: thing.name for i, thing in view.objects.items()}
        for reference in {thing.name for thing in view.things()}:
            places = consistent_places(view, "no such thing", "behind", reference)
            assert (view.visibility[places] == UNSEEN).all() and (view.occupancy[places] == 0).all()
            found += places.any()
        for target, relation, reference in view.relations[:20]:
            places = consistent_places(view, names[target], relation, names[reference])
            assert places[view.occupancy == target].all()
    assert found > 5


def test_things_inside_lie_in_the_interiors_of_their_receptacles():
    view = next(v for v in generate("train", 30, config=SMALL) if any(t.parent_relation == "in" for t in v.things()))
    names = {i: thing.name for i, thing in view.objects.items()}
    checked = 0
    for thing in view.things():
        voxels = view.occupancy == thing.instance
        if thing.parent_relation != "in" or thing.parent not in names or not voxels.any():
            continue
        places = consistent_places(view, "no such thing", "in", names[thing.parent])
        spread = np.argwhere(voxels).mean(axis=0).round().astype(int)
        low, high = np.maximum(spread - 2, 0), spread + 3
        assert places[low[0] : high[0], low[1] : high[1], low[2] : high[2]].any()
        checked += 1
    assert checked


def test_the_same_arguments_give_the_same_views(views):
    for a, b in zip(views, generate("train", 3, config=SMALL)):
        for field in dataclasses.fields(a):
            left, right = getattr(a, field.name), getattr(b, field.name)
            assert np.array_equal(left, right) if isinstance(left, np.ndarray) else left == right, field.name


def words_of(views):
    return [phrase for v in views for phrase in (*v.captions, *(c for t in v.objects.values() for c in t.captions))]


def whole_phrase(words, text):
    return f" {words} " in f" {text.replace(',', ' ')} "


def test_training_never_shows_or_names_what_is_held_out():
    plans = [furnish(seed, SPLITS["train"]) for seed in range(60)]
    for room in plans:
        names = {item.name for item in room.items}
        assert not names & NOVEL_CLASSES
        assert not any(held_out(a, b) for a in names for b in names)
        looks = [item.look for item in room.items if item.look]
        assert not {look.colour for look in looks} & set(NOVEL_COLOURS)
        assert not {look.substance for look in looks} & NOVEL_SUBSTANCES
    texts = words_of(generate("train", 12, config=SMALL))
    synonyms = {c.synonym for c in CLASSES.values() if c.synonym}
    for text in texts:
        for banned in (*NOVEL_CLASSES, *NOVEL_COLOURS, *NOVEL_SUBSTANCES, *synonyms):
            assert not whole_phrase(banned, text), (banned, text)


def test_no_synonym_is_another_class_name():
    assert not {c.synonym for c in CLASSES.values()} & set(CLASSES)


@pytest.mark.parametrize("split", sorted(set(SPLITS) - {"train"}))
def test_each_split_tests_what_it_says(split, views):
    drawn = list(generate(split, 3, config=SMALL))
    names = [{thing.name for thing in v.regions()} for v in drawn]
    rooms = {v.room for v in drawn}
    train_rooms = {v.room for v in views}
    assert (rooms <= set(range(1_000_000))) == (split == "seen_rooms")
    if split == "seen_rooms":
        assert rooms & train_rooms
        assert not any(np.array_equal(a.image, b.image) for a in drawn for b in views)
    assert all(n & NOVEL_CLASSES for n in names) == (split == "novel_classes")
    colours = {thing.colour for v in drawn for thing in v.things()}
    assert bool(colours & set(NOVEL_COLOURS)) == (split == "novel_visual")
    pairs = [held_out(v.objects[a].name, v.objects[b].name) for v in drawn for a, _, b in v.relations]
    assert any(pairs) == (split == "novel_arrangements")
    renamed = [t for v in drawn for t in v.things() if CLASSES[t.name].synonym and t.captions[0] != t.name]
    assert bool(renamed) == (split == "novel_synonyms")


def test_shards_give_back_the_views_and_need_no_open3d(tmp_path, views):
    assert write_shards(tmp_path, views) == len(views)
    code = (
        "import sys; sys.modules['open3d'] = None\n"
        "from ago_ros.datasets.room_world.shards import read_shards\n"
        f"print(sum(len(v.regions()) for v in read_shards({str(tmp_path)!r})))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(result.stdout) == sum(len(v.regions()) for v in views)
    for a, b in zip(views, read_shards(tmp_path), strict=True):
        for field in {f.name for f in dataclasses.fields(a)} - {"image", "depth"}:
            left, right = getattr(a, field), getattr(b, field)
            assert np.array_equal(left, right) if isinstance(left, np.ndarray) else left == right, field
        assert abs(a.depth - b.depth).max() <= 0.00051
        assert abs(a.image.astype(int) - b.image).mean() < 6


def test_damaged_or_missing_shards_are_told(tmp_path, views):
    with pytest.raises(DatasetError, match="no shards"):
        next(read_shards(tmp_path))
    write_shards(tmp_path, views[:2], depth=False)
    with pytest.raises(DatasetError, match="already"):
        write_shards(tmp_path, views[:1])
    path = tmp_path / "00000.tar"
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DatasetError, match="damaged"):
        list(read_shards(tmp_path))


def test_unknown_splits_are_refused():
    with pytest.raises(ValueError, match="novel_rooms"):
        next(generate("test", 1))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_written_world_holds_what_generate_draws(tmp_path, workers):
    config = ViewConfig((48, 40), room_grid(16), views_per_room=2)
    steps = []
    written = write_room_world(
        tmp_path / "world", "novel_rooms", 3, 4, config, workers=workers, progress=lambda *step: steps.append(step)
    )
    assert written == write_shards(tmp_path / "one", generate("novel_rooms", 3, 4, config)) == 3
    assert steps[-1] == (3, 3) and steps == sorted(steps)
    assert (tmp_path / "world" / "00000.tar").read_bytes() == (tmp_path / "one" / "00000.tar").read_bytes()
    with pytest.raises(DatasetError, match="already"):
        write_room_world(tmp_path / "one", "novel_rooms", 1)
