"""Which return takes which pixel's category."""

import dataclasses

import pytest
import torch

from ago_ros.datasets.nuscenes import LIDAR, NuScenesReader
from ago_ros.datasets.nuscenes_records import read_sweep
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.occupancy.pseudo_labels.masks import NOTHING, Masks
from ago_ros.occupancy.pseudo_labels.votes import DepthTest, VoteConfig, vote
from ago_ros.occupancy.rays import RayLimits
from ago_ros.sensors.frame import CameraImage, LidarSweep

NO_BODY = VoteConfig(RayLimits(ego_lower=(0.0, 0.0, 0.0), ego_upper=(0.0, 0.0, 0.0)))
EGO_FROM_CAMERA = se3.from_rotation(
    torch.tensor([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64), torch.tensor([0.0, 1.0, 1.5]).double()
)
"""Looks along +x, a metre to the left of the LiDAR."""
CAMERA = PinholeCamera(torch.tensor([[200.0, 0, 200], [0, 200, 100], [0, 0, 1]], dtype=torch.float64), 400, 200)


def plane(x: float, y: tuple[float, float], z: tuple[float, float], step: float) -> torch.Tensor:
    ys, zs = torch.meshgrid(torch.arange(*y, step), torch.arange(*z, step), indexing="ij")
    return torch.stack([torch.full_like(ys, x), ys, zs], dim=-1).reshape(-1, 3)


def picture(map_from_ego: torch.Tensor) -> CameraImage:
    return CameraImage(0, torch.zeros(200, 400, 3, dtype=torch.uint8), CAMERA, EGO_FROM_CAMERA, map_from_ego)


def masks_of(image: CameraImage, board: torch.Tensor) -> Masks:
    """Category 1 where the rectangle around the board's corners is, 2 elsewhere."""
    camera_from_map = se3.invert(image.map_from_ego @ image.ego_from_camera)
    pixels, _, _ = CAMERA.project(se3.transform_points(camera_from_map, board.double()))
    (left, top), (right, bottom) = pixels.amin(dim=0).tolist(), pixels.amax(dim=0).tolist()
    category = torch.full((200, 400), 2, dtype=torch.uint8)
    category[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = 1
    return Masks(category, torch.ones(200, 400))


def votes_by_surface(config: VoteConfig, camera_pose: torch.Tensor, told_pose: torch.Tensor | None = None) -> dict:
    """A board 6 m ahead, a wall 15 m ahead that the LiDAR sees beside it; counts votes as (surface, category)."""
    board, wall = plane(6.0, (-0.5, 0.5), (0.5, 2.5), 0.05), plane(15.0, (-6.0, 6.0), (0.0, 4.0), 0.1)
    wall = wall[(wall[:, 1] / 15 * 6).abs() > 0.55]  # what the board does not hide from the LiDAR at y = 0
    sweep = LidarSweep(0, torch.cat([board, wall]), se3.identity(), se3.identity())
    image = picture(camera_pose)
    masks = {"cam": masks_of(image, board)}
    if told_pose is not None:
        image = dataclasses.replace(image, map_from_ego=told_pose)
    voted = vote(sweep, {"cam": image}, masks, config)
    surface = torch.where(voted.ray < len(board), 1, 2)
    return {(s, c): int(((surface == s) & (voted.category == c)).sum()) for s in (1, 2) for c in (1, 2)}


def test_what_is_hidden_from_the_camera_does_not_take_the_category_of_what_hides_it() -> None:
    counts = votes_by_surface(NO_BODY, se3.identity())
    assert counts[2, 1] == 0 and counts[1, 2] == 0
    assert counts[1, 1] == 800 and counts[2, 2] > 3000
    without = votes_by_surface(dataclasses.replace(NO_BODY, depth_test=None), se3.identity())
    assert without[2, 1] > 100


def test_ego_motion_between_sweep_and_image_is_compensated() -> None:
    moved = se3.from_yaw([0.8, 0.3, 0.0], 0.05)
    counts = votes_by_surface(NO_BODY, moved)
    assert counts[2, 1] == 0 and counts[1, 2] == 0 and counts[1, 1] > 700
    wrong = votes_by_surface(NO_BODY, moved, told_pose=se3.identity())
    assert wrong[1, 2] > 200


def test_the_key_sweep_hides_what_another_sweep_saw_behind_it() -> None:
    """The board stands there in the image and in its sweep; an earlier sweep looked through its place at the wall."""
    board, wall = plane(6.0, (-0.5, 0.5), (0.5, 2.5), 0.05), plane(15.0, (-6.0, 6.0), (0.0, 4.0), 0.1)
    image = picture(se3.identity())
    images, masks = {"cam": image}, {"cam": masks_of(image, board)}
    key = vote(LidarSweep(0, board, se3.identity(), se3.identity()), images, masks, NO_BODY)
    earlier = LidarSweep(-1, wall, se3.identity(), se3.identity())
    assert (vote(earlier, images, masks, NO_BODY).category == 1).any()
    assert not (vote(earlier, images, masks, NO_BODY, key).category == 1).any()


def test_the_same_return_in_two_images_has_two_votes_and_nothing_found_has_none() -> None:
    sweep = LidarSweep(0, plane(10.0, (-1.0, 1.0), (0.0, 2.0), 0.5), se3.identity(), se3.identity())
    images = {"a": picture(se3.identity()), "b": picture(se3.identity()), "c": picture(se3.identity())}
    full = {name: torch.full((200, 400), value, dtype=torch.uint8) for name, value in (("a", 3), ("b", 4))}
    full["c"] = torch.full((200, 400), NOTHING, dtype=torch.uint8)
    voted = vote(sweep, images, {name: Masks(each, torch.ones(200, 400)) for name, each in full.items()}, NO_BODY)
    count = len(sweep.points)
    assert torch.bincount(voted.category).tolist() == [0, 0, 0, count, count]
    assert torch.bincount(voted.ray).tolist() == [2] * count


def test_without_images_there_are_rays_and_no_votes() -> None:
    sweep = LidarSweep(0, plane(10.0, (-1.0, 1.0), (0.0, 2.0), 0.5), se3.identity(), se3.identity())
    voted = vote(sweep, {}, {})
    assert len(voted.rays.ends) == len(sweep.points) and len(voted.ray) == len(voted.category) == 0


def street_accuracy(street, config: VoteConfig, spoil: bool = False) -> tuple[float, int]:
    """Share of right votes of the sweeps near a keyframe, and their number."""
    reader = NuScenesReader(street.root)
    scene = reader.scenes[0].name
    sweeps = [record for record in reader.records(scene) if record.sensor == LIDAR]
    frame = reader.frame(reader.samples(scene)[1].token)
    images = dict(frame.cameras)
    masks = {name: street.segmenter.segment(image.image) for name, image in images.items()}
    key = vote(frame.lidar, images, masks, config)
    right = total = 0
    for record in sweeps:
        if abs(record.stamp_ns - frame.stamp_ns) > 2e8:
            continue
        sweep = read_sweep(record)
        if spoil:
            images = {n: dataclasses.replace(i, map_from_ego=sweep.map_from_ego) for n, i in images.items()}
        voted = vote(sweep, images, masks, config, key)
        kept = sweep.points.double().norm(dim=1) >= config.limits.min_range
        own = config.limits.on_own_body(se3.transform_points(sweep.ego_from_lidar, sweep.points.double()))
        truth = street.point_labels[record.stamp_ns][kept & ~own][voted.ray]
        right += int((voted.category == truth).sum())
        total += len(truth)
    return right / total, total


def test_on_the_street_votes_are_right_and_both_ego_motion_and_depth_test_matter(street) -> None:
    accuracy, count = street_accuracy(street, VoteConfig())
    spoilt, _ = street_accuracy(street, VoteConfig(), spoil=True)
    flat, all_of_them = street_accuracy(street, VoteConfig(depth_test=None))
    print(f"{accuracy=:.4f} {spoilt=:.4f} {flat=:.4f} kept={count / all_of_them:.3f}")
    assert accuracy > 0.96
    assert 1 - spoilt > 2 * (1 - accuracy)
    assert 1 - flat > 1.5 * (1 - accuracy)
    assert count > 0.9 * all_of_them


@pytest.mark.parametrize("changes", [{"cell_width": 0.0}, {"cell_height": -1.0}, {"share": -0.1}, {"margin": -1.0}])
def test_a_depth_test_of_nonsense_is_refused(changes) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        DepthTest(**changes)
