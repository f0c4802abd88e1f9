"""Descriptions of parameters; the same as `parameter_descriptions`."""

from ._overlay import seal
from .parameter_descriptions import Parameter, ParameterFile, ParameterValue

__all__ = ["Parameter", "ParameterFile", "ParameterValue"]

__getattr__ = seal(__name__)
