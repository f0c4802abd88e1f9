"""The occupancy node: cameras and a LiDAR in, a semantic voxel grid and answers out."""

from __future__ import annotations

import time
import traceback
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, PointCloud2

from ago_ros.nodes import parameters as declared
from ago_ros.nodes.conversions import to_header
from ago_ros.nodes.diagnostics import Judge
from ago_ros.nodes.engine import OccupancyEngine
from ago_ros.nodes.frame_builder import FrameBuilder
from ago_ros.nodes.inputs import Picture, SensorInputs, input_names
from ago_ros.nodes.lifecycle import logged_transition
from ago_ros.nodes.monitor import Monitor
from ago_ros.nodes.outputs import Outputs
from ago_ros.nodes.running import ManagedNode, run
from ago_ros.nodes.sensor_messages import BadDatumError
from ago_ros.nodes.services import QueryServices
from ago_ros.nodes.worker import LatestWorker

SUCCESS = TransitionCallbackReturn.SUCCESS
_LOG_EVERY_SEC = 5.0


class MessageSet(NamedTuple):
    """A synchronised set of messages."""

    sweep: PointCloud2
    images: dict[str, Picture]
    missing: frozenset[str]


class OccupancyNode(ManagedNode):
    """Synchronises, encodes, labels and publishes; configured by the parameters in `ago_ros.nodes.parameters`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("occupancy_node", **kwargs)
        self.parameters = declared.declare(self)
        self.autostart = self.parameters.autostart
        self.add_on_set_parameters_callback(self._on_parameters)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._configured = False
        self._inputs: SensorInputs | None = None

    @logged_transition
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Loads the predictor, offers topics and services."""
        self.parameters = declared.read(self)
        self.engine = OccupancyEngine(self.parameters)
        self.monitor = Monitor(input_names(self.parameters))
        self._judge = Judge(self.get_fully_qualified_name())
        self._outputs = Outputs(self, self.parameters)
        self._services_offered = QueryServices(
            self, self.engine, self._outputs, self.parameters.base_frame, self._on_vocabulary
        )
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._diagnostics_timer = self.create_timer(1.0, self._publish_diagnostics, clock=self._steady)
        self._configured = True
        if self.engine.phrase_model is None:
            self.get_logger().info("no vision-language model is configured: the grid is class-agnostic")
        return SUCCESS

    @logged_transition
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribes to the sensors and starts the worker."""
        super().on_activate(state)
        self._worker: LatestWorker[MessageSet] = LatestWorker(
            self._process, lambda _: self.monitor.dropped("superseded"), self._on_failure
        )
        self._inputs = SensorInputs(
            self, self.parameters, self.monitor, self._on_set, self._on_camera_info, self._on_jump
        )
        self._builder = FrameBuilder(
            self._inputs.buffer,
            self.parameters,
            self.monitor,
            self.engine.phrase_model is not None,
            self._worker.stopping,
        )
        self._told_missing: list[str] = []
        self._check_timer = self.create_timer(
            self.parameters.startup_check_sec or 1.0, self._startup_check, clock=self._steady
        )
        if self.parameters.startup_check_sec == 0:
            self._check_timer.cancel()
        self._announce_vocabulary()
        return SUCCESS

    @logged_transition
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Ends the subscriptions and the worker."""
        self._stop()
        return super().on_deactivate(state)

    @logged_transition
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lets go of everything that configuring made."""
        self._release()
        return SUCCESS

    @logged_transition
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Ends everything."""
        self.close()
        return SUCCESS

    @logged_transition
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Ends everything; the node can be configured again."""
        self.close()
        return SUCCESS

    def close(self) -> None:
        """Ends everything, in whatever state the node is."""
        self._stop()
        self._release()

    def _stop(self) -> None:
        if self._inputs is None:
            return
        self._inputs.close()
        self._inputs = None
        self._worker.stop()
        self.destroy_timer(self._check_timer)
        self.engine.forget()

    def _release(self) -> None:
        if not self._configured:
            return
        self._configured = False
        self.destroy_timer(self._diagnostics_timer)
        self.destroy_publisher(self._diagnostics)
        self._services_offered.close()
        self._outputs.close()

    def _on_set(self, sweep: PointCloud2, images: dict[str, Picture], missing: frozenset[str]) -> None:
        self.monitor.frame_in()
        self._worker.put(MessageSet(sweep, images, missing))

    def _on_camera_info(self, camera: str, message: CameraInfo) -> None:
        self.monitor.received(declared.info_topic(camera))
        self._builder.set_camera_info(camera, message)

    def _on_jump(self, seconds: float) -> None:
        self.get_logger().warning(f"time jumped by {seconds:.3f} s: starting over")
        self.engine.forget()

    def _process(self, messages: MessageSet) -> None:
        """Makes a grid from a set of messages and publishes it; runs in the worker's thread."""
        begun = time.perf_counter()
        try:
            frame = self._builder.build(messages.sweep, messages.images, messages.missing)
            if self.engine.sees_by_cameras_alone and not frame.cameras:
                raise BadDatumError("no_image", "no camera gave an image, and method ago sees by cameras alone")
        except BadDatumError as error:
            self.monitor.dropped(error.reason)
            self.get_logger().warning(f"frame dropped: {error}", throttle_duration_sec=_LOG_EVERY_SEC)
            return
        grid = self.engine.label(self.engine.encode(frame))
        self._outputs.publish_grid(grid, self.parameters.encoding)
        latency_ms = (self.get_clock().now().nanoseconds - grid.stamp_ns) / 1e6
        self.monitor.frame_out(latency_ms, (time.perf_counter() - begun) * 1e3)
        self.get_logger().debug(f"grid of {grid.stamp_ns / 1e9:.3f} s published after {latency_ms:.0f} ms")
        if self.parameters.publish_points:
            self._outputs.publish_points(grid)

    def _on_failure(self, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self.get_logger().error(f"inference failed, the frame is dropped:\n{trace}")
        self.monitor.error(f"{type(error).__name__}: {error}")
        self.monitor.dropped("inference_error")

    def _on_vocabulary(self) -> None:
        """Announces new phrases, and labels the newest frame anew for those who look at it."""
        self._announce_vocabulary()
        newest = self.engine.newest
        if newest is not None:
            grid = self.engine.label(newest)
            self._outputs.publish_grid(grid, self.parameters.encoding)
            if self.parameters.publish_points:
                self._outputs.publish_points(grid)

    def _announce_vocabulary(self) -> None:
        vocabulary = self.engine.vocabulary
        if vocabulary is None:
            self._outputs.publish_vocabulary((), "")
        else:
            self._outputs.publish_vocabulary(vocabulary.phrases, vocabulary.model)

    def _startup_check(self) -> None:
        """Says in one line what is missing, again when that changes, and once that nothing is any more."""
        missing = self._inputs.missing() if self._inputs else []
        if not missing:
            self._check_timer.cancel()
            self.get_logger().info("all inputs are there")
        elif missing != self._told_missing:
            self.get_logger().warning(f"inputs missing: {'; '.join(missing)}")
        self._told_missing = missing

    def _publish_diagnostics(self) -> None:
        snapshot = self.monitor.snapshot()
        assembler = self._inputs.dropped() if self._inputs else {}
        troubles = self._inputs.troubles() if self._inputs else ["the node is not active"]
        message = DiagnosticArray(header=to_header(self.get_clock().now().nanoseconds, ""))
        message.status = self._judge.statuses(snapshot, self.parameters, assembler, troubles)
        self._diagnostics.publish(message)

    def _on_parameters(self, changed: list[Parameter]) -> SetParametersResult:
        """Takes changes that may come at any time; others only while the node is not configured."""
        ours = {p.name: p.value for p in changed if declared.takes_effect(p.name)}
        late = [name for name in ours if declared.takes_effect(name) == declared.CONFIGURE]
        if late and self._configured:
            hint = "; the service set_vocabulary replaces the phrases at any time" if "vocabulary" in late else ""
            reason = f"{', '.join(late)} takes effect at configure: deactivate and clean up the node first{hint}"
            return SetParametersResult(successful=False, reason=reason)
        try:
            parameters = declared.read(self, **ours)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self.parameters = parameters
        return SetParametersResult(successful=True)


def main() -> None:
    """Runs the node until it is told to stop."""
    run(OccupancyNode, "occupancy_node")


if __name__ == "__main__":
    main()
