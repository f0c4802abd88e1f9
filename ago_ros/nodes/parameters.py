"""The parameters of the occupancy node: the one place where each is declared.

`python -m ago_ros.nodes.parameters` prints them as the Markdown table that the README carries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar, get_args

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from ago_ros.geometry.voxel_grid import VoxelGrid
from ago_ros.nodes.qos import PRESETS
from ago_ros.occupancy.frame_relevancy import DEFAULT_RELEVANCY, RELEVANCY
from ago_ros.occupancy.rays import RayLimits
from ago_ros.scene.identifier import Criterion
from ago_ros.scene_query.semabs.load import SCENE_QUERIES
from ago_ros.sensors.assembler_config import NUSCENES_CAMERAS, AssemblerConfig

START, CONFIGURE, ANY_TIME = "at start", "at configure", "any time"

DRIVING_PHRASES = (
    "barrier", "bicycle", "bus", "car", "construction vehicle", "motorcycle", "pedestrian", "traffic cone", "trailer",
    "truck", "road", "sidewalk", "grass", "building", "tree",
)  # fmt: skip

T = TypeVar("T")


def _parameter(
    default: T,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    when: str = CONFIGURE,
) -> T:
    """Declares one parameter: default (fixes the type), meaning, allowed values, and when it takes effect."""
    metadata = {"description": description, "low": low, "high": high, "choices": choices, "when": when}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class OccupancyParameters:
    """Values of the node's parameters. Each field's name, default and metadata are the parameter's declaration.

    Raises:
        ValueError: A value is outside its range or choices.
    """

    autostart: bool = _parameter(True, "Configure and activate without a lifecycle manager.", when=START)
    cameras: tuple[str, ...] = _parameter(
        NUSCENES_CAMERAS, "Camera names; each is the base of its topics. One empty name: no camera."
    )
    lidar: str = _parameter(
        "lidar_top", "Topic of the LiDAR, PointCloud2 with x y z and, if present, intensity and ring."
    )
    image_transport: str = _parameter(
        "compressed",
        "`compressed` reads CAMERA/image_rect/compressed, `raw` reads CAMERA/image_rect.",
        choices=("compressed", "raw"),
    )
    input_qos: str = _parameter("sensor_data", "QoS preset of the sensor subscriptions.", choices=tuple(PRESETS))
    input_depth: int = _parameter(20, "Messages that each sensor's queue holds.", low=1, high=1000)
    output_qos: str = _parameter("reliable", "QoS preset of the published grids and points.", choices=tuple(PRESETS))
    base_frame: str = _parameter("base_link", "The ego frame: grids and answers are given in it.")
    map_frame: str = _parameter("map", "A frame that does not move with the robot; ego motion is measured against it.")
    tf_timeout_ms: int = _parameter(
        200, "A sweep or image whose transform is not there after this long is dropped.", low=0, high=10000
    )
    deadline_ms: int = _parameter(
        200, "Images that have not come this long after their sweep are counted as missing.", low=1, high=10000
    )
    window_ms: int = _parameter(
        15, "Images within this time of where their camera should fire belong to the sweep.", low=1, high=1000
    )
    camera_offsets_ms: tuple[float, ...] = _parameter(
        (math.nan,), "Image stamp minus sweep stamp, one for each of `cameras`. A single nan: learned from the stamps."
    )
    method: str = _parameter(
        "lift",
        "What computes the grid: `lift`, LiDAR rays with image features, training-free; `ago`, a model that looks at "
        "the images only and takes the time and place of the sweep.",
        choices=("lift", "ago"),
    )
    ago_model: str = _parameter("", "For `ago`: `ago-tiny-occupancy`, or a folder as `ago train ago` writes it.")
    identifier: str = _parameter(
        "entropy",
        "For `ago`: which of its two predictions a voxel takes: `entropy`, the one of lower entropy; `confidence`, the "
        "one of higher maximum; `none`, the grounded one always.",
        choices=get_args(Criterion),
    )
    device: str = _parameter("cpu", "Torch device: cpu, cuda, cuda:0, ...")
    threads: int = _parameter(
        0, "CPU threads of torch; 0: one for `lift` without a vlm, else torch's own choice.", low=0, high=256
    )
    vlm: str = _parameter(
        "",
        "Vision-language model: `ago-tiny`, a Hugging Face id or a folder. `lift` without one gives a class-agnostic "
        "grid; `ago` without one takes the one that it was trained with, for the phrases' embeddings, and no other.",
    )
    relevancy: str = _parameter(
        DEFAULT_RELEVANCY,
        "What locate_object reads with `lift`: `dense`, the features of the grid; `fast`, dense features of crops; "
        "`maps`, the attention of crops, where the vlm shows it. The last two keep each cached frame's images until "
        "its first query, which reads them. `ago` always reads the features of the grid, and `scene_query: semabs` the "
        "maps that its network was trained on.",
        choices=tuple(RELEVANCY),
    )
    scene_query: str = _parameter(
        "analytic",
        "What answers locate_object and complete_objects: `analytic`, relation fields and boxes from geometry; "
        "`semabs`, a trained network, with `lift` and a vlm. Each cached frame's images are then kept until its first "
        "query.",
        choices=SCENE_QUERIES,
    )
    scene_query_model: str = _parameter(
        "semabs-tiny",
        "For `semabs`: `semabs-tiny`, or a folder as `ago train scene-query` writes it. `vlm` must be the one that it "
        "was trained with.",
    )
    vocabulary: tuple[str, ...] = _parameter(
        DRIVING_PHRASES, "Phrases to label voxels with; the service set_vocabulary replaces them."
    )
    grid_origin: tuple[float, ...] = _parameter(
        (-40.0, -40.0, -1.0), "Outer corner of the first voxel in the ego frame, metres; with `ago`, its model's grid."
    )
    voxel_size: float = _parameter(0.4, "Edge of a voxel, metres.", low=0.01, high=10.0)
    grid_shape: tuple[int, ...] = _parameter((200, 200, 16), "Number of voxels along x, y and z.")
    body_lower: tuple[float, ...] = _parameter(
        RayLimits.ego_lower, "Lower corner of the box around the robot's own body, ego frame, metres."
    )
    body_upper: tuple[float, ...] = _parameter(
        RayLimits.ego_upper, "Upper corner of that box. LiDAR returns inside are the robot's own and are left out."
    )
    max_range: float = _parameter(
        RayLimits.max_range, "LiDAR returns further away only free the space up to this distance, metres.",
        low=1.0, high=1000.0,
    )  # fmt: skip
    window_sweeps: int = _parameter(5, "LiDAR sweeps that a grid is made from, at most.", low=1, high=100)
    window_sec: float = _parameter(1.0, "Older sweeps leave the window.", low=0.01, high=60.0)
    encoding: str = _parameter("sparse", "How grids are sent.", choices=("sparse", "dense"), when=ANY_TIME)
    publish_points: bool = _parameter(True, "Publish occupancy/points, the cloud that RViz draws.", when=ANY_TIME)
    cache_size: int = _parameter(20, "Encoded frames kept to answer queries from.", low=1, high=1000)
    max_latency_ms: float = _parameter(
        250.0, "Diagnostics warn when the p95 latency from sensor stamp to published grid is above.",
        low=0.0, high=60000.0, when=ANY_TIME,
    )  # fmt: skip
    min_rate_hz: float = _parameter(
        1.0, "Diagnostics warn when grids come more slowly.", low=0.0, high=1000.0, when=ANY_TIME
    )
    max_drop_share: float = _parameter(
        0.2, "Diagnostics warn when a larger share of the frames is dropped.", low=0.0, high=1.0, when=ANY_TIME
    )
    stale_sec: float = _parameter(
        3.0, "Diagnostics call an input, or the output, stale when nothing came for so long.",
        low=0.1, high=3600.0, when=ANY_TIME,
    )  # fmt: skip
    startup_check_sec: float = _parameter(
        5.0, "Time after activation at which the node says what input is missing; 0: never.", low=0.0, high=3600.0
    )

    def __post_init__(self) -> None:
        """Refuses values outside the declared ranges and choices."""
        for declared in fields(self):
            _check(declared, getattr(self, declared.name))
        if len(self.grid_origin) != 3 or not all(math.isfinite(value) for value in self.grid_origin):
            raise ValueError(f"grid_origin must be three finite numbers, got {list(self.grid_origin)}")
        if len(self.grid_shape) != 3 or not all(1 <= count <= 2048 for count in self.grid_shape):
            raise ValueError(f"grid_shape must be three numbers from 1 to 2048, got {list(self.grid_shape)}")
        if len(set(self.camera_names)) != len(self.camera_names):
            raise ValueError(f"cameras names one camera twice: {list(self.cameras)}")

        self.assembler  # noqa: B018  refuses what the assembler would refuse
        self.ray_limits  # noqa: B018  refuses a box that is none

    @property
    def camera_names(self) -> tuple[str, ...]:
        """The cameras without blank names, as ROS cannot write an empty list of strings."""
        return tuple(name for name in self.cameras if name.strip())

    @property
    def phrases(self) -> tuple[str, ...]:
        """The vocabulary without blank phrases."""
        return tuple(phrase for phrase in self.vocabulary if phrase.strip())

    @property
    def assembler(self) -> AssemblerConfig:
        """The settings of the frame assembler.

        Raises:
            ValueError: The number of offsets is not the number of cameras.
        """
        offsets = {}
        if not (len(self.camera_offsets_ms) == 1 and math.isnan(self.camera_offsets_ms[0])):
            if len(self.camera_offsets_ms) != len(self.camera_names):
                raise ValueError(
                    f"camera_offsets_ms has {len(self.camera_offsets_ms)} numbers for {len(self.camera_names)} cameras"
                )
            pairs = zip(self.camera_names, self.camera_offsets_ms)
            offsets = {name: round(offset * 1e6) for name, offset in pairs if not math.isnan(offset)}
        return AssemblerConfig(
            anchor=self.lidar,
            cameras=self.camera_names,
            offsets_ns=offsets,
            window_ns=self.window_ms * 1_000_000,
            deadline_ns=self.deadline_ms * 1_000_000,
        )

    @property
    def grid(self) -> VoxelGrid:
        """The voxel grid, in the ego frame."""
        x, y, z = self.grid_origin
        return VoxelGrid((x, y, z), self.voxel_size, (self.grid_shape[0], self.grid_shape[1], self.grid_shape[2]))

    @property
    def ray_limits(self) -> RayLimits:
        """Which LiDAR returns are used.

        Raises:
            ValueError: The corners are not three finite numbers each, or the lower is above the upper.
        """
        for name in ("body_lower", "body_upper"):
            corner = getattr(self, name)
            if len(corner) != 3 or not all(math.isfinite(value) for value in corner):
                raise ValueError(f"{name} must be three finite numbers, got {list(corner)}")
        if any(low > high for low, high in zip(self.body_lower, self.body_upper)):
            raise ValueError(f"body_lower {list(self.body_lower)} is above body_upper {list(self.body_upper)}")
        lower, upper = ((x, y, z) for x, y, z in (self.body_lower, self.body_upper))
        return RayLimits(ego_lower=lower, ego_upper=upper, max_range=self.max_range)

    def image_topic(self, camera: str) -> str:
        """Returns the relative topic of a camera's images."""
        return f"{camera}/image_rect/compressed" if self.image_transport == "compressed" else f"{camera}/image_rect"

    @property
    def input_topics(self) -> tuple[str, ...]:
        """The relative topics of all sensors."""
        images = (self.image_topic(name) for name in self.camera_names)
        return (self.lidar, *images, *(info_topic(name) for name in self.camera_names))


