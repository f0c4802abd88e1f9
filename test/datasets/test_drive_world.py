"""The drive world's ground truth, held against second implementations: shapely, scipy's Delaunay, marched rays."""

from dataclasses import dataclass

import numpy as np
import pytest
import shapely
import torch
from scipy.spatial import Delaunay
from shapely.geometry import LineString, Polygon

from ago_ros.datasets.drive_world.recording import Turn, duration_of, record
from ago_ros.datasets.drive_world.rig import CAMERAS, ego_from_lidar
from ago_ros.datasets.drive_world.scene import Scene, draw_scene
from ago_ros.datasets.occ3d import FREE
from ago_ros.geometry.voxel_grid import OCC3D_GRID

SIZE = (200, 112)


@dataclass
class Recorded:
    scene: Scene
    turn: Turn


@pytest.fixture(scope="module", params=[(2, "city"), (5, "suburb")], ids=["city", "suburb"])
def recorded(request: pytest.FixtureRequest) -> Recorded:
    seed, style = request.param
    scene = draw_scene(seed, duration_of(1), style=style, weather="clear")
    return Recorded(scene, next(record(scene, 1, SIZE, sweeps=False)))


def solids(scene: Scene, time: float) -> list[tuple[np.ndarray, int, int]]:
    """World-frame corners of every part, with label and id, placed without the code under test."""
    parts = []
    for number, placed in enumerate(scene.things):
        x, y, z, yaw = placed.pose(time)
        turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
        for part in placed.thing.parts:
            corners = np.unique(part.corners.reshape(-1, 3).round(6), axis=0) @ turn.T + [x, y, z]
            parts.append((corners, placed.thing.label, number + 1))
    return parts


def to_ego(scene: Scene, time: float, points: np.ndarray) -> np.ndarray:
    return (np.linalg.inv(scene.ego_pose(time)) @ np.c_[points, np.ones(len(points))].T).T[:, :3]


def test_lidar_returns_lie_on_the_thing_that_they_name(recorded: Recorded) -> None:
    sweep, scene = recorded.turn.sweep, recorded.scene
    still = [i + 1 for i, placed in enumerate(scene.things) if placed.track is None]
    rng = np.random.default_rng(0)
    chosen = rng.choice(np.flatnonzero(np.isin(sweep.thing, still)), 120, replace=False)
    by_thing: dict[int, list[np.ndarray]] = {}
    for corners, label, thing in solids(scene, recorded.turn.time):
        by_thing.setdefault(thing, []).append(corners)
        assert label == scene.things[thing - 1].thing.label
    for i in chosen:
        shells = by_thing[sweep.thing[i]]
        assert sweep.label[i] == scene.things[sweep.thing[i] - 1].thing.label
        near = sweep.ends[i] + rng.normal(0, 0.04, (200, 3))
        inside = np.zeros(len(near), dtype=bool)
        for corners in shells:
            if (sweep.ends[i] > corners.min(0) - 0.2).all() and (sweep.ends[i] < corners.max(0) + 0.2).all():
                inside |= Delaunay(corners, qhull_options="QJ").find_simplex(near) >= 0
        assert inside.any(), "a return far from every part of its thing"
        assert not inside.all(), "a return deep inside its thing"


def test_ground_returns_lie_on_the_ground_and_know_the_road(recorded: Recorded) -> None:
    sweep, scene = recorded.turn.sweep, recorded.scene
    ground = np.flatnonzero(sweep.thing == 0)
    assert len(ground) > 5000
    heights = scene.ground.sample(scene.ground.height, sweep.ends[ground, 0], sweep.ends[ground, 1])
    assert np.quantile(np.abs(heights - sweep.ends[ground, 2]), 0.999) < 0.08
    line = LineString(scene.ego.path.points)
    half_width = scene.ground.lanes * scene.ground.lane_width + scene.ground.edge
    distances = shapely.distance(line, shapely.points(sweep.ends[ground, :2].astype(float)))
    on_road = distances < half_width - 0.1
    assert on_road.sum() > 3000
    assert (sweep.label[ground][on_road] == 11).all()
    assert (sweep.label[ground][~on_road] != 11).any()
    assert set(np.unique(sweep.label[ground])) <= {11, 12, 13, 14}


