"""Pictures: the right thing, in the right place, in the right colour."""

import numpy as np
import pytest
import torch
from PIL import Image

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.rendering.images import save_png
from ago_ros.rendering.mosaic import camera_mosaic, draw_voxels, probability_mosaic
from ago_ros.rendering.palette import phrase_color, phrase_colors, scale_colors, voxel_colors
from ago_ros.rendering.viewer import LiveViewer
from ago_ros.rendering.voxels import BEHIND, above, render_grid, render_probability
from ago_ros.scene.semantic_grid import LABEL_FREE, LABEL_UNCLASSIFIED, SemanticGrid
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame

GRID = VoxelGrid((-10.0, -8.0, -1.0), 0.5, (40, 32, 8))
EGO_FROM_CAMERA = se3.from_rotation(
    torch.tensor([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], dtype=torch.float64), torch.zeros(3)
)


def grid_with(voxels: dict[tuple[int, int, int], int], vocabulary: tuple[str, ...] = ()) -> SemanticGrid:
    labels = torch.full(GRID.shape, LABEL_FREE, dtype=torch.int32)
    for index, label in voxels.items():
        labels[index] = label
    return SemanticGrid(0, GRID, labels, torch.zeros(GRID.shape), vocabulary)


def frame_looking_ahead(camera_pose: torch.Tensor, missing: frozenset[str] = frozenset()) -> SensorFrame:
    camera = PinholeCamera(torch.tensor([[100.0, 0, 100], [0, 100, 60], [0, 0, 1]], dtype=torch.float64), 200, 120)
    image = CameraImage(0, torch.zeros(120, 200, 3, dtype=torch.uint8), camera, EGO_FROM_CAMERA, camera_pose)
    sweep = LidarSweep(0, torch.zeros(1, 3), se3.identity(), se3.identity())
    return SensorFrame(sweep, {"cam_front": image}, missing)


def test_known_phrases_keep_their_colour_and_others_get_a_stable_one():
    assert phrase_color("car") == phrase_color("CAR") == (255, 158, 0)
    assert phrase_color("driveable_surface") == phrase_color("driveable surface")
    others = {phrase_color(f"thing {number}") for number in range(50)}
    assert len(others) == 50
    assert phrase_colors([]).shape == (0, 3)


def test_scale_clips_at_its_ends():
    colors = scale_colors(torch.tensor([-5.0, 0.0, 1.0, 9.0]), 0.0, 1.0)
    assert torch.equal(colors[0], colors[1])
    assert torch.equal(colors[2], colors[3])
    assert not torch.equal(colors[0], colors[3])


def test_voxels_without_a_phrase_are_coloured_by_height():
    grid = grid_with({(0, 0, 0): LABEL_UNCLASSIFIED, (0, 0, 7): LABEL_UNCLASSIFIED, (1, 1, 1): 0}, ("car",))
    colors = voxel_colors(grid, torch.tensor([[0, 0, 0], [0, 0, 7], [1, 1, 1]]))
    assert not torch.equal(colors[0], colors[1])
    assert colors[2].tolist() == [255, 158, 0]


def test_a_voxel_ahead_is_drawn_in_the_middle_of_the_front_image():
    frame = frame_looking_ahead(se3.identity())
    image = frame.cameras["cam_front"]
    drawn = draw_voxels(
        image, frame.camera_from_ego(image), torch.tensor([[8.0, 0.0, 0.0]]), torch.tensor([[255, 0, 0]]), 0.5
    )
    rows, columns = np.nonzero(drawn[..., 0].numpy())
    assert (rows.mean(), columns.mean()) == pytest.approx((60, 100), abs=1)
    assert np.ptp(columns) == pytest.approx(0.9 * 0.5 * 100 / 8, abs=1.5)


def test_near_voxels_cover_far_ones():
    frame = frame_looking_ahead(se3.identity())
    image = frame.cameras["cam_front"]
    colors = torch.tensor([[0, 255, 0], [255, 0, 0]])
    drawn = draw_voxels(image, frame.camera_from_ego(image), torch.tensor([[4.0, 0, 0], [9.0, 0, 0]]), colors, 0.5)
    assert drawn[60, 100, 1] > 0
    assert drawn[60, 100, 0] == 0


