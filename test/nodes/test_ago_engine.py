"""The engine with method ago: frames are encoded from images alone, and asked as often as one likes."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from micro_ago import save_micro_ago
from tiny_models import save_model

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.nodes.conversions import grid_from_message, grid_to_message
from ago_ros.nodes.engine import OccupancyEngine
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.occupancy.ago.predictor import AgoPredictor
from ago_ros.occupancy.ago.variants import TrainingNote
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.identifier import entropy
from ago_ros.scene_query.answer import AnswerStatus
from ago_ros.scene_query.query import QueryError
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame
from ago_ros.vlm.loading import ModelError, load_vlm
from ago_ros.vlm.vocabulary import embed_phrases

PHRASES = ("car", "tree", "box")


def frame(stamp_ns: int, seed: int = 1) -> SensorFrame:
    """A camera that looks ahead, and a sweep without any point: a clock and a place."""
    ahead = torch.tensor([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64)
    mount = se3.from_rotation(ahead, torch.tensor([0.0, 0.0, 1.8], dtype=torch.float64))
    intrinsics = torch.tensor([[40.0, 0, 40], [0, 40, 24], [0, 0, 1]], dtype=torch.float64)
    pixels = torch.randint(0, 256, (48, 80, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    image = CameraImage(stamp_ns, pixels, PinholeCamera(intrinsics, 80, 48), mount, se3.identity())
    sweep = LidarSweep(stamp_ns, torch.zeros(0, 3), se3.from_yaw([0.0, 0.0, 1.8], 0.0), se3.identity())
    return SensorFrame(sweep, {"cam_front": image})


@pytest.fixture(scope="module")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OccupancyParameters]:
    threads = torch.get_num_threads()
    folder = tmp_path_factory.mktemp("models")
    vlm = save_model("clip", folder / "clip")
    grid = VoxelGrid((-8.0, -8.0, 0.0), 0.8, (20, 20, 4))
    model = save_micro_ago(folder / "ago", load_vlm(vlm), grid, frame(0))
    yield OccupancyParameters(
        method="ago", ago_model=str(model), vlm=str(vlm), vocabulary=PHRASES, threads=1, cache_size=2,
        grid_origin=grid.origin, voxel_size=grid.voxel_size, grid_shape=grid.shape,
    )  # fmt: skip
    torch.set_num_threads(threads)


@pytest.fixture
def engine(parameters: OccupancyParameters) -> OccupancyEngine:
    return OccupancyEngine(parameters)


def test_a_new_vocabulary_relabels_cached_frames_and_nothing_is_encoded_again(engine, monkeypatch) -> None:
    encodes: list[int] = []
    encode = AgoPredictor.encode
    monkeypatch.setattr(AgoPredictor, "encode", lambda self, f: encodes.append(f.stamp_ns) or encode(self, f))
    first = engine.encode(frame(10))
    assert len(first.occupied) > 100 and (first.state != VoxelState.OCCUPIED).sum() > 100
    engine.encode(frame(20, seed=2))
    before = engine.label(engine.cached(10))
    engine.set_vocabulary(["a truck", "mug"])
    after = engine.label(engine.cached(10))
    assert before.vocabulary == PHRASES and after.vocabulary == ("a truck", "mug") == engine.vocabulary.phrases
    assert torch.equal(before.occupied, after.occupied)
    engine.set_vocabulary(PHRASES)
    again = engine.label(engine.cached(10))
    assert torch.equal(again.labels, before.labels) and torch.equal(again.confidence, before.confidence)
    assert encodes == [10, 20]


def test_confidence_is_one_minus_the_share_of_the_highest_entropy_on_the_wire_too(engine, parameters) -> None:
    encoding = engine.encode(frame(1))
    embeddings = embed_phrases(PHRASES, load_vlm(parameters.vlm)).double()
    scores = [(f.double() @ embeddings.T).softmax(dim=1) for f in (encoding.features, encoding.adapted)]
    lower = torch.minimum(*(entropy(score) for score in scores))
    expected = 1 - lower / torch.tensor(3.0, dtype=torch.float64).log()
    assert expected.std() > 1e-4, "every voxel is as sure as any other: nothing is tested"
    received = grid_from_message(grid_to_message(engine.label(encoding), "base_link", "sparse"))
    got = received.confidence[tuple(encoding.occupied.T)].double()
    torch.testing.assert_close(got, expected, atol=0.5 / 255 + 1e-4, rtol=0)
    assert not received.confidence[~received.occupied].any()


def test_the_identifier_decides_between_the_predictions(parameters) -> None:
    encodings, grids = {}, {}
    for identifier in ("entropy", "confidence", "none"):
        engine = OccupancyEngine(dataclasses.replace(parameters, identifier=identifier))
        encodings[identifier] = engine.encode(frame(1))
        grids[identifier] = engine.label(encodings[identifier])
    encoding = encodings["none"]
    grounded = encoding.features @ embed_phrases(PHRASES, load_vlm(parameters.vlm)).T
    assert torch.equal(grids["none"].labels[tuple(encoding.occupied.T)], grounded.argmax(dim=1).int())
    assert not torch.equal(grids["none"].confidence, grids["entropy"].confidence)
    assert (grids["entropy"].confidence >= grids["none"].confidence).all(), "entropy takes the surer prediction"


def test_queries_are_answered_from_the_encoding(engine) -> None:
    encoding = engine.encode(frame(7))
    answer = engine.locate(0, "where is the car", "", "", "")
    assert answer.stamp_ns == 7 and answer.understood == "car"
    assert answer.status in (AnswerStatus.SEEN, AnswerStatus.POSSIBLE)
    assert answer.probability[encoding.state == VoxelState.FREE].sum() == 0
    stamp, boxes = engine.detect(7, ["mug"], 0.0)
    assert stamp == 7 and {box.phrase for box in boxes} <= {"mug"}
    _, boxes = engine.detect(7, (), 0.0)
    assert {box.phrase for box in boxes} <= set(PHRASES) and boxes
    grid, _ = engine.complete(7, ["car"])
    assert grid.vocabulary == ("car",)
    with pytest.raises(QueryError, match="comes twice"):
        engine.set_vocabulary(["car", "car"])


def test_a_frame_needs_an_image_and_no_point(engine) -> None:
    with pytest.raises(ValueError, match="no image"):
        engine.encode(dataclasses.replace(frame(3), cameras={}))
    assert engine.sees_by_cameras_alone


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ago_model": ""}, "set ago_model to a folder that `ago train ago` wrote, or to ago-tiny-occupancy"),
        ({"ago_model": "/no/such/folder"}, "/no/such/folder: has no ago_model.json"),
        ({"vlm": ""}, "has no training.json; give a folder that `ago train ago` finished"),
        ({"voxel_size": 0.4}, r"set grid_origin to \[-8.0, -8.0, 0.0\], voxel_size to 0.8 and grid_shape to \[20, "),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_that_says_what_to_do(parameters, change, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        OccupancyEngine(dataclasses.replace(parameters, **change))
    assert "\n" not in str(caught.value)


def test_without_a_vlm_the_training_note_names_the_text_encoder(parameters, tmp_path: Path) -> None:
    model = shutil.copytree(parameters.ago_model, tmp_path / "noted")
    TrainingNote("self-supervised", "ago", 0, parameters.vlm, 1.0, 1, 1).write(model)
    named = OccupancyEngine(parameters)
    found = OccupancyEngine(dataclasses.replace(parameters, ago_model=str(model), vlm=""))
    grids = [engine.label(engine.encode(frame(1))) for engine in (named, found)]
    assert torch.equal(grids[0].labels, grids[1].labels) and grids[1].vocabulary == PHRASES


def test_another_text_encoder_than_the_models_is_refused(parameters, tmp_path: Path) -> None:
    other = save_model("siglip", tmp_path / "siglip")
    with pytest.raises(ModelError, match="made for texts of 24 dimensions"):
        OccupancyEngine(dataclasses.replace(parameters, vlm=str(other)))
