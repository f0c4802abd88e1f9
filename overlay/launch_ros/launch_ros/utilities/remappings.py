"""Remapping rules as pairs of substitutions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from launch.utilities import ensure_argument_type, normalize_to_list_of_substitutions

from launch import SomeSubstitutionsType, Substitution

RemapRule = tuple[tuple[Substitution, ...], tuple[Substitution, ...]]


def normalize_remap_rule(remap_rule: tuple[SomeSubstitutionsType, SomeSubstitutionsType]) -> RemapRule:
    """Normalizes a pair of names; raises TypeError when it is not a pair."""
    ensure_argument_type(remap_rule, tuple, "remap_rule")
    if len(remap_rule) != 2:
        raise TypeError(f"remap_rule must be a tuple of length 2, got length {len(remap_rule)}")
    source, target = remap_rule
    return tuple(normalize_to_list_of_substitutions(source)), tuple(normalize_to_list_of_substitutions(target))


def normalize_remap_rules(
    remap_rules: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]],
) -> Iterator[RemapRule]:
    """Normalizes pairs of names."""
    return map(normalize_remap_rule, remap_rules)