def test_ego_motion_between_sweep_and_image_moves_the_voxel():
    moved = se3.from_yaw([2.0, 0.0, 0.0], 0.0)
    frame = frame_looking_ahead(moved)
    point = se3.transform_points(frame.camera_from_ego(frame.cameras["cam_front"]), torch.tensor([[8.0, 0.0, 0.0]]))
    assert point[0].tolist() == pytest.approx([0.0, 0.0, 6.0])


def test_mosaic_shows_every_camera_and_names_the_missing():
    grid = grid_with({(36, 16, 2): LABEL_UNCLASSIFIED})
    frame = frame_looking_ahead(se3.identity(), frozenset({"cam_back", "cam_left", "cam_right"}))
    mosaic = camera_mosaic(frame, grid, tile_width=160)
    assert mosaic.shape == (2 * 96, 3 * 160, 3)
    with pytest.raises(ValueError, match="no camera images"):
        camera_mosaic(SensorFrame(frame.lidar), grid)


def test_probability_mosaic_of_no_probability_draws_nothing():
    frame = frame_looking_ahead(se3.identity())
    grid = grid_with({})
    blank = probability_mosaic(frame, grid, torch.zeros(GRID.shape))
    assert torch.equal(blank, camera_mosaic(frame, grid))
    probability = torch.zeros(GRID.shape)
    probability[36, 16, 2] = 1.0
    assert (probability_mosaic(frame, grid, probability) != blank).any()


def test_map_view_puts_forward_up_and_left_left():
    grid = grid_with({(38, 30, 4): 0, (2, 2, 4): 1}, ("car", "vegetation"))
    picture = render_grid(grid, above(GRID), (300, 300)).int()
    orange = ((picture[..., 0] - picture[..., 2]) > 90).nonzero().float().mean(dim=0)
    green = ((picture[..., 1] - picture[..., 0]) > 60).nonzero().float().mean(dim=0)
    assert orange[0] < 75
    assert orange[1] < 100
    assert green[0] > 225
    assert green[1] > 200


def test_views_differ_and_an_empty_grid_is_drawn_too(tmp_path):
    empty = render_grid(grid_with({}), BEHIND, (200, 150))
    assert empty.shape == (150, 200, 3)
    full = render_grid(grid_with({(30, 16, 2): 0}, ("car",)), BEHIND, (200, 150))
    assert (empty != full).any()
    saved = save_png(full, tmp_path / "deep" / "view.png")
    assert np.array_equal(np.asarray(Image.open(saved)), full.numpy())


def test_probability_is_drawn_over_the_grey_scene():
    grid = grid_with({(30, 16, 2): 0, (20, 10, 2): 0}, ("car",))
    probability = torch.zeros(GRID.shape)
    plain = render_probability(grid, probability, size=(200, 150)).int()
    assert (plain.max(dim=-1).values - plain.min(dim=-1).values).max() < 12
    probability[30, 16, 5] = 0.5
    hot = render_probability(grid, probability, size=(200, 150)).int()
    assert (hot.max(dim=-1).values - hot.min(dim=-1).values).max() > 40


def test_viewer_records_what_it_is_shown(tmp_path):
    recording = tmp_path / "live.rrd"
    viewer = LiveViewer(save=recording)
    grid = grid_with({(30, 16, 2): 0}, ("car",))
    viewer.show_grid(grid, se3.identity())
    viewer.show_answer(0, torch.zeros(3, 3), torch.tensor([0.5, 0.2, 0.001]), 0.5)
    viewer.show_answer(0, torch.zeros(0, 3), torch.zeros(0), 0.5)
    camera = frame_looking_ahead(se3.identity()).cameras["cam_front"]
    viewer.show_jpeg("cam_front", 0, b"\xff\xd8\xff\xd9", camera.camera, EGO_FROM_CAMERA)
    viewer.close()
    assert recording.stat().st_size > 1000
