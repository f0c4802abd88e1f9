"""The buffer of a node: it can wait for transforms, and forgets them when time jumps back."""

import threading
import time as clocks
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.task import Future
from rclpy.time import Time
from tf2_msgs.srv import FrameGraph
from tf2_py import BufferCore

from tf2_ros.buffer_interface import BufferInterface

NO_TIME = Duration()


class Buffer(BufferCore, BufferInterface):
    """Transforms of the last seconds between any two frames. Give it to a `TransformListener`, which fills it.

    Times are rclpy's or the message's; zero asks for the latest. A timeout is of wall time, and is spent in the calling
    thread: do not wait in the one thread that brings the transforms in.
    """

    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        """Makes an empty buffer.

        Args:
            cache_time: how long transforms are kept; 10 s where None.
            node: offers its frames as the service `tf2_frames`, and its clock tells when time jumps back.
        """
        BufferCore.__init__(self, cache_time)
        BufferInterface.__init__(self)
        self._new_data = threading.Condition(self._lock)
        self._waiting: list[Callable[[], None]] = []
        if node is not None:
            self.srv = node.create_service(FrameGraph, "tf2_frames", self._get_frames)
            self.clock: Clock = node.get_clock()
        else:
            self.clock = Clock()
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True)
        self.jump_handle = self.clock.create_jump_callback(threshold, post_callback=self.time_jump_callback)

    def _get_frames(self, request: FrameGraph.Request, response: FrameGraph.Response) -> FrameGraph.Response:
        response.frame_yaml = self.all_frames_as_yaml()
        return response

    def time_jump_callback(self, time_jump: TimeJump) -> None:
        """Clears the buffer: time has jumped back by a second or more, or the clock has changed its source."""
        get_logger("tf2_buffer").warning("Time jumped back, or the clock changed: cleared the transform buffer.")
        self.clear()

    def _set_transform(self, transform: TransformStamped, authority: str, static: bool) -> None:
        super()._set_transform(transform, authority, static)
        with self._new_data:
            self._new_data.notify_all()
            waiting = list(self._waiting)
        for check in waiting:
            check()

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration = NO_TIME
    ) -> TransformStamped:
        """Looks up where a frame is in another.

        Args:
            target_frame: the frame that points are taken to.
            source_frame: the frame that points are taken from.
            time: when; zero: the latest time at which it is known.
            timeout: how long to wait for it.

        Returns:
            The transform that takes points of `source_frame` to `target_frame`; metres.

        Raises:
            TransformException: LookupException, ConnectivityException, ExtrapolationException or
                InvalidArgumentException.
        """
        self.can_transform(target_frame, source_frame, time, timeout)
        return self.lookup_transform_core(target_frame, source_frame, time)

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = NO_TIME,
    ) -> TransformStamped:
        """Looks up where a frame was at one time in another frame at another time.

        Args:
            target_frame: the frame that points are taken to.
            target_time: its time; zero: the latest.
            source_frame: the frame that points are taken from.
            source_time: its time; zero: the latest.
            fixed_frame: the frame that does not move between the two times.
            timeout: how long to wait for it.

        Returns:
            The transform that takes points of `source_frame` to `target_frame`; metres.

        Raises:
            TransformException: as of `lookup_transform`.
        """
        self.can_transform_full(target_frame, target_time, source_frame, source_time, fixed_frame, timeout)
        return self.lookup_transform_full_core(target_frame, target_time, source_frame, source_time, fixed_frame)

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = NO_TIME,
        return_debug_tuple: bool = False,
    ) -> bool | tuple[bool, str]:
        """Tells whether `lookup_transform` would answer within `timeout`.

        Returns:
            Whether it would; with `return_debug_tuple`, also why not.
        """
        result = self._wait(lambda: self.can_transform_core(target_frame, source_frame, time), timeout)
        return result if return_debug_tuple else result[0]

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = NO_TIME,
        return_debug_tuple: bool = False,
    ) -> bool | tuple[bool, str]:
        """Tells whether `lookup_transform_full` would answer within `timeout`.

        Returns:
            Whether it would; with `return_debug_tuple`, also why not.
        """
        question = (target_frame, target_time, source_frame, source_time, fixed_frame)
        result = self._wait(lambda: self.can_transform_full_core(*question), timeout)
        return result if return_debug_tuple else result[0]

    def _wait(self, ask: Callable[[], tuple[bool, str]], timeout: Duration) -> tuple[bool, str]:
        """Asks until the answer is yes or the time is over, anew whenever a transform has come in."""
        deadline = clocks.monotonic() + timeout.nanoseconds / 1e9
        with self._new_data:
            while not (result := ask())[0] and (left := deadline - clocks.monotonic()) > 0:
                self._new_data.wait(left)
        return result

    async def lookup_transform_async(self, target_frame: str, source_frame: str, time: Time) -> TransformStamped:
        """Looks up where a frame is in another, once that is known. Arguments as of `lookup_transform`."""
        return await self.wait_for_transform_async(target_frame, source_frame, time)

    async def lookup_transform_full_async(
        self, target_frame: str, target_time: Time, source_frame: str, source_time: Time, fixed_frame: str
    ) -> TransformStamped:
        """As `lookup_transform_full`, once that is known."""
        return await self.wait_for_transform_full_async(
            target_frame, target_time, source_frame, source_time, fixed_frame
        )

    def wait_for_transform_async(self, target_frame: str, source_frame: str, time: Time) -> Future:
        """Returns a future of `lookup_transform`, which is done as soon as the transform is known."""
        question = (target_frame, source_frame, time)
        return self._promise(self.can_transform_core, self.lookup_transform_core, question)

    def wait_for_transform_full_async(
        self, target_frame: str, target_time: Time, source_frame: str, source_time: Time, fixed_frame: str
    ) -> Future:
        """Returns a future of `lookup_transform_full`, which is done as soon as the transform is known."""
        question = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return self._promise(self.can_transform_full_core, self.lookup_transform_full_core, question)

    def _promise(
        self,
        can: Callable[..., tuple[bool, str]],
        look_up: Callable[..., TransformStamped],
        question: tuple[Any, ...],
    ) -> Future:
        """Returns a future of `look_up(*question)`, settled by the thread that brings in what was missing."""
        future = Future()

        def check() -> None:
            with self._lock:
                if future.done() or not can(*question)[0]:
                    return
                answer = look_up(*question)
            future.set_result(answer)

        def forget(_: Future) -> None:
            with self._lock:
                if check in self._waiting:
                    self._waiting.remove(check)

        with self._lock:
            self._waiting.append(check)
        future.add_done_callback(forget)
        check()
        return future
