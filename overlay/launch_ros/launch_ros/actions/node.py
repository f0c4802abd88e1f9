"""Node: runs a ROS node."""

from __future__ import annotations

import atexit
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import launch.logging
import yaml
from launch.actions import ExecuteProcess
from launch.utilities import ensure_argument_type, normalize_to_list_of_substitutions, perform_substitutions
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name

from launch import LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType

from ..parameter_descriptions import Parameter
from ..substitutions import ExecutableInPackage
from ..utilities import (
    evaluate_parameters,
    make_namespace_absolute,
    normalize_parameters,
    normalize_remap_rules,
    prefix_namespace,
)


class _Dumper(yaml.SafeDumper):
    """Quotes every text: rcl's parser takes more words for truth values (y, n) than PyYAML's."""


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


class Node(ExecuteProcess):
    """Runs the executable of a ROS node with its name, namespace, parameters and remappings.

    What PushROSNamespace, SetParameter, SetParametersFromFile and SetRemap have set in this scope comes first, and
    the node's own over it.

    Args:
        executable: the executable, in `lib/<package>` of the package's prefix; without a package, its path.
        package: the package.
        name: the node's name; else the executable's own choice.
        namespace: the node's namespace, below the one pushed if it is relative.
        exec_name: the process's name in the log; else the executable's.
        parameters: paths of YAML files, dicts, ParameterFile and Parameter; the last counts.
        remappings: pairs of names.
        ros_arguments: more arguments after `--ros-args`.
        arguments: arguments before it.
        kwargs: see ExecuteProcess.
    """

    UNSPECIFIED_NODE_NAME = "<node_name_unspecified>"
    UNSPECIFIED_NODE_NAMESPACE = "<node_namespace_unspecified>"

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Sequence[Any] | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        program = executable if package is None else ExecutableInPackage(package=package, executable=executable)
        ros = [] if ros_arguments is None else ["--ros-args", *ros_arguments]
        super().__init__(cmd=[program, *(arguments or ()), *ros, "--ros-args"], name=exec_name, **kwargs)
        if parameters is not None:
            ensure_argument_type(parameters, list, "parameters", "Node")
        self.node_package = package
        self.node_executable = executable
        self._given_name = None if name is None else normalize_to_list_of_substitutions(name)
        self._given_namespace = None if namespace is None else normalize_to_list_of_substitutions(namespace)
        self._parameters = normalize_parameters(parameters or [])
        self._remappings = list(normalize_remap_rules(remappings or ()))
        self._final_name: str | None = None
        self.expanded_node_namespace = self.UNSPECIFIED_NODE_NAMESPACE
        self.expanded_remapping_rules: list[tuple[str, str]] | None = None

    @property
    def node_name(self) -> str:
        """The node's full name; raises RuntimeError before the action is executed."""
        if self._final_name is None:
            raise RuntimeError("cannot access 'node_name' before executing action")
        return self._final_name

    def is_node_name_fully_specified(self) -> bool:
        """Tells whether launch has set both the node's name and its namespace."""
        unspecified = (self.UNSPECIFIED_NODE_NAME, self.UNSPECIFIED_NODE_NAMESPACE)
        return not any(part in self.node_name for part in unspecified)

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Starts the node."""
        self._perform_substitutions(context)
        result = super().execute(context)
        if self.is_node_name_fully_specified():
            self._warn_of_namesakes(context)
        return result

    def _perform_substitutions(self, context: LaunchContext) -> None:
        if self._final_name is not None:
            return
        extension = [
            *self._name_arguments(context),
            *self._parameter_arguments(context),
            *self._remapping_arguments(context),
        ]
        self.cmd.extend(normalize_to_list_of_substitutions(part) for part in extension)

    def _name_arguments(self, context: LaunchContext) -> list[str]:
        arguments = []
        name = self.UNSPECIFIED_NODE_NAME
        if self._given_name is not None:
            name = perform_substitutions(context, self._given_name)
            validate_node_name(name)
            arguments += ["-r", f"__node:={name}"]
        given = None if self._given_namespace is None else perform_substitutions(context, self._given_namespace)
        pushed = context.launch_configurations.get("ros_namespace")
        namespace = make_namespace_absolute(prefix_namespace(pushed, given))
        if namespace is not None:
            validate_namespace(namespace)
            self.expanded_node_namespace = namespace
            arguments += ["-r", f"__ns:={namespace}"]
        self._final_name = prefix_namespace(self.expanded_node_namespace, name)
        return arguments

    def _parameter_arguments(self, context: LaunchContext) -> list[str]:
        arguments = []
        for item in context.launch_configurations.get("global_params", []):
            if isinstance(item, tuple):
                name, value = item
                arguments += ["-p", f"{name}:={value}"]
            else:
                arguments += ["--params-file", self._existing_file(Path(item))]
        for parameters in evaluate_parameters(context, self._parameters):
            if isinstance(parameters, Parameter):
                name, value = parameters.evaluate(context)
                text = yaml.dump(value, Dumper=_Dumper, default_flow_style=True).removesuffix("...\n").strip()
                arguments += ["-p", f"{name}:={text}"]
            elif isinstance(parameters, Path):
                arguments += ["--params-file", self._existing_file(parameters)]
            else:
                arguments += ["--params-file", self._write_parameters(parameters)]
        return arguments

    def _existing_file(self, path: Path) -> str:
        if not path.is_file():
            raise FileNotFoundError(f"parameter file '{path}' of node '{self.node_name}' does not exist")
        return str(path.absolute())

    def _write_parameters(self, parameters: dict[str, Any]) -> str:
        rule = self.node_name if self.is_node_name_fully_specified() else "/**"
        with NamedTemporaryFile(mode="w", prefix="launch_params_", suffix=".yaml", delete=False) as file:
            yaml.dump({rule: {"ros__parameters": parameters}}, file, Dumper=_Dumper, default_flow_style=False)
        atexit.register(Path(file.name).unlink, missing_ok=True)
        return os.fspath(file.name)

    def _remapping_arguments(self, context: LaunchContext) -> list[str]:
        own = [
            (perform_substitutions(context, source), perform_substitutions(context, target))
            for source, target in self._remappings
        ]
        rules = [*context.launch_configurations.get("ros_remaps", []), *own]
        self.expanded_remapping_rules = rules or None
        return [part for source, target in rules for part in ("-r", f"{source}:={target}")]

    def _warn_of_namesakes(self, context: LaunchContext) -> None:
        names = context.get_locals_as_dict().get("unique_ros_node_names")
        if names is None:
            names = Counter()
            context.extend_globals({"unique_ros_node_names": names})
        names[self.node_name] += 1
        if names[self.node_name] > 1:
            launch.logging.get_logger(self.name).warning(
                f"there are now at least {names[self.node_name]} nodes with the name {self.node_name} created within "
                "this launch context"
            )
