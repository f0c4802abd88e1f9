"""tf2_ros: held against 4x4 matrices and scipy's interpolation."""

import asyncio
import math
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import tf2_ros
import yaml
from geometry_msgs.msg import PointStamped, TransformStamped
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from scipy.spatial.transform import Rotation, Slerp
from tf2_msgs.srv import FrameGraph

SECOND = 1_000_000_000


def at(seconds: float) -> Time:
    return Time(nanoseconds=round(seconds * SECOND))


def transform(parent: str, child: str, seconds: float, translation=(0, 0, 0), quaternion=(0, 0, 0, 1)):
    msg = TransformStamped(child_frame_id=child)
    msg.header.frame_id = parent
    msg.header.stamp = at(seconds).to_msg()
    t, r = msg.transform.translation, msg.transform.rotation
    t.x, t.y, t.z = map(float, translation)
    r.x, r.y, r.z, r.w = map(float, quaternion)
    return msg


def matrix(msg: TransformStamped) -> np.ndarray:
    t, r = msg.transform.translation, msg.transform.rotation
    result = np.identity(4)
    result[:3, :3] = Rotation.from_quat([r.x, r.y, r.z, r.w]).as_matrix()
    result[:3, 3] = t.x, t.y, t.z
    return result


def fill(buffer: tf2_ros.Buffer, *transforms: TransformStamped, static: bool = False) -> tf2_ros.Buffer:
    for msg in transforms:
        (buffer.set_transform_static if static else buffer.set_transform)(msg, "test")
    return buffer


