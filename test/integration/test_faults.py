"""What must not bring the node down. One node process lives through all of it, in this order."""

import random
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rig import SIZE, Rig, jpeg, room

from ago_msgs.msg import SemanticVoxelGrid
from ago_msgs.srv import CompleteObjects, DetectObjects, LocateObject, SetVocabulary
from ago_ros.nodes.conversions import grid_from_message, stamp_ns, to_time

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]

POISON = 99
AHEAD, BEHIND = (35, slice(14, 26), slice(2, 6)), (4, slice(14, 26), slice(2, 6))


def phrases_at(message: SemanticVoxelGrid, where: tuple[int, slice, slice]) -> set[str]:
    """Returns the phrases of the occupied voxels in a part of the grid; "?" stands for unclassified."""
    grid = grid_from_message(message)
    labels = grid.labels[where][grid.occupied[where]]
    assert len(labels) > 20, "the wall is not there"
    return {grid.vocabulary[label] if label < len(grid.vocabulary) else "?" for label in labels.tolist()}


@pytest.fixture(autouse=True)
def still_alive(node) -> None:
    yield
    assert node.alive(), node.logged()[-3000:]


def test_a_query_before_the_first_frame_is_refused_with_a_reason(rig: Rig, node) -> None:
    response = rig.call(LocateObject, "locate_object", timeout=30.0, query="red wall")
    assert not response.success and "no frame has been processed yet" in response.message


def test_the_startup_check_names_what_is_missing(rig: Rig, node) -> None:
    assert rig.wait_until(lambda: "inputs missing" in node.logged(), 10.0)
    line = next(line for line in node.logged().splitlines() if "inputs missing" in line)
    assert re.search(r"/lidar_top[^;(]*\(1 publisher, no message\)", line)
    assert "/cam_front/camera_info" in line and "transform map <- base_link" in line


def test_grids_come_labelled_with_the_stamp_of_the_sweep(rig: Rig, node) -> None:
    rig.tick_until_grid()
    stamp = rig.tick()
    grid = rig.grid_of(stamp)
    assert grid is not None and stamp_ns(grid.header.stamp) == stamp
    assert grid.header.frame_id == "base_link"
    assert phrases_at(grid, AHEAD) == {"red"}
    assert phrases_at(grid, BEHIND) == {"blue"}
    assert rig.vocabularies[-1].phrases == ["red", "green", "blue"] and rig.vocabularies[-1].model == "colour"


def test_points_that_are_not_finite_are_left_out_and_counted(rig: Rig, node) -> None:
    before = rig.counters()["invalid points"]
    points = room()
    points["x"][::4], points["z"][1::4] = np.nan, np.inf
    assert phrases_at(rig.grid_of(rig.tick(points)), AHEAD) == {"red"}
    assert rig.counters()["invalid points"] == before + len(points) // 2


@pytest.mark.parametrize("kind", ["empty", "nan"])
def test_a_cloud_without_points_drops_the_frame_only(rig: Rig, node, kind: str) -> None:
    before = rig.counters().get("frames dropped: empty_cloud", 0)
    points = room()[: 0 if kind == "empty" else None]
    points["x"] = np.nan
    dropped = rig.tick(points)
    assert rig.grid_of(rig.tick()) is not None
    assert dropped not in rig.grids
    assert rig.counters()["frames dropped: empty_cloud"] == before + 1


@pytest.mark.parametrize(
    ("reason", "data"), [("black_image", jpeg((0, 0, 0))), ("corrupt_image", jpeg((200, 0, 0))[:400])]
)
def test_an_image_that_shows_nothing_is_left_out(rig: Rig, node, reason: str, data: bytes) -> None:
    grid = rig.grid_of(rig.tick(pictures={"cam_front": data}))
    assert phrases_at(grid, AHEAD) == {"?"}
    assert phrases_at(grid, BEHIND) == {"blue"}
    assert rig.counters()[f"cam_front lost: {reason}"] == 1
    assert phrases_at(rig.grid_of(rig.tick()), AHEAD) == {"red"}


def test_a_camera_may_be_lost_and_come_back(rig: Rig, node) -> None:
    stamps = [rig.tick(pictures={"cam_back": None}) for _ in range(6)]
    for stamp in stamps:
        grid = rig.grid_of(stamp)
        assert grid is not None, "a dead camera stopped the grids"
        assert phrases_at(grid, BEHIND) == {"?"} and phrases_at(grid, AHEAD) == {"red"}
    assert rig.counters()["cam_back lost: no_image"] >= 6
    back = [rig.tick() for _ in range(3)]
    assert phrases_at(rig.grid_of(back[-1]), BEHIND) == {"blue"}


