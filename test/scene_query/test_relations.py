import math

import pytest
import torch
from made_scene import GRID, block

from ago_ros.scene_query.relations import RelationConfig, relation_field

CONFIG = RelationConfig()
REFERENCE = block((2.9, -0.6, 0.4), (4.1, 0.6, 1.6))
MIDDLE = GRID.centers(REFERENCE).double().mean(dim=0)
DIRECTIONS = {"behind": 0.0, "left of": 90.0, "in front of": 180.0, "right of": 270.0}
"""Heading of each relation, counter-clockwise seen from above, for a viewer who looks along +x."""


def field_at(
    relation: str, points: torch.Tensor, viewpoint: torch.Tensor, config: RelationConfig = CONFIG
) -> torch.Tensor:
    field = relation_field(relation, GRID, REFERENCE, viewpoint, config)
    indices, inside = GRID.indices(points)
    assert inside.all()
    return field[tuple(indices.T)]


@pytest.mark.parametrize("viewer_deg", [0, 37, 90, 180, 251, 300])
@pytest.mark.parametrize("relation", DIRECTIONS)
def test_directions_are_the_viewers(relation, viewer_deg):
    """The viewer looks at the reference along `viewer_deg`; of eight places around it only the right one holds."""
    heading = math.radians(viewer_deg)
    viewpoint = MIDDLE - 6.0 * torch.tensor([math.cos(heading), math.sin(heading), -0.1], dtype=torch.float64)
    around = torch.arange(8, dtype=torch.float64) * (math.pi / 4) + heading
    places = MIDDLE + 1.6 * torch.stack([around.cos(), around.sin(), torch.zeros(8)], dim=1).double()
    values = field_at(relation, places, viewpoint)
    right = round(DIRECTIONS[relation] / 45)
    assert values[right] > 0.9
    opposite = [(right + step) % 8 for step in (2, 3, 4, 5, 6)]
    assert values[opposite].max() < 0.1


def test_fields_turn_with_the_scene():
    """Behind, seen along +y, is what left of was, seen along +x."""
    along_x, along_y = MIDDLE + torch.tensor([-5.0, 0, 0]), MIDDLE + torch.tensor([0, -5.0, 0])
    left = relation_field("left of", GRID, REFERENCE, along_x.double(), CONFIG)
    behind = relation_field("behind", GRID, REFERENCE, along_y.double(), CONFIG)
    torch.testing.assert_close(left, behind)


def test_cone_is_half_at_the_cosine_of_the_paper():
    config = RelationConfig(cosine=0.6, softness=0.02, max_reach=4.0)
    field = relation_field("behind", GRID, REFERENCE, torch.zeros(3, dtype=torch.float64), config)
    offset = GRID.centers().double() - MIDDLE
    cosine = offset[..., 0] / offset.norm(dim=-1)
    near = offset.norm(dim=-1) < 2.0
    own = torch.zeros(GRID.shape, dtype=torch.bool)
    own[tuple(REFERENCE.T)] = True
    assert torch.equal(field[near & ~own] > 0.5, (cosine > 0.6)[near & ~own])


@pytest.mark.parametrize(("bounds", "expected"), [((0.1, 1.0), 1.0), ((1.0, 10.0), 2.0), ((3.0, 10.0), 3.0)])
def test_reach_is_twice_the_larger_side_clipped(bounds, expected):
    """The reference is two voxels, 1.0 m, long and wide."""
    config = RelationConfig(min_reach=bounds[0], max_reach=bounds[1])
    field = relation_field("left of", GRID, REFERENCE, torch.zeros(3, dtype=torch.float64), config)
    distance = (GRID.centers().double() - MIDDLE).norm(dim=-1)
    assert expected - GRID.voxel_size < float(distance[field > 0.4].max()) <= expected + 0.1
    assert float(distance[field > 0].max()) <= expected + GRID.voxel_size / 2


def test_in_is_the_box_without_the_reference_itself():
    shell = block((1.9, -1.1, -0.1), (4.1, 1.1, 2.1))
    hollow = block((2.4, -0.6, 0.4), (3.6, 0.6, 1.6))
    kept = torch.ones(GRID.shape, dtype=torch.bool)
    kept[tuple(hollow.T)] = False
    shell = shell[kept[tuple(shell.T)]]
    field = relation_field("in", GRID, shell, torch.zeros(3, dtype=torch.float64), CONFIG)
    assert torch.equal(field.nonzero(), hollow)
    assert (field[tuple(hollow.T)] == 1).all()


def test_on_is_above_each_column_and_fades():
    low, high = block((1.9, -0.6, 0.4), (3.1, 0.6, 1.1)), block((2.9, -0.6, 0.4), (4.1, 0.6, 1.6))
    steps = torch.cat([low, high]).unique(dim=0)
    field = relation_field("on", GRID, steps, torch.zeros(3, dtype=torch.float64), RelationConfig(on_height=1.0))
    above_low, above_high = GRID.indices(torch.tensor([[2.2, 0.2, 1.2], [3.7, 0.2, 1.7]]))[0]
    assert field[tuple(above_low)] == field[tuple(above_high)] == 1.0
    assert field[tuple(above_low + torch.tensor([0, 0, 1]))] == 0.5
    assert field[tuple(above_low + torch.tensor([0, 0, 2]))] == 0.0
    assert not field[:, :, : int(above_low[2])].any()
    columns = (field > 0).any(dim=2).nonzero()
    assert torch.equal(columns, steps[:, :2].unique(dim=0))


@pytest.mark.parametrize("relation", ["in", "on", *DIRECTIONS])
def test_own_voxels_and_corners_of_the_grid(relation):
    for reference in (REFERENCE, block((-8, -6, -1), (-7, -5, 0)), block((11, 8, 4), (12, 9, 5))):
        field = relation_field(relation, GRID, reference, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64), CONFIG)
        assert field.shape == GRID.shape
        assert not field[tuple(reference.T)].any()
        assert 0 <= float(field.min()) <= float(field.max()) <= 1


def test_reference_right_above_the_viewer_is_no_division_by_zero():
    field = relation_field("behind", GRID, REFERENCE, MIDDLE - torch.tensor([0, 0, 1.0]), CONFIG)
    assert torch.isfinite(field).all()


@pytest.mark.parametrize(
    "changes", [{"softness": 0.0}, {"min_reach": 0.0}, {"min_reach": 5.0, "max_reach": 1.0}, {"on_height": 0.0}]
)
def test_meaningless_configuration_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        RelationConfig(**changes)
