"""AGO's losses against hand-computed cases, finite differences, and the definition of the Lovász extension."""

import math
from itertools import pairwise, product

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ago_ros.occupancy.ago.losses import alignment_loss, grounding_loss, lovasz_softmax, occupancy_loss

UNOBSERVED = 255


def random_case(voxels: int, columns: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(voxels, columns, generator=generator, dtype=torch.float64)
    return logits.requires_grad_(), torch.randint(0, columns, (voxels,), generator=generator)


def jaccard_loss(wrong: set[int], members: set[int]) -> float:
    """1 - IoU of a class whose voxels are `members`, when exactly the voxels in `wrong` are labelled wrongly."""
    predicted = members ^ wrong
    return 1 - len(members & predicted) / len(members | predicted)


def lovasz_by_integral(probabilities: Tensor, target: Tensor) -> float:
    """The extension as an integral: the Jaccard loss of {error >= t}, averaged over t from 0 to 1."""
    losses = []
    for c in sorted(set(target.tolist())):
        members = {v for v, label in enumerate(target.tolist()) if label == c}
        errors = [1 - p if v in members else p for v, p in enumerate(probabilities[:, c].tolist())]
        levels = [0.0, *sorted(set(errors))]
        losses.append(
            sum(
                (high - low) * jaccard_loss({v for v, e in enumerate(errors) if e >= high}, members)
                for low, high in pairwise(levels)
            )
        )
    return sum(losses) / len(losses)


@pytest.mark.parametrize("seed", range(8))
def test_lovasz_is_the_integral_of_jaccard_losses(seed):
    logits, target = random_case(voxels=7, columns=4, seed=seed)
    probabilities = logits.detach().softmax(dim=1)
    assert lovasz_softmax(probabilities, target).item() == pytest.approx(lovasz_by_integral(probabilities, target))


def test_lovasz_of_hard_predictions_is_the_jaccard_loss():
    target = torch.tensor([0, 0, 1, 2])
    for labels in product(range(3), repeat=4):
        prediction = torch.tensor(labels)
        expected = [
            jaccard_loss(
                {v for v in range(4) if (labels[v] == c) != (target[v] == c)}, {v for v in range(4) if target[v] == c}
            )
            for c in range(3)
        ]
        probabilities = functional.one_hot(prediction, 3).double()
        assert lovasz_softmax(probabilities, target).item() == pytest.approx(sum(expected) / 3)


def test_lovasz_by_hand():
    # Class 0: errors 0.6 (its only voxel) and 0.3; J = 1, 1. Class 1: errors 0.6 (foreign) and 0.3; J = 1/2, 1.
    probabilities = torch.tensor([[0.4, 0.6], [0.3, 0.7]])
    expected = (0.6 * 1 + 0.6 * 0.5 + 0.3 * 0.5) / 2
    assert lovasz_softmax(probabilities, torch.tensor([0, 1])).item() == pytest.approx(expected)


def test_lovasz_leaves_out_classes_that_the_target_lacks():
    probabilities = torch.tensor([[0.5, 0.2, 0.3]])
    assert lovasz_softmax(probabilities, torch.tensor([0])).item() == pytest.approx(0.5)


def test_lovasz_counts_many_voxels_exactly():
    probabilities = torch.tensor([[1.0, 0.0]]).repeat(3_000_000, 1)
    target = torch.zeros(len(probabilities), dtype=torch.int64)
    probabilities[0] = torch.tensor([0.0, 1.0])
    assert lovasz_softmax(probabilities, target).item() == pytest.approx(1 / 3_000_000, rel=1e-4)


def test_grounding_by_hand():
    # Columns car, noise, free. p = (1/2, 1/4, 1/4) for a car, (1/4, 1/4, 1/2) for free space, and one unobserved voxel.
    logits = torch.tensor([[2.0, 1.0, 1.0], [1.0, 1.0, 2.0], [9.0, 0.1, 3.0]]).log()
    target = torch.tensor([0, 2, UNOBSERVED])
    cross_entropy = math.log(2)
    # Each class: its own voxel has the error 1/2 (J = 1), the other 1/4 (J = 1).
    lovasz = 0.5
    assert grounding_loss(logits, target).item() == pytest.approx(cross_entropy + lovasz)


def test_noise_makes_grounding_harder():
    target = torch.tensor([0])
    without = grounding_loss(torch.tensor([[1.0, 0.0]]), target)
    assert grounding_loss(torch.tensor([[1.0, 0.5, 0.0]]), target) > without


def test_occupancy_by_hand():
    logits = torch.tensor([[1.0, 3.0, 2.0], [0.5, -1.0, 2.5], [7.0, 7.0, 7.0]])
    loss = occupancy_loss(logits, torch.tensor([1, 0, UNOBSERVED]))
    expected = (math.log(1 + math.exp(2.0 - 3.0)) + math.log(1 + math.exp(0.5 - 2.5))) / 2
    assert loss.item() == pytest.approx(expected)


def test_occupancy_reaches_only_the_best_category_and_free():
    logits = torch.tensor([[1.0, 3.0, 2.0]], requires_grad=True)
    occupancy_loss(logits, torch.tensor([1])).backward()
    share = 1 / (1 + math.exp(1.0))
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([0.0, -share, share])


def test_alignment_by_hand():
    adapted = torch.tensor([[3.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
    image = torch.tensor([[1.0, 0.0], [1.0, 1.0], [5.0, 0.0]], dtype=torch.float16)
    assert alignment_loss(adapted, image).item() == pytest.approx((0 + (1 - math.sqrt(0.5)) + 2) / 3)


def test_alignment_does_not_depend_on_length():
    generator = torch.Generator().manual_seed(1)
    adapted, image = torch.randn(2, 6, 5, generator=generator, dtype=torch.float64)
    stretched = alignment_loss(adapted * torch.arange(1, 7)[:, None], 0.1 * image)
    assert stretched.item() == pytest.approx(alignment_loss(adapted, image).item())


def test_gradients_are_those_of_finite_differences():
    logits, target = random_case(voxels=9, columns=5, seed=3)
    target[4] = UNOBSERVED
    occupied = torch.tensor([0, 1, 1, 0, UNOBSERVED, 1, 0, 0, 1])
    image = torch.randn(9, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: grounding_loss(x, target), (logits,))
    assert torch.autograd.gradcheck(lambda x: occupancy_loss(x, occupied), (logits,))
    assert torch.autograd.gradcheck(lambda x: alignment_loss(x, image), (logits,))


@pytest.mark.parametrize("loss", [grounding_loss, occupancy_loss])
def test_unobserved_voxels_change_nothing(loss):
    logits = random_case(voxels=6, columns=4, seed=5)[0].detach()
    target = torch.tensor([0, 1, UNOBSERVED, 1, 0, UNOBSERVED])
    kept = target != UNOBSERVED
    assert loss(logits, target).item() == pytest.approx(loss(logits[kept], target[kept]).item())
    logits.requires_grad_()
    loss(logits, target).backward()
    assert logits.grad is not None
    assert logits.grad[~kept].abs().sum() == 0
    assert (logits.grad[kept].abs().sum(dim=1) > 0).all()


@pytest.mark.parametrize("loss", [grounding_loss, occupancy_loss])
@pytest.mark.parametrize("voxels", [0, 3])
def test_no_observed_voxel_gives_zero(loss, voxels):
    logits = torch.full((voxels, 4), math.inf, requires_grad=True)
    value = loss(logits, torch.full((voxels,), UNOBSERVED))
    value.backward()
    assert value.item() == 0
    assert logits.grad is not None and torch.equal(logits.grad, torch.zeros(voxels, 4))


def test_no_aligned_voxel_gives_zero():
    features = torch.randn(5, 4, requires_grad=True)
    value = alignment_loss(features[torch.zeros(5, dtype=torch.bool)], torch.zeros(0, 4, dtype=torch.float16))
    value.backward()
    assert value.item() == 0
    assert features.grad is not None and torch.equal(features.grad, torch.zeros(5, 4))


def test_grids_and_batches_are_the_same_as_lists():
    generator = torch.Generator().manual_seed(6)
    logits = torch.randn(2, 3, 4, 2, 5, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 5, (2, 3, 4, 2), generator=generator)
    flat = grounding_loss(logits.flatten(0, 3), target.flatten())
    assert grounding_loss(logits, target).item() == pytest.approx(flat.item())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(dtype):
    logits, target = random_case(voxels=5000, columns=4, seed=7)
    half = logits.detach().to(dtype)
    loss = grounding_loss(half, target)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(grounding_loss(half.double(), target).item(), rel=1e-5)


def test_autocast_does_not_coarsen_the_losses():
    logits, target = random_case(voxels=500, columns=4, seed=8)
    single, occupied = logits.detach().float(), (target != 3).long()
    expected = (grounding_loss(single, target), occupancy_loss(single, occupied), alignment_loss(single, single.exp()))
    with torch.autocast("cpu", torch.bfloat16):
        found = (grounding_loss(single, target), occupancy_loss(single, occupied), alignment_loss(single, single.exp()))
    assert [x.item() for x in found] == pytest.approx([x.item() for x in expected], rel=1e-5)


def test_wrong_input_is_refused():
    logits = torch.zeros(3, 4)
    with pytest.raises(ValueError, match="4 columns"):
        grounding_loss(logits, torch.tensor([0, 4, 1]))
    with pytest.raises(ValueError, match="logits must be"):
        grounding_loss(logits, torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="give 0, 1 or 255"):
        occupancy_loss(logits, torch.tensor([0, 1, 17]))
    with pytest.raises(ValueError, match="both be"):
        alignment_loss(logits, torch.zeros(3, 5))
