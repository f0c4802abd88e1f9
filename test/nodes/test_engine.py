import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_models import save_model

from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.nodes import engine as engine_module
from ago_ros.nodes.engine import OccupancyEngine
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.semantic_grid import LABEL_UNCLASSIFIED
from ago_ros.scene_query.answer import AnswerStatus
from ago_ros.scene_query.query import QueryError
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame
from ago_ros.vlm.loading import ModelError

PARAMETERS = OccupancyParameters(grid_origin=(-8.0, -8.0, 0.0), grid_shape=(40, 40, 8), cache_size=3)


def frame(stamp_ns: int) -> SensorFrame:
    mount = se3.from_yaw([0.0, 0.0, 1.8], 0.0)
    points = torch.tensor([[6.1, y / 10, 0.0] for y in range(-40, 40)])
    return SensorFrame(LidarSweep(stamp_ns, points, mount, torch.eye(4, dtype=torch.float64)))


@pytest.fixture
def engine() -> Iterator[OccupancyEngine]:
    threads = torch.get_num_threads()
    yield OccupancyEngine(PARAMETERS)
    torch.set_num_threads(threads)


def test_without_an_image_tower_the_grid_is_class_agnostic_and_services_say_so(engine: OccupancyEngine) -> None:
    grid = engine.label(engine.encode(frame(1)))
    assert grid.vocabulary == () and set(grid.labels[grid.occupied].tolist()) == {LABEL_UNCLASSIFIED}
    for ask in (
        lambda: engine.locate(0, "mug", "", "", ""),
        lambda: engine.detect(0, (), 0.0),
        lambda: engine.complete(0, ()),
        lambda: engine.set_vocabulary(["mug"]),
    ):
        with pytest.raises(QueryError, match="vlm"):
            ask()


def test_the_body_box_and_the_range_decide_which_returns_count() -> None:
    threads = torch.get_num_threads()
    own_left_half = dataclasses.replace(PARAMETERS, body_lower=(6.0, 0.0, 0.0), body_upper=(7.0, 9.0, 3.0))
    occupied = OccupancyEngine(own_left_half).encode(frame(1)).occupied
    assert len(occupied) and (occupied[:, 1] <= 20).all(), "returns inside the body box became occupied"
    short = OccupancyEngine(dataclasses.replace(PARAMETERS, max_range=3.0)).encode(frame(1))
    assert not len(short.occupied) and (short.state == VoxelState.FREE).any(), (
        "a return beyond the range frees, and occupies nothing"
    )
    torch.set_num_threads(threads)


def test_a_device_that_is_not_there_is_refused_by_name() -> None:
    for device in ("gpu", "cuda:99"):
        with pytest.raises(ValueError, match=f"device '{device}' cannot be used"):
            OccupancyEngine(dataclasses.replace(PARAMETERS, device=device))


def test_frames_are_found_by_stamp_until_newer_ones_push_them_out(engine: OccupancyEngine) -> None:
    with pytest.raises(QueryError, match="no frame has been processed yet"):
        engine.cached()
    for stamp in (10, 20, 30, 40):
        engine.encode(frame(stamp))
    assert engine.cached().stamp_ns == 40 == engine.newest.stamp_ns
    assert engine.cached(20).stamp_ns == 20
    with pytest.raises(QueryError, match="no frame with stamp"):
        engine.cached(10)


def test_after_a_jump_back_the_newest_frame_is_the_last_that_came(engine: OccupancyEngine) -> None:
    engine.encode(frame(1_000_000_000_000))
    engine.forget()
    engine.encode(frame(1_000))
    assert engine.cached().stamp_ns == 1_000


def test_a_query_is_given_as_text_or_in_parts_not_both(engine: OccupancyEngine) -> None:
    with pytest.raises(QueryError, match="both given"):
        engine.locate(0, "mug behind the box", "mug", "", "")


def test_contradictions_are_answered_and_synonyms_understood_whatever_is_configured(engine: OccupancyEngine) -> None:
    engine.encode(frame(1))
    answer = engine.locate(0, "mug leftward of the box and right of the box", "", "", "")
    assert answer.status == AnswerStatus.CONTRADICTORY and answer.stamp_ns == 1
    assert engine.locate(0, "", "box", "rearward of", "box").understood == "box behind box"
    with pytest.raises(QueryError, match="'in the proximity of' is not known: use one of in, on, behind"):
        engine.locate(0, "mug in the proximity of the box", "", "", "")


def test_a_missing_model_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="/no/such/model"):
        OccupancyEngine(dataclasses.replace(PARAMETERS, vlm="/no/such/model"))


def seen_frame(stamp_ns: int) -> SensorFrame:
    """The wall of `frame`, and a camera that looks at it."""
    ahead = torch.tensor([[0, 0, 1], [-1, 0, 0], [0, -1, 0]], dtype=torch.float64)
    mount = se3.from_rotation(ahead, torch.tensor([0.0, 0.0, 1.8], dtype=torch.float64))
    intrinsics = torch.tensor([[40.0, 0, 40], [0, 40, 24], [0, 0, 1]], dtype=torch.float64)
    pixels = torch.randint(0, 256, (48, 80, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    sweep = frame(stamp_ns).lidar
    image = CameraImage(stamp_ns, pixels, PinholeCamera(intrinsics, 80, 48), mount, sweep.map_from_ego)
    return SensorFrame(sweep, {"cam_front": image})


@pytest.mark.parametrize("relevancy", ["dense", "fast", "maps"])
def test_queries_are_answered_from_the_relevancy_that_is_chosen(tmp_path: Path, relevancy: str) -> None:
    threads = torch.get_num_threads()
    vlm = str(save_model("clip", tmp_path / "clip"))
    engine = OccupancyEngine(
        dataclasses.replace(PARAMETERS, vlm=vlm, relevancy=relevancy, vocabulary=("car", "tree"), threads=1)
    )
    encoding = engine.encode(seen_frame(7))
    assert (encoding.relevancy is None) == (relevancy == "dense")
    assert relevancy == "dense" or not encoding.relevancy.kept_bytes, "encoding must not pay for queries"
    answer = engine.locate(0, "where is the car", "", "", "")
    assert answer.stamp_ns == 7 and answer.understood == "car"
    if relevancy == "maps":
        score = encoding.relevancy(["car"])[0]
        assert float(score.max()) > 0.5
        peak = encoding.grid.centers(encoding.occupied[score.argmax()][None])[0]
        assert answer.regions and any(torch.allclose(torch.tensor(r.peak), peak.float()) for r in answer.regions)
    assert relevancy == "dense" or encoding.relevancy.kept_bytes
    torch.set_num_threads(threads)


def test_a_model_without_readable_attention_is_refused_when_the_node_is_configured(monkeypatch) -> None:
    class Opaque:
        name, dim, logit_scale, logit_bias = "opaque", 3, 1.0, None

        def encode_text(self, phrases: list[str]) -> torch.Tensor:
            return torch.ones(len(phrases), 3)

    monkeypatch.setattr(engine_module, "load_vlm", lambda source, device: Opaque())
    parameters = dataclasses.replace(PARAMETERS, vlm="opaque", relevancy="maps", vocabulary=("car",), threads=1)
    threads = torch.get_num_threads()
    with pytest.raises(ValueError, match=r"opaque cannot be read .* choose 'fast' or 'dense'"):
        OccupancyEngine(parameters)
    torch.set_num_threads(threads)
