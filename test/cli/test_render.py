"""`ago render`: pictures of a keyframe."""

import pytest
from PIL import Image
from tiny_models import save_model

from ago_ros.cli.main import run


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model("clip", tmp_path_factory.mktemp("model") / "clip")


def test_a_keyframe_is_drawn(tiny_nuscenes, tmp_path, capsys):
    assert run(["render", str(tiny_nuscenes), "--out", str(tmp_path), "--keyframe", "1"]) == 0
    names = [line.rsplit("/", 1)[-1] for line in capsys.readouterr().out.splitlines()]
    assert names == ["cameras.png", "behind.png", "above.png"]
    for name in names:
        with Image.open(tmp_path / name) as picture:
            assert len(picture.convert("RGB").getcolors(1 << 20)) > 10


def test_phrases_colour_the_voxels_and_an_answer_is_drawn(tiny_nuscenes, model, tmp_path):
    words = ["render", str(tiny_nuscenes), "--vlm", str(model), "--query", "car"]
    assert run([*words, "--out", str(tmp_path / "two"), "--phrase", "car", "--phrase", "tree"]) == 0
    assert run([*words, "--out", str(tmp_path / "one"), "--phrase", "tree"]) == 0
    assert (tmp_path / "two" / "answer_cameras.png").exists()
    one, two = (Image.open(tmp_path / name / "above.png").tobytes() for name in ("one", "two"))
    assert one != two


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--phrase", "car"], "need an image tower"),
        (["--query", "car"], "no image tower configured"),
        (["--keyframe", "99"], "has keyframes 0 to 2, not 99"),
    ],
)
def test_users_errors_are_one_line(tiny_nuscenes, tmp_path, capsys, options, message):
    assert run(["render", str(tiny_nuscenes), "--out", str(tmp_path), *options]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
