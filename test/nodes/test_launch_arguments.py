"""What the launch file gives to each of two nodes; nothing is started."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def launch_file() -> ModuleType:
    spec = spec_from_file_location("occupancy_launch", ROOT / "launch" / "occupancy.launch.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("method", "beside", "in_file", "asked"),
    [
        ("ago", "lift", "", "semabs"),
        ("lift", "ago", "", "semabs"),
        ("", "ago", "", "semabs"),
        ("", "lift", "method: ago", "semabs"),
        ("ago", "lift", "scene_query: semabs", ""),
    ],
)
def test_a_network_answers_for_lift_and_never_for_ago(launch_file, tmp_path, method, beside, in_file, asked):
    """An empty argument leaves the node what is in the file."""
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text(f"/**:\n  ros__parameters: {{{in_file}}}\n")
    defaults = {argument.name: "" for argument in launch_file.ARGUMENTS}
    given = {**defaults, "method": method, "beside": beside, "params_file": str(parameters), "scene_query": asked}
    nodes = launch_file._two_nodes(given)
    assert [node["namespace"] for node in nodes] == ["", beside]
    assert {node["method"]: node["scene_query"] for node in nodes} == {"ago": "analytic", "lift": asked}
