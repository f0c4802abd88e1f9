"""Raw images in place of compressed ones: the node labels the same grid, and the viewer records what it shows."""

import array
import io
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from conftest import RunningNode
from PIL import Image as Pillow
from rerun.chunk import RrdReader
from rig import OFFSETS_NS, SIZE, Rig, room
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ago_msgs.msg import SemanticVoxelGrid
from ago_msgs.srv import LocateObject
from ago_ros.nodes.conversions import grid_from_message, stamp_ns, to_time
from ago_ros.nodes.qos import make_qos

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]


class RawRig(Rig):
    """Publishes every image raw as well, and keeps the grids of a second node apart."""

    def __init__(self) -> None:
        super().__init__()
        sensors = make_qos("sensor_data", 10)
        self.raw = {c: self.node.create_publisher(Image, f"{c}/image_rect", sensors) for c in OFFSETS_NS}
        self.raw_grids: dict[int, SemanticVoxelGrid] = {}
        self.node.create_subscription(
            SemanticVoxelGrid, "raw/voxels", lambda m: self.raw_grids.update({stamp_ns(m.header.stamp): m}), 50
        )

    def send_image(self, camera: str, stamp: int, data: bytes, info_size: tuple[int, int] = SIZE) -> None:
        super().send_image(camera, stamp, data, info_size)
        pixels = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))
        height, width = pixels.shape[:2]
        raw = Image(header=Header(frame_id=camera, stamp=to_time(stamp)), height=height, width=width)
        raw.encoding, raw.step, raw.data = "rgb8", 3 * width, array.array("B", pixels.tobytes())
        self.raw[camera].publish(raw)


def test_raw_images_give_the_same_grid_and_the_viewer_records_grid_images_and_answer(tmp_path: Path) -> None:
    folders = [tmp_path / "compressed", tmp_path / "raw"]
    for folder in folders:
        folder.mkdir()
    recording = tmp_path / "seen.rrd"
    viewer_command = [
        sys.executable, "-c", "from ago_ros.nodes.viewer_node import main; main()", "--ros-args",
        "-p", f"save:={recording}", "-p", "image_transport:=raw", "-p", f"cameras:=[{', '.join(OFFSETS_NS)}]",
    ]  # fmt: skip
    rig = RawRig()
    compressed = RunningNode(folders[0], window_sweeps=1)
    raw = RunningNode(
        folders[1], "-r", "occupancy/voxels:=raw/voxels", "-r", "__node:=raw_node",
        "-r", "locate_object:=raw/locate_object", image_transport="raw", window_sweeps=1,
    )  # fmt: skip
    viewer = subprocess.Popen(viewer_command)
    try:
        both = {}
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            rig.tick(room(3))
            both = rig.grids.keys() & rig.raw_grids.keys()
            seen_by_viewer = rig.node.count_subscribers("cam_front/image_rect") == 2
            if len(both) >= 5 and seen_by_viewer and rig.node.count_subscribers("occupancy/voxels") >= 2:
                break
        last = max(both)
        one, other = grid_from_message(rig.grids[last]), grid_from_message(rig.raw_grids[last])
        assert set(one.labels[one.occupied].tolist()) >= {0, 2}, "red and blue walls are not labelled"
        assert one.labels.equal(other.labels) and one.confidence.equal(other.confidence)
        answer = rig.call(LocateObject, "raw/locate_object", query="the red wall")
        assert answer.success, answer.message
        for _ in range(20):
            rig.tick(room(3))
    finally:
        for node in (compressed, raw):
            node.stop()
        viewer.send_signal(2)
        viewer.send_signal(2)
        assert viewer.wait(20) == 0
        rig.close()
    chunks = Counter(str(chunk.entity_path) for chunk in RrdReader(str(recording)).stream())
    shown = {"/map/base_link", "/map/base_link/occupancy", "/map/base_link/answer"}
    assert chunks.keys() >= shown | {f"/map/base_link/{camera}" for camera in OFFSETS_NS}


@pytest.mark.parametrize(
    ("arguments", "message"), [(["-p", "save:=/no/such/folder/seen.rrd"], "/no/such/folder is no folder")]
)
def test_a_viewer_that_cannot_start_says_why_in_one_line(arguments: list[str], message: str) -> None:
    command = [sys.executable, "-c", "from ago_ros.nodes.viewer_node import main; main()", "--ros-args", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode and message in ended.stderr and "Traceback" not in ended.stderr