def test_a_sweep_out_of_order_is_dropped_and_counted(rig: Rig, node) -> None:
    stamp = rig.tick()
    assert rig.grid_of(stamp) is not None
    late = stamp - 50_000_000
    rig.send_sweep(late, room())
    for _ in range(3):
        rig.tick()
    assert rig.grid_of(rig.tick()) is not None
    assert late not in rig.grids
    assert rig.counters()["assembler: out_of_order"] >= 1


def test_transforms_that_come_late_are_waited_for_and_that_never_come_drop_the_frame(rig: Rig, node) -> None:
    stamp = rig.tick(tf=False)
    assert rig.grid_of(stamp, 0.15) is None
    for moment in (stamp - 40_000_000, stamp - 20_000_000, stamp):
        rig.send_tf(moment)
    assert rig.grid_of(stamp) is not None
    never = rig.tick(tf=False)
    assert rig.wait_until(lambda: rig.counters().get("frames dropped: tf_late", 0) >= 1)
    assert never not in rig.grids
    assert rig.grid_of(rig.tick()) is not None


def test_camera_info_may_change_its_size(rig: Rig, node) -> None:
    large = (2 * SIZE[0], 2 * SIZE[1])
    pictures = {"cam_front": jpeg((200, 10, 10), large), "cam_back": jpeg((10, 10, 200), large)}
    rig.tick(pictures=pictures, info_size=large)
    assert phrases_at(rig.grid_of(rig.tick(pictures=pictures, info_size=large)), AHEAD) == {"red"}
    mismatched = rig.grid_of(rig.tick(info_size=large))
    assert phrases_at(mismatched, AHEAD) == {"?"}
    assert rig.counters()["cam_front lost: size_mismatch"] >= 1
    rig.tick()
    assert phrases_at(rig.grid_of(rig.tick()), AHEAD) == {"red"}


def test_an_exception_in_inference_is_logged_counted_and_survived(rig: Rig, node) -> None:
    poisoned = room()
    poisoned["ring"] = POISON
    stamp = rig.tick(poisoned)
    assert rig.wait_until(lambda: rig.status["grid"].level == DiagnosticStatus.ERROR)
    assert "poisoned sweep" in rig.status["grid"].message
    assert "Traceback" in node.logged() and "poisoned sweep" in node.logged()
    assert stamp not in rig.grids
    assert rig.grid_of(rig.tick()) is not None
    assert rig.counters()["frames dropped: inference_error"] == 1


