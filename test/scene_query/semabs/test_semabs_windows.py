"""How scenes are laid into a network's grid: by heading, at any scale, with the floor in its place."""

import math

import pytest
import torch
from learned_scenes import TRAINED, street

from ago_ros.datasets.drive_world.moving import transformed
from ago_ros.datasets.drive_world.street_views import HEADINGS as DRAWN_HEADINGS
from ago_ros.datasets.drive_world.street_views import SCALE, window_from_ego
from ago_ros.geometry.voxel_grid import OCC3D_GRID, VoxelGrid
from ago_ros.scene_query.semabs.windows import HEADINGS, headings_towards, looks_all_round, make_window

VIEWPOINT = torch.tensor([0.5, -0.25, 1.5], dtype=torch.float64)


def around(distance: float, degrees: float, height: float = 0.0) -> torch.Tensor:
    angle = math.radians(degrees)
    return torch.tensor([[0.5 + distance * math.cos(angle), -0.25 + distance * math.sin(angle), height]])


@pytest.mark.parametrize("side", [80.0, 4.0])
@pytest.mark.parametrize("heading", range(HEADINGS))
def test_a_window_begins_at_the_viewer_and_reaches_half_the_grid_ahead(side: float, heading: int) -> None:
    window = make_window(street(side), VIEWPOINT, TRAINED, heading)
    degrees, reach = 360 * heading / HEADINGS, side / 2
    near, far, left = around(0, degrees), around(reach, degrees), around(reach / 2, degrees + 45)
    torch.testing.assert_close(window.place(near), torch.tensor([[-1.0, 0, 0]]).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(window.place(far), torch.tensor([[1.0, 0, 0]]).double(), atol=1e-6, rtol=0)
    half = math.sqrt(0.5)
    torch.testing.assert_close(window.place(left), torch.tensor([[half - 1, half, 0]]).double(), atol=1e-6, rtol=0)
    above = window.place(around(0, degrees, reach / 2))[0, 2]
    assert float(above) == pytest.approx(1.0, abs=1e-6), "heights shrink as lengths do"


def test_every_direction_has_the_nearest_heading() -> None:
    for degrees in range(-180, 181, 7):
        found = headings_towards(street(), VIEWPOINT, around(5.0, degrees).double())
        assert found == (round(degrees / 45) % 8,)
    two = torch.cat([around(3.0, 90), around(9.0, 91), around(9.0, -44)])
    assert headings_towards(street(), VIEWPOINT, two) == (2, 7)
    assert headings_towards(street(), VIEWPOINT, torch.zeros(0, 3)) == ()


@pytest.mark.parametrize("direction", [0.0, 90.0, -135.0])
def test_a_viewer_outside_has_one_window_which_is_the_grid(direction: float) -> None:
    grid = VoxelGrid((2.0, -1.0, -0.1), 0.125, (16, 16, 16))
    c, s = math.cos(math.radians(direction)), math.sin(math.radians(direction))
    viewpoint = torch.tensor([3.0 - 2.5 * c, -2.5 * s, 1.2], dtype=torch.float64)
    assert not looks_all_round(grid, viewpoint)
    window = make_window(grid, viewpoint, TRAINED, 0)
    ahead = window.place(torch.tensor([[3.0, 0.0, 0.0], [3.0 + 0.5 * c, 0.5 * s, 0.3]]))
    torch.testing.assert_close(ahead, torch.tensor([[0.0, 0, 0], [0.5, 0, 0.3]]).double(), atol=1e-6, rtol=0)
    assert headings_towards(grid, viewpoint, grid.centers().reshape(-1, 3)) == (0,)


def test_the_view_of_training_stays_as_it_is() -> None:
    """A room's view, whose camera stands behind the two-metre cube, is not moved by as much as a millimetre."""
    window = make_window(TRAINED, torch.tensor([-1.7, 0.0, 1.1]), TRAINED, 0)
    torch.testing.assert_close(window.trained_from_ego, torch.eye(4, dtype=torch.float64), atol=1e-6, rtol=0)


@pytest.mark.parametrize("heading", range(HEADINGS))
def test_a_street_lies_in_use_as_it_did_in_training(heading: int) -> None:
    """The drive world's views begin at the car, the node's windows at its LiDAR, a metre ahead: 5 cm in the network."""
    assert DRAWN_HEADINGS == HEADINGS
    grid, ego = OCC3D_GRID, torch.tensor([0.0, 0.0, 1.84])
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(heading)) * 40 - 20
    trained = transformed(points.double().numpy(), window_from_ego(heading)) / SCALE
    used = make_window(grid, ego, TRAINED, heading).place(points)
    torch.testing.assert_close(used, torch.from_numpy(trained), atol=1e-5, rtol=0)
    lidar = make_window(grid, ego + torch.tensor([0.94, 0.0, 0.0]), TRAINED, heading).place(points)
    assert float((lidar - used).norm(dim=1).max()) < 0.05
