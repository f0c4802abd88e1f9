"""Helpers that actions and substitutions share."""

from .._overlay import seal
from .ensure_argument_type_impl import ensure_argument_type
from .normalize_to_list_of_substitutions_impl import normalize_to_list_of_substitutions
from .perform_substitutions_impl import perform_substitutions

__all__ = ["ensure_argument_type", "normalize_to_list_of_substitutions", "perform_substitutions"]

__getattr__ = seal(__name__)
