"""Substitutions for ROS packages and parameters."""

from .._overlay import seal
from .find_package import ExecutableInPackage, FindPackage, FindPackagePrefix, FindPackageShare
from .parameter import Parameter

__all__ = ["ExecutableInPackage", "FindPackage", "FindPackagePrefix", "FindPackageShare", "Parameter"]

__getattr__ = seal(__name__)
