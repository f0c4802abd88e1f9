"""The tree of frames, and the transforms between any two of them."""

import math
import sys
import threading
from collections.abc import Iterator
from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.logging import get_logger
from rclpy.time import Time
from std_msgs.msg import Header

from tf2_py.caches import Entry, StaticCache, TimeCache, seconds
from tf2_py.exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformException,
)
from tf2_py.rotations import IDENTITY, Motion, compose, inverse, normalise

MAX_GRAPH_DEPTH = 1000
DEFAULT_CACHE_TIME_NS = 10_000_000_000


def nanoseconds(time: Any) -> int:
    """Reads a time or duration: rclpy's, or the message.

    Raises:
        TypeError: it is neither.
    """
    if hasattr(time, "nanosec"):
        return time.sec * 1_000_000_000 + time.nanosec
    if hasattr(time, "nanoseconds"):
        return time.nanoseconds
    raise TypeError(f"a {type(time).__name__} is no time: it must have sec and nanosec, or nanoseconds")


class BufferCore:
    """Keeps the transforms of the last seconds and answers for any two frames and any time. Threads may share it."""

    def __init__(self, cache_time: Any = None) -> None:
        """Makes an empty buffer.

        Args:
            cache_time: how long transforms are kept, as a duration; 10 s where None.
        """
        self._cache_time = DEFAULT_CACHE_TIME_NS if cache_time is None else nanoseconds(cache_time)
        self._frames: dict[str, TimeCache | StaticCache | None] = {}
        self._authorities: dict[str, str] = {}
        self._lock = threading.RLock()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Adds where a moving frame is. What is not valid is logged and ignored.

        Args:
            transform: takes points of `child_frame_id` to `header.frame_id`; metres.
            authority: who says so.
        """
        self._set_transform(transform, authority, False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Sets where a frame is for good. What is not valid is logged and ignored.

        Args:
            transform: takes points of `child_frame_id` to `header.frame_id`; metres.
            authority: who says so.
        """
        self._set_transform(transform, authority, True)

    def _set_transform(self, transform: TransformStamped, authority: str, static: bool) -> None:
        parent = transform.header.frame_id.removeprefix("/")
        child = transform.child_frame_id.removeprefix("/")
        t, r = transform.transform.translation, transform.transform.rotation
        if problem := _problem(parent, child, (t.x, t.y, t.z), (r.x, r.y, r.z, r.w)):
            get_logger("tf2").error(f"Ignored the transform from '{child}' to '{parent}' of '{authority}': {problem}")
            return
        motion = (t.x, t.y, t.z), normalise((r.x, r.y, r.z, r.w))
        stamp = nanoseconds(transform.header.stamp)
        with self._lock:
            cache = self._frames.get(child)
            if cache is None or isinstance(cache, StaticCache) != static:
                cache = self._frames[child] = StaticCache() if static else TimeCache(self._cache_time)
            self._frames.setdefault(parent)
            if cache.insert(Entry(stamp, motion, parent)):
                self._authorities[child] = authority
                return
        get_logger("tf2").warning(
            f"Ignored the transform of '{child}' at {seconds(stamp)} of '{authority}': what is stored is newer by"
            " more than the buffer keeps"
        )

    def clear(self) -> None:
        """Forgets the transforms of the moving frames. The names of frames and what is static stay."""
        with self._lock:
            for cache in self._frames.values():
                if cache is not None:
                    cache.clear()

    def lookup_transform_core(self, target_frame: str, source_frame: str, time: Any) -> TransformStamped:
        """Looks up where a frame is in another.

        Args:
            target_frame: the frame that points are taken to.
            source_frame: the frame that points are taken from.
            time: when; zero: the latest time at which it is known.

        Returns:
            The transform that takes points of `source_frame` to `target_frame`; metres.

        Raises:
            LookupException: a frame is unknown.
            ConnectivityException: the frames are not connected.
            ExtrapolationException: the time lies outside of what is stored.
            InvalidArgumentException: a frame id is empty or starts with a slash.
        """
        with self._lock:
            motion, stamp = self._lookup(target_frame, source_frame, nanoseconds(time))
        return _message(target_frame, source_frame, stamp, motion)

    def lookup_transform_full_core(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> TransformStamped:
        """Looks up where a frame was at one time in another frame at another time.

        Args:
            target_frame: the frame that points are taken to.
            target_time: its time; zero: the latest.
            source_frame: the frame that points are taken from.
            source_time: its time; zero: the latest.
            fixed_frame: the frame that does not move between the two times.

        Returns:
            The transform that takes points of `source_frame` to `target_frame`, with the target's time; metres.

        Raises:
            TransformException: as of `lookup_transform_core`.
        """
        with self._lock:
            for role, frame in (("target", target_frame), ("source", source_frame), ("fixed", fixed_frame)):
                self._require_frame(frame, role)
            inner, _ = self._lookup(fixed_frame, source_frame, nanoseconds(source_time))
            outer, stamp = self._lookup(target_frame, fixed_frame, nanoseconds(target_time))
        return _message(target_frame, source_frame, stamp, compose(outer, inner))

    def can_transform_core(self, target_frame: str, source_frame: str, time: Any) -> tuple[bool, str]:
        """Tells whether `lookup_transform_core` would answer.

        Returns:
            Whether it would, and else why not.
        """
        try:
            with self._lock:
                self._lookup(target_frame, source_frame, nanoseconds(time))
        except TransformException as error:
            return False, str(error)
        return True, ""

    def can_transform_full_core(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> tuple[bool, str]:
        """Tells whether `lookup_transform_full_core` would answer.

        Returns:
            Whether it would, and else why not.
        """
        try:
            self.lookup_transform_full_core(target_frame, target_time, source_frame, source_time, fixed_frame)
        except TransformException as error:
            return False, str(error)
        return True, ""

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """Returns the latest time at which all frames between two are known; zero where all of them are static.

        Raises:
            TransformException: the frames are not connected; LookupException where one is unknown.
        """
        with self._lock:
            self._require_frame(target_frame, "target")
            self._require_frame(source_frame, "source")
            try:
                return Time(nanoseconds=self._latest_common_time(target_frame, source_frame))
            except TransformException as error:
                raise TransformException(str(error)) from error

    def all_frames_as_string(self) -> str:
        """Returns one line for each frame that has a parent."""
        with self._lock:
            return "".join(
                f"Frame {name} exists with parent {cache.parent or 'NO_PARENT'}.\n"
                for name, cache in self._frames.items()
                if cache is not None
            )

    def all_frames_as_yaml(self) -> str:
        """Returns the frames as YAML: parent, broadcaster, rate (Hz), newest and oldest stamp, buffer length (s)."""
        with self._lock:
            if not self._frames:
                return "[]"
            return "".join(self._describe(name, cache) for name, cache in self._frames.items() if cache is not None)

    def _describe(self, name: str, cache: TimeCache | StaticCache) -> str:
        if cache.parent is None:
            return ""
        length = cache.newest - cache.oldest
        return (
            f"{name}: \n"
            f"  parent: '{cache.parent}'\n"
            f"  broadcaster: '{self._authorities.get(name, 'no recorded authority')}'\n"
            f"  rate: {len(cache) * 1e9 / max(length, 100_000):.3f}\n"
            f"  most_recent_transform: {seconds(cache.newest)}\n"
            f"  oldest_transform: {seconds(cache.oldest)}\n"
            f"  buffer_length: {length / 1e9:.3f}\n"
        )

    def _frameExists(self, frame_id: str) -> bool:  # noqa: N802
        """Tells whether a frame has been named by any transform."""
        with self._lock:
            return frame_id in self._frames

    def _getFrameStrings(self) -> list[str]:  # noqa: N802
        """Returns the names of all frames, in the order in which they came up."""
        with self._lock:
            return list(self._frames)

    def _require_frame(self, frame: str, role: str) -> None:
        if not frame or frame.startswith("/"):
            raise InvalidArgumentException(f"The {role} frame '{frame}' is empty or starts with a slash")
        if frame not in self._frames:
            raise LookupException(f"The {role} frame '{frame}' does not exist: no transform has named it yet")

    def _lookup(self, target: str, source: str, stamp: int) -> tuple[Motion, int]:
        """Returns target_from_source and the time that it holds at; nanoseconds."""
        if target == source:
            cache = self._frames.get(target)
            return IDENTITY, cache.newest if stamp == 0 and cache is not None else stamp
        self._require_frame(target, "target")
        self._require_frame(source, "source")
        if stamp == 0:
            stamp = self._latest_common_time(target, source)
        try:
            return self._walk(target, source, stamp), stamp
        except ExtrapolationException as error:
            raise ExtrapolationException(f"{error}, on the way from frame '{source}' to frame '{target}'") from None

    def _walk(self, target: str, source: str, stamp: int) -> Motion:
        """Returns target_from_source: up from the source to the target or the root, then up from the target."""
        top_from_source, top = IDENTITY, source
        stopped: ExtrapolationException | None = None
        try:
            for entry in self._ancestry(source, stamp):
                top_from_source, top = compose(entry.motion, top_from_source), entry.parent
                if top == target:
                    return top_from_source
        except ExtrapolationException as error:
            stopped = error
        top_from_target, frame = IDENTITY, target
        if frame != top:
            for entry in self._ancestry(target, stamp):
                top_from_target, frame = compose(entry.motion, top_from_target), entry.parent
                if frame == source:
                    return inverse(top_from_target)
                if frame == top:
                    break
            else:
                raise stopped or _unconnected(target, source)
        return compose(inverse(top_from_target), top_from_source)

    def _ancestry(self, frame: str, stamp: int) -> Iterator[Entry]:
        """Yields the entries from a frame up to the root of its tree."""
        depth = 0
        while (cache := self._frames.get(frame)) is not None:
            entry = cache.find(stamp)
            yield entry
            frame = entry.parent
            depth += 1
            if depth > MAX_GRAPH_DEPTH:
                raise LookupException(f"The tree of frames has a loop.\n{self.all_frames_as_string()}")

    def _latest_common_time(self, target: str, source: str) -> int:
        """Returns the least of the newest stamps on the way between two frames; 0 where all are static."""
        if target == source:
            cache = self._frames.get(source)
            return 0 if cache is None else cache.newest
        times: list[int] = []
        times_to: dict[str, int] = {}  # an ancestor of the source -> how many of `times` lead to it
        for parent, newest in self._newest(source):
            times.append(newest)
            times_to.setdefault(parent, len(times))
            if parent == target:
                return _earliest(times)
        own: list[int] = []
        for parent, newest in self._newest(target):
            own.append(newest)
            if parent in times_to:
                return _earliest(own + times[: times_to[parent]])
            if parent == source:
                return _earliest(own)
        raise _unconnected(target, source)

    def _newest(self, frame: str) -> Iterator[tuple[str, int]]:
        """Yields the newest parent and stamp of a frame and of its ancestors."""
        depth = 0
        while (cache := self._frames.get(frame)) is not None and (parent := cache.parent) is not None:
            yield parent, cache.newest
            frame = parent
            depth += 1
            if depth > MAX_GRAPH_DEPTH:
                raise LookupException(f"The tree of frames has a loop.\n{self.all_frames_as_string()}")


def _earliest(stamps: list[int]) -> int:
    return min((stamp for stamp in stamps if stamp), default=0)


def _unconnected(target: str, source: str) -> ConnectivityException:
    return ConnectivityException(
        f"There is no connection between '{target}' and '{source}': they are in separate trees"
    )


def _problem(parent: str, child: str, translation: tuple[float, ...], rotation: tuple[float, ...]) -> str | None:
    if not parent or not child:
        return "a frame id is empty"
    if parent == child:
        return "the two frames are the same"
    if any(math.isnan(value) for value in (*translation, *rotation)):
        return f"it holds a NaN: {translation} {rotation}"
    if not sys.float_info.min < sum(value * value for value in rotation) < math.inf:
        return f"its quaternion {rotation} is no rotation"
    return None


def _message(target: str, source: str, stamp: int, motion: Motion) -> TransformStamped:
    (tx, ty, tz), rotation = motion
    x, y, z, w = normalise(rotation)
    sec, nanosec = divmod(stamp, 1_000_000_000)
    return TransformStamped(
        header=Header(stamp=TimeMsg(sec=sec, nanosec=nanosec), frame_id=target),
        child_frame_id=source,
        transform=Transform(translation=Vector3(x=tx, y=ty, z=tz), rotation=Quaternion(x=x, y=y, z=z, w=w)),
    )
