"""Where plane cells lie, and what a camera sees of them."""

import pytest
import torch
from tiny_ago import pose

from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.occupancy.ago.planes import PLANES, on_planes, pillars, plane_shapes, project, to_metres

GRID = VoxelGrid((-2.0, 1.0, -3.0), 0.5, (4, 7, 3))


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_pillars_with_an_anchor_a_voxel_are_the_voxels(plane):
    """Fails where the extent is divided by the count minus one, and where axes are swapped (H ≠ W ≠ D)."""
    row, column = PLANES[plane]
    third = 3 - row - column
    points = to_metres(GRID, pillars(GRID.shape, plane, GRID.shape[third]))
    rows, columns = plane_shapes(GRID.shape)[plane]
    assert (rows, columns) == (GRID.shape[row], GRID.shape[column])
    expected = GRID.centers().permute(row, column, third, 3).flatten(0, 1)
    torch.testing.assert_close(points, expected)


def test_first_and_last_voxel_of_occ3d():
    points = to_metres(OCC3D_GRID, pillars((200, 200, 16), 0, 16)).view(200, 200, 16, 3)
    torch.testing.assert_close(points[0, 0, 0], torch.tensor([-39.8, -39.8, -0.8]))
    torch.testing.assert_close(points[199, 199, 15], torch.tensor([39.8, 39.8, 5.2]))


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_a_line_stays_in_its_own_cell_of_its_plane(plane):
    shape = (4, 7, 3)
    places = on_planes(pillars(shape, plane, 5))
    rows, columns = plane_shapes(shape)[plane]
    own = places[:, plane] * torch.tensor([columns, rows])
    cell = torch.arange(rows * columns)[:, None].expand(-1, 5)
    assert torch.equal(own[..., 0].floor().long(), cell % columns)
    assert torch.equal(own[..., 1].floor().long(), cell // columns)
    for other in {0, 1, 2} - {plane}:
        assert places[:, other].unflatten(0, (rows, columns)).std(dim=2).amax() > 0.1


def test_projection_is_the_pinhole_camera():
    camera = PinholeCamera(torch.tensor([[50.0, 0, 33], [0, 60, 20], [0, 0, 1]], dtype=torch.float64), 64, 48)
    points = torch.rand(200, 3, generator=torch.Generator().manual_seed(0)) * 20 - 10
    poses = torch.stack([pose(0.3), pose(2.0, x=1.0)])
    places, inside = project(points, poses, camera.intrinsics.float().expand(2, 3, 3), (48, 64))
    for number in (0, 1):
        seen_from = points @ poses[number, :3, :3].T + poses[number, :3, 3]
        pixels, _, visible = camera.project(seen_from)
        assert torch.equal(inside[number], visible) and visible.any() and not visible.all()
        torch.testing.assert_close(places[number][visible] * torch.tensor([64, 48]), pixels[visible], atol=1e-3, rtol=0)


def test_points_behind_a_camera_lie_outside():
    places, inside = project(
        torch.tensor([[-5.0, 0, 1], [5.0, 0, 1]]), pose(0)[None], 40 * torch.eye(3)[None], (48, 64)
    )
    assert inside.tolist() == [[False, True]]
    assert (places[0, 0] < -1).all()


def test_projection_stays_in_float32_under_autocast():
    points, matrix = torch.tensor([[30.0, 3.17, 1.93]]), torch.tensor([[40.0, 0, 32], [0, 40, 24], [0, 0, 1]])[None]
    exact, _ = project(points, pose(0)[None], matrix, (48, 64))
    with torch.autocast("cpu", torch.bfloat16):
        cast, _ = project(points, pose(0)[None], matrix, (48, 64))
    assert cast.dtype == torch.float32 and torch.equal(cast, exact)