def test_lidar_points_land_where_the_cameras_see_that_depth(recorded: Recorded) -> None:
    """LiDAR → ego(t_lidar) → map → ego(t_cam) → camera, as a user of the data would go."""
    sweep, scene, time = recorded.turn.sweep, recorded.scene, recorded.turn.time
    still = np.isin(sweep.thing, [0, *(i + 1 for i, p in enumerate(scene.things) if p.track is None)])
    world = scene.ego_pose(time) @ ego_from_lidar() @ np.c_[sweep.points[still], np.ones(still.sum())].T
    compared = []
    for shot in recorded.turn.shots:
        own = (np.linalg.inv(scene.ego_pose(shot.time) @ shot.mount.ego_from_camera()) @ world)[:3]
        u, v, _ = shot.mount.intrinsics(*SIZE) @ (own / own[2])
        seen = (own[2] > 0.5) & (u >= 1) & (u < SIZE[0] - 1) & (v >= 1) & (v < SIZE[1] - 1)
        depth = np.stack(
            [
                shot.picture.depth[(v[seen] + b).astype(int), (u[seen] + a).astype(int)]
                for a in (-1, 0, 1)
                for b in (-1, 0, 1)
            ]
        )
        # A wall at a slant, or an edge, lies between the neighbouring pixels' depths.
        at = own[2][seen]
        compared.append(np.stack([at < depth.max(0) * 1.02 + 0.05, at > depth.min(0) * 0.98 - 0.05]))
    not_behind, not_in_front = np.concatenate(compared, axis=1)
    assert len(not_behind) > 2000
    assert not_in_front.mean() > 0.995
    assert not_behind.mean() > 0.95, "only what the LiDAR sees over a parked car may lie behind what a camera sees"


def test_occupancy_labels_agree_with_points_in_shapes(recorded: Recorded) -> None:
    scene, time = recorded.scene, recorded.turn.time
    semantics = recorded.turn.labels.semantics.numpy()
    parts = [(to_ego(scene, time, corners), label) for corners, label, _ in solids(scene, time)]
    lower = np.array([corners.min(0) for corners, _ in parts])
    upper = np.array([corners.max(0) for corners, _ in parts])
    rng = np.random.default_rng(1)
    groups = {"thing": ~np.isin(semantics, (11, 12, 13, 14, FREE)), "free": semantics == FREE}
    shares: dict[str, list[float]] = {"thing": [], "free": []}
    for group, where in groups.items():
        indices = np.argwhere(where)
        if group == "free":  # free space next to something is where errors would be
            touching = np.zeros_like(where)
            touching[1:] |= groups["thing"][:-1]
            touching[:-1] |= groups["thing"][1:]
            indices = np.argwhere(where & touching)
        for index in rng.choice(indices, 120, replace=False):
            low = np.array(OCC3D_GRID.origin) + index * 0.4
            points = low + rng.uniform(0, 0.4, (150, 3))
            votes = np.zeros(FREE)
            for p in np.flatnonzero(((lower < low + 0.45) & (upper > low - 0.05)).all(1)):
                corners, label = parts[p]
                # Parts swell by 5 cm in the labels: so do they here, about their middle.
                middle = corners.mean(0)
                reach = np.abs(corners - middle).max(0)
                if group == "thing":
                    corners = middle + (corners - middle) * (1 + 0.05 / np.maximum(reach, 0.01))
                inside = Delaunay(corners, qhull_options="QJ").find_simplex(points) >= 0
                votes[label] = max(votes[label], inside.mean())
            shares[group].append(votes.max() if group == "free" else votes[semantics[tuple(index)]])
            if votes.max() > 0.4:
                assert votes[semantics[tuple(index)]] >= votes.max() - 0.1
    assert max(shares["free"]) < 0.06, "a free voxel that a shape reaches into"
    assert np.mean(np.array(shares["thing"]) > 0) > 0.97, "an occupied voxel with no shape of its class in it"


def test_every_column_of_ground_is_labelled_at_its_height(recorded: Recorded) -> None:
    scene, time = recorded.scene, recorded.turn.time
    semantics = recorded.turn.labels.semantics.numpy()
    rng = np.random.default_rng(2)
    ego = np.c_[rng.uniform(-39, 39, (3000, 2)), np.zeros(3000)]
    world = (scene.ego_pose(time) @ np.c_[ego, np.ones(3000)].T).T[:, :3]
    world[:, 2] = scene.ground.sample(scene.ground.height, world[:, 0], world[:, 1])
    voxels = np.floor((to_ego(scene, time, world) - OCC3D_GRID.origin) / 0.4).astype(int)
    found = semantics[tuple(voxels[(voxels[:, 2] >= 0) & (voxels[:, 2] < 16)].T)]
    assert (found != FREE).mean() > 0.999
    assert np.isin(found, (11, 12, 13, 14)).mean() > 0.5


