"""The attentions against loops over samples, images and cells that gather nothing."""

import pytest
import torch
from tiny_ago import GRID, cameras

from ago_ros.occupancy.ago.attention import CrossViewAttention, ImageCrossAttention, gather_views
from ago_ros.occupancy.ago.deformable import sample_levels
from ago_ros.occupancy.ago.planes import on_planes, pillars, plane_shapes, project, to_metres

SHAPE, DIM, HEADS = (6, 10, 4), 16, 2
SHAPES = plane_shapes(SHAPE)
IMAGE_SHAPES = ((6, 8), (3, 4))
ANCHORS, POINTS = (2, 4, 4), (4, 4, 8)


def wild(module):
    torch.manual_seed(5)
    for weight in module.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return module.eval()


def queries(batch):
    generator = torch.Generator().manual_seed(6)
    planes = [torch.randn(batch, rows * columns, DIM, generator=generator) for rows, columns in SHAPES]
    positions = [torch.randn(rows * columns, DIM, generator=generator) for rows, columns in SHAPES]
    return planes, positions


def all_views(poses, matrices, image_batch, batch):
    """Projections and views of every plane."""
    found = []
    for plane in range(3):
        points = to_metres(GRID, pillars(SHAPE, plane, ANCHORS[plane]))
        places, inside = project(points, poses, matrices, (48, 64))
        found.append((places, inside, gather_views(places, inside, image_batch, batch)))
    return found


def test_images_are_asked_by_the_cells_that_they_show_of_their_own_sample():
    """Two samples with other poses: a mask taken from sample 0 gives another result."""
    torch.manual_seed(0)
    attention = wild(ImageCrossAttention(DIM, HEADS, 2, ANCHORS, POINTS))
    _, poses, matrices = cameras([[0.0, 1.5, 3.0], [0.4, 2.2, -1.5]])
    poses, matrices, image_batch = poses.flatten(0, 1), matrices.flatten(0, 1), torch.tensor([0, 0, 0, 1, 1, 1])
    cells = torch.randn(6, sum(rows * columns for rows, columns in IMAGE_SHAPES), DIM)
    planes, positions = queries(2)
    found = all_views(poses, matrices, image_batch, 2)
    result = attention(planes, positions, [views for _, _, views in found], cells, IMAGE_SHAPES)

    value = attention.value(cells).unflatten(-1, (HEADS, -1))
    for plane, (places, inside, _) in enumerate(found):
        seen = inside.any(dim=2)
        assert not torch.equal(seen[:3], seen[3:])
        for sample in (0, 1):
            told = torch.zeros_like(planes[plane][0])
            for image in (image_batch == sample).nonzero().flatten():
                answers = attention.ask[plane](
                    (planes[plane][sample] + positions[plane])[None],
                    places[image][None, :, None],
                    value[image][None],
                    IMAGE_SHAPES,
                )[0]
                told += answers * seen[image][:, None]
            count = seen[image_batch == sample].sum(dim=0)
            assert len(count.unique()) > 1
            expected = attention.out(told / count.clamp(min=1)[:, None])
            torch.testing.assert_close(result[plane][sample], expected, atol=1e-4, rtol=1e-4)


def test_a_cell_that_two_images_show_gets_the_mean():
    attention = wild(ImageCrossAttention(DIM, HEADS, 2, ANCHORS, POINTS))
    _, poses, matrices = cameras([[0.7]])
    cells = torch.randn(1, 60, DIM, generator=torch.Generator().manual_seed(2))
    planes, positions = queries(1)
    once = [v for *_, v in all_views(poses[0], matrices[0], torch.tensor([0]), 1)]
    twice = [v for *_, v in all_views(poses[0].expand(2, 4, 4), matrices[0].expand(2, 3, 3), torch.tensor([0, 0]), 1)]
    assert twice[0].count.max() == 2
    for one, two in zip(
        attention(planes, positions, once, cells, IMAGE_SHAPES),
        attention(planes, positions, twice, cells.expand(2, -1, -1), IMAGE_SHAPES),
    ):
        torch.testing.assert_close(one, two, atol=1e-5, rtol=1e-5)


def test_planes_ask_each_other_along_their_lines():
    """Against one sampling of each plane by itself; H ≠ W ≠ D makes swapped rows and columns fail."""
    attention = wild(CrossViewAttention(DIM, HEADS, 2, 4))
    planes, positions = queries(2)
    anchors = [on_planes(pillars(SHAPE, plane, 2))[None] for plane in range(3)]
    result = attention(planes, positions, anchors, SHAPES)
    for plane in range(3):
        query = planes[plane] + positions[plane]
        ask = attention.ask[plane]
        offsets = ask.offsets(query).view(2, -1, HEADS, 3, 2, 2, 2)
        weights = ask.weights(query).view(2, -1, HEADS, 12).softmax(-1).view(2, -1, HEADS, 3, 4)
        total = 0
        for level, (rows, columns) in enumerate(SHAPES):
            value = attention.value[level](planes[level]).unflatten(-1, (HEADS, -1))
            places = anchors[plane][:, :, level][:, :, None, None] + offsets[:, :, :, level] / torch.tensor(
                [columns, rows]
            )
            total = total + sample_levels(
                value, [(rows, columns)], places.flatten(3, 4)[:, :, :, None], weights[:, :, :, level : level + 1]
            )
        torch.testing.assert_close(result[plane], attention.out[plane](total), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("batch", [1, 2])
def test_views_list_just_what_is_seen(batch):
    _, poses, matrices = cameras([[0.1, 2.0]] * batch)
    image_batch = torch.arange(batch).repeat_interleave(2)
    for places, inside, views in all_views(poses.flatten(0, 1), matrices.flatten(0, 1), image_batch, batch):
        for image in range(2 * batch):
            listed = views.index[image][views.seen[image]]
            assert listed.tolist() == inside[image].any(dim=1).nonzero().flatten().tolist()
            assert torch.equal(views.anchors[image, :, 0], places[image, views.index[image]])
