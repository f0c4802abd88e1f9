"""Deformable sampling against transformers' own, and deformable convolution against a loop."""

import itertools
import math

import pytest
import torch
from torch.nn import functional
from transformers.models.deformable_detr.modeling_deformable_detr import MultiScaleDeformableAttention

from ago_ros.occupancy.ago.deformable import DeformableConv2d, _sample_by_torch, sample_levels

SHAPES = ((7, 11), (4, 6), (2, 3))


def inputs(batch=2, heads=4, depth=8, queries=13, points=5, shapes=SHAPES, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    cells = sum(rows * columns for rows, columns in shapes)
    value = torch.randn(batch, cells, heads, depth, generator=generator)
    locations = torch.rand(batch, queries, heads, len(shapes), points, 2, generator=generator) * 1.4 - 0.2
    weights = torch.rand(batch, queries, heads, len(shapes) * points, generator=generator).softmax(-1)
    weights = weights.unflatten(-1, (len(shapes), points))
    return [tensor.to(dtype).requires_grad_() for tensor in (value, locations, weights)]


def reference(value, locations, weights, shapes=SHAPES):
    areas = torch.tensor([rows * columns for rows, columns in shapes])
    starts = torch.cat([areas.new_zeros(1), areas.cumsum(0)[:-1]])
    return MultiScaleDeformableAttention()(
        value, torch.tensor(shapes), list(shapes), starts, locations, weights, im2col_step=64
    )


@pytest.mark.parametrize("shapes", [SHAPES, SHAPES[:1], (*SHAPES, (1, 5), (9, 2))], ids=["three", "one", "five"])
@pytest.mark.parametrize("sample", [sample_levels, _sample_by_torch], ids=["compiled", "torch"])
def test_equals_transformers_in_values_and_gradients(sample, shapes):
    ours, theirs = inputs(shapes=shapes), inputs(shapes=shapes)
    result, expected = sample(ours[0], shapes, ours[1], ours[2]), reference(*theirs, shapes)
    torch.testing.assert_close(result, expected, atol=1e-5, rtol=1e-5)
    upstream = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))
    for own, other in zip(
        torch.autograd.grad((result * upstream).sum(), ours), torch.autograd.grad((expected * upstream).sum(), theirs)
    ):
        torch.testing.assert_close(own, other, atol=1e-4, rtol=1e-4)
        assert own.abs().max() > 0


@pytest.mark.parametrize("part", range(4))
def test_shapes_that_do_not_fit_are_refused_before_anything_is_read(part):
    value, locations, weights = inputs()
    given = [value, SHAPES, locations, weights]
    given[part] = (value[:, 1:], SHAPES[:2], locations[:, :-1], weights[:, :, :-1])[part]
    with pytest.raises(ValueError, match="do not fit value"):
        sample_levels(*given)


def test_gradients_of_gradients_are_refused():
    value, locations, weights = inputs()
    (slope,) = torch.autograd.grad(
        sample_levels(value, SHAPES, locations, weights).square().sum(), value, create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_keeps_places_exact(dtype):
    """With places in half precision, samples on a wide map would be off by half a cell."""
    value = torch.arange(200.0).view(1, 200, 1, 1)
    locations = torch.tensor([37.5, 123.5, 180.5]).view(1, 3, 1, 1, 1, 1).div(200).expand(-1, -1, -1, -1, -1, 2)
    locations = torch.stack([locations[..., 0], torch.full_like(locations[..., 1], 0.5)], dim=-1)
    result = sample_levels(value.to(dtype), ((1, 200),), locations, torch.ones(1, 3, 1, 1, 1, dtype=dtype))
    assert result.dtype == dtype
    assert result.flatten().tolist() == [37, 123, 180]


def test_half_precision_is_close_to_float32():
    value, locations, weights = inputs()
    exact = sample_levels(value, SHAPES, locations, weights)
    rough = sample_levels(value.half(), SHAPES, locations, weights.half())
    torch.testing.assert_close(rough.float(), exact, atol=5e-3, rtol=5e-3)


def test_compiles():
    arguments = inputs(batch=1, heads=2, depth=4, queries=5, points=2)
    compiled = torch.compile(sample_levels, fullgraph=True, backend="aot_eager")
    result = compiled(arguments[0], SHAPES, arguments[1], arguments[2])
    expected = sample_levels(arguments[0], SHAPES, arguments[1], arguments[2])
    torch.testing.assert_close(result, expected)
    for own, other in zip(torch.autograd.grad(result.sum(), arguments), torch.autograd.grad(expected.sum(), arguments)):
        torch.testing.assert_close(own, other)


def bilinear(image, y, x):
    """One value of an (H, W) image between its pixels' centres, zero outside."""
    total = 0.0
    for row, column in itertools.product((math.floor(y), math.floor(y) + 1), (math.floor(x), math.floor(x) + 1)):
        if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
            total += (1 - abs(y - row)) * (1 - abs(x - column)) * float(image[row, column])
    return total


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 1), (2, 0)])
@torch.no_grad()
def test_deformable_convolution_against_a_loop(stride, padding):
    torch.manual_seed(0)
    plain = torch.nn.Conv2d(2, 3, 3, stride=stride, padding=padding)
    layer = DeformableConv2d(plain)
    torch.nn.init.normal_(layer.modulation.weight, std=0.5)
    torch.nn.init.normal_(layer.modulation.bias)
    pixels = torch.randn(2, 2, 6, 9)
    result = layer(pixels)
    asked = layer.modulation(pixels)
    assert result.shape == plain(pixels).shape
    for b, o, i, j in itertools.product((0, 1), range(3), *(range(0, n, 2) for n in result.shape[2:])):
        total = float(plain.bias[o])
        for tap, (row, column) in enumerate(itertools.product(range(3), range(3))):
            y = i * stride - padding + row + float(asked[b, 2 * tap, i, j])
            x = j * stride - padding + column + float(asked[b, 2 * tap + 1, i, j])
            share = float(asked[b, 18 + tap, i, j].sigmoid())
            for c in (0, 1):
                total += float(plain.weight[o, c, row, column]) * share * bilinear(pixels[b, c], y, x)
        assert float(result[b, o, i, j]) == pytest.approx(total, abs=1e-4)


def test_deformable_convolution_begins_as_half_the_plain_one():
    plain = torch.nn.Conv2d(4, 5, 3, stride=2, padding=1, bias=False)
    pixels = torch.randn(1, 4, 7, 8)
    torch.testing.assert_close(DeformableConv2d(plain)(pixels), plain(pixels) / 2, atol=1e-5, rtol=1e-5)


def test_deformable_convolution_refuses_groups():
    with pytest.raises(ValueError, match="one group"):
        DeformableConv2d(torch.nn.Conv2d(4, 4, 3, groups=2))


def test_reference_of_the_loop_is_a_convolution():
    """The loop's bilinear interpolation is torch's."""
    image = torch.randn(1, 1, 4, 5)
    y, x = 1.3, 2.6
    grid = torch.tensor([[[[2 * (x + 0.5) / 5 - 1, 2 * (y + 0.5) / 4 - 1]]]])
    assert bilinear(image[0, 0], y, x) == pytest.approx(
        float(functional.grid_sample(image, grid, align_corners=False)), abs=1e-5
    )