def info_topic(camera: str) -> str:
    """Returns the relative topic of a camera's calibration."""
    return f"{camera}/camera_info"


def _check(declared: Field[Any], value: Any) -> None:
    low, high, choices = (declared.metadata[key] for key in ("low", "high", "choices"))
    if low is not None and not low <= value <= high:
        raise ValueError(f"{declared.name} must be from {low:g} to {high:g}, got {value}")
    if choices and value not in choices:
        raise ValueError(f"{declared.name} must be one of {', '.join(choices)}; got '{value}'")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def descriptor(declared: Field[Any]) -> ParameterDescriptor:
    """Describes a parameter to ROS tools."""
    metadata = declared.metadata
    described = ParameterDescriptor(description=metadata["description"], read_only=metadata["when"] == START)
    constraints = [f"takes effect {metadata['when']}"]
    if metadata["choices"]:
        constraints.append(f"one of {', '.join(metadata['choices'])}")
    described.additional_constraints = "; ".join(constraints)
    if metadata["low"] is not None and isinstance(declared.default, int):
        described.integer_range = [IntegerRange(from_value=int(metadata["low"]), to_value=int(metadata["high"]))]
    elif metadata["low"] is not None:
        described.floating_point_range = [FloatingPointRange(from_value=metadata["low"], to_value=metadata["high"])]
    return described


