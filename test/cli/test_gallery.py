"""`ago gallery`: one picture a question."""

import numpy as np
import pytest
import torch
from made_query_views import made_view
from PIL import Image

import ago_ros.datasets.room_world.generate
import ago_ros.vlm.loading
from ago_ros.cli.main import run


class Shades:
    """A model to which a colour stands for a thing of the made room, as `made_view` paints them."""

    name, logit_scale, logit_bias, dim = "oracle", 20.0, None, 6
    words = ("nothing", "cardboard box", "mug", "bottle", "floor lamp")

    def encode_text(self, phrases):
        axes = [next((n for n, word in enumerate(self.words) if word in phrase), 5) for phrase in phrases]
        return torch.eye(6)[axes]

    def encode_dense(self, images):
        level = ((images[..., 0].float() - 10) / 40).round().long().clamp(0, 4)
        return torch.eye(6)[level[:, ::2, ::2]]


@pytest.fixture(autouse=True)
def made_rooms(monkeypatch):
    asked = {}

    def generate(split, count, seed=0, config=None):
        asked.update(split=split, seed=seed)
        for number in range(count):
            yield made_view(number)

    monkeypatch.setattr(ago_ros.datasets.room_world.generate, "generate", generate)
    monkeypatch.setattr(ago_ros.vlm.loading, "load_vlm", lambda *_: Shades())
    return asked


def test_a_relation_is_asked_for_something_hidden(tmp_path, capsys, made_rooms):
    words = ["gallery", "--out", str(tmp_path), "--vlm", "oracle", "--relation", "behind", "--room", "7"]
    assert run([*words, "--relevancy", "dense"]) == 0
    told = capsys.readouterr().out
    assert "locate_behind.png: 0000000_00, bottle behind cardboard box:" in told
    assert "it could be in" in told
    assert made_rooms == {"split": "novel_rooms", "seed": 7}
    with Image.open(tmp_path / "locate_behind.png") as picture:
        assert picture.width > 900
        assert np.asarray(picture.convert("RGB")).std() > 10


def test_a_question_in_free_text_names_its_picture(tmp_path, capsys):
    words = ["gallery", "--out", str(tmp_path), "--vlm", "oracle", "--relevancy", "dense", "--view", "1"]
    assert run([*words, "--query", "Where is the mug, left of the cardboard box?"]) == 0
    assert (tmp_path / "locate_where_is_the_mug_left_of_the_cardboard_box.png").is_file()
    assert "0000001_00, mug left of cardboard box: in view" in capsys.readouterr().out


def test_a_refused_question_is_drawn_too(tmp_path, capsys):
    words = ["gallery", "--out", str(tmp_path), "--vlm", "oracle", "--relevancy", "dense"]
    assert run([*words, "--query", "mug behind the piano"]) == 0
    assert "not in view: the reference 'piano'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--relation", "near"], "unknown relation 'near'"),
        (["--relation", "in"], "hides anything that is in something"),
        (["--relevancy", "some"], "relevancy must be one of"),
        (["--scene-query", "semabs", "--scene-query-model", "/no/model"], "/no/model"),
        (["--query", "mug over the hills"], "the relation 'over' is not known"),
    ],
)
def test_users_errors_are_one_line(tmp_path, capsys, options, message):
    assert run(["gallery", "--out", str(tmp_path), "--vlm", "oracle", *options]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in told
