import torch
from scanned_world import EGO_FROM_LIDAR

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.occupancy.image_features import lift_features, view_voxels, visible
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame

GRID = VoxelGrid((-8.0, -6.0, -1.0), 0.4, (60, 30, 12))
FORWARD = se3.from_rotation(
    torch.tensor([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64), torch.tensor([1.0, 0.0, 1.5])
)
BACKWARD = se3.from_yaw([0.0, 0.0, 0.0], torch.pi) @ FORWARD


class ColourModel:
    """Reads the colour of 8 x 8 pixel cells as a direction in feature space."""

    name = "colour"
    dim = 3
    logit_scale = 10.0
    logit_bias = None

    def encode_text(self, phrases):
        raise AssertionError("lifting needs no text")

    def encode_image(self, images):
        raise AssertionError("lifting needs dense features")

    def encode_dense(self, images):
        cells = torch.nn.functional.avg_pool2d(images.permute(0, 3, 1, 2).float(), 8)
        return torch.nn.functional.normalize(cells.permute(0, 2, 3, 1), dim=-1)


def camera_image(colours: torch.Tensor, ego_from_camera=FORWARD, map_from_ego=None) -> CameraImage:
    """An image of 160 x 96 pixels that is painted with (N, 3) colours in N upright stripes of equal width."""
    image = colours.repeat_interleave(160 // len(colours), dim=0)[None].expand(96, -1, -1).to(torch.uint8)
    intrinsics = torch.tensor([[80.0, 0, 80], [0, 80, 48], [0, 0, 1]], dtype=torch.float64)
    pose = se3.identity() if map_from_ego is None else map_from_ego
    return CameraImage(0, image, PinholeCamera(intrinsics, 160, 96), ego_from_camera, pose)


def frame(**cameras: CameraImage) -> SensorFrame:
    return SensorFrame(LidarSweep(0, torch.zeros(0, 3), EGO_FROM_LIDAR, se3.identity()), cameras)


def lift(sensors: SensorFrame, occupied: torch.Tensor) -> torch.Tensor:
    return lift_features(ColourModel(), view_voxels(sensors, GRID, occupied), len(occupied))


def voxels(*points) -> torch.Tensor:
    return GRID.indices(torch.tensor(points, dtype=torch.float64))[0]


RED, GREEN = torch.tensor([[255, 0, 0]]), torch.tensor([[0, 255, 0]])


def test_each_voxel_takes_the_feature_of_its_own_pixel():
    occupied = voxels((8, 3, 1.5), (8, -3, 1.5), (-5, 0, 1.5))
    features = lift(frame(front=camera_image(torch.cat([RED, GREEN]))), occupied)
    torch.testing.assert_close(features, torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 0]]))


def test_cameras_that_see_the_same_voxel_are_averaged():
    occupied = voxels((8, 0, 1.5), (-5, 0, 1.5))
    cameras = frame(a=camera_image(RED), b=camera_image(GREEN), c=camera_image(GREEN, BACKWARD))
    features = lift(cameras, occupied)
    torch.testing.assert_close(features, torch.tensor([[0.5**0.5, 0.5**0.5, 0], [0, 1, 0]]))


def test_what_stands_behind_another_thing_gets_no_feature():
    person = [(5.0, 0.0, z) for z in (0.3, 0.7, 1.1, 1.5, 1.9)]
    wall = [(9.0, y, 1.5) for y in (-2.0, 0.0, 2.0)]
    features = lift(frame(front=camera_image(RED)), voxels(*person, *wall))
    assert (features.norm(dim=1) > 0.99).tolist() == [True] * 5 + [True, False, True]


def test_a_road_does_not_hide_itself():
    road = voxels(*[(x * 0.4 + 0.1, 0.0, 0.0) for x in range(8, 38)])
    occupied = torch.zeros(GRID.num_voxels, dtype=torch.bool)
    occupied[GRID.flatten(road)] = True
    eye = torch.tensor([1.0, 0.0, 1.5], dtype=torch.float64)
    assert visible(GRID, occupied, eye, GRID.centers(road).double()).all()


def test_images_are_placed_by_the_pose_at_their_own_time():
    """The robot turned left by 20 degrees between sweep and image, so that what was ahead is right of the middle."""
    occupied = voxels((8, 0, 1.5))
    later = se3.from_yaw([0.0, 0.0, 0.0], torch.deg2rad(torch.tensor(20.0)))
    stripes = torch.cat([RED, GREEN])
    moved = lift(frame(front=camera_image(stripes, map_from_ego=later)), occupied)
    torch.testing.assert_close(moved, torch.tensor([[0.0, 1.0, 0.0]]))


def test_without_cameras_every_feature_is_zero():
    assert lift(frame(), voxels((8, 0, 1.5))).tolist() == [[0.0, 0.0, 0.0]]
