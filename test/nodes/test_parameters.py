import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
import yaml
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from ago_ros.nodes import parameters
from ago_ros.nodes.parameters import OccupancyParameters

ROOT = Path(__file__).parents[2]


@pytest.fixture
def context() -> Iterator[Context]:
    context = Context()
    rclpy.init(context=context, domain_id=17)
    yield context
    rclpy.shutdown(context=context)


def make_node(context: Context, **overrides: object) -> Node:
    values = [Parameter(name, value=value) for name, value in overrides.items()]
    return Node("parameters_test", context=context, parameter_overrides=values)


def test_the_defaults_are_what_ros_declares(context: Context) -> None:
    assert repr(parameters.declare(make_node(context))) == repr(OccupancyParameters())


def test_descriptors_carry_type_range_and_description(context: Context) -> None:
    node = make_node(context)
    parameters.declare(node)
    described = node.describe_parameter("deadline_ms")
    assert (described.integer_range[0].from_value, described.integer_range[0].to_value) == (1, 10000)
    assert node.describe_parameter("voxel_size").floating_point_range[0].to_value == 10.0
    assert "sparse, dense" in node.describe_parameter("encoding").additional_constraints
    assert node.describe_parameter("autostart").read_only
    assert all(node.describe_parameter(name).description for name in OccupancyParameters.__dataclass_fields__)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"deadline_ms": 0}, "deadline_ms"),
        ({"voxel_size": "small"}, "voxel_size"),
        ({"encoding": "zip"}, "encoding must be one of sparse, dense"),
        ({"grid_shape": [200, 200]}, "grid_shape must be three"),
        ({"grid_shape": [200, 200, 0]}, "grid_shape must be three"),
        ({"grid_origin": [0.0, math.nan, 0.0]}, "grid_origin must be three finite"),
        ({"cameras": ["cam", "cam"]}, "cam"),
        ({"camera_offsets_ms": [1.0, 2.0]}, "2 numbers for 6 cameras"),
        ({"body_lower": [0.0, 0.0]}, "body_lower must be three finite"),
        ({"body_lower": [0.0, 0.0, 9.0]}, "is above body_upper"),
        ({"max_range": 0.0}, "max_range"),
    ],
)
def test_a_wrong_value_is_refused_by_name(context: Context, override: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameters.declare(make_node(context, **override))


def test_a_name_that_is_no_parameter_is_told(context: Context, capfd: pytest.CaptureFixture[str]) -> None:
    parameters.declare(make_node(context, voxelsize=0.2))
    assert "no parameter of this node: voxelsize" in capfd.readouterr().err


def test_offsets_reach_the_assembler_and_nan_means_learned() -> None:
    assert OccupancyParameters().assembler.offsets_ns == {}
    given = OccupancyParameters(cameras=("a", "b"), camera_offsets_ms=(math.nan, -3.5)).assembler
    assert dict(given.offsets_ns) == {"b": -3_500_000}
    assert given.cameras == ("a", "b")


def test_a_blank_camera_means_none() -> None:
    assert OccupancyParameters(cameras=("",)).camera_names == ()


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_the_configuration_files_name_real_parameters_with_real_values(context: Context, path: Path) -> None:
    content = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    node = make_node(context, **content)
    values = parameters.declare(node)
    for name, value in content.items():
        assert parameters.takes_effect(name), f"{path.name} sets {name}, which is no parameter"
        assert getattr(values, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="the tree has no README yet")
def test_the_readme_carries_the_generated_table() -> None:
    text = (ROOT / "README.md").read_text()
    begin, end = "<!-- parameters: begin -->\n", "<!-- parameters: end -->"
    assert begin in text and end in text, f"README.md lacks the markers {begin.strip()} and {end}"
    shown = text.split(begin)[1].split(end)[0].strip()
    assert shown == parameters.markdown_table().strip(), "run python -m ago_ros.nodes.parameters and put it there"