def test_queries_are_answered_from_the_cached_frame(rig: Rig, node) -> None:
    stamp = rig.tick()
    rig.grid_of(stamp)
    response = rig.call(LocateObject, "locate_object", query="where is the red wall?", stamp=to_time(stamp))
    assert response.success, response.message
    assert stamp_ns(response.header.stamp) == stamp == stamp_ns(response.heatmap.header.stamp)
    assert response.regions[0].pose.position.x == pytest.approx(6.2, abs=0.5)
    assert 0 < sum(response.heatmap.probability) <= 1 + 1e-5
    brief = rig.call(
        LocateObject, "locate_object", query="where is the red wall?", stamp=to_time(stamp), omit_heatmap=True
    )
    assert brief.regions == response.regions and len(brief.heatmap.indices) == 0
    boxes = rig.call(DetectObjects, "detect_objects", phrases=["blue"])
    assert boxes.success, boxes.message
    best = boxes.detections.detections[0]
    assert best.results[0].hypothesis.class_id == "blue" and 0 < best.results[0].hypothesis.score <= 1
    assert best.bbox.center.position.x == pytest.approx(-6.2, abs=0.5)
    completed = rig.call(CompleteObjects, "complete_objects", phrases=["red"])
    assert completed.success and list(completed.grid.vocabulary) == ["red"], completed.message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"query": "the red wall near the blue wall"}, "near"),
        ({"query": "red", "target": "blue"}, "both given"),
        ({"query": ""}, "no target"),
        ({"query": "red", "stamp": to_time(5)}, "no frame with stamp"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(rig: Rig, node, fields: dict, message: str) -> None:
    response = rig.call(LocateObject, "locate_object", **fields)
    assert not response.success and message in response.message


def test_fifty_queries_at_once_are_answered_while_grids_go_on(rig: Rig, node) -> None:
    rig.grid_of(rig.tick())
    queries = ["the red wall", "blue wall", "red wall behind the blue wall", "the wall near it"]
    asked = [random.Random(7).choice(queries) for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(rig.call, LocateObject, "locate_object", timeout=40.0, query=query) for query in asked]
        stamps = [rig.tick() for _ in range(10)]
        responses = [answer.result() for answer in answers]
    assert all("internal" not in response.message for response in responses)
    assert all(response.success for query, response in zip(asked, responses) if query in queries[:2])
    assert not any(response.success for query, response in zip(asked, responses) if query == queries[3])
    assert rig.grid_of(stamps[-1]) is not None or rig.grid_of(rig.tick()) is not None


def test_the_vocabulary_can_be_replaced_while_running(rig: Rig, node) -> None:
    rig.grid_of(rig.tick())
    newest = max(rig.grids)
    response = rig.call(SetVocabulary, "set_vocabulary", phrases=["green plant", "a blue thing"])
    assert response.success, response.message
    assert rig.wait_until(lambda: list(rig.grids[newest].vocabulary) == ["green plant", "a blue thing"])
    assert phrases_at(rig.grids[newest], BEHIND) == {"a blue thing"}
    assert rig.vocabularies[-1].phrases == ["green plant", "a blue thing"]
    assert phrases_at(rig.grid_of(rig.tick()), BEHIND) == {"a blue thing"}
    for phrases in (["car", "car"], [], ["car", " "]):
        refused = rig.call(SetVocabulary, "set_vocabulary", phrases=phrases)
        assert not refused.success and refused.message
    assert rig.call(SetVocabulary, "set_vocabulary", phrases=["red", "green", "blue"]).success


def test_a_looped_bag_starts_over(rig: Rig, node) -> None:
    latest = rig.tick()
    assert rig.grid_of(latest) is not None
    rig.now_ns -= 60_000_000_000
    rig.grids.clear()
    first = rig.now_ns + 100_000_000
    grid = rig.tick_until_grid()
    assert stamp_ns(grid.header.stamp) - first < 1_000_000_000, "the loop cost more than a second of grids"
    assert "time jumped by -59.9" in node.logged()
    assert phrases_at(rig.grid_of(rig.tick()), AHEAD) == {"red"}
    old = rig.call(LocateObject, "locate_object", query="red", stamp=to_time(latest))
    assert not old.success and "no frame with stamp" in old.message


def test_parameters_change_when_they_may(rig: Rig, node) -> None:
    def set_parameter(name: str, value: object) -> tuple[bool, str]:
        message = Parameter(name, value=value).to_parameter_msg()
        result = rig.call(SetParameters, "occupancy_node/set_parameters", parameters=[message]).results[0]
        return result.successful, result.reason

    assert set_parameter("encoding", "dense") == (True, "")
    assert rig.grid_of(rig.tick()).encoding == SemanticVoxelGrid.DENSE
    assert set_parameter("encoding", "sparse") == (True, "")
    refused, reason = set_parameter("encoding", "zip")
    assert not refused and "sparse, dense" in reason
    refused, reason = set_parameter("voxel_size", 0.2)
    assert not refused and "takes effect at configure" in reason


def change_state(rig: Rig, transition: int) -> bool:
    request = Transition(id=transition)
    return rig.call(ChangeState, "occupancy_node/change_state", timeout=20.0, transition=request).success


def test_the_lifecycle_stops_and_starts_and_a_bad_setting_fails_with_a_log(rig: Rig, node) -> None:
    assert change_state(rig, Transition.TRANSITION_DEACTIVATE)
    assert rig.grid_of(rig.tick(), 0.5) is None
    assert change_state(rig, Transition.TRANSITION_CLEANUP)
    bad = [
        Parameter("vlm", value="/no/such/model").to_parameter_msg(),
        Parameter("input_qos", value="reliable").to_parameter_msg(),
        Parameter("startup_check_sec", value=1.0).to_parameter_msg(),
    ]
    results = rig.call(SetParameters, "occupancy_node/set_parameters", parameters=bad).results
    assert all(result.successful for result in results)
    assert not change_state(rig, Transition.TRANSITION_CONFIGURE)
    assert "on_configure" in node.logged() and "/no/such/model" in node.logged()
    good = [Parameter("vlm", value="colour").to_parameter_msg()]
    assert rig.call(SetParameters, "occupancy_node/set_parameters", parameters=good).results[0].successful
    assert change_state(rig, Transition.TRANSITION_CONFIGURE)
    assert change_state(rig, Transition.TRANSITION_ACTIVATE)


def test_a_publisher_whose_qos_does_not_match_is_named(rig: Rig, node) -> None:
    assert rig.wait_until(lambda: "QoS does not match publisher test_rig" in node.logged())
    line = next(line for line in node.logged().splitlines() if "QoS does not match" in line)
    assert "/lidar_top" in line and "best effort and this node asks for reliable" in line


def test_the_node_ends_cleanly(rig: Rig, node) -> None:
    node.process.send_signal(2)
    assert node.process.wait(15) == 0, node.logged()[-2000:]
    assert "Traceback" not in node.logged().split("QoS does not match")[-1]
    node.alive = lambda: True
