"""Two methods on the same sensors: ago, and lift beside it in a namespace of its own."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from micro_ago import save_micro_ago
from micro_semabs import save_micro_semabs
from PIL import Image as Pillow
from rig import NODE_PARAMETERS, OFFSETS_NS, QUATERNIONS, SIZE, Rig
from test_launch_file import launched, wait_for
from tiny_models import save_model

from ago_msgs.msg import SemanticVoxelGrid
from ago_msgs.srv import LocateObject, SetVocabulary
from ago_ros.geometry import se3
from ago_ros.geometry.camera import PinholeCamera
from ago_ros.nodes.conversions import grid_from_message, stamp_ns
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.nodes.qos import make_qos
from ago_ros.sensors.frame import CameraImage, LidarSweep, SensorFrame
from ago_ros.vlm.loading import load_vlm

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

CHANGED = {"vocabulary": ["car", "tree", "box"], "voxel_size": 0.8, "grid_shape": [20, 20, 4], "stale_sec": 100.0}


def pictures() -> dict[str, bytes]:
    """Noise, a different one for each camera: what the model was told is half occupied."""
    made = {}
    for number, camera in enumerate(OFFSETS_NS):
        stream = io.BytesIO()
        pixels = np.random.default_rng(number).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
        Pillow.fromarray(pixels).save(stream, "JPEG", quality=95)
        made[camera] = stream.getvalue()
    return made


def frame(shown: dict[str, bytes]) -> SensorFrame:
    """What the rig's cameras see while it stands still."""
    intrinsics = torch.tensor([[0.6 * SIZE[0], 0, SIZE[0] / 2], [0, 0.6 * SIZE[1], SIZE[1] / 2], [0, 0, 1]])
    camera = PinholeCamera(intrinsics.double(), *SIZE)
    images = {
        name: CameraImage(
            0, torch.from_numpy(np.asarray(Pillow.open(io.BytesIO(data))).copy()), camera,
            se3.from_quaternion([0.0, 0.0, 1.5], QUATERNIONS[name]), se3.identity(),
        )
        for name, data in shown.items()
    }  # fmt: skip
    return SensorFrame(LidarSweep(0, torch.zeros(0, 3), se3.identity(), se3.identity()), images)


def test_ago_and_lift_give_grids_of_the_same_sweeps_and_are_asked_apart(tmp_path: Path) -> None:
    shown = pictures()
    vlm = save_model("clip", tmp_path / "clip")
    settings = NODE_PARAMETERS | CHANGED | {"vlm": str(vlm)}
    grid = OccupancyParameters(
        grid_origin=tuple(settings["grid_origin"]), voxel_size=0.8, grid_shape=tuple(settings["grid_shape"])
    ).grid
    model = save_micro_ago(tmp_path / "ago", load_vlm(vlm), grid, frame(shown))
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(yaml.safe_dump({"/**": {"ros__parameters": settings}}))
    rig = Rig()
    beside: dict[int, SemanticVoxelGrid] = {}
    rig.node.create_subscription(
        SemanticVoxelGrid, "lift/occupancy/voxels", lambda m: beside.update({stamp_ns(m.header.stamp): m}),
        make_qos("reliable", 50),
    )  # fmt: skip
    network = save_micro_semabs(tmp_path / "semabs", str(vlm))
    arguments = [
        f"params_file:={parameters}", "method:=ago", f"ago_model:={model}", "beside:=lift", "profile:=none",
        "scene_query:=semabs", f"scene_query_model:={network}",
    ]  # fmt: skip
    try:
        with launched(tmp_path / "launch.log", *arguments) as printed:

            def both() -> set[int]:
                rig.tick(pictures=shown)
                return rig.grids.keys() & beside.keys()

            assert wait_for(lambda: bool(both()), 150), printed()[-3000:]
            stamp = max(both())
            ago, lift = (grid_from_message(grids[stamp]) for grids in (rig.grids, beside))
            assert ago.vocabulary == lift.vocabulary == ("car", "tree", "box")
            assert not torch.equal(ago.occupied, lift.occupied)
            assert 0.1 < ago.occupied.float().mean() < 0.9
            for name in ("locate_object", "lift/locate_object"):
                answer = rig.call(LocateObject, name, 30.0, query="the car", omit_heatmap=True)
                assert answer.success, answer.message
            assert "scene_query semabs: for lift" in printed()
            newest = rig.now_ns
            before = grid_from_message(rig.grid_of(newest, 20.0))
            assert rig.call(SetVocabulary, "set_vocabulary", 30.0, phrases=["mug"]).success
            assert rig.wait_until(lambda: rig.grids[newest].vocabulary == ["mug"], 20.0), printed()[-3000:]
            after = grid_from_message(rig.grids[newest])
            assert torch.equal(after.occupied, before.occupied)
            assert torch.equal(after.confidence, after.occupied.float()), "one phrase leaves no doubt"
            assert grid_from_message(beside[max(beside)]).vocabulary == ("car", "tree", "box")
            blind = rig.tick(pictures=dict.fromkeys(OFFSETS_NS))
            assert wait_for(lambda: "sees by cameras alone" in printed() and blind in beside, 20), printed()[-3000:]
            assert blind not in rig.grids and "Traceback" not in printed()
    finally:
        rig.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["method:=ago"], "set ago_model to a folder that `ago train ago` wrote"),
        (["method:=ago", "beside:=ago"], "beside:=ago is what method is already"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, arguments: list[str], message: str) -> None:
    with launched(tmp_path / "launch.log", *arguments) as printed:
        assert wait_for(lambda: message in printed(), 90), printed()
        assert "Traceback" not in printed()