def test_masks_agree_with_marched_rays(recorded: Recorded) -> None:
    scene, turn = recorded.scene, recorded.turn
    rng = np.random.default_rng(3)
    picks = rng.choice(len(turn.sweep.ends), 300, replace=False)
    lidar = [(turn.sweep.origins[i], turn.sweep.ends[i]) for i in picks]
    cameras = []
    for shot in turn.shots:
        for _ in range(60):
            row, column = rng.integers(SIZE[1]), rng.integers(SIZE[0])
            reach = min(float(shot.picture.distance[row, column]), 120.0)
            cameras.append((shot.picture.origin, shot.picture.origin + shot.picture.rays[row, column] * reach))
    for mask, rays in ((turn.labels.mask_lidar.numpy(), lidar), (turn.labels.mask_camera.numpy(), cameras)):
        seen = 0
        for start, end in rays:
            a, b = to_ego(scene, turn.time, np.stack([start, end]))
            marched = a + np.linspace(0, 1, int(np.linalg.norm(b - a) / 0.02) + 2)[:, None] * (b - a)
            voxels = np.floor((marched - OCC3D_GRID.origin) / 0.4).astype(int)
            inside = ((voxels >= 0) & (voxels < mask.shape)).all(1)
            assert mask[tuple(voxels[inside].T)].all()
            seen += inside.sum()
        assert seen > 10000
        assert 0.02 < mask.mean() < 0.95


def test_nothing_is_seen_behind_what_hides_it(recorded: Recorded) -> None:
    """Deep inside a building neither sensor sees anything."""
    scene, time = recorded.scene, recorded.turn.time
    centers = OCC3D_GRID.centers().reshape(-1, 3).numpy()
    deep = np.zeros(len(centers), dtype=bool)
    for placed in scene.things:
        if placed.thing.category == "building" and min(placed.thing.size[:2]) > 7:
            x, y, z, yaw = placed.pose(time)
            corners = np.array([[sx, sy] for sx in (-1, 1) for sy in (-1, 1)]) * (
                np.array(placed.thing.size[:2]) / 2 - 2.5
            )
            turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
            flat = to_ego(scene, time, np.c_[corners @ turn.T + [x, y], np.full(4, z)])[:, :2]
            box = Polygon(flat[[0, 1, 3, 2]])
            beside = ((centers[:, :2] > flat.min(0)) & (centers[:, :2] < flat.max(0))).all(1)
            near = np.flatnonzero(beside & (abs(centers[:, 2] - 1.7) < 1.2))
            deep[near[shapely.contains(box, shapely.points(centers[near, :2].astype(float)))]] = True
    assert deep.sum() > 100
    labels = recorded.turn.labels
    assert not labels.mask_camera.numpy().ravel()[deep].any()
    assert not labels.mask_lidar.numpy().ravel()[deep].any()
    assert (labels.semantics.numpy().ravel()[deep] == 15).all()


def test_a_seed_gives_the_same_recording() -> None:
    first, second = (next(record(draw_scene(9, duration_of(1)), 1, (64, 36), sweeps=False)) for _ in range(2))
    assert torch.equal(first.labels.semantics, second.labels.semantics)
    assert torch.equal(first.labels.mask_camera, second.labels.mask_camera)
    np.testing.assert_array_equal(first.sweep.points, second.sweep.points)
    for a, b in zip(first.shots, second.shots, strict=True):
        np.testing.assert_array_equal(a.picture.image, b.picture.image)
    other = next(record(draw_scene(10, duration_of(1)), 1, (64, 36), sweeps=False))
    assert not torch.equal(first.labels.semantics, other.labels.semantics)


def test_cameras_fire_as_the_sweep_passes_them() -> None:
    for mount in CAMERAS:
        azimuth = np.deg2rad(104.4) - 2 * np.pi * (1 - mount.delay_s() * 20)
        assert np.cos(azimuth - np.deg2rad(mount.yaw_deg)) == pytest.approx(1, abs=1e-9)
    order = [mount.channel for mount in sorted(CAMERAS, key=lambda mount: -mount.delay_s())]
    assert order == ["CAM_FRONT_LEFT", "CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_BACK_RIGHT", "CAM_BACK", "CAM_BACK_LEFT"]


@pytest.mark.parametrize("seed", [1, 4])
def test_nothing_drives_through_anything(seed: int) -> None:
    scene = draw_scene(seed, 10.0)
    for time in (0.0, 5.0, 10.0):
        boxes = []
        ego = scene.ego_pose(time)
        boxes.append(("ego", ego[0, 3], ego[1, 3], np.arctan2(ego[1, 0], ego[0, 0]), 4.0, 1.8))
        for placed in scene.things:
            if placed.thing.category.startswith("vehicle"):
                x, y, _, yaw = placed.pose(time)
                boxes.append((placed.thing.caption, x, y, yaw, *placed.thing.size[:2]))
        shapes = []
        for _, x, y, yaw, length, width in boxes:
            corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]) * [length / 2 - 0.1, width / 2 - 0.1]
            turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
            shapes.append(Polygon(corners @ turn.T + [x, y]))
        assert len(shapes) > 5
        for i in range(len(shapes)):
            for j in range(i):
                assert not shapes[i].intersects(shapes[j]), (time, boxes[i], boxes[j])
