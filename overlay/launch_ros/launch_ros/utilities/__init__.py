"""Helpers for namespaces, parameters and remappings."""

from .._overlay import seal
from .namespaces import is_namespace_absolute, is_root_namespace, make_namespace_absolute, prefix_namespace
from .parameters import evaluate_parameters, normalize_parameters
from .remappings import normalize_remap_rule, normalize_remap_rules

__all__ = [
    "evaluate_parameters",
    "is_namespace_absolute",
    "is_root_namespace",
    "make_namespace_absolute",
    "normalize_parameters",
    "normalize_remap_rule",
    "normalize_remap_rules",
    "prefix_namespace",
]

__getattr__ = seal(__name__)
