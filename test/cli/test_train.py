"""`ago train` and `ago eval vlm` on the command line."""

import json

import pytest
import torch
import yaml

from ago_ros.cli.main import run
from ago_ros.datasets.captioned_views.store import CaptionedView, RegionText, write_shard
from ago_ros.vlm.loading import load_vlm

BRICK, POND = RegionText("brick", ("brick", "red brick")), RegionText("pond", ("pond",))


def _views(count: int) -> list[CaptionedView]:
    """A red half and a blue half."""
    views = []
    for seed in range(count):
        generator = torch.Generator().manual_seed(seed)
        image = torch.randint(0, 30, (64, 64, 3), generator=generator, dtype=torch.uint8)
        image[:, :32, 0] += 180
        image[:, 32:, 2] += 180
        regions = torch.ones(64, 64, dtype=torch.uint8)
        regions[:, 32:] = 2
        views.append(CaptionedView(image.numpy(), regions.numpy(), (BRICK, POND)))
    return views


def test_one_command_trains_a_model_that_loads(tmp_path, capsys):
    for split in ("train", "validation"):
        write_shard(tmp_path / "data" / split / "drive" / ("10000.npz" if split == "train" else "20000.npz"), _views(4))
    settings = {
        "loop": {"steps": 50, "learning_rate": 1e-3, "warmup": 2},
        "tower": {"width": 32, "depth": 1, "heads": 2, "side": 32},
        "crops": {"shapes": [{"height": 32, "width": 32, "batch": 4, "share": 1.0}]},
        "data": {
            "train_scenes": 1, "validation_scenes": 1, "test_scenes": 0,
            "train_rooms": 0, "validation_rooms": 0, "test_rooms": 0,
        },
        "view_side": 32,
    }  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(settings))
    arguments = [
        "--config",
        str(tmp_path / "mine.yaml"),
        "--data",
        str(tmp_path / "data"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert run(["train", "vlm", *arguments, "--steps", "3"]) == 0
    printed = capsys.readouterr().out
    assert "trained; scale" in printed
    assert "s forward and backward" in printed, "the rehearsal tells what the training will take"
    rows = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [0]
    model = load_vlm(tmp_path / "out")
    assert model.encode_dense(torch.zeros(1, 64, 64, 3, dtype=torch.uint8)).shape == (1, 4, 4, 384)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "vlm", "--config", "huge"], "no settings 'huge' for vlm: use tiny, or give a .yaml file"),
        (["train", "vlm", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["eval", "vlm", "--model", "no/such-model"], "no/such-model"),
    ],
)
def test_what_is_missing_is_told_in_one_line(arguments, message, capsys):
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
