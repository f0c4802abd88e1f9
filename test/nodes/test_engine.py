import dataclasses
from collections.abc import Iterator

import pytest
import torch

from ago_ros.geometry import se3
from ago_ros.nodes.engine import OccupancyEngine
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.scene.encoding import VoxelState
from ago_ros.scene.semantic_grid import LABEL_UNCLASSIFIED
from ago_ros.scene_query.query import QueryError
from ago_ros.sensors.frame import LidarSweep, SensorFrame
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


def test_a_missing_model_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="/no/such/model"):
        OccupancyEngine(dataclasses.replace(PARAMETERS, vlm="/no/such/model"))
