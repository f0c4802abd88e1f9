"""Training on two processes: one gradient, one log, and the weights of one process that does the work of both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ago_ros.training.loop import CHECKPOINT, LoopConfig, fit
from ago_ros.training.run_log import EVENTS, LOG

CONFIG = LoopConfig(steps=6, learning_rate=0.05, warmup=2, log_every=1, validate_every=4, checkpoint_every_s=0.0)


def _train(folder: Path, accumulate: int) -> dict[str, object]:
    """Trains a layer, a second one not being used in every step; returns weights, draws, validations."""
    from dataclasses import replace

    torch.manual_seed(0)
    model = torch.nn.ModuleDict({"always": torch.nn.Linear(3, 2), "seldom": torch.nn.Linear(3, 2)})
    draws, validations = [], []

    def loss_of(draw: int) -> dict[str, torch.Tensor]:
        draws.append(draw)
        data = torch.randn(8, 3, generator=torch.Generator().manual_seed(draw))
        out = model["always"](data) + (model["seldom"](data) if draw % 3 == 0 else 0)
        return {"loss": (out - data[:, :2] * 2).square().mean()}

    def validate() -> dict[str, float]:
        validations.append(len(draws))
        return {"score": float(len(validations))}

    fit(model, loss_of, replace(CONFIG, accumulate=accumulate), folder, validate=validate, report=lambda _: None)
    weights = {name: weight.tolist() for name, weight in model.state_dict().items()}
    return {"weights": weights, "draws": draws, "validations": validations}


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path):
    folder = tmp_path / "two"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", __file__]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    told = [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)]
    assert told[0]["weights"] == told[1]["weights"]
    assert told[0]["draws"] == [0, 0, 0, 2, 4, 6, 8, 10]
    assert told[1]["draws"] == [1, 1, 1, 3, 5, 7, 9, 11]
    assert (told[0]["validations"], told[1]["validations"]) == ([2, 6, 8], [])
    assert len(list((folder / EVENTS).iterdir())) == 1

    alone = _train(tmp_path / "one", accumulate=2)
    for name, weight in alone["weights"].items():
        assert torch.allclose(torch.tensor(weight), torch.tensor(told[0]["weights"][name]), atol=1e-5)
    rows = [[json.loads(line) for line in (f / LOG).read_text().splitlines()] for f in (folder, tmp_path / "one")]
    assert [row["step"] for row in rows[0]] == [row["step"] for row in rows[1]]
    for one, two in zip(*rows, strict=True):
        assert one.get("loss") == pytest.approx(two.get("loss"), abs=1e-4)

    with pytest.raises(ValueError, match=rf"{CHECKPOINT}: begun with .*'processes': 2"):
        _train(folder, accumulate=1)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    told = _train(folder, accumulate=1)
    (folder / f"{os.environ['RANK']}.json").write_text(json.dumps(told))
