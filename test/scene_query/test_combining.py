import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ago_ros.scene_query.combining import combine
from ago_ros.scene_query.query import Query

A, B, C = (Query("mug", "behind", name) for name in ("box", "lamp", "jar"))
FIELDS = dict(zip((A, B, C), torch.rand(3, 2, 3, 4, generator=torch.Generator().manual_seed(3)), strict=True))
unit = st.floats(0, 1, width=32)


def fields(alternatives, hides=lambda query: True):
    return combine(alternatives, FIELDS.__getitem__, hides)


def test_and_multiplies_and_or_is_its_counterpart():
    a, b, c = FIELDS.values()
    torch.testing.assert_close(fields([(A, B)])[0], a * b)
    torch.testing.assert_close(fields([(A,), (B,)])[0], a + b - a * b)
    torch.testing.assert_close(fields([(A, B), (C,)])[0], 1 - (1 - a * b) * (1 - c))


def test_one_relation_stays_exactly_as_it_is():
    assert torch.equal(fields([(A,)])[0], FIELDS[A])


@settings(max_examples=50, deadline=None)
@given(unit, unit, unit)
def test_or_is_and_of_what_does_not_hold_and_both_stay_in_bounds(a, b, c):
    values = {A: torch.tensor([a]), B: torch.tensor([b]), C: torch.tensor([c])}
    either = float(combine([(A,), (B,), (C,)], values.__getitem__, lambda query: False)[0])
    both = float(combine([(A, B, C)], values.__getitem__, lambda query: False)[0])
    assert either == pytest.approx(1 - (1 - a) * (1 - b) * (1 - c), abs=1e-6)
    assert -1e-7 <= both <= min(a, b, c) + 1e-6
    assert max(a, b, c) - 1e-6 <= either <= 1 + 1e-7


def test_an_alternative_hides_if_one_of_its_relations_does():
    place, hiding = fields([(A, B), (C,)], lambda query: query == A)
    assert torch.equal(hiding, FIELDS[A] * FIELDS[B])
    assert (place >= hiding).all()
    assert not fields([(B,), (C,)], lambda query: query == A)[1].any()
