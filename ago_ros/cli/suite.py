"""Runs the whole suite on a bag, as a user would: ros2 launch, a probe that watches, ros2 service call."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ago_ros.cli.errors import CommandError

_PLAYED = "the bag has been played"
_MAX_PLAY_SEC = 180.0


def run_suite(bag: Path, out: Path, vlm: str, query: str) -> str:
    """Launches the suite on a bag, asks it once the bag has been played, and writes down what it did.

    Args:
        bag: what to play.
        out: folder for what the probe saw (`probe.json`, `grid.npz`, and `answer.npz` where there is an answer), and
            for the logs.
        vlm: image tower; empty: none.
        query: what /locate_object is asked.

    Returns:
        The reply, as `ros2 service call` printed it.

    Raises:
        CommandError: the launch ended early, the bag was not played, or nobody answered.
    """
    for stale in ("grid.npz", "answer.npz", "probe.json"):
        (out / stale).unlink(missing_ok=True)
    log = out / "launch.log"
    launch = ["ros2", "launch", "ago_ros", "occupancy.launch.py", f"bag:={bag}", *([f"vlm:={vlm}"] if vlm else [])]
    probe = [sys.executable, "-m", "ago_ros.nodes.probe", "--json", str(out / "probe.json"), "--save", str(out)]
    probe += ["--seconds", str(2 * _MAX_PLAY_SEC), "--idle", "inf", "--ros-args", "-p", "use_sim_time:=true"]
    environment = _suite_environment()
    with (
        _running(probe, out / "probe.log", environment),
        _running(launch, log, environment) as suite,
    ):
        _wait_until_played(suite, log)
        request = json.dumps({"query": query, "omit_heatmap": True})
        call = ["ros2", "service", "call", "/locate_object", "ago_msgs/srv/LocateObject", request]
        answered = subprocess.run(call, env=environment, capture_output=True, text=True, timeout=60, check=False)
        time.sleep(1.5)
    if answered.returncode:
        raise CommandError(f"/locate_object was not answered: {answered.stderr.strip()}; see {log}")
    return _shorten(answered.stdout)


def _suite_environment() -> dict[str, str]:
    """Gives every process the Fast DDS profile that the launch file sets, and the commands beside this Python."""
    from ament_index_python.packages import get_package_share_directory

    profile = Path(get_package_share_directory("ago_ros")) / "config" / "fastdds_profile.xml"
    commands = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return {"FASTRTPS_DEFAULT_PROFILES_FILE": str(profile), **os.environ, "PATH": commands}


@contextmanager
def _running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command beside the block, and ends it as Ctrl-C would."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, stdout=sink, stderr=subprocess.STDOUT, env=environment, start_new_session=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def _wait_until_played(suite: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _MAX_PLAY_SEC
    while _PLAYED not in log.read_text(errors="replace"):
        if suite.poll() is not None:
            raise CommandError(f"ros2 launch ended with status {suite.returncode}; see {log}")
        if time.monotonic() > deadline:
            raise CommandError(f"the bag was not played within {_MAX_PLAY_SEC:.0f} s; see {log}")
        time.sleep(0.2)


def _shorten(reply: str, width: int = 1200) -> str:
    """Keeps the part of a service's reply that a person reads: arrays of thousands of numbers are cut."""
    text = reply.split("response:")[-1].strip()
    return text if len(text) <= width else f"{text[:width]} ..."
