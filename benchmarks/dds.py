"""Six raw 1600x900 cameras and a LiDAR at 12 Hz, best effort, from one process to another: what arrives, at what cost.

Once with the middleware's own transports, once with the profile of config/. Exit status 1 when the profile loses a
message. `--role` is how the script starts its two sides.
"""

from __future__ import annotations

import argparse
import array
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Empty

from ago_ros.evaluation.benchmark import Result, make_parser, publish
from ago_ros.nodes.qos import make_qos
from ago_ros.sensors.assembler_config import NUSCENES_CAMERAS

VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
PROFILE = Path(__file__).parents[1] / "config" / "fastdds_profile.xml"
WIDTH, HEIGHT, NUM_POINTS, POINT_STEP = 1600, 900, 34_720, 18
RATE_HZ = 12.0
SENSORS = make_qos("sensor_data", 5)
SETTLE_SEC = 1.0


def topics() -> dict[str, type]:
    return {f"bench/{name}": Image for name in NUSCENES_CAMERAS} | {"bench/lidar": PointCloud2}


def publish_sensors(seconds: float) -> dict[str, float]:
    """Sends at the rate, once the subscriber is there; returns how many, and the share of a core."""
    node = Node("bench_publisher")
    publishers = {name: node.create_publisher(kind, name, SENSORS) for name, kind in topics().items()}
    done = node.create_publisher(Empty, "bench/done", make_qos("latched", 1))
    image = Image(height=HEIGHT, width=WIDTH, encoding="rgb8", step=3 * WIDTH)
    image.data = array.array("B", bytes(3 * WIDTH * HEIGHT))
    cloud = PointCloud2(height=1, width=NUM_POINTS, point_step=POINT_STEP, row_step=POINT_STEP * NUM_POINTS)
    cloud.data = array.array("B", bytes(POINT_STEP * NUM_POINTS))
    end = time.monotonic() + 20
    while any(p.get_subscription_count() == 0 for p in publishers.values()) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(SETTLE_SEC)
    begin, used, rounds = time.perf_counter(), time.process_time(), round(seconds * RATE_HZ)
    for number in range(rounds):
        for publisher in publishers.values():
            publisher.publish(image if publisher.msg_type is Image else cloud)
        time.sleep(max(0.0, begin + (number + 1) / RATE_HZ - time.perf_counter()))
    elapsed = time.perf_counter() - begin
    cpu = time.process_time() - used
    time.sleep(SETTLE_SEC)
    done.publish(Empty())
    time.sleep(SETTLE_SEC)
    return {"images": rounds * len(NUSCENES_CAMERAS), "clouds": rounds, "cpu": cpu / elapsed, "hz": rounds / elapsed}


def subscribe(seconds: float) -> dict[str, float]:
    """Takes what comes until the publisher says that it is done; returns how many, and the share of a core."""
    node = Node("bench_subscriber")
    counts = {Image: 0, PointCloud2: 0}
    over: list[bool] = []

    def count(message: Any) -> None:
        counts[type(message)] += 1

    for name, kind in topics().items():
        node.create_subscription(kind, name, count, SENSORS)
    node.create_subscription(Empty, "bench/done", lambda _: over.append(True), make_qos("latched", 1))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    used, end = time.process_time(), time.monotonic() + seconds + 30
    while not over and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    return {
        "images": counts[Image], "clouds": counts[PointCloud2], "cpu": (time.process_time() - used) / seconds
    }  # fmt: skip


def run_pair(profile: Path | None, seconds: float) -> dict[str, Any]:
    """Runs both sides in processes of their own."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if profile is not None:
        environment[VARIABLE] = str(profile)
    sides = {
        role: subprocess.Popen(
            [sys.executable, __file__, "--role", role, "--seconds", str(seconds)],
            env=environment, stdout=subprocess.PIPE, text=True,
        )
        for role in ("subscriber", "publisher")
    }  # fmt: skip
    sent, got = (json.loads(sides[role].communicate()[0].splitlines()[-1]) for role in ("publisher", "subscriber"))
    return {
        "transport": "profile" if profile else "default",
        "images_sent": sent["images"],
        "images_received": got["images"],
        "clouds_sent": sent["clouds"],
        "clouds_received": got["clouds"],
        "rate_hz": sent["hz"],
        "publisher_cpu": sent["cpu"],
        "subscriber_cpu": got["cpu"],
    }


def main() -> int:
    parser = make_parser("Measure large messages between two processes.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to send, for each side of the comparison")
    parser.add_argument("--role", choices=["publisher", "subscriber"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        rclpy.init()
        print(json.dumps((publish_sensors if options.role == "publisher" else subscribe)(options.seconds)))
        rclpy.shutdown()
        return 0
    found = [run_pair(profile, options.seconds) for profile in (None, PROFILE)]
    rows = [
        (
            row["transport"],
            f"{row['images_received']} of {row['images_sent']}",
            f"{row['clouds_received']} of {row['clouds_sent']}",
            f"{row['rate_hz']:.1f}",
            f"{100 * row['publisher_cpu']:.0f}",
            f"{100 * row['subscriber_cpu']:.0f}",
        )
        for row in found
    ]
    columns = ("transport", "images", "clouds", "Hz", "publisher, % of a core", "subscriber, % of a core")
    sent, received = (sum(found[1][f"{kind}_{way}"] for kind in ("images", "clouds")) for way in ("sent", "received"))
    title = f"Six raw {WIDTH}x{HEIGHT} images and a cloud at {RATE_HZ:g} Hz, best effort, two processes"
    verdict = f"goal (with the profile nothing is lost): {'met' if sent == received else 'missed'}"
    publish(Result("dds", title, columns, rows, verdict, {"seconds": options.seconds, "rows": found}), options)
    return 0 if sent == received else 1


if __name__ == "__main__":
    sys.exit(main())
