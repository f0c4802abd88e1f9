import dataclasses
import math

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from ago_ros.nodes.diagnostics import Judge
from ago_ros.nodes.monitor import Monitor
from ago_ros.nodes.parameters import OccupancyParameters

LIMITS = OccupancyParameters(
    max_latency_ms=100.0, min_rate_hz=2.0, max_drop_share=0.25, stale_sec=3.0, cameras=("cam_front",)
)


class FakeClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def monitor(clock: FakeClock) -> Monitor:
    return Monitor(("lidar_top", "cam_front"), clock)


def run_well(monitor: Monitor, clock: FakeClock, seconds: float = 5.0, latency_ms: float = 40.0) -> None:
    for _ in range(round(seconds * 10)):
        clock.now += 0.1
        monitor.received("lidar_top")
        monitor.received("cam_front")
        monitor.frame_in()
        monitor.frame_out(latency_ms, 20.0)


def levels(monitor: Monitor, judge: Judge, limits: OccupancyParameters = LIMITS) -> tuple[bytes, bytes]:
    inputs, grid = judge.statuses(monitor.snapshot(), limits, {"late": 2})
    return inputs.level, grid.level


def test_a_healthy_node_is_ok_and_shows_its_numbers(monitor: Monitor, clock: FakeClock) -> None:
    run_well(monitor, clock)
    inputs, grid = Judge("/occupancy_node").statuses(monitor.snapshot(), LIMITS, {"late": 2})
    assert (inputs.level, grid.level) == (DiagnosticStatus.OK, DiagnosticStatus.OK)
    values = {pair.key: pair.value for pair in (*inputs.values, *grid.values)}
    assert float(values["lidar_top rate (Hz)"]) == pytest.approx(10.0, abs=0.3)
    assert values["frames out"] == "50"
    assert values["latency p95 (ms)"] == "40.0"
    assert values["assembler: late"] == "2"


def test_one_silent_camera_is_a_warning_that_names_it_and_all_silent_is_stale(
    monitor: Monitor, clock: FakeClock
) -> None:
    run_well(monitor, clock)
    for _ in range(40):
        clock.now += 0.1
        monitor.received("lidar_top")
    inputs, _ = Judge("n").statuses(monitor.snapshot(), LIMITS, {})
    assert inputs.level == DiagnosticStatus.WARN
    assert "cam_front" in inputs.message and "lidar_top" not in inputs.message
    clock.now += 10
    assert levels(monitor, Judge("n")) == (DiagnosticStatus.STALE, DiagnosticStatus.STALE)


def test_what_no_grid_can_do_without_is_an_error_that_names_it(monitor: Monitor, clock: FakeClock) -> None:
    run_well(monitor, clock)
    inputs, _ = Judge("n").statuses(monitor.snapshot(), LIMITS, {}, ["transform map <- base_link"])
    assert inputs.level == DiagnosticStatus.ERROR and inputs.message == "missing: transform map <- base_link"


def test_thresholds_turn_into_warnings(monitor: Monitor, clock: FakeClock) -> None:
    run_well(monitor, clock, latency_ms=150.0)
    snapshot = monitor.snapshot()
    _, grid = Judge("n").statuses(snapshot, LIMITS, {})
    assert grid.level == DiagnosticStatus.WARN and "p95 latency 150 ms" in grid.message
    _, relaxed = Judge("n").statuses(snapshot, dataclasses.replace(LIMITS, max_latency_ms=200.0), {})
    assert relaxed.level == DiagnosticStatus.OK
    _, strict = Judge("n").statuses(snapshot, dataclasses.replace(LIMITS, min_rate_hz=20.0), {})
    assert "fewer than 20" in strict.message


def test_drops_are_judged_from_one_snapshot_to_the_next_and_name_the_main_reason(
    monitor: Monitor, clock: FakeClock
) -> None:
    judge = Judge("n")
    run_well(monitor, clock)
    assert levels(monitor, judge)[1] == DiagnosticStatus.OK
    run_well(monitor, clock, seconds=1.0)
    for reason in ("tf_late", "tf_late", "tf_late", "empty_cloud"):
        monitor.frame_in()
        monitor.dropped(reason)
    _, grid = judge.statuses(monitor.snapshot(), LIMITS, {})
    assert grid.level == DiagnosticStatus.WARN and "4 of 14 frames dropped, most for tf_late" in grid.message
    run_well(monitor, clock, seconds=1.0)
    assert levels(monitor, judge)[1] == DiagnosticStatus.OK


def test_an_exception_is_an_error_for_a_while(monitor: Monitor, clock: FakeClock) -> None:
    judge = Judge("n")
    run_well(monitor, clock)
    monitor.error("RuntimeError: boom")
    _, grid = judge.statuses(monitor.snapshot(), LIMITS, {})
    assert grid.level == DiagnosticStatus.ERROR and "boom" in grid.message
    run_well(monitor, clock, seconds=4.0)
    assert levels(monitor, judge)[1] == DiagnosticStatus.OK


def test_before_the_first_frame_numbers_are_unknown_not_zero(monitor: Monitor) -> None:
    snapshot = monitor.snapshot()
    assert all(math.isnan(value) for value in (*snapshot.latency_ms, *snapshot.compute_ms))
    assert levels(monitor, Judge("n")) == (DiagnosticStatus.STALE, DiagnosticStatus.STALE)
