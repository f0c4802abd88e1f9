"""Categories of several phrases."""

import pytest
import torch

from ago_ros.datasets.occ3d import CLASS_NAMES
from ago_ros.vlm.categories import OCC3D_PHRASES, category_scores, flatten_categories


def test_scores_are_put_together_as_a_plain_loop_does():
    categories = {"a": ("p", "q"), "b": ("r",), "c": ("s", "t", "u")}
    phrases, category = flatten_categories(categories)
    assert phrases == ("p", "q", "r", "s", "t", "u")
    scores = torch.randn(4, 3, 6, generator=torch.Generator().manual_seed(0))
    groups = [[i for i, phrase in enumerate(phrases) if phrase in group] for group in categories.values()]
    for reduce in ("amax", "mean"):
        expected = torch.stack([getattr(scores[..., group], reduce)(dim=-1) for group in groups], dim=-1)
        assert torch.allclose(category_scores(scores, category, reduce), expected)


def test_negative_scores_stay_negative():
    assert category_scores(torch.tensor([[-3.0, -2.0]]), torch.tensor([0, 0])).item() == -2.0


def test_phrases_of_two_categories_and_empty_categories_are_refused():
    with pytest.raises(ValueError, match="'x' is a phrase of two categories"):
        flatten_categories({"a": ("x",), "b": ("x", "y")})
    with pytest.raises(ValueError, match="'b' has no phrase"):
        flatten_categories({"a": ("x",), "b": ()})


def test_occ3ds_classes_are_in_their_order():
    assert tuple(OCC3D_PHRASES) == CLASS_NAMES[1:17]
    flatten_categories(OCC3D_PHRASES)
