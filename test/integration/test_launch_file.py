"""`ros2 launch`: a bag through the node gives what the predictor gives offline, and a killed node comes back."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import yaml
from rig import NODE_PARAMETERS, Rig, room
from tiny_models import save_model

from ago_ros.datasets.bag import read_bag_frames, write_nuscenes_bag
from ago_ros.datasets.nuscenes import NuScenesReader
from ago_ros.nodes.parameters import OccupancyParameters
from ago_ros.occupancy.lift import LiftConfig, LiftPredictor
from ago_ros.scene.labelling import label
from ago_ros.vlm.loading import load_vlm
from ago_ros.vlm.vocabulary import make_vocabulary

pytestmark = [pytest.mark.ros, pytest.mark.timeout(200)]

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "config" / "fastdds_profile.xml"
BIN = Path(sys.executable).parent
PARAMETERS = OccupancyParameters()


@contextmanager
def launched(log: Path, *arguments: str) -> Iterator[Callable[[], str]]:
    """Runs the launch file; gives a function that returns what it has printed."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
    with log.open("w") as output:
        process = subprocess.Popen(
            ["ros2", "launch", "ago_ros", "occupancy.launch.py", *arguments],
            stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        )  # fmt: skip
    try:
        yield log.read_text
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def test_a_bag_through_the_node_gives_the_grids_of_the_offline_predictor(tiny_nuscenes: Path, tmp_path: Path) -> None:
    bag, model, recorded = tmp_path / "bag", tmp_path / "clip", tmp_path / "grids.npz"
    write_nuscenes_bag(NuScenesReader(tiny_nuscenes), "scene-0001", bag)
    save_model("clip", model)
    patient = yaml.safe_load((ROOT / "config" / "occupancy.yaml").read_text())
    patient["/**"]["ros__parameters"]["deadline_ms"] = 3000
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(yaml.safe_dump(patient))
    recorder = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "record.py"), str(recorded), "100", "4",
         "--ros-args", "-p", "use_sim_time:=true"],
        env=os.environ | {"FASTRTPS_DEFAULT_PROFILES_FILE": str(PROFILE)},
    )  # fmt: skip
    arguments = [f"bag:={bag}", "rate:=0.12", f"vlm:={model}", f"params_file:={parameters}"]
    with launched(tmp_path / "launch.log", *arguments) as printed:
        assert recorder.wait(130) == 0
        log = printed()
    got = np.load(recorded)
    frames = {frame.stamp_ns: frame for frame in read_bag_frames(bag)}
    assert len(frames) > 20 and got["frames_in"] == len(frames), log
    assert len(got["stamps"]) >= 0.5 * len(frames), log
    vlm = load_vlm(str(model))
    vocabulary = make_vocabulary(PARAMETERS.phrases, vlm)
    assert tuple(got["vocabulary"]) == PARAMETERS.phrases
    predictor = LiftPredictor(
        LiftConfig(grid=PARAMETERS.grid, max_sweeps=PARAMETERS.window_sweeps, max_age_s=PARAMETERS.window_sec), vlm
    )
    labelled = 0
    for stamp, labels, confidence in zip(got["stamps"].tolist(), got["labels"], got["confidence"]):
        expected = label(predictor.encode(frames[stamp]), vocabulary)
        np.testing.assert_array_equal(labels, expected.labels.numpy())
        np.testing.assert_allclose(confidence, expected.confidence.numpy(), atol=0.5 / 255 + 1e-6)
        labelled += int((labels < len(vocabulary.phrases)).sum())
    assert labelled > 0, "no voxel has a phrase: the images were not used"
    assert np.median(got["latency_ms"]) > 0


def test_a_killed_node_is_started_again_and_works(tmp_path: Path) -> None:
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(yaml.safe_dump({"/**": {"ros__parameters": NODE_PARAMETERS | {"vlm": ""}}}))
    rig = Rig()
    try:
        arguments = [f"params_file:={parameters}", "respawn:=true", "profile:=none"]
        with launched(tmp_path / "launch.log", *arguments) as printed:
            started = re.compile(r"\[occupancy_node-\d+\]: process started with pid \[(\d+)\]")
            assert wait_for(lambda: "class-agnostic" in printed(), 30), printed()
            assert rig.tick_until_grid() is not None
            os.kill(int(started.findall(printed())[0]), signal.SIGKILL)
            assert wait_for(lambda: printed().count("class-agnostic") == 2, 30), printed()
            rig.grids.clear()
            assert rig.tick_until_grid(points=room(1)) is not None
            assert len(set(started.findall(printed()))) == 2
    finally:
        rig.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bag:=/no/such/bag"], "/no/such/bag does not exist"),
        (["bag:=/tmp", "dataset:=/tmp"], "choose one"),
        (["rviz:=true", "profile:=none"], "ros-jazzy-rviz2"),
        (["vlm:=/no/such/model"], "/no/such/model"),
        (["params_file:=/no/such.yaml"], "/no/such.yaml does not exist"),
        (["device:=gpu"], "device 'gpu' cannot be used"),
        (["rate:=fast"], "rate:=fast is no number above zero"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, arguments: list[str], message: str) -> None:
    with launched(tmp_path / "launch.log", *arguments) as printed:
        assert wait_for(lambda: message in printed(), 30), printed()
