"""The training of every system: an interrupted run ends where an uninterrupted one does."""

import json
import logging
import math
import os
import signal
import warnings
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ago_ros.training.loop import BEST, CHECKPOINT, LoopConfig, fit, learning_rate_at
from ago_ros.training.run_log import EVENTS, LOG


class _Net(nn.Module):
    """A linear layer, dropout and batch statistics: all that a resumed run could lose."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner, self.norm, self.drop = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.3)
        self.outer = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.drop(self.norm(self.inner(x))))


def _linear() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def _loss_of(model: nn.Module):
    def loss(draw: int) -> dict[str, Tensor]:
        data = torch.randn(8, 3, generator=torch.Generator().manual_seed(draw))
        return {"loss": (model(data) - data[:, :2] * 2).square().mean()}

    return loss


def _rows(folder) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def _same(one: nn.Module, two: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("muon", [False, True])
@pytest.mark.parametrize("accumulate", [1, 3])
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path, muon, accumulate):
    config = LoopConfig(
        steps=14, learning_rate=0.05, warmup=5, checkpoint_every_s=0.0, log_every=2, muon=muon, accumulate=accumulate
    )
    whole = _Net()
    fit(whole, _loss_of(whole), config, tmp_path / "whole")

    broken = _Net()
    inner = _loss_of(broken)

    def breaks(draw: int) -> dict[str, Tensor]:
        if draw == 7 * accumulate + accumulate // 2:
            raise KeyboardInterrupt
        return inner(draw)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(broken, breaks, config, tmp_path / "parts")
    assert signal.getsignal(signal.SIGINT) is handler
    resumed = _Net()
    seen = []
    loss = _loss_of(resumed)
    fit(resumed, lambda draw: seen.append(draw) or loss(draw), config, tmp_path / "parts", report=lambda _: None)
    rehearsed, done = seen[:2], seen[2:]
    assert rehearsed == [0, 0]
    assert done == list(range(7 * accumulate, 14 * accumulate))
    assert _same(resumed, whole)
    rows = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in _rows(tmp_path / p)] for p in ("whole", "parts")
    ]
    assert rows[0] == rows[1]
    assert [row["step"] for row in rows[0]] == [0, 2, 4, 6, 8, 10, 12]


def test_rows_after_the_last_checkpoint_are_taken_back(tmp_path):
    config = LoopConfig(steps=6, learning_rate=0.05, log_every=1)
    model = _linear()
    inner = _loss_of(model)

    def breaks(draw: int) -> dict[str, Tensor]:
        if draw == 3:
            raise OSError("the data is gone")
        return inner(draw)

    with pytest.raises(OSError, match="the data is gone"):
        fit(model, breaks, config, tmp_path)
    assert [row["step"] for row in _rows(tmp_path)] == [0, 1, 2]
    with (tmp_path / LOG).open("a") as file:
        file.write('{"step": 3, "lo')
    assert not (tmp_path / CHECKPOINT).exists()
    again = _linear()
    fit(again, _loss_of(again), config, tmp_path)
    assert [row["step"] for row in _rows(tmp_path)] == list(range(6))


def test_a_finished_training_is_taken_up_and_trains_no_more(tmp_path):
    config = LoopConfig(steps=3, learning_rate=0.05)
    model = _linear()
    fit(model, _loss_of(model), config, tmp_path)
    again, seen = _linear(), []
    fit(again, lambda draw: seen.append(draw), config, tmp_path, progress=lambda n, _: seen.append(n))
    assert seen == []
    assert _same(again, model)
    fit(again, _loss_of(again), replace(config, steps=5), tmp_path, progress=lambda n, _: seen.append(n))
    assert seen == [4, 5]


def test_a_run_told_to_end_keeps_its_last_step(tmp_path):
    model, config = _linear(), LoopConfig(steps=50, learning_rate=0.05)

    def ends(done: int, _: int) -> None:
        if done == 4:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as stop:
        fit(model, _loss_of(model), config, tmp_path, progress=ends)
    assert stop.value.code == 128 + signal.SIGTERM
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["global_step"] == 4


def test_training_lowers_the_loss_and_logs_it(tmp_path):
    model = _linear()
    loss_of, seen = _loss_of(model), []
    config = LoopConfig(steps=200, learning_rate=0.05, warmup=5, log_every=50)
    fit(model, loss_of, config, tmp_path, progress=lambda n, total: seen.append((n, total)))
    rows = _rows(tmp_path)
    assert [row["step"] for row in rows] == [0, 50, 100, 150]
    assert rows[-1]["loss"] < 0.05 * rows[0]["loss"]
    assert rows[1]["learning_rate"] == pytest.approx(learning_rate_at(50, config), abs=1e-5)
    assert rows[0]["gradient"] > 0
    assert seen == [(n + 1, 200) for n in range(200)]
    assert not model.training
    assert all(weight.grad is None for weight in model.parameters())


def test_the_first_steps_are_those_of_plain_torch(tmp_path):
    """Against AdamW by hand; three draws to a step are their mean."""
    config = LoopConfig(steps=4, learning_rate=0.05, warmup=2, weight_decay=0.1, clip=0.5, accumulate=3)
    model, plain = _linear(), _linear()
    fit(model, _loss_of(model), config, tmp_path)
    groups = [{"params": [plain.weight], "weight_decay": 0.1}, {"params": [plain.bias], "weight_decay": 0.0}]
    optimizer, loss_of = torch.optim.AdamW(groups, betas=(0.9, 0.98)), _loss_of(plain)
    for step in range(4):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, config)
        optimizer.zero_grad()
        torch.stack([loss_of(3 * step + k)["loss"] for k in range(3)]).mean().backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        optimizer.step()
    assert torch.allclose(model.weight, plain.weight, atol=1e-6)
    assert torch.allclose(model.bias, plain.bias, atol=1e-6)


def test_tensorboard_gets_what_the_log_gets(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model = _linear()
    config = LoopConfig(steps=6, learning_rate=0.05, log_every=2, validate_every=3)
    fit(model, _loss_of(model), config, tmp_path, validate=lambda: {"score": 1.5})
    events = EventAccumulator(str(tmp_path / EVENTS)).Reload()
    for name in ("loss", "gradient", "learning_rate", "validation/score"):
        rows = [(row["step"], row[name]) for row in _rows(tmp_path) if name in row]
        assert rows
        drawn = [(event.step, event.value) for event in events.Scalars(name)]
        assert drawn == [(step, pytest.approx(value, abs=1e-5)) for step, value in rows]


def test_the_best_validation_is_kept(tmp_path):
    model, before, scores = _linear(), [], [1.0, 3.0, 2.0]

    def validate() -> dict[str, float]:
        assert not model.training
        assert not torch.is_grad_enabled()
        before.append(model.weight.clone())
        return {"score": scores[len(before) - 1], "other": 0.25}

    config = LoopConfig(steps=5, learning_rate=0.05, warmup=0, validate_every=2)
    fit(model, _loss_of(model), config, tmp_path, validate=validate)
    rows = [row for row in _rows(tmp_path) if "validation/score" in row]
    assert [(row["step"], row["validation/score"]) for row in rows] == [(1, 1.0), (3, 3.0), (4, 2.0)]
    assert torch.equal(model.weight, before[1])
    assert not torch.equal(before[1], before[2])
    kept = torch.load(tmp_path / BEST, weights_only=True)
    assert (kept["step"], kept["score"]) == (3, 3.0)

    scores += [2.5]
    again = _linear()
    fit(again, _loss_of(again), replace(config, steps=6), tmp_path, validate=lambda: {"score": 2.5})
    assert torch.equal(again.weight, before[1])


def test_a_long_run_is_rehearsed_and_not_changed_by_it(tmp_path):
    config, told, order = LoopConfig(steps=4, learning_rate=0.05, accumulate=2, validate_every=2), [], []
    plain, model = _Net(), _Net()
    for net in (plain, model):
        net.norm.eval()
    fit(plain, _loss_of(plain), config, tmp_path / "plain", validate=lambda: {"score": 1.0})
    inner = _loss_of(model)

    def loss_of(draw: int) -> dict[str, Tensor]:
        order.append("draw")
        return inner(draw)

    def validate() -> dict[str, float]:
        order.append("validation")
        assert not model.drop.training
        model(torch.randn(4, 3))
        return {"score": 1.0}

    fit(model, loss_of, config, tmp_path / "told", validate=validate, report=told.append)
    assert order[:4] == ["draw", "draw", "validation", "draw"]
    assert len(told) == 1
    assert "s forward and backward" in told[0]
    assert "GiB" in told[0]
    assert _same(model, plain)


def test_a_validation_that_fails_fails_before_the_first_step(tmp_path):
    model, steps = _linear(), []
    with pytest.raises(RuntimeError, match=r"needs a finite 'score': got \{'mIoU': 0\.5\}"):
        fit(
            model,
            _loss_of(model),
            LoopConfig(900, 0.1),
            tmp_path,
            progress=lambda n, _: steps.append(n),
            validate=lambda: {"mIoU": 0.5},
            report=lambda _: None,
        )
    assert steps == []


def test_bf16_computes_in_bf16_and_keeps_32_bit_weights(tmp_path):
    model, types = _linear(), set()
    inner = _loss_of(model)
    model.register_forward_hook(lambda *call: types.add(call[2].dtype))
    config = LoopConfig(steps=60, learning_rate=0.05, warmup=5, precision="bf16", log_every=59)
    fit(model, inner, config, tmp_path)
    assert types == {torch.bfloat16}
    assert model.weight.dtype == torch.float32
    assert _rows(tmp_path)[-1]["loss"] < 0.2 * _rows(tmp_path)[0]["loss"]


def test_lightning_is_quiet_and_the_model_s_warnings_are_not(tmp_path, capfd):
    model = _linear()
    inner = _loss_of(model)

    def warns(draw: int) -> dict[str, Tensor]:
        warnings.warn("mine", stacklevel=1)
        return inner(draw)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(model, warns, LoopConfig(steps=2, learning_rate=0.05), tmp_path)
    assert {str(warning.message) for warning in caught} == {"mine"}
    assert capfd.readouterr() == ("", "")
    logger, said = logging.getLogger("lightning.pytorch"), []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logger.addHandler(handler)
    fit(_linear(), lambda _: {}, LoopConfig(steps=2, learning_rate=0.05), tmp_path)
    assert said == []
    fit(_linear(), lambda _: {}, LoopConfig(steps=2, learning_rate=0.05, chatter=True), tmp_path)
    logger.removeHandler(handler)
    assert any("max_steps" in line for line in said)


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
    model = _linear()
    with pytest.raises(RuntimeError, match="the loss is nan at step 0: lower the learning rate"):
        fit(model, lambda _: {"loss": model.weight.sum() * float("nan")}, LoopConfig(5, 0.1), tmp_path)


def test_a_gradient_that_is_not_finite_stops_the_run(tmp_path):
    model = _linear()
    with pytest.raises(RuntimeError, match=r"the gradient is (inf|nan) at step 0: lower the learning rate"):
        fit(model, lambda _: {"loss": (model.weight - model.weight).abs().sum().sqrt()}, LoopConfig(5, 0.1), tmp_path)
    assert torch.equal(model.weight, _linear().weight)


def test_a_checkpoint_that_cannot_be_taken_up_is_refused(tmp_path):
    model, config = _linear(), LoopConfig(1, 0.1)
    fit(model, _loss_of(model), config, tmp_path)
    with pytest.raises(ValueError, match=rf"{CHECKPOINT}: the checkpoint of another model"):
        fit(nn.Linear(4, 2), lambda _: {}, config, tmp_path)
    with pytest.raises(ValueError, match=rf"{CHECKPOINT}: begun with .*'accumulate': 1, .*, not .*'accumulate': 2"):
        fit(model, _loss_of(model), replace(config, accumulate=2), tmp_path)
    with pytest.raises(ValueError, match=rf"{BEST} is missing: the training had no validation"):
        fit(model, _loss_of(model), config, tmp_path, validate=lambda: {"score": 1.0})
    (tmp_path / CHECKPOINT).write_bytes((tmp_path / CHECKPOINT).read_bytes()[:500])
    with pytest.raises(ValueError, match=rf"{CHECKPOINT}: damaged, or no checkpoint"):
        fit(model, _loss_of(model), config, tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"accumulate": 0}, "accumulate, log_every and validate_every must be at least 1"),
        ({"precision": "16"}, "precision must be '32' or 'bf16': got '16'"),
    ],
)
def test_numbers_that_no_training_can_have_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LoopConfig(**{"steps": 5, "learning_rate": 0.1, **settings})


def test_a_model_with_nothing_to_train_is_refused(tmp_path):
    model = _linear().requires_grad_(False)
    with pytest.raises(ValueError, match="nothing to train"):
        fit(model, _loss_of(model), LoopConfig(1, 0.1), tmp_path)
