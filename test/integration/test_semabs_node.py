"""The node with scene_query semabs: its services answer from the network, many at once, and say what is missing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from micro_semabs import save_micro_semabs
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rig import Rig

from ago_msgs.srv import CompleteObjects, LocateObject
from ago_ros.nodes.conversions import stamp_ns, to_time

pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

LEFT, OR, CONTRADICTORY, MISSING = (
    "red wall left of the blue wall", "where is the red wall, behind the blue wall or right of the blue wall?",
    "red wall left of the blue wall and right of the blue wall", "red wall behind the green plant",
)  # fmt: skip


@pytest.fixture(scope="module")
def semabs_node(rig: Rig, start_node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("semabs")
    network = save_micro_semabs(folder / "network", "colour")
    running = start_node(folder, scene_query="semabs", scene_query_model=str(network), startup_check_sec=0.0)
    yield running
    running.stop()


def test_fifty_queries_at_once_are_answered_by_the_network_while_grids_go_on(rig: Rig, semabs_node) -> None:
    early = rig.call(LocateObject, "locate_object", timeout=120.0, query="red wall")
    assert not early.success and "no frame has been processed yet" in early.message
    stamp = stamp_ns(rig.tick_until_grid().header.stamp)
    asked = [(LEFT, OR, CONTRADICTORY, MISSING)[number % 4] for number in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = [
            pool.submit(rig.call, LocateObject, "locate_object", timeout=90.0, query=query, stamp=to_time(stamp))
            for query in asked
        ]
        stamps = [rig.tick() for _ in range(5)]
        responses = [answer.result() for answer in answers]
    assert len(responses) == 50 and all("internal" not in response.message for response in responses)
    expected = {
        CONTRADICTORY: LocateObject.Response.CONTRADICTORY,
        MISSING: LocateObject.Response.REFERENCE_NOT_IN_VIEW,
    }
    for query, response in zip(asked, responses):
        assert stamp_ns(response.header.stamp) == stamp, response.message
        assert response.success == (query not in expected), response.message
        if query in expected:
            assert response.status == expected[query]
    same = [response for query, response in zip(asked, responses) if query == LEFT]
    assert sum(same[0].heatmap.probability) > 0
    assert all(response.heatmap == same[0].heatmap for response in same)
    assert rig.grid_of(stamps[-1]) is not None or rig.grid_of(rig.tick()) is not None


def test_objects_are_completed_by_the_network(rig: Rig, semabs_node) -> None:
    rig.tick_until_grid()
    completed = rig.call(CompleteObjects, "complete_objects", timeout=60.0, phrases=["red", "blue"])
    assert completed.success, completed.message
    assert list(completed.grid.vocabulary) == ["red", "blue"] and completed.regions
    assert {region.phrase for region in completed.regions} == {"red", "blue"}


def test_missing_weights_are_one_clear_error_when_the_node_is_configured(rig: Rig, semabs_node) -> None:
    def change_state(transition: int) -> bool:
        request = Transition(id=transition)
        return rig.call(ChangeState, "occupancy_node/change_state", timeout=30.0, transition=request).success

    def set_model(name: str) -> bool:
        message = Parameter("scene_query_model", value=name).to_parameter_msg()
        return rig.call(SetParameters, "occupancy_node/set_parameters", parameters=[message]).results[0].successful

    assert not set_model("/no/such/network"), "it takes effect at configure"
    assert change_state(Transition.TRANSITION_DEACTIVATE) and change_state(Transition.TRANSITION_CLEANUP)
    assert set_model("/no/such/network")
    assert not change_state(Transition.TRANSITION_CONFIGURE)
    told = [line for line in semabs_node.logged().splitlines() if "/no/such/network" in line]
    assert any("give a folder that `ago train scene-query` finished" in line for line in told), semabs_node.logged()[
        -2000:
    ]
    assert semabs_node.alive()
