"""7-Scenes: frames land where they were taken, and what is wrong is told in one line."""

import numpy as np
import pytest
import torch
from made_seven_scenes import EYE_Z, EYES, HEIGHT, WALL_X, WIDTH, upright_from_camera, write_seven_scenes
from PIL import Image

from ago_ros.datasets.errors import DatasetError
from ago_ros.datasets.rgbd import CAMERA, from_room
from ago_ros.datasets.seven_scenes import read_seven_scenes
from ago_ros.geometry import se3


@pytest.fixture()
def recording(tmp_path):
    return write_seven_scenes(tmp_path / "seq-01")


def test_views_stand_upright_on_the_floor_and_look_along_x(recording):
    views = read_seven_scenes(recording)
    assert [view.name for view in views] == ["frame-000000", "frame-000025", "frame-000050"]
    for view, (x, y, yaw) in zip(views, EYES, strict=True):
        assert float(view.eye[2]) == pytest.approx(EYE_Z, abs=0.01)
        assert float(view.eye[1]) == pytest.approx(0, abs=1e-9)
        points = se3.transform_points(view.view_from_camera, view.points())
        assert float(points[:, 2].min()) == pytest.approx(0, abs=0.01)
        true = upright_from_camera(x, y, yaw)
        rays = points - view.eye
        ahead = np.array([np.cos(np.radians(30)), 0, -np.sin(np.radians(30))])
        middle = rays.reshape(-1, 3)[[len(rays) // 2 + WIDTH // 2 - 2]]
        assert (middle / middle.norm()).numpy()[0] == pytest.approx(ahead, abs=0.02)
        wall = points[:, 2] > 0.1
        along = (WALL_X - true[0, 3]) * np.array([np.cos(yaw), -np.sin(yaw)])
        offset = (points[wall][:, :2] - view.eye[:2]).numpy() - along
        assert np.abs(offset @ [np.cos(yaw), -np.sin(yaw)]).max() < 0.01


def test_the_origin_lies_below_what_is_looked_at(recording):
    view = read_seven_scenes(recording)[0]
    middle = view.depth[HEIGHT // 4 : -(HEIGHT // 4), WIDTH // 4 : -(WIDTH // 4)]
    focus = view.eye + middle.median() * view.view_from_camera[:3, 2]
    assert focus[:2].tolist() == pytest.approx([0, 0], abs=1e-6)


def test_one_map_for_all_views(recording):
    first, second, _ = read_seven_scenes(recording)
    between = se3.invert(first.map_from_view @ first.view_from_camera) @ second.map_from_view @ second.view_from_camera
    truth = np.linalg.inv(upright_from_camera(*EYES[0])) @ upright_from_camera(*EYES[1])
    assert between.numpy() == pytest.approx(truth, abs=1e-9)


def test_unknown_depth_is_left_out_and_pictures_shrink_together(recording):
    view = read_seven_scenes(recording)[0]
    assert view.depth[0, :2].tolist() == [0, 0]
    assert len(view.points()) == HEIGHT * WIDTH - 2
    small = view.resized(24, 12)
    assert small.image.shape == (24, 32, 3)
    assert small.depth.shape == (12, 16)
    assert (small.camera.width, small.camera.height) == (32, 24)
    near = torch.cdist(small.points(), view.points()).amin(dim=1)
    assert float(near.max()) < 0.06
    assert view.resized(1000, 1000).depth.shape == view.depth.shape


def test_a_count_of_frames_is_spread_over_the_recording(recording):
    assert [view.name for view in read_seven_scenes(recording, 2)] == ["frame-000000", "frame-000025"]
    assert len(read_seven_scenes(recording, 9)) == 3


def test_a_sensor_frame_holds_points_and_image_in_the_view(recording):
    view = read_seven_scenes(recording)[0]
    frame = view.sensor_frame()
    in_ego = se3.transform_points(frame.lidar.ego_from_lidar, frame.lidar.points)
    assert float(in_ego[:, 2].min()) == pytest.approx(0, abs=0.01)
    image = frame.cameras[CAMERA]
    pixels, depth, _ = image.camera.project(se3.transform_points(frame.camera_from_ego(image), in_ego))
    assert pixels[-1].tolist() == pytest.approx([WIDTH - 0.5, HEIGHT - 0.5], abs=0.01)
    assert float(depth[-1]) == pytest.approx(float(view.depth[-1, -1]), abs=1e-5)


def test_a_view_of_a_room_becomes_the_same_kind_of_view():
    from made_query_views import made_view

    room = made_view()
    view = from_room(room)
    points = se3.transform_points(view.view_from_camera, view.points())
    seen, _ = room.grid.indices(points)
    assert len(points) == room.depth.size
    assert {1, 2, 4} <= set(np.unique(room.occupancy[tuple(seen.T.numpy())]).tolist())


def _damage(folder, name, change):
    path = folder / name
    change(path)
    return path


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("camera-intrinsics.txt", lambda p: p.unlink(), "missing; put 3 x 3 numbers there"),
        ("camera-intrinsics.txt", lambda p: p.write_text("1 2 3"), "must hold 3 x 3 finite numbers"),
        ("camera-intrinsics.txt", lambda p: p.write_text("0 0 1\n0 0 1\n0 0 1\n"), "focal lengths must be positive"),
        ("gravity-direction.txt", lambda p: p.write_text("0 9.8 0"), "must hold a unit vector"),
        ("gravity-direction.txt", lambda p: p.write_text("down"), "something else than numbers"),
        ("gravity-direction.txt", lambda p: p.write_text(""), "must hold 3 finite numbers"),
        ("frame-000025.pose.txt", lambda p: np.savetxt(p, np.zeros((4, 4))), "is no pose"),
        ("frame-000025.pose.txt", lambda p: np.savetxt(p, np.full((4, 4), np.inf)), "must hold 4 x 4 finite"),
        ("frame-000025.depth.png", lambda p: p.unlink(), "missing; restore it, or leave the frame out"),
        ("frame-000025.depth.png", lambda p: p.write_bytes(p.read_bytes()[:200]), "is damaged"),
        ("frame-000025.depth.png", lambda p: Image.new("RGB", (WIDTH, HEIGHT)).save(p), "no 16-bit image"),
        ("frame-000025.depth.png", lambda p: Image.new("I;16", (WIDTH, HEIGHT)).save(p), "has no depth at all"),
        ("frame-000025.depth.png", lambda p: Image.new("I;16", (32, 24), 900).save(p), "the image 64 x 48"),
        ("frame-000025.color.png", lambda p: p.unlink(), "and so is .color.jpg"),
        ("frame-000025.color.png", lambda p: p.write_bytes(b"no picture"), "is damaged"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(recording, name, change, message):
    path = _damage(recording, name, change)
    with pytest.raises(DatasetError, match=message) as told:
        read_seven_scenes(recording)
    assert path.name.split(".")[0] in str(told.value)
    assert "\n" not in str(told.value)


def test_a_camera_that_looks_straight_down_has_no_left(recording):
    world_from_camera = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    np.savetxt(recording / "frame-000025.pose.txt", world_from_camera)
    with pytest.raises(DatasetError, match="straight up or down"):
        read_seven_scenes(recording)


def test_a_folder_without_frames_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such folder"):
        read_seven_scenes(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="holds no frame"):
        read_seven_scenes(tmp_path)


def test_the_real_kitchen_has_its_tables_at_one_height(test_data):
    views = read_seven_scenes(test_data / "rgbd_7scenes", 6)
    heights = [se3.transform_points(view.view_from_camera, view.points())[:, 2] for view in views]
    histogram = torch.histc(torch.cat(heights).float(), 30, 0.3, 1.2)
    assert 0.65 < 0.3 + 0.03 * (int(histogram.argmax()) + 0.5) < 0.85
    assert all(1.0 < float(view.eye[2]) < 1.7 for view in views)
