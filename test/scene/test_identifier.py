"""The identifier on cases computed by hand."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ago_ros.scene.identifier import entropy, identify

# Rows: the adapted one is surer; the grounded one is; both are equal; entropy and confidence disagree.
GROUNDED = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.7, 0.2, 0.1], [0.55, 0.45, 0.0]])
ADAPTED = torch.tensor([[0.0, 0.1, 0.9], [0.4, 0.3, 0.3], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2]])


def nats(*probabilities):
    return -sum(p * math.log(p) for p in probabilities if p)


def test_entropy_in_nats():
    expected = [math.log(2), 0.0, nats(0.7, 0.2, 0.1), nats(0.55, 0.45)]
    torch.testing.assert_close(entropy(GROUNDED), torch.tensor(expected))


@pytest.mark.parametrize(
    ("criterion", "adapted", "category"),
    [
        ("entropy", [True, False, False, False], [2, 1, 0, 0]),
        ("confidence", [True, False, False, True], [2, 1, 0, 1]),
        ("none", [False, False, False, False], [0, 1, 0, 0]),
    ],
)
def test_who_is_chosen(criterion, adapted, category):
    chosen = identify(GROUNDED, ADAPTED, criterion)
    assert chosen.adapted.tolist() == adapted
    assert chosen.category.tolist() == category
    rows = torch.stack([GROUNDED, ADAPTED])[chosen.adapted.long(), torch.arange(4)]
    assert torch.equal(chosen.probabilities, rows)
    torch.testing.assert_close(chosen.entropy, entropy(rows))


def test_sureness_runs_from_even_to_certain():
    even, certain = torch.full((1, 4), 0.25), torch.tensor([[0.0, 0, 1, 0]])
    torch.testing.assert_close(identify(even, even).sureness, torch.tensor([0.0]), atol=1e-6, rtol=0)
    assert identify(even, certain).sureness.tolist() == [1.0]
    assert identify(torch.ones(1, 1), torch.ones(1, 1)).sureness.tolist() == [1.0]


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_entropy_is_never_higher_than_either(seed, count):
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(5, count, generator=generator).mul(3).softmax(dim=1) for _ in range(2))
    chosen = identify(first, second)
    torch.testing.assert_close(chosen.entropy, torch.minimum(entropy(first), entropy(second)))


def test_refusals():
    with pytest.raises(ValueError, match="one shape"):
        identify(GROUNDED, ADAPTED[:2])
    with pytest.raises(ValueError, match="criterion must be one of entropy"):
        identify(GROUNDED, ADAPTED, "margin")
