"""Completion scores: figures that were counted by hand, and what the completions add."""

import json

import numpy as np
import pytest
import torch
from made_seven_scenes import write_seven_scenes

import ago_ros.scene_query.semabs.load
import ago_ros.vlm.loading
from ago_ros.cli.main import run
from ago_ros.datasets.rgbd import RgbdView
from ago_ros.datasets.seven_scenes import read_seven_scenes
from ago_ros.evaluation.completers import from_pixels, of_objects
from ago_ros.evaluation.completion import (
    NO_COMPLETION,
    OCCUPIED_SHARE,
    RIVALS,
    CompletionScores,
    down_to_the_floor,
    evaluate_completion,
    observe,
    one_further,
    to_result,
)
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.semabs.config import EncoderConfig, SemAbsConfig
from ago_ros.scene_query.semabs.decision import Decision, Reading
from ago_ros.scene_query.semabs.learned import LearnedFields
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.vlm.relevancy_maps import RelevancyConfig

GRID = VoxelGrid((0.0, 0.0, -1.0), 1.0, (6, 1, 4))
FREE, OCCUPIED, UNOBSERVED = VoxelState.FREE, VoxelState.OCCUPIED, VoxelState.UNOBSERVED
AHEAD = torch.tensor([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64)
DOWN = torch.tensor([[0.0, -1, 0], [-1, 0, 0], [0, 0, -1]], dtype=torch.float64)


def ray(turn: torch.Tensor, eye: tuple[float, float, float], length: float) -> RgbdView:
    """A view of one pixel: one ray along the optical axis."""
    camera = PinholeCamera(torch.tensor([[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], dtype=torch.float64), 1, 1)
    pose = se3.from_rotation(turn, torch.tensor(eye, dtype=torch.float64))
    image = torch.zeros(1, 1, 3, dtype=torch.uint8)
    return RgbdView("ray", image, torch.tensor([[length]]), camera, pose, se3.identity())


FIRST = ray(AHEAD, (-0.5, 0.5, 0.5), 2.8)
"""Passes voxels 0 and 1 and ends in voxel 2 of the row z = 1."""
OTHERS = (ray(DOWN, (2.5, 0.5, 3.5), 2.8), ray(DOWN, (3.5, 0.5, 3.5), 2.8), ray(DOWN, (4.5, 0.5, 3.5), 3.8))
"""From above: to (2, 0, 1), to (3, 0, 1), to (4, 0, 0); each passes the voxels over it."""


def test_rays_make_occupied_free_and_unobserved_voxels():
    state = observe([FIRST], GRID, se3.identity())
    assert state[:, 0, 1].tolist() == [FREE, FREE, OCCUPIED, UNOBSERVED, UNOBSERVED, UNOBSERVED]
    assert int((state != UNOBSERVED).sum()) == 3
    truth = observe(OTHERS, GRID, se3.identity())
    assert truth[2, 0].tolist() == [UNOBSERVED, OCCUPIED, FREE, FREE]
    assert truth[4, 0].tolist() == [OCCUPIED, FREE, FREE, FREE]


def test_poses_of_views_and_of_the_grid_count():
    moved = se3.from_yaw([10.0, -3.0, 2.0], 0.7)
    view = RgbdView("moved", FIRST.image, FIRST.depth, FIRST.camera, FIRST.view_from_camera, moved)
    assert torch.equal(observe([view], GRID, moved), observe([FIRST], GRID, se3.identity()))
    assert not torch.equal(observe([view], GRID, se3.identity()), observe([FIRST], GRID, se3.identity()))


def test_a_stray_hit_among_many_passes_is_no_surface():
    passing = [ray(AHEAD, (-0.5, 0.5, 0.5), 5.8)] * 19
    assert OCCUPIED_SHARE == 0.05
    assert observe([FIRST, *passing], GRID, se3.identity())[2, 0, 1] == OCCUPIED
    assert observe([FIRST, *passing, passing[0]], GRID, se3.identity())[2, 0, 1] == FREE


def test_rivals_add_what_their_names_say():
    state = torch.full(GRID.shape, UNOBSERVED, dtype=torch.uint8)
    state[2, 0, 3], state[4, 0, 1] = OCCUPIED, FREE
    below = down_to_the_floor(FIRST, GRID, state)
    assert below.nonzero().tolist() == [[2, 0, 1], [2, 0, 2], [2, 0, 3]], "z = 0 is the lower end of voxel 1"
    near = one_further(FIRST, GRID, state)
    assert near.nonzero().tolist() == [[x, 0, z] for x in (1, 2, 3) for z in (2, 3)]


def test_scores_are_those_counted_by_hand():
    """The others reached 10 voxels, the first view one of them, (2, 0, 1): of the 9 that it missed 2 are occupied.

    The guess adds (3, 0, 1), which is right, (5, 0, 1), which nobody saw, (4, 0, 1), which is free, and (1, 0, 1),
    which the view itself passed.
    """
    state, truth = observe([FIRST], GRID, se3.identity()), observe(OTHERS, GRID, se3.identity())
    assert int((truth != UNOBSERVED).sum()) == 3 + 3 + 4
    guess = torch.zeros(GRID.shape, dtype=torch.bool)
    guess[[3, 5, 4, 1], 0, 1] = True
    scores = CompletionScores()
    scores.add(guess, state, truth)
    assert vars(scores.missed) == {"both": 1, "said": 2, "true": 2}
    assert vars(scores.observed) == {"both": 2, "said": 3, "true": 3}
    assert scores.missed.scores() == {"recall": 50.0, "precision": 50.0, "iou": pytest.approx(100 / 3)}
    two_thirds = pytest.approx(200 / 3)
    assert scores.observed.scores() == {"recall": two_thirds, "precision": two_thirds, "iou": 50.0}


def test_each_view_is_held_against_all_others():
    """No two of the rays meet but in (2, 0, 1), where the first view's and the second's end."""
    scores = evaluate_completion([FIRST, *OTHERS], GRID, {})[NO_COMPLETION]
    assert vars(scores.missed) == {"both": 0, "said": 0, "true": 2 + 2 + 2 + 2}
    assert vars(scores.observed) == {"both": 2, "said": 2, "true": 3 + 3 + 2 + 2}
    assert scores.missed.scores() == {"recall": 0.0, "precision": None, "iou": 0.0}
    assert scores.observed.scores()["precision"] == 100.0


def test_a_completion_cannot_touch_what_its_view_saw():
    def deny(view, grid, state):
        return state == FREE

    scores = evaluate_completion([FIRST, *OTHERS], GRID, {"deny": deny})
    assert scores["deny"] == scores[NO_COMPLETION]


def test_one_view_is_refused():
    with pytest.raises(ValueError, match="at least two frames"):
        evaluate_completion([FIRST], GRID, RIVALS)


def test_the_table_shows_every_way_and_says_what_was_missed():
    scores = evaluate_completion([FIRST, *OTHERS], GRID, RIVALS)
    result = to_result(scores, "made", {"frames": 4})
    assert [row[0] for row in result.rows] == [NO_COMPLETION, *RIVALS]
    assert result.rows[0][1:4] == ("0.0", "-", "0.0")
    assert result.rows[1][1] == "100.0", "all that is unseen holds all that was missed"
    missed, observed = scores[NO_COMPLETION].missed.true, scores[NO_COMPLETION].observed.true
    assert f"{missed} of {observed} occupied voxels" in result.verdict
    assert result.figures["voxels"]["one voxel further"]["missed"]["true"] == missed
    assert "completion" in result.name and "| no completion |" in result.markdown("ago eval completion")


def test_the_wall_behind_is_found_by_the_others(tmp_path):
    """A recording with a known floor and wall: each view alone has them, and the others agree with it."""
    views = read_seven_scenes(write_seven_scenes(tmp_path))
    grid = VoxelGrid((-1.0, -1.0, -0.1), 0.1, (20, 20, 20))
    scores = evaluate_completion(views, grid, RIVALS)
    seen = scores[NO_COMPLETION].observed.scores()
    assert seen["precision"] > 95
    assert scores["one voxel further"].missed.scores()["recall"] > scores["down to the floor"].missed.scores()["recall"]


THRESHOLD = 2.27
"""About the median of the logits that the random network below gives."""


class Painted:
    """A model to which dark pixels are "box" and light ones "mug"."""

    name, logit_scale, logit_bias, dim = "oracle", 20.0, None, 3

    def encode_text(self, phrases):
        axes = [next((n for n, word in enumerate(("box", "mug")) if word in phrase), 2) for phrase in phrases]
        return torch.eye(3)[axes]

    def encode_dense(self, images):
        light = images.float().mean(dim=-1)
        side = images.shape[1] // 8
        light = torch.nn.functional.avg_pool2d(light[:, None], side)[:, 0] / 255
        return torch.nn.functional.normalize(torch.stack([1 - light, light, torch.zeros_like(light)], dim=-1), dim=-1)


@pytest.fixture()
def fields():
    torch.manual_seed(0)
    encoder = EncoderConfig(inputs=1, point_width=16, channels=8, widths=(8, 16), groups=4)
    grid = VoxelGrid((-1.0, -1.0, -0.1), 2.0 / 16, (16, 16, 16))
    network = SemAbs(SemAbsConfig(encoder=encoder, grid=grid, relation_width=12)).eval()
    with torch.no_grad():
        last = network.occupancy.layers[-1]
        last.weight *= 10
        last.bias.zero_()
    decisions = {"complete": Decision(THRESHOLD, 1.0, 0.0), "locate": Decision(0.0, 1.0, 0.0)}
    reading = Reading("semabs", {"vlm": "oracle", "image_side": 48, "depth_stride": 2}, decisions)
    maps = RelevancyConfig(method="dense", scales=(1.0,), jitters=0, flip=False, map_side=16, dense_side=32)
    return LearnedFields(network, reading, maps, "random")


def test_completions_of_a_network_add_voxels_and_depend_on_it(tmp_path, fields):
    views = read_seven_scenes(write_seven_scenes(tmp_path), 2)
    grid = fields.network.config.grid
    state = observe([views[0]], grid, views[0].map_from_view)
    pixels = from_pixels(fields, Painted(), ("box", "mug", "lamp"), likeliest=2)
    added = pixels(views[0], grid, state)
    assert added.shape == grid.shape
    assert 0 < int(added.sum()) < added.numel()
    one = from_pixels(fields, Painted(), ("box", "mug", "lamp"), likeliest=1)(views[0], grid, state)
    assert not bool((one & ~added).any()), "two phrases add all that one of them adds"
    with torch.no_grad():
        fields.network.occupancy.layers[-1].bias -= 50
    assert not pixels(views[0], grid, state).any()
    objects = of_objects(Painted(), ("box", "mug"))(views[0], grid, state)
    assert objects[state == OCCUPIED].float().mean() > 0.9, "what is seen is labelled"
    assert bool((objects & (state == UNOBSERVED)).any())


def test_the_command_on_a_made_recording(tmp_path, fields, monkeypatch, capsys):
    monkeypatch.setattr(ago_ros.vlm.loading, "load_vlm", lambda *_: Painted())
    monkeypatch.setattr(ago_ros.scene_query.semabs.load, "load_learned", lambda *_: fields)
    folder, page = write_seven_scenes(tmp_path / "kitchen"), tmp_path / "page.md"
    page.write_text("<!-- completion: begin -->\n<!-- completion: end -->\n")
    out = tmp_path / "completion.json"
    words = ["eval", "completion", str(folder), "--vlm", "oracle", "--phrase", "box", "--phrase", "mug"]
    assert run([*words, "--json", str(out), "--docs", str(page)]) == 0
    report = json.loads(out.read_text())
    assert list(report["scores"]) == [
        NO_COMPLETION, *RIVALS, "boxes of objects", "semabs-tiny, from pixels", "semabs-tiny, complete_objects"
    ]  # fmt: skip
    assert report["settings"]["frames"] == 3
    assert "a voxel counts only where the others observed it" in capsys.readouterr().out
    command = "ago eval completion kitchen --vlm oracle --model semabs-tiny --likeliest 10 --phrase 'box'"
    assert command in page.read_text()


@pytest.mark.parametrize(
    ("folder", "options", "message"),
    [
        ("/nowhere", ["--model", "/no/model"], "/no/model"),
        ("/nowhere", ["--frames", "1"], "frames"),
        ("/nowhere", ["--vlm", "other"], "vlm 'other' is given, and it was trained with vlm 'ago-tiny': give that one"),
    ],
)
def test_users_errors_are_one_line(capsys, folder, options, message):
    assert run(["eval", "completion", folder, "--vlm", "ago-tiny", *options]) == 2
    told = capsys.readouterr().err.strip()
    assert message in told
    assert "\n" not in told


def test_real_frames_go_through_the_whole_chain(test_data, fields):
    views = read_seven_scenes(test_data / "rgbd_7scenes", 3)
    completers = {
        **RIVALS,
        "pixels": from_pixels(fields, Painted(), ("box", "mug")),
        "objects": of_objects(Painted(), ("box", "mug"), fields),
    }
    scores = evaluate_completion(views, fields.network.config.grid, completers)
    seen = scores[NO_COMPLETION]
    assert seen.missed.scores()["recall"] == 0.0
    assert seen.observed.scores()["precision"] > 85, "frames of one kitchen agree"
    assert seen.missed.true > 50
    for name in ("pixels", "objects"):
        assert scores[name].missed.true == seen.missed.true
        assert np.isfinite(scores[name].missed.scores()["recall"])
        assert scores[name].observed.both >= seen.observed.both
