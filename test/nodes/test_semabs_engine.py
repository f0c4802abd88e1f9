"""The engine with scene_query semabs: many questions on one encoding, and what cannot work is refused at once."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from micro_semabs import save_micro_semabs
from tiny_models import save_model

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.nodes.engine import OccupancyEngine
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene_query.answer import AnswerStatus
from ago_ros.scene_query.semabs.network import SemAbs
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame
from ago_ros.vlm.loading import load_vlm

QUESTIONS = ("car behind the box", "car left of the box", "box in front of the car or right of the car", "car")


def frame(stamp_ns: int) -> SensorFrame:
    """A wall 6 m ahead with nothing known behind it, and a camera that looks at it."""
    points = torch.tensor([[6.1, y / 10, z / 4] for y in range(-40, 40) for z in range(-6, 4)])
    ahead = torch.tensor([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64)
    mount = se3.from_rotation(ahead, torch.tensor([0.0, 0.0, 1.8], dtype=torch.float64))
    intrinsics = torch.tensor([[40.0, 0, 40], [0, 40, 24], [0, 0, 1]], dtype=torch.float64)
    pixels = torch.randint(0, 256, (48, 80, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    sweep = LidarSweep(stamp_ns, points, se3.from_yaw([0.0, 0.0, 1.8], 0.0), se3.identity())
    image = CameraImage(stamp_ns, pixels, PinholeCamera(intrinsics, 80, 48), mount, sweep.map_from_ego)
    return SensorFrame(sweep, {"cam_front": image})


@pytest.fixture(scope="module")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OccupancyParameters]:
    threads = torch.get_num_threads()
    folder = tmp_path_factory.mktemp("models")
    vlm = str(save_model("clip", folder / "clip"))
    yield OccupancyParameters(
        vlm=vlm, scene_query="semabs", scene_query_model=str(save_micro_semabs(folder / "semabs", vlm)), threads=1,
        grid_origin=(-8.0, -8.0, -0.4), grid_shape=(40, 40, 8), vocabulary=("car", "box", "tree"), cache_size=2,
    )  # fmt: skip
    torch.set_num_threads(threads)


def visible_references(engine: OccupancyEngine) -> None:
    """Random models are never sure: whatever fits a phrase best counts as in view."""
    engine._locating = dataclasses.replace(engine._locating, threshold=0.0)


def test_a_frame_is_encoded_once_and_answers_many(parameters, monkeypatch) -> None:
    volumes, images = Counter(), Counter()
    encode, dense = SemAbs.encode, load_vlm(parameters.vlm).__class__.encode_dense
    monkeypatch.setattr(
        SemAbs,
        "encode",
        lambda self, scenes, **told: volumes.update([len(scenes[0].relevancy)]) or encode(self, scenes, **told),
    )
    engine = OccupancyEngine(parameters)
    visible_references(engine)
    monkeypatch.setattr(
        type(load_vlm(parameters.vlm)),
        "encode_dense",
        lambda self, crops: images.update(["read"]) or dense(self, crops),
    )
    encoding = engine.encode(frame(7))
    features_read = images["read"]
    assert not volumes and not encoding.relevancy.kept_bytes, "encoding must not pay for queries"
    answers = {text: engine.locate(0, text, "", "", "") for text in QUESTIONS}
    after_first = images["read"]
    assert after_first > features_read
    assert sum(n * times for n, times in volumes.items()) <= 2 * 8, "a volume for each phrase and window at most"
    before = Counter(volumes)
    for text in QUESTIONS:
        again = engine.locate(7, text, "", "", "")
        assert torch.equal(again.probability, answers[text].probability)
    engine.complete(0, ["car", "box"])
    assert images["read"] == after_first, "the images were read twice"
    assert sum(volumes.values()) - sum(before.values()) <= 16
    for text, answer in answers.items():
        assert answer.stamp_ns == 7 and answer.understood.startswith(text.split()[0])
        assert not answer.probability[encoding.state == VoxelState.FREE].any()
        assert 0 <= float(answer.probability.sum()) <= 1 + 1e-5
    hidden = answers[QUESTIONS[0]].probability[encoding.state == VoxelState.UNOBSERVED]
    assert float(hidden.sum()) > 0.01, "the network says nothing about what is out of sight"


def test_fifty_questions_at_once_are_all_answered_while_frames_come(parameters) -> None:
    engine = OccupancyEngine(parameters)
    visible_references(engine)
    engine.encode(frame(1))
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(engine.locate, 1, QUESTIONS[n % 4], "", "", "") for n in range(50)]
        engine.encode(frame(2))
        answers = [each.result(60) for each in asked]
    assert len(answers) == 50 and {answer.stamp_ns for answer in answers} == {1}
    for number, answer in enumerate(answers):
        assert torch.equal(answer.probability, answers[number % 4].probability)


def test_the_network_changes_the_answer_and_the_completion(parameters) -> None:
    engines = {
        name: OccupancyEngine(dataclasses.replace(parameters, scene_query=name)) for name in ("semabs", "analytic")
    }
    found, added = {}, {}
    for name, engine in engines.items():
        visible_references(engine)
        encoding = engine.encode(frame(3))
        found[name] = engine.locate(0, QUESTIONS[1], "", "", "").probability
        grid, _ = engine.complete(0, ["car", "box"])
        added[name] = (grid.labels < 2) & (grid.labels >= 0) & (encoding.state == VoxelState.UNOBSERVED)
    assert not torch.allclose(found["semabs"], found["analytic"])
    assert not torch.equal(added["semabs"], added["analytic"])
    assert engines["semabs"].locate(0, "car left of the tree and right of the tree", "", "", "").status == (
        AnswerStatus.CONTRADICTORY
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vlm": ""}, "no vlm is given, and it was trained with vlm .*: give that one"),
        ({"scene_query_model": "/no/such/folder"}, "/no/such/folder: has no"),
        ({"method": "ago"}, "method ago keeps none: set method to lift, or scene_query to analytic"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_when_the_node_is_configured(parameters, change, message) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        OccupancyEngine(dataclasses.replace(parameters, **change))
    assert "\n" not in str(caught.value)


def test_a_choice_that_there_is_not_is_no_parameter() -> None:
    with pytest.raises(ValueError, match="scene_query must be one of analytic, semabs; got 'guess'"):
        OccupancyParameters(scene_query="guess")
