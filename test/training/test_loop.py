"""The training loop: an interrupted run ends where an uninterrupted one does."""

import json
import math

import pytest
import torch
from torch import Tensor, nn

from ago_ros.training.loop import CHECKPOINT, LOG, LoopConfig, fit, learning_rate_at


def _model() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def _loss_of(model: nn.Linear):
    def loss(step: int) -> dict[str, Tensor]:
        data = torch.randn(8, 3, generator=torch.Generator().manual_seed(step))
        return {"loss": (model(data) - data[:, :2] * 2).square().mean()}

    return loss


@pytest.mark.parametrize("muon", [False, True])
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path, muon):
    config = LoopConfig(steps=30, learning_rate=0.05, warmup=5, checkpoint_every_s=0.0, muon=muon)
    whole = _model()
    fit(whole, _loss_of(whole), config, tmp_path / "whole")

    broken = _model()
    inner = _loss_of(broken)

    def breaks(step: int) -> dict[str, Tensor]:
        if step == 17:
            raise KeyboardInterrupt
        return inner(step)

    with pytest.raises(KeyboardInterrupt):
        fit(broken, breaks, config, tmp_path / "parts")
    resumed = _model()
    seen = []
    loss = _loss_of(resumed)
    fit(resumed, lambda step: seen.append(step) or loss(step), config, tmp_path / "parts")
    assert seen == list(range(17, 30))
    assert torch.equal(resumed.weight, whole.weight)
    assert torch.equal(resumed.bias, whole.bias)


def test_training_lowers_the_loss_and_logs_it(tmp_path):
    model = _model()
    fit(model, _loss_of(model), LoopConfig(steps=200, learning_rate=0.05, warmup=5, log_every=50), tmp_path)
    rows = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [row["step"] for row in rows] == [0, 50, 100, 150]
    assert rows[-1]["loss"] < 0.05 * rows[0]["loss"]
    assert not model.training


def test_the_learning_rate_rises_and_falls_on_a_cosine():
    config = LoopConfig(steps=110, learning_rate=2.0, warmup=10)
    assert learning_rate_at(0, config) == pytest.approx(0.2)
    assert learning_rate_at(9, config) == pytest.approx(2.0)
    assert learning_rate_at(60, config) == pytest.approx(1.0)
    assert learning_rate_at(35, config) == pytest.approx(1 + math.cos(math.pi / 4))
    assert learning_rate_at(110, config) == pytest.approx(0.0)


def test_only_matrices_decay(tmp_path):
    model = nn.Linear(3, 2)
    nn.init.ones_(model.weight)
    nn.init.ones_(model.bias)
    config = LoopConfig(steps=1, learning_rate=0.1, warmup=0, weight_decay=0.5)
    fit(model, lambda _: {"loss": 0.0 * (model.weight.sum() + model.bias.sum())}, config, tmp_path)
    assert torch.allclose(model.weight, torch.full((2, 3), 0.95))
    assert torch.equal(model.bias, torch.ones(2))


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path):
    model = _model()
    with pytest.raises(RuntimeError, match="step 0: lower the learning rate"):
        fit(model, lambda _: {"loss": model.weight.sum() * float("nan")}, LoopConfig(5, 0.1), tmp_path)


def test_the_checkpoint_of_another_model_is_refused(tmp_path):
    model = _model()
    fit(model, _loss_of(model), LoopConfig(1, 0.1), tmp_path)
    with pytest.raises(ValueError, match=rf"{CHECKPOINT}: the checkpoint of another model"):
        fit(nn.Linear(4, 2), lambda _: {}, LoopConfig(2, 0.1), tmp_path)


def test_numbers_that_no_training_can_have_are_refused():
    with pytest.raises(ValueError, match="steps must be at least 1"):
        LoopConfig(steps=0, learning_rate=0.1)