def declare(node: Node) -> OccupancyParameters:
    """Declares every parameter on a node.

    Returns:
        The values, with the overrides that the node was started with.

    Raises:
        ValueError: An override has the wrong type or is out of range; one line that names it.
    """
    for declared in fields(OccupancyParameters):
        try:
            node.declare_parameter(declared.name, _plain(declared.default), descriptor(declared))
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            hint = "; write numbers with a decimal point, as 1.0" if "DOUBLE" in str(error) else ""
            told = f"parameter '{declared.name}' ({declared.metadata['description']}): {error}{hint}"
            raise ValueError(told) from error
    unknown = sorted(name for name in node._parameter_overrides if not node.has_parameter(name))
    if unknown:
        node.get_logger().warning(f"set, but no parameter of this node: {', '.join(unknown)}")
    return read(node)


def read(node: Node, **overrides: Any) -> OccupancyParameters:
    """Reads the current values; `overrides` stand in for values that are about to be set.

    Raises:
        ValueError: A value is outside its range or choices.
    """
    values: dict[str, Any] = {}
    for declared in fields(OccupancyParameters):
        value = overrides.get(declared.name, node.get_parameter(declared.name).value)
        values[declared.name] = tuple(value) if isinstance(declared.default, tuple) else value
    return OccupancyParameters(**values)


def takes_effect(name: str) -> str:
    """Says when a change of a parameter counts: `START`, `CONFIGURE` or `ANY_TIME`; empty for a name not here."""
    return next((str(f.metadata["when"]) for f in fields(OccupancyParameters) if f.name == name), "")


def _shown(default: Any) -> str:
    if isinstance(default, tuple):
        return f"`[{', '.join(map(str, default))}]`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default != "" else "empty"


def _allowed(metadata: Mapping[str, Any]) -> str:
    if metadata["low"] is not None:
        return f"{metadata['low']:g} to {metadata['high']:g}"
    return ", ".join(f"`{choice}`" for choice in metadata["choices"])


def markdown_table() -> str:
    """Writes the parameters as a Markdown table."""
    rows = ["| parameter | default | range | takes effect | meaning |", "|---|---|---|---|---|"]
    for declared in fields(OccupancyParameters):
        meta = declared.metadata
        cells = (f"`{declared.name}`", _shown(declared.default), _allowed(meta), meta["when"], meta["description"])
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(markdown_table(), end="")
