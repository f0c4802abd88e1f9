"""Pictures of answers: probability, truth, regions and viewing pose stand where they belong."""

import numpy as np
import pytest
import torch
from PIL import Image

from ago_ros.datasets.rgbd import RgbdView
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.rendering.images import save_png
from ago_ros.rendering.located import draw_answer
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.answer import Answer, AnswerStatus, Region, ViewingPose

GRID = VoxelGrid((-1.0, -1.0, 0.0), 0.1, (20, 20, 20))
GREEN, BLUE, VIOLET, YELLOW = (0, 200, 83), (41, 121, 255), (213, 0, 249), (240, 249, 33)
WIDTH, PANELS = 1040, 4


def view() -> RgbdView:
    pose = se3.from_rotation(
        torch.tensor([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64), torch.tensor([-1.6, 0.0, 1.0])
    )
    camera = PinholeCamera(torch.tensor([[80.0, 0, 50], [0, 80, 50], [0, 0, 1]], dtype=torch.float64), 100, 100)
    grey = torch.full((100, 100, 3), 90, dtype=torch.uint8)
    return RgbdView("made", grey, torch.ones(100, 100), camera, pose, se3.identity())


def answer(at: tuple[int, int, int] | None = None, pose: ViewingPose | None = None) -> Answer:
    probability, regions = torch.zeros(GRID.shape), ()
    if at is not None:
        probability[at] = 0.7
        middle = GRID.centers(torch.tensor([at]))[0].tolist()
        regions = (Region("mug", tuple(middle), (0.6, 0.2, 0.2), 0.0, tuple(middle), 0.7, 1.0, pose),)
    message = "mug behind box: not surely in view; it could be in one region, 70% together"
    return Answer(0, GRID, probability, regions, "mug behind box", AnswerStatus.POSSIBLE, message)


def truth(*voxels: tuple[int, int, int]) -> torch.Tensor:
    mask = torch.zeros(GRID.shape, dtype=torch.bool)
    for voxel in voxels:
        mask[voxel] = True
    return mask


def state(*occupied: tuple[int, int, int]) -> torch.Tensor:
    states = torch.full(GRID.shape, VoxelState.UNOBSERVED, dtype=torch.uint8)
    for voxel in occupied:
        states[voxel] = VoxelState.OCCUPIED
    return states


def middle_of(picture: torch.Tensor, colour: tuple[int, int, int], panel: int) -> np.ndarray | None:
    """Mean (row, column) of the pixels of about a colour in one of the four panels; None without any."""
    part = picture[60:, WIDTH * panel // PANELS : WIDTH * (panel + 1) // PANELS].int()
    near = ((part - torch.tensor(colour)).abs().amax(dim=-1) < 40).nonzero()
    return near.double().mean(dim=0).numpy() if len(near) else None


@pytest.mark.parametrize("colour", ["truth", "heat"])
def test_left_is_left_far_is_up_and_high_is_up(colour):
    """Voxels at the left, at the right, far and high land so, over the image, from above and from the side."""

    def places(voxel):
        if colour == "truth":
            picture, shade = draw_answer(answer(), state(), view(), truth(voxel)), GREEN
        else:
            picture, shade = draw_answer(answer(voxel), state(), view(), truth()), YELLOW
        return [middle_of(picture, shade, panel) for panel in (2, 3)]

    base, left, far, high = places((10, 10, 10)), places((10, 16, 10)), places((16, 10, 10)), places((10, 10, 16))
    above, side = 0, 1
    assert left[above][1] < base[above][1] - 20 and left[above][0] == pytest.approx(base[above][0], abs=4)
    assert far[above][0] < base[above][0] - 20 and far[above][1] == pytest.approx(base[above][1], abs=4)
    assert far[side][1] > base[side][1] + 20 and high[side][0] < base[side][0] - 20
    assert high[above] == pytest.approx(base[above], abs=4)


def test_probability_and_truth_are_drawn_over_the_image_each_in_its_panel():
    plain = draw_answer(answer(), state(), view(), truth())
    both = draw_answer(answer((10, 16, 10)), state(), view(), truth((10, 4, 10)))
    changed = [
        (plain[60:, WIDTH * n // 4 : WIDTH * (n + 1) // 4] != both[60:, WIDTH * n // 4 : WIDTH * (n + 1) // 4]).any(-1)
        for n in (0, 1)
    ]
    (_, left), (_, right) = (mask.nonzero().double().mean(dim=0).tolist() for mask in changed)
    assert left < 120 < 140 < right


def test_regions_and_the_place_to_see_them_from_are_marked():
    pose = ViewingPose((-0.5, 0.5, 1.0), 0.0, 0.9)
    without = draw_answer(answer((10, 10, 10)), state(), view(), truth())
    assert middle_of(without, VIOLET, 2) is None
    assert middle_of(without, BLUE, 2) is not None
    assert middle_of(draw_answer(answer(), state(), view(), truth()), BLUE, 2) is None
    marked = draw_answer(answer((10, 10, 10), pose), state(), view(), truth())
    arrow, heat = middle_of(marked, VIOLET, 2), middle_of(marked, YELLOW, 2)
    assert arrow[0] > heat[0] + 10, "it stands before the region"
    assert arrow[1] < heat[1] - 10, "and to its left"


def test_the_scene_is_grey_where_it_is_occupied():
    wall = [(15, y, z) for y in range(20) for z in range(20)]
    drawn, empty = (draw_answer(answer(), state(*voxels), view(), truth()).int() for voxels in (wall, []))
    for panel in (2, 3):
        part = slice(WIDTH * panel // PANELS, WIDTH * (panel + 1) // PANELS)
        assert (drawn[60:, part] != empty[60:, part]).any(dim=-1).sum() > 200


def test_fewer_colours_make_a_smaller_file_of_the_same_picture(tmp_path):
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 255, (60, 80, 3), dtype=torch.uint8, generator=generator)
    whole, small = save_png(noise, tmp_path / "whole.png"), save_png(noise, tmp_path / "small.png", colours=32)
    assert small.stat().st_size < whole.stat().st_size / 2
    with Image.open(small) as picture:
        kept = np.asarray(picture.convert("RGB"), dtype=int)
        assert len(picture.convert("RGB").getcolors(1 << 20)) <= 32
    assert np.abs(kept - noise.numpy()).mean() < 40
