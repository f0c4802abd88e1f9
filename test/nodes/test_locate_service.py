"""What /locate_object replies for each kind of answer, without a process of its own."""

import dataclasses
import math
from types import SimpleNamespace

import pytest
import torch
from rclpy.serialization import deserialize_message, serialize_message

from ago_msgs.srv import LocateObject
from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.nodes.answers import region_to_message
from ago_ros.nodes.conversions import to_time
from ago_ros.nodes.services import QueryServices
from ago_ros.scene_query.answer import Answer, AnswerStatus, Region, ViewingPose
from ago_ros.scene_query.query import QueryError

GRID = VoxelGrid((0.0, 0.0, 0.0), 0.5, (4, 3, 2))
VIEW = ViewingPose((1.0, -2.0, 1.5), 0.75, 0.875)
REGION = Region("mug", (1.0, 2.0, 0.5), (0.5, 0.5, 0.5), 0.25, (1.0, 2.0, 0.5), 0.7, 0.4, VIEW)
ANSWERED = Answer(5_000_000_000, GRID, torch.zeros(GRID.shape), (REGION,), "mug", AnswerStatus.SEEN, "mug: in view")


class Published:
    def __init__(self) -> None:
        self.answers: list[Answer] = []

    def publish_answer(self, answer, response) -> None:
        self.answers.append(answer)


def serve(answer: Answer | Exception, now_s: float = 5.5) -> tuple[QueryServices, Published]:
    def locate(*_):
        if isinstance(answer, Exception):
            raise answer
        return answer

    node = SimpleNamespace(
        create_service=lambda *_, **__: None,
        get_clock=lambda: SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=int(now_s * 1e9))),
        get_parameter=lambda name: SimpleNamespace(value={"stale_sec": 3.0}[name]),
    )
    published = Published()
    return QueryServices(node, SimpleNamespace(locate=locate), published, "base_link", lambda: None), published


def ask(services: QueryServices, **fields) -> LocateObject.Response:
    response = services.locate_object(LocateObject.Request(**fields), LocateObject.Response())
    return deserialize_message(serialize_message(response), LocateObject.Response)


@pytest.mark.parametrize("status", AnswerStatus)
def test_every_status_has_its_constant_and_the_refusing_ones_are_no_success(status: AnswerStatus) -> None:
    services, published = serve(dataclasses.replace(ANSWERED, status=status, message="why"))
    response = ask(services, query="mug")
    assert response.status == getattr(LocateObject.Response, status.name) == status.value
    assert response.success == (status.name not in ("REFERENCE_NOT_IN_VIEW", "CONTRADICTORY"))
    assert response.message == "why" and not response.stale
    assert [answer.status for answer in published.answers] == [status]


def test_a_request_that_cannot_be_answered_is_refused() -> None:
    response = ask(serve(QueryError("no frame has been processed yet"))[0], query="mug")
    assert response.status == LocateObject.Response.REFUSED and not response.success
    assert response.message == "no frame has been processed yet"


def test_an_old_frame_is_flagged_where_the_newest_was_asked_and_only_there() -> None:
    services, _ = serve(ANSWERED, now_s=9.25)
    flagged = ask(services, query="mug")
    assert flagged.stale and flagged.success
    assert flagged.message == "mug: in view; stale: the newest frame is 4.2 s old, see /diagnostics"
    named = ask(services, query="mug", stamp=to_time(ANSWERED.stamp_ns))
    assert not named.stale and named.message == "mug: in view"


def test_a_region_says_from_where_it_would_be_seen() -> None:
    region = ask(serve(ANSWERED)[0], query="mug").regions[0]
    place, turn = region.view.position, region.view.orientation
    assert region.has_view and (place.x, place.y, place.z) == VIEW.position
    assert 2 * math.atan2(turn.z, turn.w) == pytest.approx(VIEW.yaw)
    assert region.view_seen == VIEW.seen
    without = region_to_message(dataclasses.replace(REGION, view=None))
    assert not without.has_view and without.view_seen == 0.0