class RandomTree:
    """Frames f0 to fN, each at random poses, once a second, in a frame before it; the oracle keeps them as matrices."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.buffer = tf2_ros.Buffer()
        self.parents: list[int | None] = [None]
        self.poses: list[tuple[np.ndarray, Rotation]] = [(np.zeros((4, 3)), Rotation.identity(4))]
        self.moving = [False]
        for frame in range(1, 7):
            self.parents.append(int(rng.integers(frame)))
            self.moving.append(bool(rng.random() < 0.6))
            count = 4 if self.moving[frame] else 1
            shifts, turns = rng.normal(size=(count, 3)), Rotation.random(count, random_state=rng)
            for i in rng.permutation(count):
                msg = transform(f"f{self.parents[frame]}", f"f{frame}", 100 + i, shifts[i], turns[i].as_quat())
                fill(self.buffer, msg, static=not self.moving[frame])
            self.poses.append((shifts, turns))

    def root_from(self, frame: int, seconds: float) -> np.ndarray:
        parent = self.parents[frame]
        if parent is None:
            return np.identity(4)
        shifts, turns = self.poses[frame]
        pose = np.identity(4)
        pose[:3, 3], pose[:3, :3] = shifts[0], turns[0].as_matrix()
        if self.moving[frame]:
            stamps = 100 + np.arange(4)
            pose[:3, 3] = [np.interp(seconds, stamps, shifts[:, axis]) for axis in range(3)]
            pose[:3, :3] = Slerp(stamps, turns)(seconds).as_matrix()
        return self.root_from(parent, seconds) @ pose

    def target_from_source(self, target: int, source: int, seconds: float) -> np.ndarray:
        return np.linalg.inv(self.root_from(target, seconds)) @ self.root_from(source, seconds)


frames = st.integers(0, 6)
moments = st.floats(100, 103).map(lambda seconds: round(seconds, 6))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), frames, frames, moments)
def test_any_frame_is_found_in_any_other(seed, target, source, seconds):
    tree = RandomTree(seed)
    found = tree.buffer.lookup_transform(f"f{target}", f"f{source}", at(seconds))
    assert (found.header.frame_id, found.child_frame_id) == (f"f{target}", f"f{source}")
    assert Time.from_msg(found.header.stamp).nanoseconds == at(seconds).nanoseconds
    np.testing.assert_allclose(matrix(found), tree.target_from_source(target, source, seconds), atol=1e-6)
    assert tree.buffer.can_transform(f"f{target}", f"f{source}", at(seconds))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), frames, frames, frames, moments, moments)
def test_two_times_are_joined_in_a_fixed_frame(seed, target, source, fixed, then, now):
    tree = RandomTree(seed)
    found = tree.buffer.lookup_transform_full(f"f{target}", at(now), f"f{source}", at(then), f"f{fixed}")
    expected = tree.target_from_source(target, fixed, now) @ tree.target_from_source(fixed, source, then)
    np.testing.assert_allclose(matrix(found), expected, atol=1e-6)


def test_time_zero_is_the_latest_that_all_frames_on_the_way_share():
    buffer = fill(tf2_ros.Buffer(), *(transform("map", "base_link", s, (s, 0, 0)) for s in (1, 2, 3)))
    fill(buffer, *(transform("base_link", "arm", s) for s in (1, 2)))
    fill(buffer, transform("arm", "hand", 0, (0, 1, 0)), static=True)
    found = buffer.lookup_transform("map", "hand", Time())
    assert (found.header.stamp.sec, found.transform.translation.x, found.transform.translation.y) == (2, 2.0, 1.0)
    assert buffer.lookup_transform("map", "base_link", Time()).header.stamp.sec == 3
    assert buffer.lookup_transform("hand", "arm", Time()).header.stamp.sec == 0
    assert buffer.get_latest_common_time("hand", "map").nanoseconds == 2 * SECOND


def test_a_frame_in_itself_is_the_identity_even_if_unknown():
    found = tf2_ros.Buffer().lookup_transform("nowhere", "nowhere", at(7))
    np.testing.assert_array_equal(matrix(found), np.identity(4))
    assert found.header.stamp.sec == 7


def test_messages_stand_for_times_as_well():
    buffer = fill(tf2_ros.Buffer(), transform("map", "base_link", 5))
    assert buffer.lookup_transform("map", "base_link", at(5).to_msg()).header.stamp.sec == 5
    with pytest.raises(TypeError, match="nanosec"):
        buffer.lookup_transform("map", "base_link", 5.0)


@pytest.mark.parametrize(
    ("target", "source", "seconds", "error", "words"),
    [
        ("map", "base_link", 4, tf2_ros.ExtrapolationException, "into the past.*base_link.* to frame .map"),
        ("base_link", "map", 8, tf2_ros.ExtrapolationException, "into the future"),
        ("map", "once", 6, tf2_ros.ExtrapolationException, "only"),
        ("map", "nowhere", 6, tf2_ros.LookupException, "nowhere.* does not exist"),
        ("map", "other_base", 0, tf2_ros.ConnectivityException, "trees"),
        ("map", "", 6, tf2_ros.InvalidArgumentException, "empty"),
        ("/map", "base_link", 6, tf2_ros.InvalidArgumentException, "/map"),
    ],
)
def test_what_cannot_be_told_is_an_error_that_says_why(target, source, seconds, error, words):
    buffer = fill(tf2_ros.Buffer(), transform("map", "base_link", 5), transform("map", "base_link", 7))
    fill(buffer, transform("other_map", "other_base", 5), transform("map", "once", 5))
    with pytest.raises(error, match=words):
        buffer.lookup_transform(target, source, at(seconds))
    answer, why = buffer.can_transform(target, source, at(seconds), return_debug_tuple=True)
    assert not answer
    assert why
    assert issubclass(error, tf2_ros.TransformException)


def test_a_loop_is_an_error():
    buffer = fill(tf2_ros.Buffer(), *(transform(p, c, s) for p, c in ("ab", "bc", "ca", "dx") for s in (1, 2)))
    with pytest.raises(tf2_ros.LookupException, match="loop"):
        buffer.lookup_transform("x", "a", at(1.5))


@pytest.mark.parametrize(
    "bad",
    [
        transform("map", "map", 5),
        transform("", "base_link", 5),
        transform("map", "", 5),
        transform("map", "base_link", 5, (math.nan, 0, 0)),
        transform("map", "base_link", 5, quaternion=(0, 0, 0, 0)),
    ],
)
def test_transforms_that_are_not_valid_are_ignored(bad):
    buffer = fill(tf2_ros.Buffer(), bad)
    assert buffer.all_frames_as_yaml() == "[]"


def test_quaternions_are_normalised_and_slashes_are_dropped():
    buffer = fill(tf2_ros.Buffer(), transform("/map", "/base_link", 5, quaternion=(0, 0, 3, -4)))
    rotation = buffer.lookup_transform("map", "base_link", Time()).transform.rotation
    assert (rotation.z, rotation.w) == (pytest.approx(-0.6), pytest.approx(0.8))


def test_old_transforms_are_forgotten_and_not_taken():
    buffer = tf2_ros.Buffer(cache_time=Duration(seconds=2))
    for seconds in range(10):
        fill(buffer, transform("map", "base_link", seconds))
    fill(buffer, transform("map", "base_link", 3))
    description = yaml.safe_load(buffer.all_frames_as_yaml())["base_link"]
    assert description["most_recent_transform"] == 9.0
    assert description["oldest_transform"] >= 6.0


def test_frames_are_described_as_yaml_and_text():
    buffer = fill(tf2_ros.Buffer(), transform("map", "base_link", 1), transform("map", "base_link", 3))
    fill(buffer, transform("base_link", "lidar_top", 0), static=True)
    description = yaml.safe_load(buffer.all_frames_as_yaml())
    assert description["base_link"] == {
        "parent": "map",
        "broadcaster": "test",
        "rate": 1.0,
        "most_recent_transform": 3.0,
        "oldest_transform": 1.0,
        "buffer_length": 2.0,
    }
    assert description["lidar_top"]["parent"] == "base_link"
    assert "Frame lidar_top exists with parent base_link." in buffer.all_frames_as_string()


def test_clearing_keeps_what_is_static():
    buffer = fill(tf2_ros.Buffer(), transform("map", "base_link", 1))
    fill(buffer, transform("base_link", "lidar_top", 0), static=True)
    buffer.clear()
    assert buffer.can_transform("base_link", "lidar_top", at(50))
    assert not buffer.can_transform("map", "base_link", Time())


def test_waiting_ends_when_the_transform_comes_or_the_time_is_over():
    buffer = tf2_ros.Buffer()
    threading.Timer(0.2, lambda: fill(buffer, transform("map", "base_link", 5))).start()
    assert buffer.lookup_transform("map", "base_link", at(5), timeout=Duration(seconds=20)).header.stamp.sec == 5
    start = time.monotonic()
    with pytest.raises(tf2_ros.ExtrapolationException):
        buffer.lookup_transform("map", "base_link", at(6), timeout=Duration(nanoseconds=100_000_000))
    assert time.monotonic() - start >= 0.1


def test_futures_are_done_when_the_transform_comes():
    buffer = tf2_ros.Buffer()
    future = buffer.wait_for_transform_async("map", "base_link", at(5))
    full = buffer.wait_for_transform_full_async("map", at(5), "base_link", at(6), "map")
    fill(buffer, transform("map", "base_link", 5))
    assert future.done()
    assert not full.done()
    fill(buffer, transform("map", "base_link", 6, (1, 0, 0)))
    assert full.result().transform.translation.x == 1.0
    assert future.result().header.stamp.sec == 5
    found = asyncio.run(buffer.lookup_transform_async("map", "base_link", at(5)))
    assert found.header.stamp.sec == 5


def test_threads_share_a_buffer():
    buffer = tf2_ros.Buffer()
    errors = []

    def write(child: str) -> None:
        for i in range(400):
            fill(buffer, transform("map", child, 100 + i / 100, (i, 0, 0)))

    def read() -> None:
        for _ in range(400):
            try:
                found = buffer.lookup_transform("a", "b", Time())
            except (tf2_ros.LookupException, tf2_ros.ConnectivityException):
                continue
            if abs(found.transform.translation.x) > 1e-6:
                errors.append(found)

    fill(buffer, transform("map", "a", 99), transform("map", "b", 99))
    threads = [threading.Thread(target=write, args=(child,)) for child in "ab"]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Both frames are at the same place at every stamp, so that a torn read would show.
    assert errors == []
    assert buffer.can_transform("a", "b", at(103.99))


def test_registered_types_are_transformed():
    buffer = fill(tf2_ros.Buffer(), transform("map", "base_link", 5, (1, 2, 3)))
    point = tf2_ros.Stamped(PointStamped(), at(5).to_msg(), "base_link")
    with pytest.raises(tf2_ros.TypeException, match="SimpleNamespace"):
        buffer.transform(SimpleNamespace(header=point.header), "map")

    def shift(stamped: PointStamped, msg: TransformStamped) -> PointStamped:
        moved = PointStamped(header=msg.header)
        moved.point.x = stamped.point.x + msg.transform.translation.x
        return moved

    tf2_ros.TransformRegistration().add(PointStamped, shift)
    moved = buffer.transform(point, "map", new_type=PointStamped)
    assert (moved.header.frame_id, moved.point.x) == ("map", 1.0)
    assert buffer.transform_full(point, "map", at(5), "map").point.x == 1.0


def spin_until(condition, *nodes: Node, seconds: float = 20.0) -> bool:
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.05)
    executor.shutdown()
    return condition()


@pytest.mark.ros
def test_transforms_travel_over_dds_and_static_ones_wait_for_latecomers(ros_node):
    broadcaster = tf2_ros.TransformBroadcaster(ros_node)
    static = tf2_ros.StaticTransformBroadcaster(ros_node)
    static.sendTransform(transform("base_link", "lidar_top", 0, (0, 0, 2)))
    static.sendTransform([transform("base_link", "cam_front", 0, (1, 0, 0)), transform("base_link", "lidar_top", 1)])
    listening = Node("listener")
    buffer = tf2_ros.Buffer(node=listening)
    tf2_ros.TransformListener(buffer, listening)

    def arrived() -> bool:
        broadcaster.sendTransform(transform("map", "base_link", 5, (3, 0, 0)))
        return buffer.can_transform("map", "cam_front", at(5)) and buffer.can_transform("map", "lidar_top", at(5))

    assert spin_until(arrived, ros_node, listening)
    assert buffer.lookup_transform("map", "cam_front", at(5)).transform.translation.x == 4.0
    assert buffer.lookup_transform("map", "lidar_top", at(5)).transform.translation.z == 2.0
    listening.destroy_node()


@pytest.mark.ros
def test_a_listener_with_its_own_thread_lets_a_callback_wait(ros_node):
    listening = Node("listener")
    buffer = tf2_ros.Buffer(node=listening)
    listener = tf2_ros.TransformListener(buffer, listening, spin_thread=True)
    broadcaster = tf2_ros.TransformBroadcaster(ros_node)
    timer = ros_node.create_timer(0.05, lambda: broadcaster.sendTransform([transform("map", "base_link", 5)]))
    sender = threading.Thread(
        target=spin_until, args=(lambda: buffer.can_transform("map", "base_link", at(5)), ros_node)
    )
    sender.start()
    found = buffer.lookup_transform("map", "base_link", at(5), timeout=Duration(seconds=20))
    sender.join()
    assert found.header.stamp.sec == 5
    timer.cancel()
    listener.executor.shutdown()
    listener.dedicated_listener_thread.join()


@pytest.mark.ros
def test_a_jump_back_in_time_clears_the_buffer(ros_node):
    looking = Node("looking", parameter_overrides=[Parameter("use_sim_time", value=True)])
    buffer = tf2_ros.Buffer(node=looking)
    clock = ros_node.create_publisher(Clock, "/clock", 10)

    def now(seconds: float) -> bool:
        clock.publish(Clock(clock=at(seconds).to_msg()))
        return looking.get_clock().now().nanoseconds == at(seconds).nanoseconds

    assert spin_until(lambda: now(100), ros_node, looking)
    fill(buffer, transform("map", "base_link", 100))
    assert spin_until(lambda: now(99.5), ros_node, looking)
    assert buffer.can_transform("map", "base_link", at(100))
    assert spin_until(lambda: now(50), ros_node, looking)
    assert not buffer.can_transform("map", "base_link", at(100))
    looking.destroy_node()


@pytest.mark.ros
def test_the_frames_are_a_service(ros_node):
    fill(tf2_ros.Buffer(node=ros_node), transform("map", "base_link", 100))
    asking = Node("asking")
    client = asking.create_client(FrameGraph, "tf2_frames")
    assert client.wait_for_service(timeout_sec=20)
    future = client.call_async(FrameGraph.Request())
    assert spin_until(future.done, ros_node, asking)
    assert yaml.safe_load(future.result().frame_yaml)["base_link"]["parent"] == "map"
    asking.destroy_node()
