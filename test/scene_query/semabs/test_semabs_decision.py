"""How logits are read: each relation by its own threshold, and what is hardly below an answer's highest logit."""

import json

import pytest
import torch

from ago_ros.scene_query.semabs.decision import (
    MARGINS,
    Decision,
    DecisionChooser,
    Reading,
    lift_peak,
    load_reading,
    save_reading,
)


def _answer(seed: int, peak: float, voxels: int = 60) -> tuple[torch.Tensor, torch.Tensor]:
    """An answer of 2000 voxels, of which the true ones have logits around `peak`, the others far below it."""
    generator = torch.Generator().manual_seed(seed)
    truth = torch.arange(2000) < voxels
    return torch.where(truth, peak, peak - 4) + 0.3 * torch.randn(2000, generator=generator), truth


def _iou(found: torch.Tensor, truth: torch.Tensor) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def test_what_is_hardly_below_the_highest_logit_means_yes_where_nothing_reaches_the_threshold():
    logits = torch.tensor([-3.0, -1.0, -0.4, 0.0, -torch.inf])
    assert Decision(0.5, 1.0, 0.0).accept(logits).tolist() == [False] * 5
    assert Decision(0.5, 1.0, 0.0, 0.5).accept(logits).tolist() == [False, False, True, True, False]
    assert Decision(-2.0, 1.0, 0.0, 0.5).accept(logits).tolist() == [False, True, True, True, False]
    for margin in (None, 1.5):
        expected = [(margin is not None and value > -margin) or value > -0.7 for value in logits.tolist()]
        assert Decision(-0.7, 1.0, 0.0, margin).accept(logits).tolist() == expected
    assert lift_peak(logits, None) is logits


def test_a_margin_is_chosen_where_peaks_differ_and_none_where_they_do_not():
    """Sure answers and unsure ones have no common threshold; with a margin both are found."""
    differing, alike = DecisionChooser(MARGINS), DecisionChooser(MARGINS)
    unable = DecisionChooser()
    for seed in range(12):
        logits, truth = _answer(seed, 3.0 if seed % 2 else -3.0)
        differing.add(logits, logits, truth)
        unable.add(logits, logits, truth)
        logits, truth = _answer(seed, 1.0, voxels=0 if seed % 2 else 60)
        if truth.any():
            alike.add(logits, logits, truth)
    chosen, without = differing.choose(), unable.choose()
    assert chosen.margin is not None and without.margin is None and alike.choose().margin is None
    answers = [_answer(100, -3.0), _answer(101, 3.0)]
    assert min(_iou(chosen.accept(logits), truth) for logits, truth in answers) > 0.9
    assert min(_iou(without.accept(logits), truth) for logits, truth in answers) < 0.5
    assert len(differing) == 12


def test_a_reading_gives_each_relation_its_own_decision_or_that_of_all(tmp_path):
    decisions = {name: Decision(float(i), 1.0, 0.0) for i, name in enumerate(("complete", "locate", "behind"))}
    reading = Reading("semabs", {}, decisions | {"on": Decision(4.0, 1.0, 0.0, 1.5)})
    found = [reading.decision(name).threshold for name in ("", None, "behind", "on", "left of")]
    assert found == [0.0, 0.0, 2.0, 4.0, 1.0]
    save_reading(tmp_path, reading)
    assert load_reading(tmp_path) == reading


def test_a_reading_from_before_margins_is_still_read(tmp_path):
    save_reading(tmp_path, Reading("semabs", {}, {"complete": Decision(1.0, 1.0, 0.0)}))
    content = json.loads((tmp_path / "decision.json").read_text())
    del content["decisions"]["complete"]["margin"]
    (tmp_path / "decision.json").write_text(json.dumps(content))
    assert load_reading(tmp_path).decisions["complete"] == Decision(1.0, 1.0, 0.0)


def test_a_margin_that_says_nothing_is_refused():
    with pytest.raises(ValueError, match="margin must be positive"):
        Decision(0.0, 1.0, 0.0, 0.0)
